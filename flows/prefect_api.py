"""A thin client of the Prefect server's REST API, for what follows behind the hot path.

Prefect's own client costs 30 ms to make and validates every object; the recorder sends bytes that PostgreSQL made.

    PrefectTrouble
    ├── PrefectAway      not reachable, overloaded or restarting, or it refuses our password: try again later
    └── PrefectRefused   an answer that will not change by asking again; `status` is the HTTP status
"""

import base64
from types import TracebackType
from typing import Self
from uuid import UUID

import aiohttp

from blocks.values import Json
from core import jsontext

FLOW = "automation"
_TRY_LATER = frozenset({401, 403, 408, 425, 429})


class PrefectTrouble(Exception):
    pass


class PrefectAway(PrefectTrouble):
    pass


class PrefectRefused(PrefectTrouble):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"Prefect answered {status}: {text}")
        self.status = status


class PrefectApi:
    """One HTTP session to `url` (ends in `/api`); `auth` is "user:password" of Prefect's basic auth. Use it as an
    asynchronous context manager."""

    def __init__(self, url: str, auth: str | None = None, *, timeout_s: float = 30) -> None:
        self.url = url.rstrip("/")
        self._headers = {"Content-Type": "application/json"}
        if auth:
            self._headers["Authorization"] = f"Basic {base64.b64encode(auth.encode()).decode()}"
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, connect=5)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=self._timeout, trust_env=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """One request with a JSON text as it is; gives the answer's text. Raises `PrefectTrouble`."""
        if self._session is None:
            raise PrefectAway("The connection to Prefect is not open.")
        try:
            async with self._session.request(method, self.url + path, data=body) as answer:
                text = await answer.read()
                if answer.status >= 500 or answer.status in _TRY_LATER:
                    raise PrefectAway(f"Prefect answered {answer.status}: {text[:300].decode(errors='replace')}")
                if answer.status >= 400:
                    raise PrefectRefused(answer.status, text[:300].decode(errors="replace"))
                return text
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise PrefectAway(f"Prefect can't be reached at {self.url}: {error!r}") from error

    async def call(self, method: str, path: str, body: Json = None) -> Json:
        """One request with a JSON value; gives the answer's value. Raises `PrefectTrouble`."""
        text = await self.send(method, path, None if body is None else jsontext.dump(body))
        return jsontext.load(text) if text else None

    async def read(self, path: str, body: Json = None) -> list[dict[str, Json]]:
        """A filter request; gives the objects of the answer."""
        found = await self.call("POST", path, body)
        return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []

    async def flow_id(self) -> UUID:
        """The id of the flow of all automations, made when it is missing."""
        flow = await self.call("POST", "/flows/", {"name": FLOW})
        return UUID(str(flow["id"])) if isinstance(flow, dict) else UUID(int=0)

    async def cancel(self, flow_run_id: UUID, reason: str) -> None:
        """End a run that Prefect made and nobody is to execute; nothing happens when it is gone."""
        state: Json = {"type": "CANCELLED", "name": "Skipped", "message": reason}
        try:
            await self.call("POST", f"/flow_runs/{flow_run_id}/set_state", {"state": state})
        except PrefectRefused as error:
            if error.status != 404:
                raise
