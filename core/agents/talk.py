"""What an agent reads before it answers in a channel: the talk so far, and the messages that it answers as well."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import asyncpg

from blocks.values import JsonObject
from core.agents import journal
from core.agents.model import Agent
from core.channels import merging
from core.db import Connection
from core.runs.queue import ClaimedRun

_TRIGGERS: Final = ("message", "email")
# An answer to an earlier message may have been posted after this one arrived.
_SAID: Final = """
SELECT author_kind = 'agent' AND author_id = $6 AS own, author_id, author_name, text FROM messages
WHERE workspace_id = $1 AND channel_id = $2
    AND CASE WHEN $3::uuid IS NULL THEN thread_id IS NULL ELSE thread_id = $3 OR id = $3 END
    AND (id < $4 OR author_kind = 'agent' AND author_id = $6) AND id <> ALL ($5)
    AND sent_at IS NOT NULL AND deleted_at IS NULL AND text <> ''
ORDER BY id DESC LIMIT $7
"""


@dataclass(frozen=True, slots=True)
class Talk:
    """`history` is what was said and what the agent answered to it. `before` nobody has answered yet; `after` came
    while the agent had not begun, and is answered together with what it is asked."""

    history: list[tuple[str, str]]
    before: list[str]
    after: list[str]


async def talk(
    connection: Connection, run: ClaimedRun, agent: Agent, conversation: str | None, *, begins: bool, most: int
) -> Talk | None:
    """None where the run was not started by a message, or the conversation is another one. `begins`: the turn was not
    begun before, so that it may take messages along. At most `most` messages are looked back at."""
    data = run.trigger_data
    if run.trigger_type not in _TRIGGERS or not isinstance(data, dict) or data.get("conversation") != conversation:
        return None
    message, channel, thread = _id(data, "id"), _id(data, "channel"), _id(data, "thread")
    if message is None or channel is None:
        return None
    taken: list[JsonObject] = []
    if begins and agent.read_settings().while_busy == "merge":
        taken = await merging.take_along(connection, run.id)
    others = [found for each in taken if (found := _id(each, "id")) is not None]
    rows = await connection.fetch(
        _SAID, run.workspace_id, channel, thread, message, [message, *others], str(agent.id), most
    )
    asker = _author(data)[0]
    history, before = _pairs(rows[::-1], asker)
    if "message_id" in data and conversation is not None:  # what it answers by mail is no message of a channel
        history, before = await journal.history(connection, run, agent.id, conversation, most), []
    return Talk(history, before, [_told(*_author(each), str(each.get("text") or ""), asker) for each in taken])


def _pairs(rows: Sequence[asyncpg.Record], asker: str) -> tuple[list[tuple[str, str]], list[str]]:
    pairs: list[tuple[str, str]] = []
    waiting: list[str] = []
    for row in rows:
        if not row["own"]:
            waiting.append(_told(row["author_id"] or "", row["author_name"], row["text"], asker))
        elif waiting:
            pairs.append(("\n\n".join(waiting), row["text"]))
            waiting = []
        elif pairs:
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]}\n\n{row['text']}")
    return pairs, waiting


def _told(author: str, name: str, text: str, asker: str) -> str:
    """Who says it is said of others than whoever asks now."""
    return text if author == asker or not name else f"{name}: {text}"


def _author(data: JsonObject) -> tuple[str, str]:
    author = data.get("author")
    return (str(author.get("id") or ""), str(author.get("name") or "")) if isinstance(author, dict) else ("", "")


def _id(data: JsonObject, name: str) -> UUID | None:
    try:
        return UUID(str(data.get(name)))
    except ValueError:
        return None
