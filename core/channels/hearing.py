"""Who listens to a channel, and the runs that start for a message: of agents, and of automations that want it.

Nobody answers for ever: what an account writes itself starts nothing; what bots, agents and automations write starts
only those who ask for it (`bots`), and only while a person has spoken in the thread not too long ago (`MOST_HOPS`).
What a run posts counts as started by that run, so that chains end where the circuit breaker says.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from blocks.triggers.email import EmailConfig
from blocks.triggers.message import MessageConfig
from blocks.values import JsonObject
from core.agent_events.service import Event, record
from core.automations.subscribers import Subscriber
from core.channels.model import Arrived, Channel
from core.clock import now
from core.db import Connection
from core.runs import breaker
from core.runs.accept import NewRun, accept
from core.runs.breaker import Limits

MESSAGE: Final = "message"
EMAIL: Final = "email"
LATE_S: Final = 60.0
_ANY_MAIL: Final = EmailConfig()
MOST_HOPS: Final = 6  # messages of bots in a row that may still be answered by bots

# What they say besides is looked at in Python.
_LISTENERS: Final = """
SELECT trigger_id, rule_id, version, type, config, policy, agent_id, agent_slug, answers_bots, inbox, joined
FROM listeners_of($1, $2, $3, $4, $5, $6)
"""
# How many messages of bots stand at the end of a conversation, behind the last one of a person.
_HOPS: Final = """
SELECT count(*) FROM (
    SELECT is_bot, bool_and(is_bot) OVER (ORDER BY id DESC) AS still FROM (
        SELECT id, is_bot FROM messages WHERE sent_at IS NOT NULL
            AND CASE WHEN $2::uuid IS NULL THEN channel_id = $1 AND thread_id IS NULL ELSE thread_id = $2 OR id = $2 END
        ORDER BY id DESC LIMIT $3) newest) m
