"""Google: the token endpoint, and the doors to Sheets (`google_sheets.py`) and YouTube (`google_youtube.py`).

`python -m tests.vendors.google` runs it alone.

| behaviour | page |
|---|---|
| service accounts: RS256, `iss`, `scope`, `aud` (always Google's address), `exp` at most an hour after `iat`, their errors | https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests |
| refreshing: `invalid_grant` for an expired, revoked or foreign token; the scopes that were given | https://developers.google.com/identity/protocols/oauth2/web-server#offline |
| `error`, `error_description`; `invalid_client` with 401, `unsupported_grant_type` | https://datatracker.ietf.org/doc/html/rfc6749#section-5.2 |
| `error: {code, message, status, details: [ErrorInfo]}`; 401, 403 of missing scopes | https://cloud.google.com/apis/design/errors |
"""  # noqa: E501 - a table of addresses

import asyncio
import contextlib
import json
import secrets
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from types import TracebackType
from typing import Any, Self

import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.vendors.google_errors import Refused
from tests.vendors.google_sheets import Sheets
from tests.vendors.google_youtube import YouTube

AUDIENCE = "https://oauth2.googleapis.com/token"
SCOPES = "https://www.googleapis.com/auth/"
LONGEST_S, SKEW_S = 3600, 300


@dataclass
class Access:
    """What an access token stands for. `email` is the service account's, else the person's."""

    email: str
    scopes: tuple[str, ...]
    is_service: bool
    until: float


