"""Telling people that they are asked, and once more when it is time for a reminder.

A question and the word of it (a row of the outbox, topic `asked`) are one commit, written where the wait is recorded;
here the rows are worked off into notifications, once each, by whichever worker is quickest.
"""

import asyncio
from contextlib import suppress
from typing import Final
from uuid import UUID

import structlog

from blocks.words import shortened
from core import outbox
from core.approvals import repository
from core.approvals.model import Question
from core.db import AWAY, Connection, Database
from core.listen import Listener
from core.notifications.sending import News, notify
from core.runs.channels import OUTBOX
from core.turns import take_turn

TOPIC: Final = "asked"
TICK_S: Final = 5.0  # the net below a missed notice, and how late a reminder may be
_AT_ONCE: Final = 100
_TITLES: Final = {
    "approval": "{name}: your approval is asked for",
    "gate": "{name}: the step {step} waits for your approval",
    "doubt": "{name}: did the step {step} have its effect?",
}

log = structlog.get_logger(__name__)


class Asking:
    """`run(stop)` until `stop` is set, in every worker."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        listener = Listener(self._db.dsn, application=self._db.application)
        listener.on(OUTBOX, self._told)
        listener.on_connected(self._wake.set)
        listening = asyncio.create_task(listener.run(), name="asking listener")
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._wake.clear()
                await self._work_quietly()
                waking = asyncio.create_task(self._wake.wait())
                await asyncio.wait((waking, stopping), timeout=TICK_S, return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
        finally:
            for task in (listening, stopping):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def drain(self) -> int:
        """Tell of every question that stands in the outbox now; gives how many there were."""
        count = 0
        while await self._tell_next():
            count += 1
        return count

    async def remind(self) -> int:
        """Send the reminders whose time has come, each once; gives how many questions that were."""
        async with self._db.transaction() as connection:
            due = await repository.due_reminders(connection, _AT_ONCE)
            for question_id in due:
                await _tell(connection, question_id, again=True)
        return len(due)

    async def _tell_next(self) -> bool:
        """One transaction: the notifications are written and the word of the question is taken away, or neither."""
        errand = None
        try:
            async with self._db.transaction() as connection:
                for errand in await outbox.take(connection, TOPIC, most=1):
                    await _tell(connection, errand.key, again=False)
                    await outbox.done(connection, errand)
        except AWAY:
            raise
        except Exception as error:
            if errand is None:
                raise
            log.exception("asking.failed", question=str(errand.key))
            async with self._db.transaction() as connection:
                await outbox.failed(connection, errand, str(error) or type(error).__name__, undone=True)
        return errand is not None

    async def _work_quietly(self) -> None:
        try:
            await self.drain()
            async with self._db.transaction() as connection:
                ours = await take_turn(connection, "reminders", every_s=TICK_S / 2)
            while ours and await self.remind() == _AT_ONCE:
                pass
        except AWAY as error:
            log.warning("asking.waiting", error=str(error))
        except Exception:
            log.exception("asking.failed")

    def _told(self, topic: str) -> None:
        if topic == TOPIC:
            self._wake.set()


async def _tell(connection: Connection, question_id: UUID, *, again: bool) -> None:
    question = await repository.one(connection, question_id, None)
    if question is None or not question.answerable:
        return
    await notify(
        connection, question.workspace_id, await repository.asked_members(connection, question), news(question, again)
    )


def news(question: Question, again: bool) -> News:
    """What stands under the bell."""
    title = _TITLES[question.kind].format(name=shortened(question.automation_name, 80), step=question.step_id)
    return News(
        kind="approval",
        title=f"Reminder: {title}" if again else title,
        text=shortened(question.message, 500),
        link="/approvals",
        subject=question.id,
    )
