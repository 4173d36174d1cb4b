"""What the engine reads and keeps beside the records that it writes."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from blocks.errors import InvalidInput
from blocks.outcomes import Call
from blocks.pieces import Piece
from blocks.services import Attachment
from blocks.values import JsonObject
from core.approvals.deadline import at_deadline
from core.connections import repository as connections
from core.connections.model import Opened
from core.connections.opening import Door
from core.credits import reserving
from core.credits.reserving import Charge, Charged
from core.db import Database
from core.files import opening, pieces
from core.runs import blobs, calling
from core.runs.breaker import DEFAULT, Limits, Refusal
from core.runs.calling import Called
from core.runs.queue import ClaimedRun
from core.runs.resume import RecordedStep, answers, recorded_steps


class Ledger(Protocol):
    """Raises what `core/db.py` calls AWAY while it can't be reached; the engine then tries again."""

    async def steps(self, run: ClaimedRun) -> list[RecordedStep]:
        """Everything that the run's steps recorded, in that order."""
        ...

    async def woken(self, run: ClaimedRun) -> dict[tuple[str, str], JsonObject]:
        """The answers that waiting steps have got, by step and iteration."""
        ...

    async def keep(self, run: ClaimedRun, content: bytes, media_type: str) -> JsonObject:
        """Store a large value beside the run; gives the reference that stands for it."""
        ...

    async def file(self, run: ClaimedRun, reference: JsonObject, most: int) -> Attachment:
        """What a reference to a file or a blob of the run's workspace stands for. Raises `InvalidInput`."""
        ...

    async def at_deadline(self, run: ClaimedRun, place: tuple[str, str]) -> JsonObject | None:
        """What counts as the answer of a step (and its iteration) that nobody had answered in time."""
        ...

    async def reserve(self, run: ClaimedRun, least: int, most: int) -> int:
        """Reserve more credits for the run; gives how many, 0 when there are not even `least` left."""
        ...

    async def charge(self, run: ClaimedRun, made: Charge) -> Charged:
        """Charge a step of the run beyond its price, as far as its budget and the balance go."""
        ...

    async def prepare(self, run: ClaimedRun, call: Call) -> Called:
        """The run that a step calls, ready to be recorded with it. Raises `InvalidInput` where it may not be."""
        ...

    async def connection(self, run: ClaimedRun, reference: str) -> Opened:
        """The connection that the run's version names so, with its secrets. Raises `InvalidInput`."""
        ...

    async def connection_failed(self, run: ClaimedRun, connection_id: UUID, why: str) -> None:
        """Note, for its owner, that its credentials were refused."""
        ...

    async def piece(self, run: ClaimedRun, reference: JsonObject, start: int, length: int) -> Piece:
        """Some bytes of a file or a blob of the run's workspace. Raises `InvalidInput`."""
        ...


@dataclass(frozen=True, slots=True)
class DatabaseLedger:
    """PostgreSQL itself. Without a `door` no connection can be opened."""

    db: Database
    limits: Limits = DEFAULT
    door: Door | None = None

    async def steps(self, run: ClaimedRun) -> list[RecordedStep]:
        async with self.db.for_workspace(run.workspace_id).connection() as connection:
            return await recorded_steps(connection, run.workspace_id, run.id)

    async def woken(self, run: ClaimedRun) -> dict[tuple[str, str], JsonObject]:
        async with self.db.for_workspace(run.workspace_id).connection() as connection:
            return await answers(connection, run.id)

    async def keep(self, run: ClaimedRun, content: bytes, media_type: str) -> JsonObject:
        async with self.db.for_workspace(run.workspace_id).connection() as connection:
            return await blobs.store(
                connection, workspace_id=run.workspace_id, run_id=run.id, content=content, media_type=media_type
            )

    async def file(self, run: ClaimedRun, reference: JsonObject, most: int) -> Attachment:
        async with self.db.for_workspace(run.workspace_id).connection() as connection:
            return await opening.content(connection, run.workspace_id, reference, most)

    async def at_deadline(self, run: ClaimedRun, place: tuple[str, str]) -> JsonObject | None:
        async with self.db.for_workspace(run.workspace_id).connection() as connection:
            return await at_deadline(connection, run.id, *place)

    async def reserve(self, run: ClaimedRun, least: int, most: int) -> int:
        async with self.db.for_workspace(run.workspace_id).connection() as connection:
            return await reserving.more(connection, run, least, most)

    async def charge(self, run: ClaimedRun, made: Charge) -> Charged:
        async with self.db.for_workspace(run.workspace_id).connection() as connection:
            return await reserving.charge(connection, run, made)

    async def prepare(self, run: ClaimedRun, call: Call) -> Called:
        async with self.db.for_workspace(run.workspace_id).transaction() as connection:
            called = await calling.prepare(connection, run, call, self.limits)
        if isinstance(called, Refusal):
            raise InvalidInput(called.code, called.reason)
        return called

    async def connection(self, run: ClaimedRun, reference: str) -> Opened:
        if self.door is None:
            raise RuntimeError("this ledger opens no connections")
        async with self.db.for_workspace(run.workspace_id).connection() as connection:
            return await self.door.for_version(connection, run, reference)

    async def connection_failed(self, run: ClaimedRun, connection_id: UUID, why: str) -> None:
        async with self.db.for_workspace(run.workspace_id).connection() as connection:
            await connections.note_failure(connection, run.workspace_id, connection_id, why)

    async def piece(self, run: ClaimedRun, reference: JsonObject, start: int, length: int) -> Piece:
        async with self.db.for_workspace(run.workspace_id).connection() as connection:
            return await pieces.piece(connection, run.workspace_id, reference, start, length)
