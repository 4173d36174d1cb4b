"""A worker's listeners: each account that somebody needs is listened to by one worker at a time.

What is heard is committed together with the kind's cursor before the kind acknowledges it, so that a cut connection or
a killed worker loses nothing and answers nothing twice.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from uuid import UUID

import structlog

from blocks import registry
from blocks.errors import ActionError, InvalidInput, NeedsAttention
from blocks.listening import Heard, Listens, Pressed
from blocks.values import JsonObject
from core import crash
from core.channels import arrivals
from core.connections import repository as connections
from core.connections.model import Opened
from core.connections.opening import Door
from core.connections.signed import Asks, Signed, Tokens
from core.db import AWAY, Connection, Database
from core.files import keeping
from core.listen import Listener
from core.listening import leases
from core.listening.leases import Held
from core.redaction import Redactor
from core.runs.breaker import DEFAULT, Limits
from core.runs.channels import CONFIG, LISTENING

BEAT_S: Final = 5.0
LOOK_S: Final = 2.0  # for accounts that nobody listens to
REFRESH_S: Final = 30.0  # the net below a missed notice
_CONNECTIONS: Final = 4  # of the pool
_GATHER_S: Final = 0.1  # many changes at once are one look
STOP_S: Final = 0.5

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds between attempts: `first_s`, doubled each time up to `most_s`, each give or take a half."""

    first_s: float = 1.0
    most_s: float = 300.0

    def after(self, failures: int) -> float:
        return min(self.most_s, self.first_s * 2.0 ** min(failures - 1, 20)) * random.uniform(0.5, 1.5)  # noqa: S311


class Decides(Protocol):
    """What a press of a button decides (`core/inbound/service.py`)."""

    async def decide(self, workspace_id: UUID, connection_id: UUID, signed: Signed, pressed: Pressed) -> None: ...


@dataclass(frozen=True, slots=True)
class Hears:
    """What the listeners of a process share. `presses` decides what buttons decide; without it they do nothing. `gate`
    leaves most of the pool's connections to those who execute runs."""

    db: Database
    door: Door
    out: Asks
    limits: Limits = DEFAULT
    files_quota: int = keeping.QUOTA
    presses: Decides | None = None
    backoff: Backoff = Backoff()
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_CONNECTIONS))

    @asynccontextmanager
    async def connection(self, workspace_id: UUID) -> AsyncIterator[Connection]:
        """For single statements."""
        async with self.gate, self.db.for_workspace(workspace_id).connection() as connection:
            yield connection


class _Ear:
    """Implements `blocks.listening.Ear` and `TakesPresses` for one attempt."""

    def __init__(self, hears: Hears, owner: str, held: Held, signed: Signed, cursor: JsonObject | None) -> None:
        self._hears = hears
        self._signed = signed
        self._owner = owner
        self._held = held
        self._noting: set[asyncio.Task[None]] = set()
        self.cursor = cursor
        self.channels = frozenset(held.rooms)
        self.account: str | None = None
        self.works = False

    async def take(self, heard: Sequence[Heard], cursor: JsonObject) -> None:
        if not heard and cursor == self.cursor:
            return
        if heard:
            crash.point("heard")
        workspace = self._hears.db.for_workspace(self._held.workspace_id)
        async with self._hears.gate, workspace.transaction() as connection:
            if not await leases.move(connection, self._owner, self._held.id, cursor):
                raise LookupError("somebody else listens to this account now")
            await arrivals.arrive(
                connection, self._held, heard, own_id=self.account, limits=self._hears.limits,
                files_quota=self._hears.files_quota,
            )  # fmt: skip
        if heard:
            crash.point("kept")
        self.cursor = cursor

    async def press(self, pressed: Pressed) -> None:
        if self._hears.presses is not None:
            await self._hears.presses.decide(self._held.workspace_id, self._held.id, self._signed, pressed)

    def working(self, account: str) -> None:
        if self.works and account == self.account:
            return
        self.account, self.works = account, True
        task = asyncio.create_task(self._note_working(account))
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def _note_working(self, account: str) -> None:
        with suppress(*AWAY):
            async with self._hears.connection(self._held.workspace_id) as connection:
                await leases.note(connection, self._owner, self._held.id, "listening", own_id=account)


