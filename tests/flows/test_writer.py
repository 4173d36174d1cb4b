"""The writer: shared commits, lost answers, leftovers and odd values."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import pytest

from blocks.values import JsonObject
from core.db import Connection, Database, connect
from core.ids import new_id
from core.runs.accept import NewRun, accept
from core.runs.channels import EVENTS
from core.runs.queue import claim
from core.runs.record import Entry, LineRecord, RunRecord, StepRecord, Writer, notices
from tests.waiting import until

OWNER = "host/1/a"


class LosesAnswers(Database):
    """Commits, and then loses the answer of the next `losses` calls, as a cut connection does."""

    losses = 0

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[Connection]:
        async with super().calling() as connection:
            yield connection
        if self.losses:
            self.losses -= 1
            raise ConnectionResetError("the answer was lost")


@pytest.fixture
async def lossy(engine_dsn: str) -> AsyncIterator[LosesAnswers]:
    db = LosesAnswers(engine_dsn, application="test", size=3)
    await db.open()
    yield db
    await db.close()


async def held(db: Database, epoch: int = 1) -> tuple[UUID, UUID]:
    """A run that OWNER has claimed: its id and its automation's."""
    rule = new_id()
    async with db.connection() as connection:
        run = await accept(connection, NewRun(new_id(), rule, 1, "manual", None))
    async with db.connection() as connection:
        await claim(connection, owner=OWNER, lane="warm", limit=100)
    return run.run_id, rule


def entry(run: UUID, rule: UUID, *, epoch: int = 1, status: str | None = None, output: object = 1) -> Entry:
    now = datetime.now(UTC)
    step = StepRecord(
        id=new_id(), run_id=run, workspace_id=rule, step_id="a", action_index=0, action_type="say", status="success",
        epoch=epoch, seq=2, output=output,
    )  # fmt: skip
    line = LineRecord(run, 3, now, "info", "a", "one")
    return Entry(RunRecord(run, rule, epoch, 4, status=status, completed_at=now if status else None), [step], [line])


async def count(db: Database, table: str) -> int:
    async with db.connection() as connection:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))


async def test_a_lost_answer_is_asked_for_again_and_nothing_stands_twice(lossy: LosesAnswers) -> None:
    run, rule = await held(lossy.for_everyone())
    async with Writer(lossy, OWNER) as writer:
        lossy.losses = 1
        assert await writer.write(entry(run, rule))
    assert await count(lossy.for_everyone(), "automation_action_logs") == 1
    assert await count(lossy.for_everyone(), "run_lines") == 1


async def test_an_end_whose_answer_was_lost_counts_once(lossy: LosesAnswers) -> None:
    run, rule = await held(lossy.for_everyone())
    async with lossy.for_everyone().connection() as connection:
        await connection.execute("INSERT INTO automation_rules (id, workspace_id, name) VALUES ($1, $1, 'Test')", rule)
    async with Writer(lossy, OWNER) as writer:
        lossy.losses = 1
        await writer.write(entry(run, rule, status="success"))
    async with lossy.for_everyone().connection() as connection:
        assert await connection.fetchval("SELECT run_count FROM automation_stats") == 1
        assert await connection.fetchval("SELECT status FROM automation_logs WHERE id = $1", run) == "success"


async def test_an_old_epoch_writes_nothing(db: Database) -> None:
    run, rule = await held(db)
    async with Writer(db, OWNER) as writer:
        assert not await writer.write(entry(run, rule, epoch=7))
    async with Writer(db, "host/2/b") as other:
        assert not await other.write(entry(run, rule))
    assert await count(db, "automation_action_logs") == 0
    assert await count(db, "run_lines") == 0


async def test_an_end_told_by_an_old_epoch_changes_nothing(db: Database) -> None:
    run, rule = await held(db)
    async with db.connection() as connection:
        await connection.execute("INSERT INTO automation_rules (id, workspace_id, name) VALUES ($1, $1, 'Test')", rule)
    async with Writer(db, OWNER) as writer:
        assert not await writer.write(entry(run, rule, epoch=7, status="failed"))
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT status FROM automation_logs") == "running"
        assert await connection.fetchval("SELECT state FROM run_queue") == "running"
    assert await count(db, "automation_stats") == 0


async def test_ends_add_up(db: Database) -> None:
    rule = new_id()
    async with db.connection() as connection:
        await connection.execute("INSERT INTO automation_rules (id, workspace_id, name) VALUES ($1, $1, 'Test')", rule)
    async with Writer(db, OWNER) as writer:
        for _ in range(2):
            run, _other = await held(db)
            assert await writer.write(entry(run, rule, status="success"))
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT run_count FROM automation_stats") == 2


