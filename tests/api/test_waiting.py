"""Why is it waiting: every queued or waiting run says in words what holds it, and where that is seen."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from blocks.sentences import said
from core.db import Database
from core.ids import new_id
from core.jobs import dispatch
from core.runs import queue
from core.runs.accept import NewRun, accept
from core.runs.record import Entry, RunRecord, StepRecord, Writer
from tests.api.conftest import Tenant
from tests.api.rows import OWNER, Worker, add_run, add_webhook, worker

NO_POOL = "There is no work pool {pool} in Prefect: make it, or choose another lane."  # as deployments/isolated.py says
LOGS = "/api/automations/logs"


async def waiting_for(client: httpx.AsyncClient, tenant: Tenant, run_id: UUID, language: str = "en") -> Any:
    """As the run's page says it; the list says the same."""
    headers = {**tenant.headers, "Accept-Language": language}
    answer = await client.get(f"{LOGS}/{run_id}", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Language"] == language
    listed = (await client.get(LOGS, headers=headers)).json()["items"]
    assert [each["waiting_for"] for each in listed if each["id"] == str(run_id)] == [answer.json()["waiting_for"]]
    return answer.json()["waiting_for"]


async def report(db: Database) -> None:
    async with db.connection() as connection:
        await queue.report_alive(connection, owner=OWNER, host="host", slot="1", concurrency=10)


async def settled(db: Database) -> None:
    async with db.connection() as connection:
        await queue.requeue_due(connection)


async def test_no_worker(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    run_id = await add_run(db, ada, (await add_webhook(db, ada)).rule_id)
    said = await waiting_for(client, ada, run_id)
    assert (said["code"], said["link"], said["until"]) == ("worker", None, None)
    assert "No worker has reported for 30 s" in said["reason"]
    await report(db)
    assert (await waiting_for(client, ada, run_id))["code"] == "starting"
    async with db.connection() as connection:
        await connection.execute("UPDATE workers SET seen_at = now() - interval '40 seconds'")
    assert (await waiting_for(client, ada, run_id))["code"] == "worker"


async def test_others_stand_before_it(client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant) -> None:
    hook, foreign = await add_webhook(db, ada), await add_webhook(db, eve)
    await add_run(db, eve, foreign.rule_id)
    await report(db)
    runs = [await add_run(db, ada, hook.rule_id) for _ in range(3)]
    said = [await waiting_for(client, ada, run_id) for run_id in runs]
    assert [each["code"] for each in said] == ["starting", "queue", "queue"]
    assert said[1]["reason"] == "One run of this workspace stands before it."
    assert said[2]["reason"] == "2 runs of this workspace stand before it."
    async with db.connection() as connection:
        await connection.execute("UPDATE run_queue SET priority = 1 WHERE run_id = $1", runs[2])
    assert (await waiting_for(client, ada, runs[2]))["code"] == "starting"
    assert (await waiting_for(client, ada, runs[0]))["code"] == "queue"
    french = await waiting_for(client, ada, runs[1], "fr")
    assert french["reason"] == "2 exécutions de cet espace de travail passent avant elle."


async def test_more_than_are_counted(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    run_id = await add_run(db, ada, (await add_webhook(db, ada)).rule_id)
    await report(db)
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO run_queue (run_id, workspace_id, rule_id, version, priority)"
            " SELECT gen_random_uuid(), $1, $1, 1, 1 FROM generate_series(1, 300)",
            ada.workspace_id,
        )
    assert "more than 200" in (await waiting_for(client, ada, run_id))["reason"]


@pytest.mark.parametrize("overlap", ["queue", "replace"])
async def test_another_run_of_the_same_key(client: httpx.AsyncClient, db: Database, ada: Tenant, overlap: str) -> None:
    hook = await add_webhook(db, ada, policy={"overlap": overlap, "concurrency_key": "trigger.data.customer"})
    first = await add_run(db, ada, hook.rule_id, {"customer": "Anne"})
    await report(db)
    async with worker(db) as engine:
        await engine.claim()
    second = await add_run(db, ada, hook.rule_id, {"customer": "Anne"})
    await settled(db)
    said = await waiting_for(client, ada, second)
    assert (said["code"], said["link"]) == ("overlap", f"/automations/logs/{first}")
    assert said["reason"] == f"Run {first} of this automation with the same key is running and goes first."
    assert f"L’exécution {first}" in (await waiting_for(client, ada, second, "fr"))["reason"]
    if overlap == "queue":
        third = await add_run(db, ada, hook.rule_id, {"customer": "Anne"})
        assert (await waiting_for(client, ada, third))["reason"].endswith("goes first, then 1 more.")


async def test_the_limit_of_the_plan(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    hook = await add_webhook(db, ada)
    async with db.connection() as connection:
        await connection.execute("UPDATE workspaces SET plan = 'free' WHERE id = $1", ada.workspace_id)
    await report(db)
    runs = [await add_run(db, ada, hook.rule_id) for _ in range(3)]
    assert (await waiting_for(client, ada, runs[2]))["code"] == "queue"
    async with worker(db) as engine:
        assert [(await engine.claim()).id for _ in range(2)] == runs[:2]
    said = await waiting_for(client, ada, runs[2])
    assert (said["code"], said["link"]) == ("plan_limit", f"/automations/logs/{runs[0]}")
    assert said["reason"] == "The workspace runs 2 of the 2 runs that its plan free lets it run at the same time."
    assert (await waiting_for(client, ada, runs[0])) is None


async def test_its_time(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    run_id = await add_run(db, ada, (await add_webhook(db, ada)).rule_id)
    async with db.connection() as connection:
        until = await connection.fetchval(
            "UPDATE run_queue SET available_at = now() + $1 RETURNING available_at", timedelta(hours=1)
        )
    said = await waiting_for(client, ada, run_id)
    assert said["code"] == "time"
    assert f"{until:%Y-%m-%d %H:%M:%S} UTC" in said["reason"]
    assert said["until"] is not None


INBOX = "/approvals?run_id={run_id}"


@pytest.mark.parametrize(
    ("action", "wait", "status", "code", "link"),
    [
        ("delay", {"until": "2030-01-01T00:00:00+00:00"}, "waiting", "time", None),
        ("approval", {}, "waiting", "approval", INBOX),
        ("http", {"ask": {"kind": "gate", "message": "May it?"}}, "waiting", "approval", INBOX),
        ("http", {"ask": {"kind": "doubt", "message": "Was it?"}}, "unknown", "doubt", INBOX),
        ("http", {}, "unknown", "doubt", INBOX),
        ("automation", {"details": {"called": {"run_id": "R"}}}, "waiting", "run", "/automations/logs/R"),
        ("other", {}, "waiting", "event", None),
    ],
)
async def test_what_a_waiting_run_waits_for(
    *,
    client: httpx.AsyncClient,
    db: Database,
    ada: Tenant,
    action: str,
    wait: Any,
    status: str,
    code: str,
    link: str | None,
) -> None:
    run_id = await add_run(db, ada, (await add_webhook(db, ada)).rule_id)
    async with Writer(db, OWNER) as writer:
        run = await Worker(db, writer).claim()
        step = StepRecord(
            id=new_id(), run_id=run.id, workspace_id=run.workspace_id, step_id="a", action_index=0, action_type=action,
            status=status, epoch=run.epoch, seq=2, wait={"reason": "Waits for it.", "until": None, **wait},
        )  # fmt: skip
        stored = {"reason": "Waits for it.", "steps": ["a"], "until": wait.get("until")}
        record = RunRecord(run.id, run.rule_id, run.epoch, 3, "waiting", wait=stored)
        assert await writer.write(Entry(record, [step]))
    said = await waiting_for(client, ada, run_id)
    link = link.format(run_id=run_id) if link else None
    assert (said["code"], said["link"], said["reason"], said["steps"]) == (code, link, "Waits for it.", ["a"])


APPROVAL = {"ask": {"kind": "approval", "message": "Publish\nit?", "code": None, "args": {}}}


@pytest.mark.parametrize(
    ("action", "wait", "stored", "said"),
    [
        ("approval", APPROVAL, "Waits for an approval: Publish it?", "Attend une approbation : Publish it?"),
        ("delay", {"until": "2030-01-01T01:00:00+01:00"}, "Waits until 2030-01-01 00:00:00 UTC.",
         "Attend jusqu’au 2030-01-01 00:00:00 UTC."),
        ("automation", {"details": {"called": {"run_id": "R", "automation": "Bill"}}}, "Waits for a run of Bill.",
         "Attend une exécution de Bill."),
        ("own_action", {"until": "2030-01-01T00:00:00+00:00"}, "Whatever else", "Whatever else"),
        ("delay", {}, "Waits until 2030-01-01 00:00:00 UTC.", "Waits until 2030-01-01 00:00:00 UTC."),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("count", "others", "french"),
    [
        (None, "", ""),
        (1, "", ""),
        (2, " 1 more step waits as well.", " 1 autre étape attend aussi."),
        (4, " 3 more steps wait as well.", " 3 autres étapes attendent aussi."),
    ],
)
async def test_what_a_step_waits_for_in_french(
    *,
    client: httpx.AsyncClient,
    db: Database,
    ada: Tenant,
    action: str,
    wait: Any,
    stored: str,
    said: str,
    count: int | None,
    others: str,
    french: str,
) -> None:
    """By what is recorded; what does not tell it, stays."""
    run_id = await add_run(db, ada, (await add_webhook(db, ada)).rule_id)
    async with Writer(db, OWNER) as writer:
        run = await Worker(db, writer).claim()
        step = StepRecord(
            id=new_id(), run_id=run.id, workspace_id=run.workspace_id, step_id="a", action_index=0, action_type=action,
            status="waiting", epoch=run.epoch, seq=2, wait={"reason": stored, "until": None, **wait},
        )  # fmt: skip
        told = {"reason": f"{stored}{others}", "steps": ["a"], "until": wait.get("until"), "count": count}
        assert await writer.write(Entry(RunRecord(run.id, run.rule_id, run.epoch, 3, "waiting", wait=told), [step]))
    assert (await waiting_for(client, ada, run_id))["reason"] == f"{stored}{others}"
    known = said != stored
    assert (await waiting_for(client, ada, run_id, "fr"))["reason"] == f"{said}{french if known else others}"


async def test_an_ended_run_waits_for_nothing(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    run_id = await add_run(db, ada, (await add_webhook(db, ada)).rule_id)
    async with worker(db) as engine:
        await engine.end(await engine.claim(), 2)
    assert await waiting_for(client, ada, run_id) is None


async def test_a_job_is_to_be_started(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    """Of a run in an isolated lane: its pool, its worker or Prefect is missing, and says so until it is there."""
    hook = await add_webhook(db, ada)
    async with db.connection() as connection:
        made = await accept(connection, NewRun(ada.workspace_id, hook.rule_id, 1, "manual", None, lane="iso"))
    await report(db)
    assert (await waiting_for(client, ada, made.run_id))["code"] == "starting"
    async with db.connection() as connection:
        (item,) = await dispatch.take(connection, most=1)
        await dispatch.not_yet(connection, item, 5, said(NO_POOL, pool="iso"))
    assert await waiting_for(client, ada, made.run_id) == {
        "code": "lane", "reason": "There is no work pool iso in Prefect: make it, or choose another lane.",
        "link": None, "until": None,
    }  # fmt: skip
    french = await waiting_for(client, ada, made.run_id, "fr")
    assert french["reason"] == "Il n’y a pas de work pool iso dans Prefect : créez-le, ou choisissez une autre voie."
    async with db.connection() as connection:  # it has waited for an answer, which has come
        await connection.execute("UPDATE automation_logs SET status = 'waiting' WHERE id = $1", made.run_id)
    assert await waiting_for(client, ada, made.run_id, "fr") == french
