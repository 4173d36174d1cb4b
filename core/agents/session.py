"""A turn under way: what it has done so far, what it may still do, and why it stops."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from blocks.conversing import Turn
from blocks.errors import InvalidInput
from blocks.outcomes import Wait
from blocks.values import JsonObject
from core import jsontext
from core.agents import journal
from core.agents.hosting import Host
from core.agents.journal import Part
from core.agents.model import Agent, AgentSettings
from core.db import Connection, Database

T = TypeVar("T")


class Stopped(Exception):
    """The turn goes no further now: `Session.stop` says why."""


@dataclass(slots=True)
class Session:
    """`seq` counts what the model said and what tools gave, in order: it is the same when the turn is resumed."""

    turn: Turn
    host: Host
    db: Database  # of the workspace
    agent: Agent
    settings: AgentSettings
    turn_id: UUID
    parts: dict[int, Part]
    tainted: bool
    seq: int = -1
    requests: int = 0
    tool_calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float | None = 0.0  # None: some of it has no known price
    stop: Wait | BaseException | None = field(default=None)

    def next_part(self) -> Part | None:
        """Go to the next thing that the turn does; gives it where it was done, or begun, before."""
        self.seq += 1
        return self.parts.get(self.seq)

    def hashed(self, asked: object) -> str:
        """What the journal keeps of a request: masked, as everything that a resumed turn asks with was masked."""
        return journal.fingerprint(self.host.redactor.json(jsontext.load(jsontext.dump(asked))))

    def check(self, part: Part, hashed: str) -> None:
        """Take what was recorded only as the answer to what is asked now. Raises `Stopped`."""
        if part.request_hash != hashed:
            raise self.halt(
                InvalidInput(
                    "turn_changed",
                    f"The turn was resumed, and what {self.agent.name} asks at exchange {self.seq + 1} is not what was"
                    " answered there before. Nothing was done with the old answer. Replay the run from"
                    " this step to ask anew.",
                )
            )

    def halt(self, why: Wait | BaseException) -> Stopped:
        """What to raise, so that the turn stops here whatever lies in between."""
        if self.stop is None:
            self.stop = why
        return Stopped()

    async def work(self, what: Callable[[Connection], Awaitable[T]]) -> T:
        """Do one statement; while PostgreSQL is away, again and again. Raises `Stopped` where the run is not ours any
        more."""

        async def once() -> T:
            async with self.db.connection() as connection:
                return await what(connection)

        return await self._while_held(once)

    async def in_transaction(self, what: Callable[[Connection], Awaitable[T]]) -> T:
        """The same for several statements, in one transaction."""

        async def once() -> T:
            async with self.db.transaction() as connection:
                return await what(connection)

        return await self._while_held(once)

    async def _while_held(self, once: Callable[[], Awaitable[T]]) -> T:
        try:
            done: T = await self.host.patiently(once)
        except journal.RunLost as lost:
            raise self.halt(lost) from lost
        return done

    @property
    def usage(self) -> JsonObject:
        return {
            "requests": self.requests, "tool_calls": self.tool_calls, "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
        }  # fmt: skip
