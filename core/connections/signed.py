"""The way out to the network, signed by a connection. Implements `blocks.action.Http`.

Nothing is sent, and nothing is signed, to a host that the connection does not allow, first or by a redirect. What comes
back is masked before anybody reads it, so that a service that repeats what it was sent publishes nothing.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urlsplit

from pydantic import ValidationError

from blocks import registry
from blocks.connection import Connection, ConnectionFields, Token
from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.program import Program
from blocks.values import Json, JsonObject
from core import redaction
from core.connections import hosts
from core.connections.model import ConnectionRow, Opened
from core.outgoing.client import Response
from core.outgoing.exchange import Admit
from core.outgoing.lasting import Streamed, Texts
from core.outgoing.urls import Target
from core.redaction import Redactor

EARLY_S: Final = 60.0  # before a token expires, another one is fetched; of a short life at half of it
UNKNOWN_S: Final = 300.0  # a token of which nobody says how long it lives
_MOST_TOKENS: Final = 1_000
_MOST_CHARACTERS: Final = 32_000_000  # of all of them

Failed = Callable[[str], Awaitable[None]]
ServiceT = TypeVar("ServiceT")


class Asks(Protocol):
    """The outgoing client, as connections use it (`core/outgoing/client.py`)."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        content: bytes | None,
        timeout_s: float,
        admit: Admit | None = None,
    ) -> Response: ...

    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        content: bytes | None,
        timeout_s: float,
        admit: Admit | None = None,
    ) -> AbstractAsyncContextManager[Streamed]: ...

    async def websocket(
        self, url: str, *, headers: dict[str, str], timeout_s: float, admit: Admit | None = None
    ) -> Texts: ...

    async def connect(
        self, host: str, port: int, *, ports: frozenset[int], timeout_s: float, admit: Admit | None = None
    ) -> socket.socket: ...

    def program(self, name: str) -> Program: ...


@dataclass(slots=True)
class _Kept:
    text: str = field(repr=False)
    until: float  # time.monotonic()


class Tokens:
    """The access tokens of one process, by connection and its revision. Several who need one fetch it once."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}
        self._size = 0  # characters

    async def get(self, key: tuple[str, str], fetch: Callable[[], Awaitable[Token]], *, fresh: bool = False) -> str:
        """The kept one while it is good, unless it is to be `fresh`. Raises what `fetch` raises, and keeps the old."""
        async with self._locks.setdefault(key, asyncio.Lock()):
            kept = self._kept.get(key)
            if kept is not None and not fresh and kept.until > self._now():
                return kept.text
            token = await fetch()
            lives = UNKNOWN_S if token.lives_s is None else max(token.lives_s - EARLY_S, token.lives_s / 2)
            self._drop(key)
            while self._kept and (len(self._kept) >= _MOST_TOKENS or self._size + len(token.text) > _MOST_CHARACTERS):
                oldest = next(iter(self._kept))
                self._locks.pop(oldest, None)
                self._drop(oldest)
            self._size += len(token.text)
            self._kept[key] = _Kept(token.text, self._now() + lives)
            return token.text

    def forget(self, key: tuple[str, str], text: str) -> None:
        """`text` was refused: the next one is fetched, unless somebody has a newer one already."""
        kept = self._kept.get(key)
        if kept is not None and kept.text == text:
            self._drop(key)

    def _drop(self, key: tuple[str, str]) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._size -= len(kept.text)


def opened_row(row: ConnectionRow, secrets: JsonObject) -> Opened:
    """A connection as its own service uses it, without a step that names it."""
    return Opened(row.id, row.name, row.kind, row.hosts, row.updated_at.isoformat(), row.settings | secrets)


def admitting(patterns: list[str], name: str) -> Admit:
    """Refuses every target that `patterns` do not allow."""

    def admit(target: Target) -> None:
        if not hosts.allows(patterns, target.host, target.port):
            raise InvalidInput(
                "connection_not_allowed",
                f"The connection {name} may not be used for {target.host}:{target.port}; its allowed hosts are"
                f" {', '.join(patterns) or 'none'}.",
            )

    return admit


class Masked:
    """The outgoing client within some hosts, every answer masked."""

    def __init__(self, out: Asks, admit: Admit | None, redactor: Redactor) -> None:
        self._out = out
        self._admit = admit
        self._redactor = redactor

    async def request(
        self, method: str, url: str, *, headers: dict[str, str], content: bytes | None, timeout_s: float
    ) -> Response:
        answer = await self._out.request(
            method, url, headers=headers, content=content, timeout_s=timeout_s, admit=self._admit
        )
        mask = self._redactor
        return replace(
            answer,
            headers={mask.text(name): mask.text(value) for name, value in answer.headers.items()},
            body=mask.raw(answer.body),
        )


class _Lender:
    """What the kind signs with (`blocks.connection.Lender`)."""

    def __init__(self, http: "Masked", tokens: Tokens, key: tuple[str, str], redactor: Redactor) -> None:
        self.http = http
        self._tokens = tokens
        self._key = key
        self._redactor = redactor
        self.lent: str | None = None

    async def token(self, fetch: Callable[[], Awaitable[Token]]) -> str:
        text = await self._tokens.get(self._key, fetch)
        register(self._redactor, [text])
        self.lent = text
        return text

    def mask(self, secret: str) -> None:
        register(self._redactor, [secret])

    def forget(self) -> None:
        if self.lent is not None:
            self._tokens.forget(self._key, self.lent)


def register(redactor: Redactor, secrets: list[str]) -> None:
    """Mask these from now on, in what `redactor` masks and in this process's log."""
    redactor.add(secrets)
    redaction.journal.add(secrets)


