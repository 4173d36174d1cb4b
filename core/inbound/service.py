"""Requests of services, from whoever knows the account's secret: messages become runs, presses become answers."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

import structlog

from blocks.action import Action
from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.inbound import HasButtons, Incoming, Received, Receives, Unproven
from blocks.listening import Heard, Pressed
from blocks.values import JsonObject
from core.approvals.pressing import Pressing, in_words
from core.buckets import Buckets
from core.connections import repository
from core.connections.model import ConnectionRow
from core.connections.opening import Door
from core.connections.signed import Asks, Signed, Tokens, opened_row
from core.db import Connection, Database
from core.errors import Invalid, NotFound, RateLimited, Unauthenticated, Unavailable, VutlerError
from core.redaction import Redactor

_AT_ONCE: Final = 200  # requests for one account, and so many a second after that
_PER_SECOND: Final = 20.0  # Slack sends an app at most 30,000 an hour
_MOST_ACCOUNTS: Final = 200  # whose people's names are remembered

log = structlog.get_logger(__name__)


class Arrives(Protocol):
    """`core/channels/arrivals.arrive`: keep messages and start runs, in the caller's transaction, each message once."""

    async def __call__(
        self, connection: Connection, account: ConnectionRow, heard: Sequence[Heard], *, own_id: str | None = None
    ) -> object: ...


async def nobody_listens(
    connection: Connection, account: ConnectionRow, heard: Sequence[Heard], *, own_id: str | None = None
) -> object:
    """Where there are no channels: the service tries again later."""
    raise Unavailable("channels_not_here", "Messages can't be taken at the moment.", after=60.0)


@dataclass(frozen=True, slots=True)
class _Account:
    row: ConnectionRow
    signed: Signed


class Inbound:
    """The service of one process. `db` asks for everyone."""

    def __init__(
        self,
        db: Database,
        door: Door,
        out: Asks,
        actions: Mapping[str, Action[Any]],
        *,
        arrive: Arrives = nobody_listens,
    ) -> None:
        self.arrive = arrive
        self._db = db
        self._door = door
        self._out = out
        self._tokens = Tokens()
        self._actions = actions
        self._rates = Buckets()
        self._names: dict[UUID, dict[str, str]] = {}
        self._whispers: set[asyncio.Task[None]] = set()

    async def receive(self, kind: str, connection_id: UUID, incoming: Incoming) -> JsonObject | None:
        """Committed when it returns; gives what the service wants to be answered.

        Raises `NotFound`, `Unauthenticated` (`signature_invalid`), `Invalid`, `RateLimited`, `Unavailable`.
        """
        account = await self._account(kind, connection_id)
        receiver = account.signed.kind
        if not isinstance(receiver, Receives):
            raise _unknown()
        names = self._names_of(connection_id)
        try:
            received: Received = await receiver.receive(account.signed.fields, incoming, account.signed, names)
        except (Unproven, ActionError) as error:
            raise _translated(error) from error
        if received.heard:
            async with self._db.for_workspace(account.row.workspace_id).transaction() as connection:
                await self.arrive(connection, account.row, received.heard, own_id=received.account)
        return received.reply

    async def press(self, kind: str, connection_id: UUID, incoming: Incoming) -> None:
        """Decide what a button decides; whoever pressed is told why where it does not. Raises as `receive`."""
        account = await self._account(kind, connection_id)
        has_buttons = account.signed.kind
        if not isinstance(has_buttons, HasButtons):
            raise _unknown()
        try:
            pressed = await has_buttons.press(account.signed.fields, incoming)
        except (Unproven, ActionError) as error:
            raise _translated(error) from error
        if pressed is not None:
            await self.decide(account.row.workspace_id, connection_id, account.signed, pressed)

    async def decide(self, workspace_id: UUID, connection_id: UUID, signed: Signed, pressed: Pressed) -> None:
        """The same for a press that a listener was told of. Raises nothing of the service's."""
        has_buttons = signed.kind
        if not isinstance(has_buttons, HasButtons):
            return
        pressing = Pressing(self._db.for_workspace(workspace_id), self._actions)
        try:
            await pressing.found(connection_id, pressed)
            person = await has_buttons.person(signed.fields, signed, pressed.user_id)
            await pressing.decide(connection_id, pressed, person)
        except (VutlerError, ActionError) as error:
            task = asyncio.create_task(_whisper(has_buttons, signed, pressed, in_words(error)))
            self._whispers.add(task)
            task.add_done_callback(self._whispers.discard)

    async def _account(self, kind: str, connection_id: UUID) -> _Account:
        if wait := self._rates.take(str(connection_id), burst=_AT_ONCE, per_second=_PER_SECOND):
            raise RateLimited("too_many_requests", "These are many requests at once.", after=wait)
        async with self._db.connection() as connection:
            workspace = await repository.workspace_of(connection, connection_id)
            found = None if workspace is None else await repository.find(connection, workspace, connection_id)
        if found is None or found[0].kind != kind:
            raise _unknown()
        row, sealed = found
        try:
            opened = opened_row(row, self._door.opened(row.workspace_id, row.id, sealed))
            return _Account(row, Signed(opened, self._out, Redactor(), self._tokens, _unnoted))
        except InvalidInput as error:
            raise Unavailable(error.code, "The connection can't be used at the moment.", after=60.0) from error

    def _names_of(self, connection_id: UUID) -> dict[str, str]:
        names = self._names.setdefault(connection_id, {})
        while len(self._names) > _MOST_ACCOUNTS:
            del self._names[next(iter(self._names))]
        return names


async def _whisper(has_buttons: "HasButtons[Any]", signed: Signed, pressed: Pressed, text: str) -> None:
    try:
        await has_buttons.whisper(signed.fields, signed, pressed, text)
    except ActionError as error:
        log.info("inbound.not_whispered", code=error.code)


async def _unnoted(_: str) -> None:
    """What a service is not allowed to ask us is no fault of the account."""


def _translated(error: Unproven | ActionError) -> VutlerError:
    if isinstance(error, Unproven):
        return Unauthenticated("signature_invalid", str(error))
    if isinstance(error, Retryable):
        return Unavailable(error.code, error.message, after=error.after)
    return Invalid(error.code, error.message)


def _unknown() -> NotFound:
    return NotFound("connection_not_found", "There is no such connection here.")
