"""Telling people that they are asked, and once more when it is time for a reminder.

A question and the word of it (a row of the outbox, topic `asked`) are one commit, written where the wait is recorded;
here the rows are worked off into notifications, once each, by whichever worker is quickest.
"""

import asyncio
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from blocks.values import JsonObject
from blocks.words import shortened
from core import outbox
from core.approvals import chats, repository
from core.approvals.model import Question
from core.db import Connection, Database
from core.errands import TICK_S, Errands
from core.ids import new_id
from core.notifications.sending import TOPIC as NOTIFY
from core.notifications.sending import News, notify
from core.notifications.words import Message, What
from core.outbox import Errand
from core.turns import take_turn

TOPIC: Final = "asked"
CHAT_TOPIC: Final = "approval_chat"  # worked off by core/approvals/in_chat.py
_AT_ONCE: Final = 100
_WHAT: Final[Mapping[str, What]] = {"approval": "approval_asked", "gate": "step_waits", "doubt": "in_doubt"}


class Asking:
    """`run(stop)` until `stop` is set, in every worker."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._errands = Errands(db, TOPIC, _tell_first, self._remind_in_turn)

    async def run(self, stop: asyncio.Event) -> None:
        await self._errands.run(stop)

    async def drain(self) -> int:
        """Tell of every question that stands in the outbox now; gives how many there were."""
        return await self._errands.drain()

    async def remind(self) -> int:
        """Send the reminders whose time has come, each once; gives how many questions that were."""
        async with self._db.transaction() as connection:
            due = await repository.due_reminders(connection, _AT_ONCE)
            for question_id in due:
                await _tell(connection, question_id, again=True)
        return len(due)

    async def _remind_in_turn(self) -> None:
        async with self._db.transaction() as connection:
            ours = await take_turn(connection, "reminders", every_s=TICK_S / 2)
        while ours and await self.remind() == _AT_ONCE:
            pass


async def _tell_first(connection: Connection, errand: Errand) -> None:
    await _tell(connection, errand.key, again=False)


async def _tell(connection: Connection, question_id: UUID, *, again: bool) -> None:
    question = await repository.one(connection, question_id, None)
    if question is None or not question.answerable:
        return
    if not again and await chats.chat_of(connection, question.workspace_id) is not None:
        await outbox.put(connection, topic=CHAT_TOPIC, key=question_id)
    await notify(
        connection, question.workspace_id, await repository.asked_members(connection, question), _news(question, again)
    )
    for address in await repository.asked_outside(connection, question):
        await outbox.put(
            connection,
            topic=NOTIFY,
            key=new_id(),
            payload={"kind": "approval", "address": address, "question": str(question.id), "again": again},
        )


def saying(question: Question, *, again: bool = False) -> Message:
    """What those who are asked are told, under the bell as by mail."""
    args: JsonObject = {
        "automation": shortened(question.automation_name, 80),
        "step": question.step_id,
        "message": shortened(question.message, 500),
        "asked": question.message_code,
        "asked_args": question.message_args,
    }
    return Message(_WHAT[question.kind], args, reminder=again)


def _news(question: Question, again: bool) -> News:
    message = saying(question, again=again)
    return News(kind="approval", message=message, link=f"/approvals?id={question.id}", subject=question.id)
