"""Credits for a run under way, beyond what was reserved when it was accepted."""

from dataclasses import dataclass
from uuid import UUID

from core.db import Connection
from core.runs.queue import ClaimedRun


async def more(connection: Connection, run: ClaimedRun, least: int, most: int) -> int:
    """Reserve `most` credits or what is left, but nothing below `least`; gives how many. Nothing either when the run is
    not held under this epoch any more."""
    reserved: int = await connection.fetchval("SELECT reserve_more($1, $2, $3, $4)", run.id, run.epoch, least, most)
    return reserved


@dataclass(frozen=True, slots=True)
class Charge:
    """What a step under way has cost beyond its price. The same `id` is charged once; `budget` bounds all of them."""

    id: UUID
    step_id: str
    iteration: str
    action: str
    credits: int
    budget: int


@dataclass(frozen=True, slots=True)
class Charged:
    """`credits` of this charge, `in_all` of the step; `remaining`: how much more it may be charged now."""

    credits: int
    in_all: int
    remaining: int


async def charge(connection: Connection, run: ClaimedRun, made: Charge) -> Charged:
    """Take it from the balance, as far as its budget and the balance go."""
    row = await connection.fetchrow(
        "SELECT charged, in_all, remaining FROM charge_step($1, $2, $3, $4, $5, $6, $7, $8)",
        made.id, run.id, run.epoch, made.step_id, made.iteration, made.action, made.credits, made.budget,
    )  # fmt: skip
    if row is None:
        raise LookupError("charge_step gave no row")
    return Charged(row["charged"], row["in_all"], row["remaining"])