class _Listening:
    """One account, listened to until it is cancelled."""

    def __init__(self, hears: Hears, owner: str, held: Held) -> None:
        self._hears = hears
        self._owner = owner
        self._redactor = Redactor()
        self._tokens = Tokens()
        self._ear: _Ear | None = None
        self.held = held
        self.task = asyncio.create_task(self._run(), name=f"listening {held.id}")

    def rooms(self, rooms: Sequence[str]) -> None:
        """What somebody listens to there has changed."""
        if self._ear is not None:
            self._ear.channels = frozenset(rooms)

    async def _run(self) -> None:
        failures = 0
        while True:
            refused, error, worked = await self._attempt()
            if refused:
                await self._give_up(error)
                return
            failures = 1 if worked else failures + 1
            await self._note("waiting", error)
            await asyncio.sleep(self._hears.backoff.after(failures))

    async def _attempt(self) -> tuple[bool, str | None, bool]:
        """Whether trying again is of no use, what went wrong, and whether it had worked before that."""
        error: str | None = None
        refused = False
        try:
            signed, self._ear = await self._opened()
            kind = signed.kind
            if not isinstance(kind, Listens):
                return True, "Accounts of this kind are not listened to.", False
            await kind.listen(signed.fields, signed, self._ear)
        except LookupError:
            refused = True  # it is another worker's
        except (InvalidInput, NeedsAttention) as failure:
            refused, error = True, failure.message
        except ActionError as failure:
            error = failure.message
        except AWAY:
            error = "The database was away."
        except Exception as failure:
            log.exception("listening.broke", connection=str(self.held.id), kind=self.held.kind)
            error = f"The listener broke: {type(failure).__name__}."
        worked = self._ear is not None and self._ear.works
        return refused, None if error is None else self._redactor.text(error), worked

    async def _opened(self) -> tuple[Signed, _Ear]:
        """Raises `InvalidInput`, `LookupError` when the connection is gone."""
        held = self.held
        async with self._hears.connection(held.workspace_id) as connection:
            found = await connections.find(connection, held.workspace_id, held.id)
            cursor = await leases.cursor(connection, held.id)
        if found is None:
            raise LookupError("the connection is gone")
        row, sealed = found
        values = row.settings | self._hears.door.opened(row.workspace_id, row.id, sealed)
        opened = Opened(row.id, row.name, row.kind, row.hosts, row.updated_at.isoformat(), values)
        signed = Signed(opened, self._hears.out, self._redactor, self._tokens, self._refused)
        return signed, _Ear(self._hears, self._owner, held, signed, cursor)

    async def _refused(self, why: str) -> None:
        with suppress(*AWAY):
            async with self._hears.connection(self.held.workspace_id) as connection:
                await connections.note_failure(connection, self.held.workspace_id, self.held.id, why)

    async def _note(self, state: str, error: str | None) -> None:
        with suppress(*AWAY):
            async with self._hears.connection(self.held.workspace_id) as connection:
                await leases.note(connection, self._owner, self.held.id, state, error=error)

    async def _give_up(self, error: str | None) -> None:
        with suppress(*AWAY):
            async with self._hears.connection(self.held.workspace_id) as connection:
                await leases.give_up(connection, self._owner, self.held.id, refused=error, revision=self.held.revision)


class Listeners:
    """`run(stop)` until `stop` is set, in every worker.

    `owner` is this process; owners that begin with `former` were earlier lives of it.
    """

    def __init__(self, hears: Hears, owner: str, *, former: str | None = None) -> None:
        self._hears = hears
        self._owner = owner
        self._former = former
        self._kinds = [name for name, kind in registry.connections().items() if isinstance(kind, Listens)]
        self._running: dict[UUID, _Listening] = {}
        self._wake = asyncio.Event()
        self._changed = asyncio.Event()

    @property
    def count(self) -> int:
        """How many accounts this process listens to."""
        return len(self._running)

    async def run(self, stop: asyncio.Event) -> None:
        db = self._hears.db
        listener = Listener(db.dsn, application=f"{db.application} listeners")
        listener.on(LISTENING, self._told)
        listener.on(CONFIG, self._told)
        listener.on_connected(lambda: self._told(""))
        loops = [
            asyncio.create_task(loop, name=name)
            for name, loop in {
                "listeners notices": listener.run(),
                "listeners lease": self._repeat(self._beat, lambda: asyncio.sleep(BEAT_S)),
                "listeners needed": self._repeat(self._refresh, lambda: _set_or(self._changed, REFRESH_S)),
                "listeners": self._repeat(self._look, lambda: _set_or(self._wake, LOOK_S)),
            }.items()
        ]
        try:
            await stop.wait()
        finally:
            await self._end(loops)

    def _told(self, _payload: str) -> None:
        self._changed.set()

    async def _repeat(
        self, work: Callable[[], Awaitable[None]], pause: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        while True:
            try:
                await work()
            except AWAY as error:
                log.warning("listeners.database_away", error=repr(error))
                await asyncio.sleep(0.5)
            except Exception:
                log.exception("listeners.trouble")
            await pause()

    async def _beat(self) -> None:
        async with self._hears.db.connection() as connection:
            if self._former is not None:
                await leases.forget_former(connection, self._owner, self._former)
                self._former = None
            await leases.beat(connection, self._owner)

    async def _refresh(self) -> None:
        await asyncio.sleep(_GATHER_S)
        self._changed.clear()
        async with self._hears.db.transaction() as connection:
            await leases.refresh(connection, self._kinds)
        self._wake.set()

    async def _look(self) -> None:
        """Claim what is free, end what is no longer ours, begin what is new, and again what has changed."""
        everything = self._wake.is_set()
        self._wake.clear()
        async with self._hears.db.connection() as connection:
            claimed = await leases.claim(connection, self._owner)
            if not claimed and not everything:
                return
            if claimed >= leases.CLAIM_AT_ONCE:
                self._wake.set()
            held = {each.id: each for each in await leases.held(connection, self._owner)}
        ending = [
            each
            for account, each in self._running.items()
            if (now := held.get(account)) is None or not now.wanted or now.revision != each.held.revision
            or each.task.done()
        ]  # fmt: skip
        for each in ending:
            del self._running[each.held.id]
        await _cancelled([each.task for each in ending])
        for account in held.values():
            if not account.wanted:
                async with self._hears.db.connection() as connection:
                    await leases.give_up(connection, self._owner, account.id)
            elif (known := self._running.get(account.id)) is None:
                self._running[account.id] = _Listening(self._hears, self._owner, account)
            else:
                known.rooms(account.rooms)

    async def _end(self, loops: "Sequence[asyncio.Task[None]]") -> None:
        """Stop within a second, and let other workers go on."""
        await _cancelled([*loops, *(each.task for each in self._running.values())])
        self._running.clear()
        with suppress(*AWAY):
            async with asyncio.timeout(STOP_S), self._hears.db.connection() as connection:
                await leases.leave(connection, self._owner)


async def _cancelled(tasks: "Sequence[asyncio.Task[None]]") -> None:
    """Cancel them all and wait a moment: one that does not let go is left behind, since it can take nothing in."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=STOP_S)


async def _set_or(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