class Signed:
    """`blocks.action.Http` and `blocks.connection.Way` for one connection.

    `failed` is told when the credentials are refused, in a sentence.

    Raises `InvalidInput` (`connection_unreadable`) where the connection can't be understood any more.
    """

    def __init__(self, opened: Opened, out: Asks, redactor: Redactor, tokens: Tokens, failed: Failed) -> None:
        self._kind: Connection[Any] = _kind(opened)
        self._fields = _fields(self._kind, opened)
        register(redactor, list(self._fields.secrets().values()))
        self._redactor = redactor
        self._failed = failed
        self._name = opened.name
        self._out = out
        self._admit = admitting(opened.hosts, opened.name)
        self._http = Masked(out, self._admit, redactor)
        self._tokens = tokens
        self._key = key = (str(opened.id), opened.revision)
        own = [_host_of(url) for url in self._kind.endpoints(self._fields)]
        self._lender = _Lender(Masked(out, admitting(own, opened.name), redactor), tokens, key, redactor)

    async def request(
        self, method: str, url: str, *, headers: dict[str, str], content: bytes | None, timeout_s: float
    ) -> Response:
        """Signed, and with a fresh token once more where the first one is refused."""
        answer = await self._once(method, url, headers, content, timeout_s)
        if answer.status == 401 and self._kind.renews and self._lender.lent is not None:
            self._lender.forget()
            answer = await self._once(method, url, headers, content, timeout_s)
        if answer.status == 401:
            await self._failed("The service refused the credentials (status 401).")
        return answer

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, *, headers: dict[str, str], content: bytes | None, timeout_s: float
    ) -> AsyncIterator[Streamed]:
        """Signed, and read as it comes: who reads it masks what they keep of it."""
        proof = await self._sign()
        names = {name.lower() for name in proof}
        kept = {name: value for name, value in headers.items() if name.lower() not in names}
        async with self._out.stream(
            method, url, headers=kept | proof, content=content, timeout_s=timeout_s, admit=self._admit
        ) as answer:
            if answer.status == 401:
                await self._failed("The service refused the credentials (status 401).")
            yield answer

    async def test(self) -> str:
        """What the kind finds out by asking. Raises the classes of `blocks/errors.py`."""
        return await self._kind.test_by(self._fields, self, self._lender)

    @property
    def kind(self) -> Connection[Any]:
        return self._kind

    @property
    def fields(self) -> ConnectionFields:
        """Its secrets in clear: for the kind's own code and nobody else."""
        return self._fields

    def service(self, wanted: type[ServiceT]) -> ServiceT:
        """What the kind offers to actions. Raises `InvalidInput` where that is no `wanted`."""
        service = self._kind.service(self._fields, self)
        if not isinstance(service, wanted):
            raise InvalidInput(
                "connection_not_allowed", f"The connection {self._name} ({self._kind.name}) can't be used for this."
            )
        return service

    # blocks.connection.Way ----------------------------------------------------------------------------------------

    @property
    def http(self) -> "Signed":
        return self

    @property
    def plain(self) -> Masked:
        return self._http

    async def websocket(self, url: str, *, headers: dict[str, str] | None = None, timeout_s: float) -> Texts:
        return await self._out.websocket(url, headers=headers or {}, timeout_s=timeout_s, admit=self._admit)

    async def connect(self, host: str, port: int, *, ports: frozenset[int], timeout_s: float) -> socket.socket:
        return await self._out.connect(host, port, ports=ports, timeout_s=timeout_s, admit=self._admit)

    def program(self, name: str) -> Program:
        return self._out.program(name)

    def mask(self, secret: str) -> None:
        register(self._redactor, [secret])

    def masked(self, value: Json) -> Json:
        return self._redactor.json(value)

    async def kept(self, name: str, fetch: Callable[[], Awaitable[Token]], *, fresh: bool = False) -> str:
        key = (f"{self._key[0]}/{name}", self._key[1])
        return await self._tokens.get(key, fetch, fresh=fresh)

    async def _once(
        self, method: str, url: str, headers: dict[str, str], content: bytes | None, timeout_s: float
    ) -> Response:
        proof = await self._sign()
        names = {name.lower() for name in proof}
        kept = {name: value for name, value in headers.items() if name.lower() not in names}
        return await self._http.request(method, url, headers=kept | proof, content=content, timeout_s=timeout_s)

    async def _sign(self) -> dict[str, str]:
        try:
            proof = await self._kind.sign(self._fields, self._lender)
        except ActionError as error:
            if not isinstance(error, Retryable):
                await self._failed(self._redactor.text(error.message))
            raise
        except Exception:  # its text may hold what it was about to send
            raise InvalidInput("connection_broken", f"The connection {self._name} can't sign requests.") from None
        hidden = [value for name, value in proof.items() if name.lower() not in self._kind.told]
        register(self._redactor, [each for value in hidden for each in _parts(value)])
        return proof


def _parts(value: str) -> list[str]:
    """What of a header is a secret: all of it, and the credentials behind `Basic` or `Bearer`."""
    scheme, _, credentials = value.partition(" ")
    return [value, credentials, credentials.rstrip("=")] if scheme in ("Basic", "Bearer") else [value]


def _kind(opened: Opened) -> Connection[Any]:
    kind = registry.connections().get(opened.kind)
    if kind is None:
        raise InvalidInput(
            "connection_not_allowed",
            f"The connection {opened.name} is of the kind {opened.kind!r}, which can't be used here.",
        )
    return kind


def _fields(kind: Connection[Any], opened: Opened) -> ConnectionFields:
    try:
        fields: ConnectionFields = kind.read(opened.values)
    except ValidationError:
        raise InvalidInput(
            "connection_unreadable", f"The connection {opened.name} lacks a field; edit it and save it again."
        ) from None
    return fields


def _host_of(url: str) -> str:
    """The host and port of an address that a kind asks by itself."""
    parts = urlsplit(url)
    name = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
