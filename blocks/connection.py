"""The contract of a connection kind: one file in `blocks/connections/`, one class, nothing to register by hand.

A connection is a saved account. Its fields are a pydantic model in which what is secret is a `SecretStr`; from that
come its form, what is sealed, what is masked, and its block type in Prefect. Actions never see a secret: they are lent
a way out to the network that signs for them.
"""

import socket
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from blocks.action import Http
from blocks.errors import InvalidInput
from blocks.program import Program
from blocks.values import Json

TEST_S = 15.0


@dataclass(frozen=True, slots=True)
class Token:
    """A secret that a service lent. `lives_s`: seconds from now that it is good for, where the service says so."""

    text: str = field(repr=False)
    lives_s: float | None = None


class Lender(Protocol):
    """What a kind is lent to sign with: a way to ask for a token, and a place that keeps it."""

    @property
    def http(self) -> Http:
        """Reaches the hosts that the kind names as its own (`endpoints`), and no others."""
        ...

    async def token(self, fetch: Callable[[], Awaitable[Token]]) -> str:
        """The token that is kept and still good, else what `fetch` gives."""
        ...

    def mask(self, secret: str) -> None:
        """As `Way.mask`, for what is made of a secret to prove who asks."""
        ...


class WebSocket(Protocol):
    """A connection on which texts go both ways."""

    async def send(self, text: str) -> None:
        """Raises `Retryable` where it is broken."""
        ...

    async def receive(self) -> str | None:
        """The next text; None when the other side closed. Raises `Retryable` where it broke."""
        ...

    async def close(self) -> None: ...


class Streaming(Protocol):
    """An answer that is read as it comes: lower-case header names, the body in pieces, bounded, never compressed."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> dict[str, str]: ...

    def pieces(self) -> AsyncIterator[bytes]:
        """Raises `InvalidInput` (`response_too_large`) and `Retryable`."""
        ...


class Way(Protocol):
    """How a kind reaches its service: to the hosts that the connection allows, at addresses that may be reached.

    Everything here raises `InvalidInput` (`blocked_address`, `connection_not_allowed`) and `Retryable`.
    """

    @property
    def http(self) -> Http:
        """Signed by the kind itself (`Connection.sign`)."""
        ...

    @property
    def plain(self) -> Http:
        """Not signed: for what proves itself in another way, such as an address that is a secret."""
        ...

    def stream(
        self, method: str, url: str, *, headers: dict[str, str], content: bytes | None, timeout_s: float
    ) -> AbstractAsyncContextManager[Streaming]:
        """Signed, read as it comes; a redirect is an answer. Nothing is masked (`masked`)."""
        ...

    async def websocket(self, url: str, *, headers: dict[str, str] | None = None, timeout_s: float) -> WebSocket:
        """Open `wss://` or `ws://`; not signed."""
        ...

    async def connect(self, host: str, port: int, *, ports: frozenset[int], timeout_s: float) -> socket.socket:
        """A connected socket, without TLS, for a library that speaks the protocol; the caller closes it.

        `ports` are those that the protocol has; others must be allowed by the operator.
        """
        ...

    def program(self, name: str) -> Program:
        """A program of the machine. Raises `InvalidInput` (`program_off`) where the operator does not allow it."""
        ...

    def mask(self, secret: str) -> None:
        """Whatever is told from now on does not hold `secret`, which the service lent just now."""
        ...

    def masked(self, value: Json) -> Json:
        """What was read, without the connection's secrets."""
        ...

    async def kept(self, name: str, fetch: Callable[[], Awaitable[Token]], *, fresh: bool = False) -> str:
        """What this process knows of the connection as it is now, else what `fetch` gives; `fresh` asks anew."""
        ...


