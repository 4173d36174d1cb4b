"""The doors that a run's token opens to the job that executes it: claim, renew, record, read, give back.

A job is trusted with its own run and with nothing else: whatever it sends is taken as said of this run, and what it
may start (runs of other automations) was prepared and signed here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

import asyncpg

from blocks.errors import InvalidInput
from blocks.outcomes import Call
from blocks.pieces import Piece
from blocks.services import Attachment
from blocks.values import Json, JsonObject
from core import jsontext
from core.approvals.deadline import at_deadline
from core.automations.definition import canonical
from core.connections import repository as connections
from core.connections.model import Opened
from core.connections.opening import Door
from core.credits import reserving
from core.credits.reserving import Charge, Charged
from core.db import Connection, Database
from core.errors import Conflict, Invalid, NotFound
from core.files import opening, pieces
from core.jobs import claims, wire
from core.jobs.tokens import RunToken, RunTokens
from core.jobs.wire import Claim, Renewal
from core.runs import blobs, calling, queue, record
from core.runs.breaker import DEFAULT, Limits, Refusal
from core.runs.pinned import load_definition
from core.runs.queue import ClaimedRun
from core.runs.record import Entry
from core.runs.resume import RecordedStep, answers, recorded_steps

SIGNATURE: Final = "signature"  # under which prepared facts carry theirs
_MOST_HINTS: Final = 500
_MOST_CREDITS: Final = 1_000_000_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Jobs:
    """`http_allow_hosts` and `public_url` go along with a claim: a job has no settings of its own."""

    db: Database
    tokens: RunTokens
    http_allow_hosts: tuple[str, ...]
    public_url: str
    limits: Limits = DEFAULT
    door: Door | None = None

    def admit(self, run_id: UUID, token: str) -> RunToken:
        """Who asks. Raises `Unauthenticated`, and `NotFound` when the token is another run's."""
        found = self.tokens.read(token)
        if found.run_id != run_id:
            raise NotFound("run_not_found", "There is no such run for this token.")
        return found

    async def claim(self, token: RunToken) -> Claim:
        """Take the run under a lease. Raises `Conflict` (`run_held`, `run_waits`, `run_not_ready`, `run_ended`,
        `plan_limit`)."""
        async with self.db.transaction() as connection:
            run = await claims.claim(connection, token.run_id, token.owner)
            definition = await load_definition(connection, run.rule_id, run.version)
        return Claim(run, canonical(definition), self.http_allow_hosts, self.public_url)

    async def renew(self, token: RunToken, hints: Json) -> Renewal:
        """Keep the lease, and pass provisional changes on to the live streams. Raises `Invalid`."""
        async with self.db.connection() as connection:
            renewal = await claims.renew(connection, token.run_id, token.owner)
            if renewal.held and hints:
                run = await self._held(connection, token)
                events = _understood(lambda: wire.own_events(hints, run))[:_MOST_HINTS]
                await record.notify(connection, events)
        return renewal

    async def record(self, token: RunToken, said: Json) -> bool:
        """Write what the job says of its run; False when it does not hold the run (any more). Raises `Invalid`."""
        async with self.db.connection() as connection:
            run = await claims.held(connection, token.run_id, token.owner)
            if run is None:
                return False
            entry = _understood(lambda: wire.read_entry(said, run))
            entry.calls = [self._prepared(run, call) for call in entry.calls]
            return await _write(connection, token.owner, entry)

    async def steps(self, token: RunToken) -> list[RecordedStep]:
        """Raises `Conflict` (`run_not_held`), as all that follow do."""
        async with self.db.connection() as connection:
            run = await self._held(connection, token)
            return await recorded_steps(connection, run.workspace_id, run.id)

    async def woken(self, token: RunToken) -> list[Json]:
        """The answers that waiting steps have got: lists of step, iteration, answer."""
        async with self.db.connection() as connection:
            run = await self._held(connection, token)
            found = await answers(connection, run.id)
            return [[step, iteration, answer] for (step, iteration), answer in found.items()]

    async def at_deadline(self, token: RunToken, step: str, iteration: str) -> JsonObject | None:
        """What counts as the answer of a step that nobody had answered in time."""
        async with self.db.connection() as connection:
            run = await self._held(connection, token)
            return await at_deadline(connection, run.id, step, iteration)

    async def keep(self, token: RunToken, content: bytes, media_type: str) -> JsonObject:
        """Store a large value beside the run; gives the reference that stands for it."""
        async with self.db.connection() as connection:
            run = await self._held(connection, token)
            return await blobs.store(
                connection, workspace_id=run.workspace_id, run_id=run.id, content=content, media_type=media_type
            )

    async def file(self, token: RunToken, reference: JsonObject, most: int) -> Attachment:
        """What a reference to a file of the run's workspace stands for. Raises `Invalid` with the reason."""
        async with self.db.connection() as connection:
            run = await self._held(connection, token)
            try:
                return await opening.content(connection, run.workspace_id, reference, min(most, opening.MOST))
            except InvalidInput as error:
                raise Invalid(error.code, error.message) from error

    async def prepare(self, token: RunToken, call: JsonObject) -> JsonObject:
        """Make the run of another automation ready. Raises `Invalid` with the reason where it may not start."""
        async with self.db.transaction() as connection:
            run = await self._held(connection, token)
            try:
                wanted = Call(str(call.get("automation")), call.get("payload"), bool(call.get("wait")))
                called = await calling.prepare(connection, run, wanted, self.limits)
            except InvalidInput as error:
                raise Invalid(error.code, error.message) from error
        if isinstance(called, Refusal):
            raise Invalid(called.code, called.reason)
        signature = self.tokens.sign(run.id, called.facts)
        facts: JsonObject = called.facts | {SIGNATURE: signature}
        return {"run_id": str(called.run_id), "name": called.name, "facts": facts}

    async def connection(self, token: RunToken, reference: str) -> Opened:
        """A connection that the run's version names. Raises `Invalid` with the reason where it may not be used."""
        if self.door is None:
            raise RuntimeError("these jobs open no connections")
        async with self.db.connection() as connection:
            run = await self._held(connection, token)
            try:
                return await self.door.for_run(connection, run, reference)
            except InvalidInput as error:
                raise Invalid(error.code, error.message) from error

    async def connection_failed(self, token: RunToken, connection_id: str, why: str) -> None:
        """Note that the credentials of a connection of the run's workspace were refused."""
        async with self.db.connection() as connection:
            run = await self._held(connection, token)
            known = _understood(lambda: UUID(connection_id))
            await connections.note_failure(connection, run.workspace_id, known, why[:500])

    async def piece(self, token: RunToken, reference: JsonObject, start: int, length: int) -> Piece:
        """Some bytes of a file of the run's workspace. Raises `Invalid` with the reason where there is none."""
        async with self.db.connection() as connection:
            run = await self._held(connection, token)
            try:
                return await pieces.piece(connection, run.workspace_id, reference, start, length)
            except InvalidInput as error:
                raise Invalid(error.code, error.message) from error

    async def reserve(self, token: RunToken, least: int, most: int) -> int:
        """Reserve more credits for the run; gives how many."""
        async with self.db.connection() as connection:
            return await reserving.more(connection, await self._held(connection, token), least, most)

    async def charge(self, token: RunToken, made: Json) -> Charged:
        """Charge a step of the run beyond its price. Raises `Invalid`."""
        wanted = _understood(lambda: wire.read(Charge, made))
        if not (0 <= wanted.credits <= _MOST_CREDITS and 0 <= wanted.budget <= _MOST_CREDITS):
            raise Invalid("invalid_request", "A charge has credits and a budget, two whole numbers.")
        async with self.db.connection() as connection:
            return await reserving.charge(connection, await self._held(connection, token), wanted)

    async def release(self, token: RunToken) -> None:
        """Give the run back unfinished: a job that is being stopped. Nothing happens when it is not held."""
        async with self.db.connection() as connection:
            await queue.release(connection, owner=token.owner)

    async def _held(self, connection: Connection, token: RunToken) -> ClaimedRun:
        run = await claims.held(connection, token.run_id, token.owner)
        if run is None:
            raise Conflict("run_not_held", "This job does not hold the run (any more): stop and record nothing.")
        return run

    def _prepared(self, run: ClaimedRun, call: JsonObject) -> JsonObject:
        """A call as `prepare` made it, by this very run. Raises `Invalid`."""
        facts = {name: value for name, value in call.items() if name not in ("called_by", SIGNATURE)}
        caller = call.get("called_by")
        if not isinstance(caller, dict) or not self.tokens.signed(run.id, facts, str(call.get(SIGNATURE))):
            raise Invalid("call_not_prepared", "A job may start only the runs that were prepared for it.")
        return facts | {"called_by": caller | {"run": str(run.id)}}


def _understood(read: Callable[[], T]) -> T:
    try:
        return read()
    except (ValueError, TypeError, KeyError) as error:
        raise Invalid("invalid_request", f"This can't be read: {error}") from error


async def _write(connection: Connection, owner: str, entry: Entry) -> bool:
    try:
        return bool(await record.record(connection, owner, [entry], entry.events))
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
        raise Invalid("invalid_request", f"This can't be recorded: {error}") from error


def load(raw: bytes) -> Json:
    """The JSON of a job. Raises `Invalid`."""
    try:
        return jsontext.parse(raw) if raw else None
    except jsontext.NotJson as error:
        raise Invalid("invalid_request", f"This is not valid JSON: {error}.") from error