async def test_entries_of_one_run_are_written_one_after_the_other(db: Database) -> None:
    run, rule = await held(db)
    entries = [Entry(RunRecord(run, rule, 1, seq)) for seq in (4, 5, 6)]
    async with Writer(db, OWNER) as writer:
        assert all(await asyncio.gather(*map(writer.write, entries)))
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT seq FROM automation_logs") == 6


async def test_a_deadlock_is_no_fault_of_the_run(db: Database) -> None:
    run, rule = await held(db)
    async with Writer(db, OWNER) as writer:
        async with db.transaction() as elsewhere:
            await elsewhere.execute("SELECT FROM automation_logs WHERE id = $1 FOR UPDATE", run)
            writing = writer.write(entry(run, rule))
            await until(lambda: _waiting(db))
            await elsewhere.execute(
                "SELECT FROM run_queue WHERE run_id = $1 FOR UPDATE", run
            )  # they wait for each other
        async with asyncio.timeout(5):
            assert await writing


async def _waiting(db: Database) -> bool:
    async with db.connection() as connection:  # in a transaction of its own: one transaction sees one moment of it
        return bool(
            await connection.fetchval(
                "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                " WHERE datname = current_database() AND NOT granted"
            )
        )


async def test_changes_are_told_with_their_commit_and_hints_at_once(db: Database, dsn: str) -> None:
    run, rule = await held(db)
    heard: list[JsonObject] = []
    listener = await connect(dsn, application="test")
    await listener.add_listener(EVENTS, lambda *notice: heard.extend(json.loads(str(notice[-1]))))
    try:
        async with Writer(db, OWNER) as writer:
            writer.hint({"seq": 1})
            await until(lambda: _heard(heard, 1))
            one = entry(run, rule)
            one.events = [{"seq": 2}]
            await writer.write(one)
            await until(lambda: _heard(heard, 2))
    finally:
        await listener.close()
    assert [event["seq"] for event in heard] == [1, 2]


async def _heard(events: list[JsonObject], number: int) -> bool:
    return len(events) >= number


async def test_a_recorded_result_is_never_overwritten(db: Database) -> None:
    run, rule = await held(db)
    async with Writer(db, OWNER) as writer:
        assert await writer.write(entry(run, rule, output="first"))
        assert await writer.write(entry(run, rule, output="second"))
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT output FROM automation_action_logs") == "first"


async def test_many_runs_share_commits(db: Database) -> None:
    runs = [await held(db) for _ in range(50)]
    async with db.connection() as connection:
        before = await connection.fetchval("SELECT pg_current_xact_id()::text::bigint")
    async with Writer(db, OWNER) as writer:
        assert all(await asyncio.gather(*(writer.write(entry(run, rule)) for run, rule in runs)))
    async with db.connection() as connection:
        after = await connection.fetchval("SELECT pg_current_xact_id()::text::bigint")
    assert after - before < 10
    assert await count(db, "automation_action_logs") == 50


async def test_one_odd_value_fails_only_its_own_run(db: Database) -> None:
    (good, good_rule), (bad, bad_rule) = await held(db), await held(db)
    odd = entry(bad, bad_rule)
    odd.steps[0].status = "no such status"
    async with Writer(db, OWNER) as writer:
        answers = await asyncio.gather(writer.write(entry(good, good_rule)), writer.write(odd), return_exceptions=True)
    assert answers[0] is True
    assert isinstance(answers[1], Exception)
    assert await count(db, "automation_action_logs") == 1


async def test_a_zero_character_is_stored_as_its_replacement(db: Database) -> None:
    run, rule = await held(db)
    async with Writer(db, OWNER) as writer:
        assert await writer.write(entry(run, rule, output={"a\x00": "b\x00\\u0000"}))
    async with db.connection() as connection:
        output = await connection.fetchval("SELECT output FROM automation_action_logs")
    assert output == {"a\ufffd": "b\ufffd\\u0000"}


def test_notices_fit() -> None:
    events = [{"run": "x" * 300, "seq": n} for n in range(100)]
    payloads = notices(events)
    assert all(len(payload.encode()) < 8000 for payload in payloads)
    assert sum(payload.count('"seq"') for payload in payloads) == 100
    assert notices([]) == []


def test_a_notice_is_measured_in_bytes_and_one_that_never_fits_is_left_out() -> None:
    events: list[JsonObject] = [{"text": "é" * 3000}, {"text": "é" * 3000}, {"text": "x" * 9000}, {"text": "y"}]
    payloads = notices(events)
    assert [len(json.loads(payload)) for payload in payloads] == [1, 2]
    assert all(len(payload.encode()) < 8000 for payload in payloads)
