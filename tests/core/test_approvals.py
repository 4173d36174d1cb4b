"""Questions to people: asked with the wait, put to the right people, answered once."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from blocks import registry
from blocks.outcomes import Ask
from core.approvals import repository
from core.approvals.answering import Approvals
from core.approvals.asking import Asking
from core.approvals.deadline import at_deadline
from core.approvals.model import Question, Reply, Sought
from core.caller import Caller
from core.db import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound, VutlerError
from core.ids import new_id
from core.runs import queue
from tests import questions
from tests.questions import Asked, question


@pytest.fixture
async def lab(db: Database) -> UUID:
    return await questions.add_workspace(db)


@pytest.fixture
async def ada(db: Database, lab: UUID) -> Caller:
    return Caller(await questions.add_member(db, lab, "owner", "ada"), lab, "owner")


@pytest.fixture
async def rule(db: Database, lab: UUID, ada: Caller) -> UUID:
    return await questions.add_automation(db, lab, ada.user_id)


@pytest.fixture
def approvals(db: Database) -> Approvals:
    return Approvals(db, registry.actions())


async def rows(db: Database, asked: Asked) -> list[dict[str, Any]]:
    async with db.connection() as connection:
        found = await connection.fetch("SELECT * FROM approvals WHERE run_id = $1 ORDER BY id", asked.run.id)
    return [dict(row) for row in found]


async def refused(kind: type[VutlerError], code: str, work: Awaitable[object]) -> VutlerError:
    with pytest.raises(kind) as caught:
        await work
    assert caught.value.code == code
    return caught.value


async def test_a_recorded_wait_asks_and_a_repeated_write_asks_nothing_new(db: Database, lab: UUID, rule: UUID) -> None:
    asked = await questions.begin(db, lab, rule)
    until = datetime.now(UTC) + timedelta(days=1)
    plain = asked.step("plain")
    step = asked.step(ask=question("gate", "ADA@example.org", form={"type": "object"}), until=until)
    await asked.write(plain, step, repeat=2)
    (row,) = await rows(db, asked)
    assert (row["step_id"], row["kind"], row["state"], row["who"]) == ("ask", "gate", "pending", ["ada@example.org"])
    assert (row["deadline"], row["form"], row["input"]) == (until, {"type": "object"}, {"message": "Publish?"})
    assert row["id"].version == 7
    assert abs(row["id"].int - new_id().int) >> 80 < 60_000  # milliseconds
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM outbox WHERE topic = 'asked'") == 1


async def test_a_write_that_is_not_ours_any_more_asks_nobody(db: Database, lab: UUID, rule: UUID) -> None:
    asked = await questions.begin(db, lab, rule)
    async with db.connection() as connection:
        await connection.execute("UPDATE run_queue SET epoch = epoch + 1 WHERE run_id = $1", asked.run.id)
    with pytest.raises(AssertionError):
        await asked.write(asked.step(ask=question()))
    assert await rows(db, asked) == []


async def test_a_step_that_asks_again_gets_a_second_question(
    db: Database, lab: UUID, rule: UUID, ada: Caller, approvals: Approvals
) -> None:
    asked = await questions.begin(db, lab, rule)
    await asked.write(asked.step(ask=question(message="One?")))
    (first,) = await rows(db, asked)
    await approvals.answer(ada, first["id"], Reply("approve"))
    await asked.write(asked.step(ask=question(message="Two?")))
    await asked.write(asked.step(ask=question(message="Three?")))
    assert [row["state"] for row in await rows(db, asked)] == ["approved", "withdrawn", "pending"]
    await approvals.answer_run(ada, asked.run.id, "ask", None, Reply("reject"))
    assert [row["state"] for row in await rows(db, asked)] == ["approved", "withdrawn", "rejected"]


async def test_a_step_that_stops_waiting_takes_its_question_back(db: Database, lab: UUID, rule: UUID) -> None:
    asked = await questions.begin(db, lab, rule)
    steps = {name: asked.step(name, ask=question()) for name in ("a", "b")}
    await asked.write(*steps.values())
    await asked.write(asked.step("a", "skipped"))
    assert [(row["step_id"], row["state"]) for row in await rows(db, asked)] == [("a", "withdrawn"), ("b", "pending")]


CAST = ("ada", "olga", "adam", "edgar", "erna", "vera")  # Ada owns and made it; two owners, an admin, editors, a viewer
ROLES = dict(zip(CAST, ("owner", "owner", "admin", "editor", "editor", "viewer"), strict=True))


@pytest.mark.parametrize(
    ("who", "maker", "asked"),
    [
        ((), "edgar", {"edgar"}),
        (("owner",), "edgar", {"edgar"}),
        (("owner",), "vera", {"ada", "olga"}),
        (("owner",), None, {"ada", "olga"}),
        (("role:admin",), "edgar", {"ada", "olga", "adam"}),
        (("role:owner",), "edgar", {"ada", "olga"}),
        (("role:editor",), "edgar", {"ada", "olga", "adam", "edgar", "erna"}),
        (("role:viewer",), "edgar", {"ada", "olga", "adam", "edgar", "erna"}),
        (("Erna@example.org",), "edgar", {"erna"}),
        (("erna@example.org", "owner"), "edgar", {"erna", "edgar"}),
        (("<erna>",), "edgar", {"erna"}),
        (("vera@example.org", "stranger@example.org"), "edgar", set()),
    ],
)
async def test_who_is_asked(
    db: Database, lab: UUID, *, who: tuple[str, ...], maker: str | None, asked: set[str]
) -> None:
    people = {name: await questions.add_member(db, lab, role, name) for name, role in ROLES.items()}
    stranger = await questions.add_member(db, await questions.add_workspace(db), "owner", "stranger")
    rule = await questions.add_automation(db, lab, people[maker] if maker else None)
    named = [each if each[0] != "<" else str(people[each[1:-1]]).upper() for each in who]
    question_id = await questions.ask(db, lab, rule, question("approval", *named))
    async with db.connection() as connection:
        seen = {name: await repository.one(connection, question_id, user) for name, user in people.items()}
        outside = await repository.one(connection, question_id, stranger)
        told = await repository.asked_members(connection, outside or _none())
    assert {name for name, each in seen.items() if each and each.asked} == asked
    assert {name for name, each in seen.items() if each and each.may_answer} == asked | {"ada", "olga"}
    assert outside is not None
    assert not outside.may_answer
    assert set(told) == {people[name] for name in asked or {"ada", "olga"}}


def _none() -> Question:
    raise AssertionError("there is no question")


async def test_only_those_asked_answer_and_see_it_as_theirs(
    db: Database, lab: UUID, rule: UUID, ada: Caller, approvals: Approvals
) -> None:
    erna = Caller(await questions.add_member(db, lab, "editor", "erna"), lab, "editor")
    vera = Caller(await questions.add_member(db, lab, "viewer", "vera"), lab, "viewer")
    question_id = await questions.ask(db, lab, rule, question("approval", "owner", "vera@example.org"))
    await refused(Forbidden, "not_asked", approvals.answer(erna, question_id, Reply("approve")))
    await refused(Forbidden, "role_missing", approvals.answer(vera, question_id, Reply("approve")))
    foreign = Caller(ada.user_id, new_id(), "owner")
    await refused(NotFound, "approval_not_found", approvals.answer(foreign, question_id, Reply("approve")))
    for caller, mine in ((ada, 1), (erna, 0), (vera, 0)):
        assert len(await approvals.listed(caller, Sought(mine=True, state="pending"), 10)) == mine
        assert len(await approvals.listed(caller, Sought(state="pending"), 10)) == 1
    await questions.join(db, lab, erna.user_id, "owner")
    assert (await approvals.answer(erna, question_id, Reply("approve"))).decided_by == str(erna.user_id)


async def test_twenty_answers_at_once_are_one(
    db: Database, lab: UUID, rule: UUID, ada: Caller, approvals: Approvals
) -> None:
    question_id = await questions.ask(db, lab, rule)
    replies = [Reply("approve" if number % 2 else "reject", f"{number}") for number in range(20)]
    done = await asyncio.gather(
        *(approvals.answer(ada, question_id, reply) for reply in replies), return_exceptions=True
    )
    (winner,) = [each for each in done if isinstance(each, Question)]
    lost = [each for each in done if isinstance(each, Conflict)]
    assert len(lost) == 19
    assert {each.code for each in lost} == {"already_answered"}
    assert "ada" in lost[0].detail
    async with db.connection() as connection:
        wake = await connection.fetchval("SELECT wake FROM automation_action_logs WHERE log_id = $1", winner.run_id)
        state = await connection.fetchval("SELECT state FROM run_queue WHERE run_id = $1", winner.run_id)
    assert wake == winner.answer
    assert (wake["comment"], wake["by"], wake["by_name"], wake["how"]) == (
        winner.comment, str(ada.user_id), "ada", "api",
    )  # fmt: skip
    assert state == "queued"


async def test_answers_deadlines_and_cancels_at_once_agree(
    db: Database, lab: UUID, rule: UUID, ada: Caller, approvals: Approvals
) -> None:
    """Whoever is first decides, nobody waits in a circle, and the step is woken with what the question says."""

    async def expire(run_id: UUID) -> object:
        async with db.connection() as connection:
            return await at_deadline(connection, run_id, "ask", "")

    async def cancel(run_id: UUID) -> object:
        async with db.transaction() as connection:
            return await queue.cancel(connection, run_id)

    for number in range(10):
        question_id = await questions.ask(db, lab, rule, question(on_deadline="approve"))
        run_id = (await approvals.one(ada, question_id)).run_id
        works: list[Awaitable[object]] = [approvals.answer(ada, question_id, Reply("reject")) for _ in range(3)]
        works += [expire(run_id)] if number % 2 else [cancel(run_id)]
        done = await asyncio.gather(*works, return_exceptions=True)
        assert not [each for each in done if isinstance(each, BaseException) and not isinstance(each, VutlerError)]
        found = await approvals.one(ada, question_id)
        async with db.connection() as connection:
            wake = await connection.fetchval("SELECT wake FROM automation_action_logs WHERE log_id = $1", run_id)
        if number % 2:
            assert done[-1] == found.answer
        assert (found.state == "rejected") == (wake is not None)


async def test_the_deadline_gives_the_default_or_the_answer_before_it(
    db: Database, lab: UUID, rule: UUID, ada: Caller, approvals: Approvals
) -> None:
    async def expired(question_id: UUID) -> Any:
        run_id = (await approvals.one(ada, question_id)).run_id
        async with db.connection() as connection:
            return [await at_deadline(connection, run_id, "ask", "") for _ in range(2)]

    for kind, default, decision in (("approval", "approve", "approve"), ("doubt", "approve", "cancel")):
        open_one = await questions.ask(db, lab, rule, question(kind, on_deadline=default))
        first, again = await expired(open_one)
        assert first == again
        assert (first["decision"], first["how"], first["by"]) == (decision, "deadline", None)
        assert (await approvals.one(ada, open_one)).state == "expired"
    answered = await questions.ask(db, lab, rule, question(on_deadline="reject"))
    await approvals.answer(ada, answered, Reply("approve", "Just in time."))
    answer, _ = await expired(answered)
    assert (answer["decision"], answer["comment"]) == ("approve", "Just in time.")
    async with db.connection() as connection:
        assert await at_deadline(connection, new_id(), "ask", "") is None


async def test_after_the_deadline_no_answer_counts(
    db: Database, lab: UUID, rule: UUID, ada: Caller, approvals: Approvals
) -> None:
    """Also before the engine has noticed."""
    question_id = await questions.ask(db, lab, rule, until=datetime.now(UTC) - timedelta(seconds=1))
    before = await approvals.one(ada, question_id)
    assert (before.state, before.late) == ("pending", True)
    await refused(Conflict, "deadline_passed", approvals.answer(ada, question_id, Reply("approve")))
    async with db.transaction() as connection:
        assert not await repository.decide(
            connection, question_id, "approved", {"by": "x", "by_name": "x", "how": "api", "comment": None}
        )


GATE = question("gate")
HTTP = {"method": "POST", "url": "https://example.org/{{ trigger.data }}"}


@pytest.mark.parametrize(
    ("wanted", "reply", "at"),
    [
        (GATE, Reply("approve", input={"method": "POST"}), "input.url"),
        (GATE, Reply("approve", input={**HTTP, "extra": 1}), "input.extra"),
        (GATE, Reply("reject", input=dict(HTTP)), "input"),
        (GATE, Reply("approve", values={"n": 1}), "values"),
        (GATE, Reply("approve", "x" * 2001), "comment"),
        (GATE, Reply("approve", output=1), "output"),
        (question(), Reply("approve", input={"message": "Other?"}), "input"),
        (question(form={"type": "object", "required": ["n"]}), Reply("approve"), "values"),
        (
            question(form={"type": "object", "properties": {"n": {"type": "integer"}}}),
            Reply("reject", values={"n": "1"}),
            "values.n",
        ),
    ],
)
async def test_answers_that_do_not_fit(
    *, db: Database, lab: UUID, rule: UUID, ada: Caller, approvals: Approvals, wanted: Ask, reply: Reply, at: str
) -> None:
    question_id = await questions.ask(db, lab, rule, wanted, action_type="http", input=dict(HTTP))
    error = await refused(Invalid, "invalid_request", approvals.answer(ada, question_id, reply))
    assert [each.at for each in error.findings] == [at]
    assert (await approvals.one(ada, question_id)).state == "pending"


async def test_an_edited_input_is_handed_on_as_data(
    db: Database, lab: UUID, rule: UUID, ada: Caller, approvals: Approvals
) -> None:
    question_id = await questions.ask(db, lab, rule, GATE, action_type="http", input={"method": "GET", "url": "x"})
    found = await approvals.answer(ada, question_id, Reply("approve", input=dict(HTTP)))
    assert found.answer is not None
    assert found.answer["input"] == HTTP
    assert "{{ trigger.data }}" in str(found.answer)


async def test_doubt_has_its_own_answers(
    db: Database, lab: UUID, rule: UUID, ada: Caller, approvals: Approvals
) -> None:
    for decision, state in (("done", "done"), ("repeat", "repeat"), ("cancel", "cancel")):
        question_id = await questions.ask(db, lab, rule, question("doubt"))
        await refused(Conflict, "other_question", approvals.answer(ada, question_id, Reply("approve")))
        output = {"id": 7} if decision == "done" else None
        found = await approvals.answer(ada, question_id, Reply(decision, output=output))  # type: ignore[arg-type]
        assert found.state == state
        assert found.answer is not None
        assert found.answer.get("output") == output
    plain = await questions.ask(db, lab, rule)
    await refused(Conflict, "other_question", approvals.answer(ada, plain, Reply("done")))


async def test_which_question_of_a_run_is_meant(
    db: Database, lab: UUID, rule: UUID, ada: Caller, approvals: Approvals
) -> None:
    asked = await questions.begin(db, lab, rule)
    yes = Reply("approve")
    await refused(Conflict, "nothing_waits", approvals.answer_run(ada, asked.run.id, None, None, yes))
    await refused(NotFound, "run_not_found", approvals.answer_run(ada, new_id(), None, None, yes))
    loops = [asked.step("c", ask=question(message=f"{n}?"), iteration=str(n)) for n in range(2)]
    await asked.write(asked.step("a", ask=question(message="A?")), *loops)
    error = await refused(Conflict, "several_wait", approvals.answer_run(ada, asked.run.id, None, None, yes))
    assert {(each.at, each.message) for each in error.findings} == {
        ("step_id=a", "A?"), ("step_id=c", "0?"), ("step_id=c", "1?"),
    }  # fmt: skip
    await refused(Conflict, "several_wait", approvals.answer_run(ada, asked.run.id, "c", None, yes))
    assert (await approvals.answer_run(ada, asked.run.id, "c", "1", yes)).message == "1?"
    assert (await approvals.answer_run(ada, asked.run.id, "a", None, yes)).message == "A?"
    await refused(Conflict, "already_answered", approvals.answer_run(ada, asked.run.id, "a", None, yes))
    assert (await approvals.answer_run(ada, asked.run.id, None, None, yes)).message == "0?"


async def test_a_closed_question_is_not_told_any_more(
    db: Database, lab: UUID, rule: UUID, ada: Caller, approvals: Approvals
) -> None:
    question_id = await questions.ask(db, lab, rule, question(remind_at=datetime.now(UTC)))
    await approvals.answer(ada, question_id, Reply("approve"))
    assert await Asking(db).drain() == 1
    assert await Asking(db).remind() == 0
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM notifications") == 0
        assert await connection.fetchval("SELECT count(*) FROM outbox WHERE topic = 'asked'") == 0
