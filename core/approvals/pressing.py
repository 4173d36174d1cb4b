"""An answer by a button in a channel: whoever pressed decides if they may, as in the inbox.

Who somebody is, the service tells: their mail address there is compared with those of the members, and of outsiders
whom the question names. Whoever administers the account therefore vouches for who its people are.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from blocks.action import Action
from blocks.errors import ActionError
from blocks.inbound import Person
from blocks.listening import Pressed
from core.approvals import chats, repository
from core.approvals.answering import Approvals, closed_because
from core.approvals.model import DECISIONS, Answerer, Question, Reply
from core.db import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound, VutlerError

_LOOK: Final = "Open the page to answer."
_NOBODY: Final = Forbidden("not_asked", f"Nobody with your mail address is asked this. {_LOOK}")


class Pressing:
    """The service of one process. `db` asks for the workspace of the account (`Database.for_workspace`)."""

    def __init__(self, db: Database, actions: Mapping[str, Action[Any]]) -> None:
        self._db = db
        self._approvals = Approvals(db, actions)

    async def decide(self, connection_id: UUID, pressed: Pressed, person: Person) -> Question:
        """Raises `NotFound` (no question that this account put there), `Forbidden`, `Conflict`, `Invalid`."""
        question = await self.found(connection_id, pressed)
        if pressed.foreign or person.email is None:
            raise _NOBODY
        async with self._db.connection() as connection:
            member = await repository.member_by_mail(connection, question.workspace_id, person.email)
            theirs = await repository.one(connection, question.id, member)
        if theirs is None:
            raise _unknown()
        if member is not None:
            if not theirs.may_answer:
                raise Forbidden("not_asked", f"This question is put to others. {_LOOK}")
            answerer = Answerer(str(member), theirs.reader_name or person.name, "chat")
        elif person.email in theirs.who:
            answerer = Answerer(person.email, person.name, "chat")
        else:
            raise _NOBODY
        decision = next(name for name in DECISIONS[theirs.kind] if name == pressed.choice)
        return await self._approvals.settle(theirs, answerer, Reply(decision), member)  # type: ignore[arg-type]

    async def found(self, connection_id: UUID, pressed: Pressed) -> Question:
        """The question that was pressed, as long as it can be answered."""
        try:
            question_id = UUID(pressed.question)
        except ValueError as error:
            raise _unknown() from error
        async with self._db.connection() as connection:
            question = await repository.one(connection, question_id, None)
            where = await chats.standing(connection, question_id)
        if question is None or where is None or where.connection_id != connection_id:
            raise _unknown()
        if pressed.choice not in DECISIONS[question.kind] or question.form:
            raise Invalid("invalid_decision", f"This can't be answered by a button. {_LOOK}")
        if not question.answerable:
            raise closed_because(question)
        return question


def in_words(error: VutlerError | ActionError) -> str:
    """For whoever pressed."""
    if isinstance(error, Conflict | Forbidden | Invalid | NotFound):
        return error.detail
    return f"That did not work just now. {_LOOK}"


def _unknown() -> NotFound:
    return NotFound("approval_not_found", "There is no such question any more.")
