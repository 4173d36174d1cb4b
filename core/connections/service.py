"""What people do with connections. Every method stays inside the caller's workspace; no secret ever comes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

import asyncpg
from pydantic import ValidationError

from blocks import registry
from blocks.connection import TEST_S, ConnectionFields
from blocks.connection import Connection as Kind
from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.sentences import reason, said
from blocks.services import Room, Rooms
from blocks.tool_server import ToolList, ToolServer
from blocks.values import Json, JsonObject
from core import clock
from core.audit import noting as audit
from core.buckets import Buckets
from core.caller import Caller
from core.connections import hosts, repository
from core.connections.asking import Tested, asked, unnoted
from core.connections.hosts import BadPattern
from core.connections.model import ROLES, ConnectionRow, Opened, Use, UsedBy
from core.connections.opening import Door, not_found
from core.connections.signed import Asks, Signed, Tokens
from core.connections.uses import counts, uses
from core.db import Connection, Database
from core.errors import Conflict, Finding, Invalid, NotFound, RateLimited, Stale, Unavailable
from core.idempotency import Made, Once, made_once
from core.ids import new_id
from core.outgoing.addresses import Policy
from core.outgoing.urls import finding
from core.places import place
from core.redaction import Redactor
from core.sentences import sentence

_TESTS_AT_ONCE: Final = 10  # of a workspace, and one every five seconds after that
_TESTS_PER_SECOND: Final = 0.2
_NAMED: Final = 5  # automations in a sentence


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody sets. None leaves it as it is; `fields` are those that change."""

    name: str | None = None
    fields: JsonObject = field(default_factory=dict, repr=False)
    allowed_hosts: Sequence[str] | None = None
    used_by: UsedBy | None = None


