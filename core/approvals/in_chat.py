"""Puts questions into the workspace's channel, and takes their buttons away when they are answered, however that was.

One errand brings what stands in the channel in line with the question; doing it again does no harm. No transaction is
open while the service is asked. A question is put once: its key is its id, and what a killed worker may have posted is
looked for first.
"""

import asyncio
from typing import Final
from uuid import UUID

import structlog

from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.services import Asker, Choice, Put
from blocks.services import Question as Asked
from blocks.words import shortened
from core import jsontext
from core.approvals import asking, chats, repository
from core.approvals.chats import Standing
from core.approvals.model import DECISIONS, Question
from core.connections import repository as connections
from core.connections.opening import Door
from core.connections.signed import Asks, Signed, Tokens, opened_row
from core.db import AWAY, Database
from core.errands import LongErrands
from core.outbox import Errand
from core.redaction import Redactor

_WAIT_S: Final = 20.0
_MOST_ATTEMPTS: Final = 20
_LABELS: Final = {
    "approve": "Approve", "reject": "Reject", "done": "It happened", "repeat": "Do it again", "cancel": "End the run",
}  # fmt: skip
_STYLES: Final = {"approve": "primary", "done": "primary", "reject": "danger", "cancel": "danger"}
_SAID: Final = {
    "approved": "Approved", "rejected": "Rejected", "done": "It happened", "repeat": "Done again",
    "cancel": "The run was ended", "expired": "The deadline has passed", "withdrawn": "Nobody needs to answer any more",
}  # fmt: skip

log = structlog.get_logger(__name__)


class InChat:
    """`run(stop)` until `stop` is set, in every worker. `db` asks for everyone."""

    def __init__(self, db: Database, door: Door, out: Asks, tokens: Tokens, public_url: str) -> None:
        self._db = db
        self._door = door
        self._out = out
        self._tokens = tokens
        self._public_url = public_url
        self._errands = LongErrands(db, asking.CHAT_TOPIC, self._follow)

    async def run(self, stop: asyncio.Event) -> None:
        await self._errands.run(stop)

    async def drain(self) -> int:
        """Work off what stands in the outbox now; gives how much that was."""
        return await self._errands.drain()

    async def _follow(self, errand: Errand) -> None:
        try:
            await self._bring_in_line(errand.key, again=errand.attempts > 1)
        except Retryable:
            if errand.attempts < _MOST_ATTEMPTS:
                raise
        except ActionError as error:
            log.warning("approval.not_in_chat", approval=str(errand.key), code=error.code)

    async def _bring_in_line(self, question_id: UUID, *, again: bool) -> None:
        async with self._db.connection() as connection:
            question = await repository.one(connection, question_id, None)
            where = await chats.standing(connection, question_id)
        if question is None:
            return
        if where is None and question.answerable:
            where = await self._put(question, again=again)
            async with self._db.connection() as connection:  # it may have been answered meanwhile
                question = await repository.one(connection, question_id, None) or question
        if where is None or where.closed or question.state == "pending":
            return
        asker = await self._asker(where.workspace_id, where.connection_id)
        if asker is not None:
            shown = asked(question, self._public_url)
            await asker.answered(shown, where.channel, where.message_id, _outcome(question), timeout_s=_WAIT_S)
        async with self._db.transaction() as connection:
            await chats.closed(connection, question_id)

    async def _put(self, question: Question, *, again: bool) -> Standing | None:
        async with self._db.connection() as connection:
            chat = await chats.chat_of(connection, question.workspace_id)
        asker = None if chat is None else await self._asker(question.workspace_id, chat.connection_id)
        if chat is None or asker is None:
            return None
        put = Put(chat.channel, f"approval/{question.id}", again)
        try:
            said = await asker.ask(asked(question, self._public_url), put, timeout_s=_WAIT_S)
        except InvalidInput as error:
            async with self._db.connection() as connection:
                await connections.note_failure(connection, question.workspace_id, chat.connection_id, error.message)
            raise
        channel, message = str(said.get("channel")), str(said.get("message_id"))
        where = Standing(question.workspace_id, chat.connection_id, channel, message, closed=False)
        async with self._db.transaction() as connection:
            await chats.stands(connection, question.id, where)
        return where

    async def _asker(self, workspace_id: UUID, connection_id: UUID) -> Asker | None:
        """None where the account is gone."""
        async with self._db.connection() as connection:
            found = await connections.find(connection, workspace_id, connection_id)
        if found is None:
            return None
        opened = opened_row(found[0], self._door.opened(workspace_id, connection_id, found[1]))

        async def failed(why: str) -> None:
            try:
                async with self._db.connection() as connection:
                    await connections.note_failure(connection, workspace_id, connection_id, why)
            except AWAY:
                log.info("connection.not_noted", connection=str(connection_id))

        return Signed(opened, self._out, Redactor(), self._tokens, failed).service(Asker)  # type: ignore[type-abstract]


def asked(question: Question, public_url: str) -> Asked:
    """As it stands in the channel. A form can't be filled in there: then only the page takes the answer."""
    details = ""
    if question.kind != "approval" and question.input is not None:
        details = shortened(jsontext.dump_text(question.input), 2_500)
    names = () if question.form else DECISIONS[question.kind]
    return Asked(
        id=str(question.id),
        title=asking.saying(question).told("en").title,
        text=question.message,
        details=details,
        link=f"{public_url}/approvals",
        link_label="Open",
        choices=tuple(Choice(name, _LABELS[name], _STYLES.get(name)) for name in names),  # type: ignore[arg-type]
    )


def _outcome(question: Question) -> str:
    said = _SAID.get(question.state, question.state)
    by = f" by {question.decided_by_name}" if question.decided_by_name else ""
    why = f": {shortened(question.comment, 500)}" if question.comment else ""
    return f"{said}{by}{why}"
