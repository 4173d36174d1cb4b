"""A run asks people and goes on with their answer, on the real engine."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from blocks import registry
from core.approvals.answering import Approvals
from core.approvals.asking import Asking
from core.approvals.model import Question, Reply, Sought
from core.caller import Caller
from core.db import Database
from core.errors import Conflict
from core.ids import new_id
from core.runs import queue
from tests.flows.actions import gates
from tests.flows.conftest import Workshop, called
from tests.flows.test_engine import step
from tests.waiting import until


@pytest.fixture
async def owner(db: Database, workshop: Workshop) -> Caller:
    """The owner of the workshop's workspace."""
    user = new_id()
    async with db.transaction() as connection:
        await connection.execute(
            "INSERT INTO users (id, email, name, password_hash) VALUES ($1, 'ada@example.org', 'Ada', '')", user
        )
        await connection.execute("INSERT INTO workspaces (id, name) VALUES ($1, 'Lab')", workshop.workspace)
        await connection.execute(
            "INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ($1, $2, 'owner')",
            workshop.workspace, user,
        )  # fmt: skip
    return Caller(user, workshop.workspace, "owner")


@pytest.fixture
def approvals(db: Database) -> Approvals:
    return Approvals(db, registry.actions())


def ask(needs: list[str] | None = None, **config: Any) -> dict[str, Any]:
    return step("approval", needs, id="ask", **{"message": "Publish?", **config})


async def questions(approvals: Approvals, owner: Caller, run_id: UUID) -> list[Question]:
    return await approvals.listed(owner, Sought(run_id=run_id), limit=50)


async def waiting(workshop: Workshop, approvals: Approvals, owner: Caller, rule: UUID) -> Question:
    """Start a run and let it come to its question."""
    run_id = await workshop.start(rule)
    await workshop.wait_for(run_id, "waiting")
    (question,) = await questions(approvals, owner, run_id)
    return question


@pytest.mark.parametrize("resumed", [False, True], ids=["same worker", "restarted"])
async def test_an_approved_run_goes_on(workshop: Workshop, approvals: Approvals, owner: Caller, resumed: bool) -> None:
    """The wait holds nothing, and outlives every worker."""
    rule = await workshop.automation(
        step("say", value=1), ask(["a"]), step("say", ["ask"], id="b", value="published"),
        step("say", ["ask:approved"], id="c", value="also"), step("say", ["ask:rejected"], id="d", value="not"),
    )  # fmt: skip
    async with workshop.engine() as engine:
        question = await waiting(workshop, approvals, owner, rule)
        assert (question.kind, question.state, question.message, question.asked) == (
            "approval",
            "pending",
            "Publish?",
            True,
        )
        assert question.input == {"message": "Publish?"}
        assert engine.executions == {}
        if not resumed:
            began = time.monotonic()
            await approvals.answer(owner, question.id, Reply("approve", "Fine."))
            run = await workshop.ended(question.run_id)
            assert time.monotonic() - began < 3  # at once, on a busy machine
    if resumed:
        async with workshop.db.connection() as connection:
            held = await connection.fetchrow("SELECT state, owner FROM run_queue WHERE run_id = $1", question.run_id)
        assert tuple(held) == ("waiting", None)
        await approvals.answer(owner, question.id, Reply("approve", "Fine."))
        async with workshop.engine("2"):
            run = await workshop.ended(question.run_id)
    assert run["status"] == "success", run["error"]
    steps = await workshop.steps(question.run_id)
    assert {name: steps[name]["status"] for name in "bcd"} == {"b": "success", "c": "success", "d": "skipped"}
    assert steps["ask"]["output"] == {
        "decision": "approved", "comment": "Fine.", "by": str(owner.user_id), "values": {},
    }  # fmt: skip
    (question,) = await questions(approvals, owner, question.run_id)
    assert (question.state, question.decided_by_name, question.decided_how) == ("approved", "Ada", "api")


async def test_a_rejection_ends_the_run_where_no_path_takes_it(
    workshop: Workshop, approvals: Approvals, owner: Caller
) -> None:
    rule = await workshop.automation(ask(), step("say", ["ask"], id="b", value="published"))
    async with workshop.engine():
        question = await waiting(workshop, approvals, owner, rule)
        await approvals.answer(owner, question.id, Reply("reject", "Too dear."))
        run = await workshop.ended(question.run_id)
    assert (run["status"], run["error_code"], run["error"]) == ("cancelled", "rejected", "Ada rejected this: Too dear.")
    assert "b" not in await workshop.steps(question.run_id)


