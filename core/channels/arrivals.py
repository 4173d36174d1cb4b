"""Messages that an account heard: kept once, and answered by whoever listens, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Final, Protocol
from uuid import UUID

from blocks import registry
from blocks.listening import Heard
from blocks.values import Json, JsonObject
from core.channels import hearing, repository, telling
from core.channels.hearing import Parent, Source
from core.channels.model import Arrived, Author, Channel
from core.db import Connection
from core.files import keeping
from core.ids import new_id
from core.runs.breaker import DEFAULT, Limits

LONGEST_TEXT: Final = 100_000  # characters; the rest of a longer one is cut off
_LONGEST_NAME: Final = 200
_MAIL: Final = "mail_in"

_POSTED_BY: Final = """
SELECT l.id, l.root_id, l.depth FROM messages m JOIN automation_logs l ON l.id = m.run_id
WHERE m.workspace_id = $1 AND m.external_id = $2 AND m.run_id IS NOT NULL LIMIT 1
"""


class Account(Protocol):
    """The row of the connection that heard them."""

    @property
    def id(self) -> UUID: ...
    @property
    def workspace_id(self) -> UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was new, and the runs that started for it: (automation, run)."""

    message_id: UUID
    channel_id: UUID
    runs: list[tuple[UUID, UUID]]


async def arrive(
    connection: Connection,
    account: Account,
    heard: Sequence[Heard],
    *,
    own_id: str | None = None,
    limits: Limits = DEFAULT,
    files_quota: int = keeping.QUOTA,
) -> list[Taken]:
    """Take in what an account heard, in the caller's transaction, which asks for the account's workspace.

    What was heard before is left out of the answer and starts nothing. `own_id` is the account's own user there, as
    `Heard.mentions` may name it; `files_quota` the bytes that the workspace may keep.
    """
    if not heard:
        return []
    channels = await _channels(connection, account, heard)
    unique = list({(each.channel, each.id): each for each in heard}.values())
    tops = [each for each in unique if _root(each) is None]
    replies = [each for each in unique if _root(each) is not None]
    new = await _add(connection, account.workspace_id, channels, tops, {})
    threads: dict[tuple[UUID, str], UUID] = {}
    if replies:
        wanted = [(channels[each.channel].id, str(each.thread)) for each in replies]
        threads = await repository.roots(connection, account.workspace_id, wanted)
        new |= await _add(connection, account.workspace_id, channels, replies, threads)
    arrived: list[Arrived] = []
    for each in unique:
        channel = channels[each.channel]
        message_id = new.get((channel.id, each.id))
        if message_id is not None:
            one = _arrived(message_id, channel, each, threads.get((channel.id, each.thread or "")), own_id)
            kept = await _attachments(connection, account.workspace_id, message_id, each, files_quota)
            arrived.append(replace(one, attachments=kept) if kept else one)
    return await _started(connection, account, arrived, {new[key]: key[1] for key in new}, limits)


async def _started(
    connection: Connection, account: Account, arrived: Sequence[Arrived], external: dict[UUID, str], limits: Limits
) -> list[Taken]:
    source = Source(account.id, account.name)
    people = [each for each in arrived if not each.author.is_bot]
    runs = await hearing.start_runs(connection, account.workspace_id, people, source, limits=limits)
    for each in arrived:  # another account of this workspace may have heard what a run of it posted
        if each.author.is_bot and not each.own:
            row = await connection.fetchrow(_POSTED_BY, account.workspace_id, external[each.id])
            parent = None if row is None else Parent(**row)
            runs |= await hearing.start_runs(
                connection, account.workspace_id, [each], source, limits=limits, parent=parent
            )
    await telling.tell(
        connection, [telling.of_message(each.channel, each.id, each.thread_id, "new") for each in arrived]
    )
    return [Taken(each.id, each.channel.id, runs.get(each.id, [])) for each in arrived]


async def _channels(connection: Connection, account: Account, heard: Sequence[Heard]) -> dict[str, Channel]:
    kind = registry.connections().get(account.kind)
    mail = kind is not None and kind.purpose == _MAIL
    given = {
        each.channel: (each.channel_name[:_LONGEST_NAME], "mail" if mail else "direct" if each.direct else "room")
        for each in heard
    }
    return await repository.find_or_make(connection, account.workspace_id, account.id, given)


def _root(heard: Heard) -> str | None:
    """The message that began its thread, where that is another one."""
    return heard.thread if heard.thread and heard.thread != heard.id else None


async def _add(
    connection: Connection,
    workspace_id: UUID,
    channels: dict[str, Channel],
    heard: Sequence[Heard],
    threads: dict[tuple[UUID, str], UUID],
) -> dict[tuple[UUID, str], UUID]:
    rows = [
        (
            new_id(), channels[each.channel].id, each.id, threads.get((channels[each.channel].id, each.thread or "")),
            each.sender_id[:_LONGEST_NAME], _plain(each.sender_name)[:_LONGEST_NAME], each.from_bot or each.own,
            _plain(each.text)[:LONGEST_TEXT], each.more, each.sent_at,
        )
        for each in heard
    ]  # fmt: skip
    return await repository.add(connection, workspace_id, rows) if rows else {}


def _plain(text: str) -> str:
    """PostgreSQL keeps no NUL."""
    return text.replace("\x00", "")


def _arrived(message_id: UUID, channel: Channel, heard: Heard, thread: UUID | None, own_id: str | None) -> Arrived:
    author = Author("outside", heard.sender_id, _plain(heard.sender_name)[:_LONGEST_NAME], heard.from_bot or heard.own)
    return Arrived(
        id=message_id,
        channel=channel,
        author=author,
        text=_plain(heard.text)[:LONGEST_TEXT],
        thread_id=thread,
        sent_at=heard.sent_at.astimezone(UTC),
        mentions=heard.mentions,
        to_account=own_id is not None and own_id in heard.mentions,
        own=heard.own,
        more=heard.more,
    )


async def _attachments(
    connection: Connection, workspace_id: UUID, message_id: UUID, heard: Heard, quota: int
) -> list[Json]:
    kept: list[Json] = []
    for each in heard.attachments:
        reference: JsonObject = await keeping.keep(
            connection, workspace_id, each.name, each.media_type, each.content, quota=quota
        )
        kept.append(reference)
    if kept:
        await connection.execute("UPDATE messages SET attachments = $2 WHERE id = $1", message_id, kept)
    return kept
