"""People answer: the first answer counts, and wakes the step in the same transaction."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from blocks.action import Action
from blocks.values import JsonObject
from core.approvals import repository
from core.approvals.model import STATE_AFTER, Answerer, Question, Reply, Sought
from core.approvals.validating import require_fitting
from core.audit import noting as audit
from core.caller import Caller
from core.clock import now
from core.db import Connection, Database
from core.errors import Conflict, Finding, Forbidden, NotFound
from core.runs import queue

_SAID: Final = {"approved": "approved this", "rejected": "rejected this", "done": "said that it happened",
                "repeat": "had it done again", "cancel": "ended the run"}  # fmt: skip


class Approvals:
    """The service of one process. `actions` judge edited inputs."""

    def __init__(self, db: Database, actions: Mapping[str, Action[Any]]) -> None:
        self._db = db
        self._actions = actions

    async def listed(self, caller: Caller, sought: Sought, limit: int) -> list[Question]:
        """The newest first. With `mine` those that are put to the caller, who may be asked as the owner, by role or
        by name."""
        async with self._db.connection() as connection:
            return await repository.listed(connection, caller.workspace_id, caller.user_id, sought, limit)

    async def one(self, caller: Caller, question_id: UUID) -> Question:
        """Raises `NotFound`."""
        async with self._db.connection() as connection:
            return await found(connection, caller, question_id)

    async def answer(self, caller: Caller, question_id: UUID, reply: Reply) -> Question:
        """Close the question and wake its step. Gives the question as it is now.

        Raises `NotFound`, `Forbidden` (`not_asked`), `Invalid`, and `Conflict` where it was answered or withdrawn
        before, its deadline has passed, or it is answered in another way.
        """
        question = await self.one(caller, question_id)
        require_allowed(question)
        answerer = Answerer(str(caller.user_id), question.reader_name or "", "api")
        return await self.settle(question, answerer, reply, caller.user_id)

    async def answer_run(
        self, caller: Caller, run_id: UUID, step_id: str | None, iteration: str | None, reply: Reply
    ) -> Question:
        """The same for a run, as long as it is clear which of its questions is meant.

        Raises what `answer` raises, and `Conflict` where nothing waits (`nothing_waits`) or several do
        (`several_wait`, `findings` name them).
        """
        async with self._db.connection() as connection:
            if not await repository.run_exists(connection, caller.workspace_id, run_id):
                raise NotFound("run_not_found", "There is no such run in this workspace.")
            every = await repository.listed(
                connection, caller.workspace_id, caller.user_id, Sought(run_id=run_id), limit=200
            )
        named = [
            each for each in every
            if step_id in (None, each.step_id) and iteration in (None, each.iteration)
        ]  # fmt: skip
        waiting = [each for each in named if each.state == "pending"]
        if len(waiting) > 1:
            findings = tuple(Finding(f"step_id={each.step_id}", each.message[:200]) for each in waiting)
            raise Conflict("several_wait", "Several steps of this run wait; name one by step_id.", findings)
        if not waiting:
            if named:
                raise closed_because(named[0])
            raise Conflict("nothing_waits", "Nothing in this run waits for an answer.")
        return await self.answer(caller, waiting[0].id, reply)

    async def settle(self, question: Question, answerer: Answerer, reply: Reply, reader: UUID | None) -> Question:
        """Answer on behalf of somebody who may. Raises `Invalid` and `Conflict`."""
        if not question.answerable:
            raise closed_because(question)
        require_fitting(question, reply, self._actions)
        async with self._db.transaction() as connection:
            await repository.lock_run(connection, question.run_id)
            given = _answer(reply, answerer)
            closed = await repository.decide(connection, question.id, STATE_AFTER[reply.decision], given)
            if closed and not await queue.wake(
                connection, question.run_id, question.step_id, given, question.iteration
            ):
                raise Conflict("nothing_waits", "The step does not wait any more.")
            if closed:
                await _note(connection, question, answerer, reply, reader)
            current = await repository.one(connection, question.id, reader)
        if not closed or current is None:
            raise closed_because(current or question)
        return current


async def _note(
    connection: Connection, question: Question, answerer: Answerer, reply: Reply, reader: UUID | None
) -> None:
    actor = audit.Actor(question.workspace_id, reader, name=None if reader else answerer.name)
    after: JsonObject = {
        "run": str(question.run_id), "step": question.step_id, "how": answerer.how, "comment": reply.comment,
        "input_edited": reply.input is not None,
    }  # fmt: skip
    await audit.note_as(connection, actor, f"approval.{reply.decision}", "approval", question.id, after=after)


async def found(connection: Connection, caller: Caller, question_id: UUID) -> Question:
    """Raises `NotFound`, also for a question of another workspace."""
    question = await repository.one(connection, question_id, caller.user_id)
    if question is None or question.workspace_id != caller.workspace_id:
        raise NotFound("approval_not_found", "There is no such question in this workspace.")
    return question


def require_allowed(question: Question) -> None:
    """Raises `Forbidden`."""
    if question.may_answer:
        return
    if question.role == "viewer":
        raise Forbidden("role_missing", "This needs the role editor; viewers do not answer.")
    who = ", ".join(question.who) or "owner"
    raise Forbidden("not_asked", f"This question is put to others ({who}); they and the workspace's owners may answer.")


def _answer(reply: Reply, answerer: Answerer) -> JsonObject:
    """What the engine wakes the step with."""
    answer: JsonObject = {
        "decision": reply.decision, "comment": reply.comment, "by": answerer.ident, "by_name": answerer.name,
        "how": answerer.how, "at": now().isoformat(), "input": reply.input, "values": reply.values or {},
    }  # fmt: skip
    return answer | {"output": reply.output} if reply.decision == "done" else answer


def closed_because(question: Question) -> Conflict:
    """Why a question takes no answer."""
    when = f" at {question.decided_at:%Y-%m-%d %H:%M:%S} UTC" if question.decided_at is not None else ""
    if question.state in _SAID:
        return Conflict("already_answered", f"{question.decided_by_name} {_SAID[question.state]}{when}.")
    if question.state == "withdrawn":
        return Conflict("question_withdrawn", f"The run did not wait for this any more{when}.")
    late = f" ({question.deadline:%Y-%m-%d %H:%M:%S} UTC)" if question.deadline is not None else ""
    return Conflict("deadline_passed", f"The deadline{late} has passed, and its default counts.")
