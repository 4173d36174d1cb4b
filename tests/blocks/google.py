"""What the steps for Google are lent in tests: real ways out, signed, and a file in memory."""

import json
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from blocks.action import Http, Level
from blocks.pieces import Piece
from blocks.values import JsonObject
from core.connections.model import Opened
from core.connections.signed import Signed, Tokens
from core.outgoing.client import Outgoing
from core.redaction import Redactor
from tests.vendors.google import Google

ServiceT = TypeVar("ServiceT")


@dataclass
class Account:
    """A connection, and what was noted of its failures."""

    signed: Signed
    redactor: Redactor
    failures: list[str]


def robot(google: Google, out: Outgoing, **fields: Any) -> Account:
    given = {"key": json.dumps(google.key_file(), indent=2), "base_url": google.url} | fields
    return _account("google_service_account", given, out)


def person(google: Google, out: Outgoing, **fields: Any) -> Account:
    given = {
        "client_id": google.client_id, "client_secret": google.client_secret,
        "refresh_token": fields.pop("refresh_token", None) or google.refresh_token(), "base_url": google.url,
    }  # fmt: skip
    return _account("google_oauth", given | fields, out)


def _account(kind: str, fields: dict[str, Any], out: Outgoing) -> Account:
    redactor, failures = Redactor(), list[str]()

    async def failed(why: str) -> None:
        failures.append(why)

    opened = Opened(UUID(int=1), "Google", kind, ["127.0.0.1"], "1", fields)
    return Account(Signed(opened, out, redactor, Tokens(), failed), redactor, failures)


@dataclass
class Context:
    """Implements `blocks.action.ActionContext` as far as these steps use it."""

    account: Account
    file: Piece | None = None
    run_id: str = "0190"
    step_id: str = "s1"
    attempt: int = 1
    idempotency_key: str = "0190/s1/0"
    timeout_s: float = 30.0
    memory: MutableMapping[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    pieces: list[tuple[int, int]] = field(default_factory=list)

    @property
    def http(self) -> Http:
        raise AssertionError("this step signs")

    async def connected(self, connection: str) -> Http:
        return self.account.signed

    async def service(self, connection: str, kind: type[ServiceT]) -> ServiceT:
        return self.account.signed.service(kind)

    def leads_on(self, outlet: str) -> bool:
        return False

    def log(self, text: str, level: Level = Level.INFO) -> None:
        self.lines.append(self.account.redactor.text(text))

    async def store(self, content: bytes, media_type: str) -> JsonObject:
        raise AssertionError("this step stores nothing")

    async def piece(self, reference: JsonObject, start: int, length: int) -> Piece:
        assert self.file is not None
        self.pieces.append((start, length))
        content = self.file.content[start : start + length]
        return Piece(self.file.name, self.file.media_type, self.file.size, content)
