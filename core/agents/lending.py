"""What a tool is lent while it runs: the step's own context, with an idempotency key and an account of its own."""

from collections.abc import MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from uuid import UUID

from pydantic import BaseModel

from blocks.action import Http, Level, ServiceT
from blocks.conversing import Turn, TurnDone
from blocks.errors import InvalidInput
from blocks.outcomes import Wait
from blocks.pieces import Piece
from blocks.services import Attachment, Letter
from blocks.tool import AnyTool
from blocks.values import JsonObject
from blocks.workspace import Workspace
from core.agents.desk import Desk
from core.agents.model import Agent
from core.agents.session import Session
from core.connections import repository as connections
from core.connections.hosts import narrowed
from core.connections.opening import Door
from core.connections.signed import Asks, Failed, Masked, Signed, Tokens, admitting
from core.db import AWAY
from core.runs.breaker import Limits


@dataclass(slots=True)
class LentToTool:
    """Implements `blocks.tool.ToolContext`. `reference` is the account that the agent's author chose for the tool."""

    session: Session
    lends: "Lends"
    tool: AnyTool
    reference: str | None
    idempotency_key: str
    workspace: Workspace
    remembered: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def run_id(self) -> str:
        return self.session.host.context.run_id

    @property
    def step_id(self) -> str:
        return self.session.host.context.step_id

    @property
    def attempt(self) -> int:
        return self.session.host.context.attempt

    @property
    def timeout_s(self) -> float:
        return self.session.host.context.timeout_s

    @property
    def http(self) -> Http:
        return self.session.host.context.http

    @property
    def tainted(self) -> bool:
        return self.session.tainted

    async def connected(self, connection: str) -> Http:
        return await self._signed(connection)

    async def service(self, connection: str, kind: type[ServiceT]) -> ServiceT:
        return (await self._signed(connection)).service(kind)

    async def within(self, hosts: Sequence[str], connection: str | None = None) -> Http:
        session = self.session
        if connection is not None:
            return await self.lends.signed(session, self._chosen(connection), self.tool.connection, hosts)
        admit = admitting(list(hosts), f"of {session.agent.name}") if hosts else None
        return Masked(self.lends.out, admit, session.host.redactor)

    async def _signed(self, connection: str) -> Signed:
        return await self.lends.signed(self.session, self._chosen(connection), self.tool.connection)

    def _chosen(self, connection: str) -> str:
        if connection != self.reference:
            raise InvalidInput("connection_not_allowed", "A tool may use only the account that its author chose.")
        return connection

    async def converse(self, turn: Turn) -> TurnDone | Wait:
        raise InvalidInput("agent_not_allowed", "A tool can't ask another agent; let it run an automation that does.")

    async def say(self, channel: str, text: str, *, thread: str | None = None, key: str | None = None) -> JsonObject:
        own = key or self.idempotency_key
        return await self.session.host.context.say(channel, text, thread=thread, key=own)

    async def file(self, reference: JsonObject, most: int) -> Attachment:
        return await self.session.host.context.file(reference, most)

    async def letter(self, template: str, values: JsonObject, language: str) -> Letter:
        return await self.session.host.context.letter(template, values, language)

    @property
    def memory(self) -> MutableMapping[str, str]:
        return self.remembered

    async def piece(self, reference: JsonObject, start: int, length: int) -> Piece:
        return await self.session.host.context.piece(reference, start, length)

    def leads_on(self, outlet: str) -> bool:
        return False

    def log(self, text: str, level: Level = Level.INFO) -> None:
        self.session.host.context.log(text, level)

    async def charge(self, credits: int) -> int:
        return await self.session.host.context.charge(credits)

    async def store(self, content: bytes, media_type: str) -> JsonObject:
        return await self.session.host.context.store(content, media_type)


@dataclass(frozen=True, slots=True)
class Lends:
    """Opens accounts for agents: those that whoever saved the agent last may use."""

    door: Door
    out: Asks
    tokens: Tokens
    quota: int  # bytes of files in a workspace
    limits: Limits

    def to(self, session: Session, tool: AnyTool, settings: BaseModel, what: str) -> LentToTool:
        """`what` is the call within the turn: the same over all attempts."""
        host = session.host
        named = getattr(settings, "connection", None) if tool.connection is not None else None
        key = f"{host.context.idempotency_key}/{what}"
        desk = Desk(session.db, host.run, session.agent, self.quota, self.limits)
        return LentToTool(session, self, tool, named if isinstance(named, str) else None, key, desk)

    async def signed(self, session: Session, reference: str, purpose: str | None, hosts: Sequence[str] = ()) -> Signed:
        """`hosts` narrow those of the connection. Raises `InvalidInput`."""
        agent: Agent = session.agent
        opened = await session.work(lambda connection: self.door.for_agent(connection, agent, reference))
        if hosts:
            opened = replace(opened, hosts=narrowed(opened.hosts, hosts))
        signed = Signed(opened, self.out, session.host.redactor, self.tokens, self.failed(session, opened.id))
        if signed.kind.purpose != purpose:
            raise InvalidInput("connection_not_allowed", f"The connection {opened.name} is for something else.")
        return signed

    def failed(self, session: Session, connection_id: UUID) -> Failed:
        """Notes for the owner of a connection that its credentials were refused."""

        async def failed(why: str) -> None:
            with suppress(*AWAY):
                async with session.db.connection() as connection:
                    await connections.note_failure(connection, session.agent.workspace_id, connection_id, why)

        return failed
