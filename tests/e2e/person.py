"""A person who uses the product from outside, by its public API alone."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

PASSWORD = "correct horse battery staple"


class Person:
    """`async with Person(url) as person`: registers (or logs in) and speaks JSON."""

    def __init__(self, url: str, email: str = "ada@example.com") -> None:
        self.url = url
        self.email = email
        self.workspace = ""
        self.token = ""
        self._expires = 0.0
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        await self.sign_in()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        assert self._session is not None
        return self._session

    async def sign_in(self) -> None:
        body = {"email": self.email, "password": PASSWORD}
        status, answer = await self.send("POST", "/api/auth/login", body, anonymous=True)
        if status == 401:
            status, answer = await self.send("POST", "/api/auth/register", {**body, "name": "Ada"}, anonymous=True)
        assert status in (200, 201), answer
        self.token, self.workspace = answer["access_token"], answer["workspace"]["id"]
        self._expires = time.monotonic() + answer["expires_in"] - 60

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        anonymous: bool = False,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        """The status and the JSON of the answer."""
        if not anonymous and time.monotonic() > self._expires:
            await self.sign_in()
        sent = dict(headers or {}) if anonymous else {"Authorization": f"Bearer {self.token}", **(headers or {})}
        url = path if path.startswith("http") else self.url + path
        async with self.session.request(method, url, json=body, headers=sent) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def get(self, path: str) -> Any:
        status, answer = await self.send("GET", path)
        assert status == 200, (path, status, answer)
        return answer

    async def create(self, definition: dict[str, Any]) -> dict[str, Any]:
        status, answer = await self.send("POST", "/api/automations", definition)
        assert status == 201, answer
        assert isinstance(answer, dict)
        return answer

    async def runs(self, automation: str, **filters: str) -> list[dict[str, Any]]:
        """Every run of an automation, newest first."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            query = "&".join(f"{key}={value}" for key, value in {**filters, "limit": "200"}.items())
            page = await self.get(
                f"/api/automations/{automation}/logs?{query}" + (f"&cursor={cursor}" if cursor else "")
            )
            found += page["items"]
            cursor = page["next_cursor"] or ""
            if not cursor:
                return found

    async def run(self, run_id: str) -> dict[str, Any]:
        answer = await self.get(f"/api/automations/logs/{run_id}")
        assert isinstance(answer, dict)
        return answer

    async def stream(self, path: str, headers: dict[str, str]) -> aiohttp.ClientResponse:
        return await self.session.get(
            self.url + path, headers={"Authorization": f"Bearer {self.token}", **headers},
            timeout=aiohttp.ClientTimeout(total=None),
        )  # fmt: skip


async def until(what: str, ready: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Poll until it is true. Raises `AssertionError` with `what` when it is not in time.

    `seconds` is what it takes at the very most on a machine that does nothing else; here tests run side by side.
    """
    end = time.monotonic() + 2 * seconds
    while not await ready():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        await asyncio.sleep(0.1)