@cache
def private_key() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@dataclass
class Google:
    """`async with Google() as google: google.url`. `trouble[name]`: what happens to the next calls of `token`,
    `append`, `update`, `begin`, `chunk`, `status`, one each: a status, `garbage`, `cut` (nothing is done), `cut after`
    (it is done), `slow`, what is answered as JSON, (status, JSON), or what makes the answer."""

    sheets: Sheets = field(default_factory=Sheets)
    youtube: YouTube = field(default_factory=YouTube)
    trouble: dict[str, deque[Any]] = field(default_factory=lambda: defaultdict(deque))
    asked: list[tuple[str, str]] = field(default_factory=list)
    tokens: dict[str, Access] = field(default_factory=dict)
    assertions: list[str] = field(default_factory=list)
    disabled: set[str] = field(default_factory=set)  # service accounts
    client_id: str = "1234-abcd.apps.googleusercontent.com"
    client_secret: str = "GOCSPX-canary-secret"
    refresh_tokens: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)  # person, scopes
    lives_s: int = 3599
    port: int = 0
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/token", self._token)
        self.sheets.route(app, self)
        self.youtube.route(app, self)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    # accounts -----------------------------------------------------------------------------------------------------

    def key_file(self, email: str = "robot@example-project.iam.gserviceaccount.com") -> dict[str, Any]:
        """The file that the console gives for a key of a service account."""
        return {
            "type": "service_account", "project_id": "example-project", "private_key_id": "key-1-canary",
            "private_key": private_key(), "client_email": email, "client_id": "100000000000000000001",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": AUDIENCE,
            "universe_domain": "googleapis.com",
        }  # fmt: skip

    def refresh_token(self, person: str = "ada@example.org", *scopes: str) -> str:
        made = f"1//canary-{secrets.token_urlsafe(24)}"
        wanted = scopes or ("spreadsheets", "youtube.upload")
        self.refresh_tokens[made] = (person, tuple(SCOPES + each for each in wanted))
        return made

    def access(self, request: web.Request, *scopes: str) -> Access:
        """Who asks, with one of these scopes. Raises `Refused`."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        found = self.tokens.get(token) if scheme == "Bearer" else None
        if found is None or found.until < time.time():
            raise Refused(
                401, "UNAUTHENTICATED", "Request had invalid authentication credentials. Expected OAuth 2 access token,"
                " login cookie or other valid authentication credential.",
            )  # fmt: skip
        if not {SCOPES + each for each in scopes} & set(found.scopes):
            what = "Request had insufficient authentication scopes."
            raise Refused(403, "PERMISSION_DENIED", what, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
        return found

    # tokens -------------------------------------------------------------------------------------------------------

    async def _token(self, request: web.Request) -> web.StreamResponse:
        return await self.during("token", request, self._give)

    async def _give(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        match form.get("grant_type"):
            case "urn:ietf:params:oauth:grant-type:jwt-bearer":
                return self._by_assertion(str(form.get("assertion", "")))
            case "refresh_token":
                return self._by_refresh({name: str(value) for name, value in form.items()})
        return _error("unsupported_grant_type", "Invalid grant_type: " + str(form.get("grant_type", "")))

    def _by_assertion(self, assertion: str) -> web.Response:  # noqa: PLR0911 - a refusal each
        self.assertions.append(assertion)
        try:
            if jwt.get_unverified_header(assertion).get("alg") != "RS256":
                return _error("invalid_grant", "Bad Request")
            public = serialization.load_pem_private_key(private_key().encode(), None).public_key()
            claims = jwt.decode(
                assertion, public, algorithms=["RS256"],  # type: ignore[arg-type]
                options={"verify_aud": False, "verify_exp": False, "verify_iat": False},
            )  # fmt: skip
        except jwt.PyJWTError:
            return _error("invalid_grant", "Invalid JWT Signature.")
        now, begun, ends = time.time(), claims.get("iat"), claims.get("exp")
        if claims.get("aud") != AUDIENCE:
            return _error("invalid_grant", "Invalid JWT: Failed audience check. The right audience is " + AUDIENCE)
        if (
            not isinstance(begun, int) or not isinstance(ends, int) or begun > now + SKEW_S or ends < now - SKEW_S
            or ends - begun > LONGEST_S
        ):  # fmt: skip
            return _error(
                "invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable"
                " timeframe. Check your iat and exp values in the JWT claim.",
            )  # fmt: skip
        email = str(claims.get("iss"))
        if not email.endswith(".iam.gserviceaccount.com") or email in self.disabled:
            return _error("invalid_grant", "Invalid grant: account not found")
        scopes = str(claims.get("scope", "")).split()
        if not scopes or not all(each.startswith(SCOPES) for each in scopes):
            return _error("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return self._made(email, tuple(scopes), is_service=True, told=False)

    def _by_refresh(self, form: dict[str, str]) -> web.Response:
        if form.get("client_id") != self.client_id or form.get("client_secret") != self.client_secret:
            return _error("invalid_client", "The OAuth client was not found.", 401)
        found = self.refresh_tokens.get(form.get("refresh_token", ""))
        if found is None:
            return _error("invalid_grant", "Token has been expired or revoked.")
        return self._made(*found, is_service=False, told=True)

    def _made(self, email: str, scopes: tuple[str, ...], *, is_service: bool, told: bool) -> web.Response:
        token = f"ya29.canary-{secrets.token_urlsafe(24)}"
        self.tokens[token] = Access(email, scopes, is_service, time.time() + self.lives_s)
        said = {"access_token": token, "expires_in": self.lives_s, "token_type": "Bearer"}
        return web.json_response(said | ({"scope": " ".join(scopes)} if told else {}))

    # trouble ------------------------------------------------------------------------------------------------------

    async def during(  # noqa: PLR0911 - a trouble each
        self,
        name: str,
        request: web.Request,
        work: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """The answer of `work`, unless there is trouble."""
        self.asked.append((name, f"{request.method} {request.path_qs}"))
        trouble = self.trouble[name].popleft() if self.trouble[name] else None
        match trouble:
            case int():
                await request.read()
                status = {429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}.get(trouble, "INTERNAL")
                return Refused(trouble, status, "The service is currently unavailable.", None, 0).answer()
            case "garbage":
                await request.read()
                return web.Response(body=b"<html>\xff", content_type="text/html")
            case "cut":
                return _cut(request)
            case "cut after":
                await work(request)
                return _cut(request)
            case "slow":
                await asyncio.sleep(3600)
            case _ if callable(trouble):
                await request.read()
                made: web.Response = trouble()
                return made
            case dict() | tuple():
                await request.read()
                status, said = trouble if isinstance(trouble, tuple) else (200, trouble)
                return web.json_response(said, status=status)
        try:
            return await work(request)
        except Refused as refused:
            return refused.answer()


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _error(error: str, description: str, status: int = 400) -> web.Response:
    return web.json_response({"error": error, "error_description": description}, status=status)


async def _alone() -> None:
    async with Google() as google:
        sheet = google.sheets.make("Leads")
        google.sheets.shared[sheet][google.key_file()["client_email"]] = "writer"
        about = {"url": google.url, "spreadsheet": sheet, "key_file": google.key_file()}
        print(json.dumps(about), flush=True)  # noqa: T201 - whoever runs it alone reads this
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_alone())