class ConnectionFields(BaseModel):
    """Base of a kind's fields: unknown ones are errors, and no error repeats a value."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @classmethod
    def secret_names(cls) -> frozenset[str]:
        """The fields that are sealed and never shown."""
        return frozenset(
            name
            for name, each in cls.model_fields.items()
            if each.annotation is SecretStr or SecretStr in get_args(each.annotation)
        )

    def revealed(self, name: str) -> str:
        """A secret in clear. For the code that signs, and for nobody else."""
        value = getattr(self, name)
        return value.get_secret_value() if isinstance(value, SecretStr) else ""

    def secrets(self) -> dict[str, str]:
        """Every secret that is given, in clear: to be sealed, or to be masked."""
        return {name: text for name in sorted(self.secret_names()) if (text := self.revealed(name))}

    def public(self) -> dict[str, Json]:
        """Every other field, as JSON."""
        return self.model_dump(mode="json", exclude=set(self.secret_names()), exclude_none=True)


class HttpFields(ConnectionFields):
    """Fields that every connection for web services has."""

    test_url: str | None = Field(
        default=None,
        max_length=2048,
        title="Test address",
        description="A page of the service that answers only with the right credentials; asked by GET to test them.",
    )


FieldsT = TypeVar("FieldsT", bound=ConnectionFields)


class Connection(ABC, Generic[FieldsT]):
    """One kind of connection.

    `name` is permanent. `purpose` is what it is for: an action whose `connection` is the same word may name one.
    `hosts` are those that it may be used for where its owner names none.
    """

    name: ClassVar[str]
    title: ClassVar[Mapping[str, str]]  # by language: {"en": ..., "fr": ...}
    description: ClassVar[Mapping[str, str]]
    purpose: ClassVar[str]
    Fields: ClassVar[type[ConnectionFields]]
    hosts: ClassVar[tuple[str, ...]] = ()
    told: ClassVar[frozenset[str]] = frozenset()  # headers of `sign` that hold no secret, in lower case
    renews: ClassVar[bool] = False  # a refused request is worth another one with a fresh token
    example: ClassVar[dict[str, Json]]

    def read(self, values: Mapping[str, Any]) -> FieldsT:
        """Raises pydantic's `ValidationError`."""
        fields: Any = self.Fields.model_validate(dict(values))
        return fields  # type: ignore[no-any-return]

    def hosts_of(self, fields: FieldsT) -> tuple[str, ...]:
        """The hosts that a connection with these fields may be used for, where its owner names none."""
        return self.hosts

    def endpoints(self, fields: FieldsT) -> tuple[str, ...]:
        """Addresses that the kind itself asks to be able to sign."""
        return ()

    def service(self, fields: FieldsT, way: Way) -> object:
        """What actions of this purpose use (`blocks/services.py`). The kinds for web services have none."""
        raise InvalidInput("connection_not_allowed", f"A connection of the kind {self.name} can't be used here.")

    @abstractmethod
    async def sign(self, fields: FieldsT, lender: Lender) -> dict[str, str]:
        """The headers that prove who asks. Raises the classes of `blocks/errors.py`."""

    @abstractmethod
    async def test(self, fields: FieldsT, http: Http, lender: Lender) -> str:
        """Find out whether it works, by really asking; gives what was found in a sentence. `http` signs.

        Raises the classes of `blocks/errors.py`.
        """

    async def test_by(self, fields: FieldsT, way: Way, lender: Lender) -> str:
        """The same for kinds that need more than HTTP: this is what is called."""
        return await self.test(fields, way.http, lender)


class HttpConnection(Connection[FieldsT]):
    """Base of the kinds that sign requests to web services."""

    purpose = "http"

    async def test(self, fields: FieldsT, http: Http, lender: Lender) -> str:
        url = fields.test_url if isinstance(fields, HttpFields) else None
        if not url:
            raise InvalidInput("connection_not_testable", "Give the connection a test address (test_url) to test it.")
        return await asked(http, url)


async def asked(http: Http, url: str) -> str:
    """What a signed GET says of the credentials. Raises `InvalidInput` (`connection_refused`)."""
    answer = await http.request("GET", url, headers={}, content=None, timeout_s=TEST_S)
    if answer.status >= 400:
        why = "The credentials are refused" if answer.status in (401, 403) else "The test address does not work"
        raise InvalidInput("connection_refused", f"{why}: the service answered with status {answer.status}.")
    return f"The service answered with status {answer.status}."