WHERE still
"""


@dataclass(frozen=True, slots=True)
class Source:
    """The account that messages came from; its `id` None: our own channels."""

    id: UUID | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Parent:
    """The run that posted a message."""

    id: UUID
    root_id: UUID
    depth: int


@dataclass(frozen=True, slots=True)
class Listener:
    """A live trigger for messages or mails, and the agent whose it is."""

    trigger_id: UUID
    rule_id: UUID
    version: int
    type: str
    config: JsonObject
    policy: JsonObject
    agent_id: UUID | None
    agent_slug: str | None
    answers_bots: bool
    inbox: str | None
    joined: list[UUID]  # those of the channels that its agent is in

    def wants(self, arrived: Arrived, source: Source) -> bool:
        """Whether this is a message to start for, as far as what it says and where it stands decide."""
        if arrived.channel.archived_at is not None or arrived.author.id == str(self.agent_id):
            return False
        if self.type == EMAIL:
            return self._wants_mail(EmailConfig.model_validate(self.config), arrived, source)
        config = MessageConfig.model_validate(self.config)
        if arrived.channel.kind == "mail":
            return config.mail and config.wants_text(arrived.text) and self._wants_mail(_ANY_MAIL, arrived, source)
        return (
            (config.bots or self.answers_bots or not arrived.author.is_bot)
            and self._is_there(config, arrived.channel, source)
            and (not config.mention or self._is_addressed(arrived))
            and config.wants_text(arrived.text)
        )

    def run(self, workspace_id: UUID, data: JsonObject, parent: Parent | None) -> NewRun:
        """The run that it starts."""
        run = Subscriber(self.trigger_id, self.rule_id, self.version, self.config, self.policy).run(
            workspace_id, self.type, data
        )
        if parent is None:
            return run
        return replace(run, root_id=parent.root_id, parent_id=parent.id, depth=parent.depth + 1)

    def _is_there(self, config: MessageConfig, channel: Channel, source: Source) -> bool:
        if config.channels is not None:
            return str(channel.id) in config.channels or (channel.is_open and _named(channel, config.channels))
        if config.connection is not None:
            return channel.is_open and _is(source, config.connection)
        if self.agent_id is not None:
            return channel.id in self.joined
        return channel.is_open and channel.connection_id is None

    def _is_addressed(self, arrived: Arrived) -> bool:
        return (
            arrived.channel.kind == "direct"
            or arrived.to_account
            or (self.agent_id is not None and not {self.agent_slug, str(self.agent_id)}.isdisjoint(arrived.mentions))
        )

    def _wants_mail(self, config: EmailConfig, arrived: Arrived, source: Source) -> bool:
        inbox = config.connection or self.inbox
        return (
            arrived.channel.kind == "mail"
            and (config.bots or not arrived.author.is_bot)
            and inbox is not None
            and _is(source, inbox)
            and (arrived.channel.external_id or "").casefold() == config.folder.casefold()
            and config.wants_mail(
                sender=f"{arrived.author.name} <{arrived.author.id}>", subject=str(arrived.more.get("subject") or "")
            )
        )


async def listeners_of(
    connection: Connection, workspace_id: UUID, channels: Sequence[Channel], *, people: bool = True
) -> list[Listener]:
    """Everybody who may want something of these channels, by the automation's id; `people` False: something that bots
    alone said there."""
    kinds = [MESSAGE, EMAIL] if any(each.kind == "mail" for each in channels) else [MESSAGE]
    ids = [each.id for each in channels]
    texts = [str(each) for each in ids]
    called = {*texts, *(_own_name(each) for each in channels), *(each.external_id or "" for each in channels)}
    rows = await connection.fetch(_LISTENERS, workspace_id, kinds, ids, texts, list(called), people)
    return [Listener(**row) for row in rows]


async def start_runs(
    connection: Connection,
    workspace_id: UUID,
    arrived: Sequence[Arrived],
    source: Source,
    *,
    limits: Limits,
    parent: Parent | None = None,
) -> dict[UUID, list[tuple[UUID, UUID]]]:
    """Accept a run of everybody who wants one of these messages, in the caller's transaction: (automation, run) by
    message. The runs of one automation are made in the order of `arrived`.

    An agent that gets a message is an event of its own (`agent.message.received`).
    """
    heard = [each for each in arrived if not each.own]
    if not heard:
        return {}
    channels = {each.channel.id: each.channel for each in heard}
    people = not all(each.author.is_bot for each in heard)
    listeners = await listeners_of(connection, workspace_id, list(channels.values()), people=people)
    tired: dict[UUID, bool] = {}
    made: dict[UUID, list[tuple[UUID, UUID]]] = {}
    received: list[tuple[Listener, Arrived]] = []
    for listener, message in _pairs(listeners, heard, source):
        if message.author.is_bot:
            if message.id not in tired:
                tired[message.id] = await _is_tired(connection, message)
            if tired[message.id]:
                continue
        run = listener.run(workspace_id, message.data, parent)
        if _is_late(message) or await breaker.check(connection, run, limits) is None:
            accepted = await accept(connection, run)
            made.setdefault(message.id, []).append((listener.rule_id, accepted.run_id))
        if listener.agent_slug is not None:
            received.append((listener, message))
    for listener, message in received:
        event = Event("agent.message.received", listener.agent_slug, message.text, message.data)
        await record(connection, workspace_id, event, limits=limits)
    return made


def _pairs(
    listeners: Sequence[Listener], arrived: Sequence[Arrived], source: Source
) -> Iterator[tuple[Listener, Arrived]]:
    """By automation, as the breaker asks; of one automation in the order of arrival."""
    for listener in listeners:
        for message in arrived:
            if listener.wants(message, source):
                yield listener, message


def _is_late(message: Arrived) -> bool:
    """What people wrote while nobody listened comes all at once, and is no storm."""
    return not message.author.is_bot and now() - message.sent_at > timedelta(seconds=LATE_S)


async def _is_tired(connection: Connection, message: Arrived) -> bool:
    """Whether bots have talked among themselves for too long here."""
    hops = await connection.fetchval(_HOPS, message.channel.id, message.thread_id, MOST_HOPS + 1)
    return bool(hops > MOST_HOPS)


def _named(channel: Channel, names: Sequence[str]) -> bool:
    own = _own_name(channel)
    return any(name.lstrip("#").casefold() == own for name in names) or channel.external_id in names


def _own_name(channel: Channel) -> str:
    return channel.name.lstrip("#").casefold()


def _is(source: Source, reference: str) -> bool:
    return source.id is not None and (
        reference.casefold() == source.name.casefold() or reference.lower() == str(source.id)
    )