async def test_a_rejection_takes_its_path_and_no_other(workshop: Workshop, approvals: Approvals, owner: Caller) -> None:
    """A step that needs just the approval does not run, also when the run is resumed after it ended."""
    rule = await workshop.automation(
        ask(), step("say", ["ask"], id="b", value="published"),
        step("hang", ["ask:rejected"], id="c", gate="after rejection"), step("say", ["c"], id="d", value="told"),
    )  # fmt: skip
    async with workshop.engine():
        question = await waiting(workshop, approvals, owner, rule)
        await approvals.answer(owner, question.id, Reply("reject"))
        await called(question.run_id, "c")
    async with workshop.engine("2"):
        await called(question.run_id, "c", 2)
        gates["after rejection"].set()
        run = await workshop.ended(question.run_id)
    assert (run["status"], run["output"]) == ("success", "told"), run["error"]
    steps = await workshop.steps(question.run_id)
    assert (steps["ask"]["status"], steps["b"]["status"]) == ("success", "skipped")
    assert steps["ask"]["output"]["decision"] == "rejected"


@pytest.mark.parametrize(
    ("on_deadline", "status", "code"),
    [("approve", "success", None), ("reject", "cancelled", "rejected"), ("fail", "failed", "no_answer")],
)
async def test_the_deadline_decides(
    *, workshop: Workshop, approvals: Approvals, owner: Caller, on_deadline: str, status: str, code: str | None
) -> None:
    rule = await workshop.automation(ask(deadline=0.2, on_deadline=on_deadline), step("say", ["ask"], id="b", value=1))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert (run["status"], run["error_code"]) == (status, code)
    (question,) = await questions(approvals, owner, run["id"])
    assert (question.state, question.decided_how, question.decided_by) == ("expired", "deadline", None)
    with pytest.raises(Conflict) as refused:
        await approvals.answer(owner, question.id, Reply("approve"))
    assert refused.value.code == "deadline_passed"


async def test_a_question_ends_with_its_run(workshop: Workshop, approvals: Approvals, owner: Caller) -> None:
    waits = await workshop.automation(ask())
    fails = await workshop.automation(
        ask(), step("hang", [], id="b", gate="b"), step("fail", ["b"], id="c", message="x")
    )
    async with workshop.engine():
        cancelled = await waiting(workshop, approvals, owner, waits)
        await queue.request_cancel(workshop.db, owner, cancelled.run_id)
        run_id = await workshop.start(fails)

        async def asked() -> bool:
            return [each.state for each in await questions(approvals, owner, run_id)] == ["pending"]

        await until(asked)
        gates["b"].set()
        await workshop.ended(run_id)
    for each in (cancelled.run_id, run_id):
        (question,) = await questions(approvals, owner, each)
        assert question.state == "withdrawn"
        with pytest.raises(Conflict) as refused:
            await approvals.answer(owner, question.id, Reply("approve"))
        assert refused.value.code == "question_withdrawn"


async def test_an_answer_while_another_path_works(workshop: Workshop, approvals: Approvals, owner: Caller) -> None:
    rule = await workshop.automation(
        ask(), step("say", ["ask"], id="after", value=1), step("hang", [], id="busy", gate="busy here")
    )
    async with workshop.engine():
        run_id = await workshop.start(rule)
        await called(run_id, "busy")

        async def asked() -> list[Question]:
            return await questions(approvals, owner, run_id)

        await until(asked)
        await approvals.answer_run(owner, run_id, None, None, Reply("approve"))
        await called(run_id, "after")
        gates["busy here"].set()
        assert (await workshop.ended(run_id))["status"] == "success"


async def test_those_asked_are_told_and_reminded_once(workshop: Workshop, approvals: Approvals, owner: Caller) -> None:
    rule = await workshop.automation(ask(remind_after=0.1, deadline="1d"))
    asking, stop = Asking(workshop.db), asyncio.Event()
    service = asyncio.create_task(asking.run(stop))
    async with workshop.engine():
        question = await waiting(workshop, approvals, owner, rule)

        async def told() -> bool:
            async with workshop.db.connection() as connection:
                rows = await connection.fetch("SELECT * FROM notifications ORDER BY id")
            return len(rows) > 0 and rows[0]["title"] == "Test: your approval is asked for"

        await until(told)
    stop.set()
    await service
    assert question.remind_at is not None
    assert question.deadline is not None
    assert abs(question.deadline - datetime.now(UTC) - timedelta(days=1)) < timedelta(minutes=1)
    await until(lambda: _due(workshop.db))
    sent = await asyncio.gather(*(Asking(workshop.db).remind() for _ in range(4)))
    assert sum(sent) <= 1
    async with workshop.db.connection() as connection:
        rows = await connection.fetch("SELECT * FROM notifications ORDER BY id")
    assert [row["title"][:9] for row in rows] == ["Test: you", "Reminder:"]
    assert {row["user_id"] for row in rows} == {owner.user_id}
    assert {row["subject"] for row in rows} == {question.id}
    assert await asking.remind() == 0


async def _due(db: Database) -> bool:
    async with db.connection() as connection:
        return bool(await connection.fetchval("SELECT count(*) = 1 FROM approvals WHERE remind_at <= now()"))