class Connections:
    """The service of one process. `policy` says which addresses may be reached at all."""

    def __init__(self, db: Database, door: Door, out: Asks, tokens: Tokens, policy: Policy) -> None:
        self._db = db
        self._door = door
        self._out = out
        self._tokens = tokens
        self._policy = policy
        self._rates = Buckets()

    async def listing(self, caller: Caller, *, before: UUID | None, limit: int) -> list[ConnectionRow]:
        """The newest first."""
        async with self._db.connection() as connection:
            return await repository.page(connection, caller.workspace_id, before, limit)

    async def get(self, caller: Caller, connection_id: UUID) -> ConnectionRow:
        """Raises `NotFound`."""
        async with self._db.connection() as connection:
            row, _ = await self._found(connection, caller, connection_id)
            return row

    async def create(self, caller: Caller, kind_name: str, given: Given, once: Once | None = None) -> ConnectionRow:
        """Raises `Forbidden`, `Invalid` with every finding, `Conflict` where the name is taken, and what
        `idempotency.made_once` raises."""
        row, kind, fields = self._drafted(caller, kind_name, given)
        async with self._db.transaction() as connection:

            async def work() -> Made:
                saved = await self._save(connection, caller, row, kind, fields)
                after = {"kind": kind_name, **_shown(saved)}
                await audit.note(connection, caller, "connection.created", "connection", saved.id, after=after)
                return saved.id, None

            made, _ = await made_once(connection, once, work)
            return (await self._found(connection, caller, made))[0]

    async def try_out(self, caller: Caller, kind_name: str, given: Given) -> Tested:
        """Really asks the service with what would be saved. Raises `Forbidden`, `Invalid`, `RateLimited`."""
        row, _, fields = self._drafted(caller, kind_name, given)
        self._take_test(caller)
        values = {**fields.public(), **fields.secrets()}
        opened = Opened(row.id, row.name, row.kind, row.hosts, row.updated_at.isoformat(), values)
        redactor = Redactor()
        tested = await asked(lambda: Signed(opened, self._out, redactor, self._tokens, unnoted), redactor)
        async with self._db.transaction() as connection:
            after: JsonObject = {"kind": kind_name, "hosts": list(row.hosts), "ok": tested.ok, "code": tested.code}
            await audit.note(connection, caller, "connection.tried", "connection", None, after=after)
        return tested

    async def change(
        self, caller: Caller, connection_id: UUID, given: Given, *, read: str | None = None, done: str = "changed"
    ) -> ConnectionRow:
        """A secret that is not given stays as it is; a field that is given as null goes. Raises as `create`, and
        `NotFound`; `Conflict` also where automations name it by the name that it is to lose; `Stale` where `read`, the
        revision that the caller has seen, is not the present one."""
        caller.require("admin")
        async with self._db.transaction() as connection:
            row, sealed = await self._found(connection, caller, connection_id, lock=True)
            if read is not None and read != row.revision:
                raise Stale("connection_stale", "Somebody changed this connection; read it again and redo the change.")
            kind = _kind_of(row)
            if given.name is not None and given.name.lower() != row.name.lower():
                by_name = [
                    each for each in await uses(connection, row.workspace_id, row.id, row.name) if not _by_id(each)
                ]
                if by_name:
                    raise _in_use(row.name, by_name, "name it by its name; let them use its id, then rename it")
            before = row.settings | self._opened(row, sealed, given.fields, kind)
            values: JsonObject = {name: value for name, value in (before | given.fields).items() if value is not None}
            fields = self._read(kind, values)
            given_hosts = given.allowed_hosts
            if given_hosts is None and sorted(row.hosts) == sorted(self._reached(kind, before)):
                given_hosts = ()  # nobody chose them: they follow the fields
            changed = replace(
                row,
                name=given.name if given.name is not None else row.name,
                hosts=row.hosts if given_hosts is None else self._hosts(kind, fields, given_hosts),
                used_by=given.used_by or row.used_by,
                updated_by=caller.user_id,
            )
            saved = await self._save(connection, caller, changed, kind, fields)
            after = {**_shown(saved), "fields": list[Json](sorted(given.fields))}
            await audit.note(
                connection, caller, f"connection.{done}", "connection", row.id, before=_shown(row), after=after
            )
            return saved

    async def rotate(self, caller: Caller, connection_id: UUID, secrets: JsonObject) -> ConnectionRow:
        """New values of the secret fields, from the next request on. Raises as `change`."""
        caller.require("admin")
        names = _kind_of(await self.get(caller, connection_id)).Fields.secret_names()
        wrong = [
            Finding(place(("secrets", name)), "This is no secret field of it.") for name in secrets if name not in names
        ]
        if wrong or not secrets:
            missing = Finding("secrets", said("Give the new value of {names}.", names=" or ".join(sorted(names))))
            raise _invalid(wrong or [missing])
        return await self.change(caller, connection_id, Given(fields=secrets), done="rotated")

    async def delete(self, caller: Caller, connection_id: UUID, *, force: bool) -> None:
        """Raises `NotFound`, and `Conflict` with the automations that name it, unless `force`."""
        caller.require("admin")
        async with self._db.transaction() as connection:
            row, _ = await self._found(connection, caller, connection_id, lock=True)
            found = [] if force else await uses(connection, row.workspace_id, row.id, row.name)
            if found:
                raise _in_use(row.name, found, "use it; add ?force=true to delete it all the same")
            await repository.delete(connection, row.workspace_id, row.id)
            before = {"kind": row.kind, **_shown(row)}
            await audit.note(connection, caller, "connection.deleted", "connection", row.id, before=before)

    async def usage(self, caller: Caller, connection_id: UUID) -> list[Use]:
        """Raises `NotFound`, `Forbidden`."""
        caller.require("editor")
        async with self._db.connection() as connection:
            row, _ = await self._found(connection, caller, connection_id)
            return await uses(connection, row.workspace_id, row.id, row.name)

    async def test(self, caller: Caller, connection_id: UUID) -> Tested:
        """Really asks the service. Raises `NotFound`, `Forbidden`, `RateLimited`."""
        row, sealed = await self._usable(caller, connection_id)
        redactor = Redactor()
        tested = await asked(lambda: self._signed(row, sealed, redactor), redactor)
        if tested.code == "connection_not_testable":  # nobody was asked, so nothing is known of it
            return tested
        async with self._db.transaction() as connection:
            await repository.note_test(connection, row.workspace_id, row.id, None if tested.ok else tested.message)
            after: JsonObject = {"name": row.name, "ok": tested.ok, "code": tested.code}
            await audit.note(connection, caller, "connection.tested", "connection", row.id, after=after)
        return tested

    async def opened(self, caller: Caller, connection_id: UUID, redactor: Redactor) -> Signed:
        """For who may use it. Raises `NotFound`, `Forbidden`, `RateLimited`, and as `Signed` does."""
        row, sealed = await self._usable(caller, connection_id)
        return self._signed(row, sealed, redactor)

    async def rooms(self, caller: Caller, connection_id: UUID) -> Sequence[Room]:
        """Really asks the service which rooms there are. Raises `NotFound`, `Forbidden`, `RateLimited`, and `Conflict`
        where the account has no rooms or does not answer."""
        row, sealed = await self._usable(caller, connection_id)
        redactor = Redactor()
        try:
            account = self._signed(row, sealed, redactor).service(Rooms)  # type: ignore[type-abstract]
            return await account.rooms()
        except ActionError as error:
            raise Conflict(error.code, redactor.text(error.message)) from error

    async def tools(self, caller: Caller, connection_id: UUID, *, fresh: bool) -> ToolList:
        """What an MCP server offers. Raises as `test`, `Conflict` with what keeps it from answering, `Unavailable`."""
        row, sealed = await self._usable(caller, connection_id)
        redactor = Redactor()
        try:
            server = self._signed(row, sealed, redactor).service(ToolServer)  # type: ignore[type-abstract]
            return await server.tools(timeout_s=TEST_S, fresh=fresh)
        except Retryable as error:
            raise Unavailable(error.code, redactor.text(error.message), after=error.after) from error
        except ActionError as error:
            raise Conflict(error.code, redactor.text(error.message)) from error

    async def signed(self, caller: Caller, reference: str, redactor: Redactor) -> Signed:
        """For a step that `caller` tries out. Raises `InvalidInput`."""
        async with self._db.connection() as connection:
            row = (await repository.named(connection, caller.workspace_id, [reference])).get(reference)
            found = await repository.find(connection, caller.workspace_id, row.id) if row is not None else None
        if row is None or found is None:
            raise not_found(reference)
        if not caller.may(ROLES[row.used_by]):
            raise InvalidInput("connection_not_allowed", f"Only admins may use the connection {row.name}.")
        return self._signed(row, found[1], redactor)

    async def counts(self, caller: Caller) -> dict[UUID, int]:
        """How many automations use each connection. Raises `Forbidden`."""
        caller.require("editor")
        async with self._db.connection() as connection:
            return await counts(connection, caller.workspace_id)

    # inside ---------------------------------------------------------------------------------------------------------

    def _drafted(
        self, caller: Caller, kind_name: str, given: Given
    ) -> tuple[ConnectionRow, Kind[Any], ConnectionFields]:
        """What would be saved. Raises `Forbidden`, `Invalid` with every finding."""
        caller.require("admin")
        kind = registry.connections().get(kind_name)
        if kind is None:
            known = ", ".join(registry.connections())
            raise _invalid(
                [
                    Finding(
                        "kind",
                        said(
                            "There is no kind {name} here; there are {known}.", name=repr(kind_name[:80]), known=known
                        ),
                    )
                ]
            )
        fields = self._read(kind, given.fields)
        row = ConnectionRow(
            id=new_id(), workspace_id=caller.workspace_id, name=given.name or "", kind=kind_name, settings={},
            secret_names=[], hosts=self._hosts(kind, fields, given.allowed_hosts or ()),
            used_by=given.used_by or "editors", created_by=caller.user_id, updated_by=caller.user_id,
            created_at=clock.now(), updated_at=clock.now(),
            last_used_at=None, last_tested_at=None, last_failed_at=None, last_error=None,
        )  # fmt: skip
        return row, kind, fields

    async def _usable(self, caller: Caller, connection_id: UUID) -> tuple[ConnectionRow, bytes | None]:
        """To ask the service with, not too often. Raises `NotFound`, `Forbidden`, `RateLimited`."""
        caller.require("editor")
        async with self._db.connection() as connection:
            row, sealed = await self._found(connection, caller, connection_id)
        caller.require(ROLES[row.used_by])
        self._take_test(caller)
        return row, sealed

    def _take_test(self, caller: Caller) -> None:
        if wait := self._rates.take(str(caller.workspace_id), burst=_TESTS_AT_ONCE, per_second=_TESTS_PER_SECOND):
            raise RateLimited("too_many_tests", "These are many tests at once; try again in a moment.", after=wait)

    def _signed(self, row: ConnectionRow, sealed: bytes | None, redactor: Redactor) -> Signed:
        values = row.settings | self._door.opened(row.workspace_id, row.id, sealed)
        opened = Opened(row.id, row.name, row.kind, row.hosts, row.updated_at.isoformat(), values)
        return Signed(opened, self._out, redactor, self._tokens, unnoted)

    def _opened(self, row: ConnectionRow, sealed: bytes | None, fields: JsonObject, kind: Kind[Any]) -> JsonObject:
        """The secrets that stay. Nothing is opened when all of them are new, so that lost ones can be replaced."""
        if kind.Fields.secret_names() <= set(fields):
            return {}
        try:
            return self._door.opened(row.workspace_id, row.id, sealed)
        except InvalidInput as error:
            raise Conflict(error.code, error.message) from error

    def _read(self, kind: Kind[Any], values: JsonObject) -> ConnectionFields:
        try:
            fields: ConnectionFields = kind.read(values)
        except ValidationError as error:
            raise _invalid(
                [
                    Finding(place(("fields", *each["loc"])), sentence(each))
                    for each in error.errors(include_url=False, include_input=False)
                ]
            ) from None
        wrong = [
            Finding(f"fields.{name}", reason)
            for name, value in fields.public().items()
            if (name == "url" or name.endswith("_url")) and (reason := finding(str(value), self._policy))
        ]
        wrong += [
            Finding(f"fields.{name}", "This contains a line break or another character that can't be sent.")
            for name, text in fields.secrets().items()
            if not text.isprintable()
        ]
        if wrong:
            raise _invalid(wrong)
        return fields

    def _reached(self, kind: Kind[Any], values: JsonObject) -> list[str]:
        """The hosts that stored fields name; none where the kind has other fields by now."""
        try:
            return list(kind.hosts_of(kind.read(values)))
        except ValidationError:
            return []

    def _hosts(self, kind: Kind[Any], fields: ConnectionFields, given: Sequence[str]) -> list[str]:
        wanted = list(given) or list(kind.hosts_of(fields))
        if not wanted or len(wanted) > hosts.MOST:
            message = said(
                "Name the hosts that it may be used for, such as api.example.com; at most {most}.", most=hosts.MOST
            )
            raise _invalid([Finding("allowed_hosts", message)])
        found: list[str] = []
        wrong: list[Finding] = []
        for number, text in enumerate(wanted):
            try:
                found.append(hosts.normal(text))
            except BadPattern as error:
                wrong.append(Finding(place(("allowed_hosts", number)), reason(error)))
        if wrong:
            raise _invalid(wrong)
        return list(dict.fromkeys(found))

    async def _save(
        self, connection: Connection, caller: Caller, row: ConnectionRow, kind: Kind[Any], fields: ConnectionFields
    ) -> ConnectionRow:
        secrets: Mapping[str, Json] = fields.secrets()
        sealed = self._door.seal(row.workspace_id, row.id, dict(secrets))
        try:
            await repository.save(
                connection, row, settings=fields.public(), sealed=sealed, secret_names=sorted(secrets)
            )
        except asyncpg.UniqueViolationError as error:
            message = f"The workspace has a connection {row.name!r} already; choose another name."
            raise Conflict("connection_name_taken", message) from error
        saved, _ = await self._found(connection, caller, row.id)
        return saved

    async def _found(
        self, connection: Connection, caller: Caller, connection_id: UUID, *, lock: bool = False
    ) -> tuple[ConnectionRow, bytes | None]:
        found = await repository.find(connection, caller.workspace_id, connection_id, lock=lock)
        if found is None:
            raise NotFound("connection_not_found", "There is no such connection in this workspace.")
        return found


def _kind_of(row: ConnectionRow) -> Kind[Any]:
    kind = registry.connections().get(row.kind)
    if kind is None:
        raise Conflict("connection_kind_unknown", f"Connections of the kind {row.kind!r} can't be edited here yet.")
    return kind


def _shown(row: ConnectionRow) -> JsonObject:
    """What the audit log holds of it: no field's value, for a public one may hold a secret that was put there."""
    return {"name": row.name, "hosts": list(row.hosts), "used_by": row.used_by}


def _by_id(use: Use) -> bool:
    try:
        return bool(UUID(use.named))
    except ValueError:
        return False


def _in_use(name: str, found: Sequence[Use], what: str) -> Conflict:
    named = list(dict.fromkeys(each.automation_name for each in found))
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return Conflict(
        "connection_in_use",
        f"These automations {what}: {', '.join(named[:_NAMED])}{more}. (The connection is {name}.)",
        tuple(
            Finding(
                f"{each.automation_id}.{each.step}",
                said("{automation}, step {step}", automation=each.automation_name, step=each.step),
            )
            for each in found
        ),
    )


def _invalid(findings: Sequence[Finding]) -> Invalid:
    return Invalid("connection_invalid", "The connection can't be saved; `errors` says why.", tuple(findings))
