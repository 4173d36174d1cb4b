"""The doors of jobs: a token opens those of one run, and whatever a job says is said of that run."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from core import jsontext
from core.db import Database
from core.ids import new_id
from core.jobs.tokens import LIFETIME, RunTokens
from core.keys import Keys
from core.runs import queue
from core.runs.accept import NewRun, accept
from tests import paying
from tests.api.conftest import Tenant, problem
from tests.api.rows import Webhook, add_webhook

STEP: dict[str, Any] = {"id": "a", "type": "transform", "config": {"value": 1}}


class Job:
    """A client with the token of one run."""

    def __init__(self, client: httpx.AsyncClient, run_id: UUID, token: str) -> None:
        self.client = client
        self.run_id = run_id
        self.headers = {"Authorization": f"Bearer {token}"}

    async def post(self, door: str, body: Any = None, run_id: UUID | None = None) -> httpx.Response:
        content = b"" if body is None else jsontext.dump(body)
        path = f"/api/internal/runs/{run_id or self.run_id}/{door}"
        return await self.client.post(path, content=content, headers=self.headers)


@pytest.fixture
def tokens(keys: Keys) -> RunTokens:
    return RunTokens(keys.jobs)


@pytest.fixture
async def hook(db: Database, ada: Tenant) -> Webhook:
    hook = await add_webhook(db, ada)
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE automation_versions SET definition = $2 WHERE rule_id = $1",
            hook.rule_id,
            {"name": "A webhook", "actions": [STEP], "policy": {"lane": "iso"}},
        )
    return hook


async def start(db: Database, tenant: Tenant, rule_id: UUID, lane: str = "iso") -> UUID:
    async with db.transaction() as connection:
        run = NewRun(tenant.workspace_id, rule_id, 1, "manual", {"n": 1}, lane=lane)
        return (await accept(connection, run)).run_id


@pytest.fixture
async def job(client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook, tokens: RunTokens) -> Job:
    run_id = await start(db, ada, hook.rule_id)
    return Job(client, run_id, tokens.issue(run_id))


def entry(run_id: UUID, epoch: int, **more: Any) -> dict[str, Any]:
    return {"run": {"run_id": str(run_id), "rule_id": str(new_id()), "epoch": epoch, "seq": 5}, **more}


def step_record(run_id: UUID, **more: Any) -> dict[str, Any]:
    return {
        "id": str(new_id()), "run_id": str(run_id), "workspace_id": str(new_id()), "step_id": "a", "action_index": 0,
        "action_type": "transform", "status": "success", "epoch": 1, "seq": 3, "output": {"x": 1}, **more,
    }  # fmt: skip


async def row(db: Database, query: str, run_id: UUID) -> dict[str, Any]:
    async with db.connection() as connection:
        return dict(await connection.fetchrow(query, run_id))


QUEUE = "SELECT * FROM run_queue WHERE run_id = $1"
RUN = "SELECT * FROM automation_logs WHERE id = $1"


async def test_a_claim_gives_what_the_execution_needs(job: Job, db: Database) -> None:
    answer = await job.post("claim")
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["run"]["id"] == str(job.run_id)
    assert (said["run"]["epoch"], said["run"]["trigger_data"]) == (1, {"n": 1})
    assert said["definition"]["actions"][0]["id"] == "a"
    assert (said["http_allow_hosts"], said["public_url"]) == ([], "http://127.0.0.1:8000")
    held = await row(db, QUEUE, job.run_id)
    assert held["state"] == "running"
    assert held["owner"].startswith("isolated/")
    assert "secret" not in answer.text
    assert "postgres" not in answer.text


async def test_a_run_is_claimed_once(job: Job, db: Database, tokens: RunTokens) -> None:
    assert (await job.post("claim")).status_code == 200
    problem(await job.post("claim"), 409, "run_held")
    problem(await Job(job.client, job.run_id, tokens.issue(job.run_id)).post("claim"), 409, "run_held")
    assert (await job.post("release")).status_code == 204
    assert (await job.post("claim")).json()["run"]["epoch"] == 2
    async with db.transaction() as connection:
        await connection.execute("UPDATE run_queue SET state = 'waiting' WHERE run_id = $1", job.run_id)
    problem(await job.post("claim"), 409, "run_waits")
    async with db.transaction() as connection:
        await connection.execute("DELETE FROM run_queue WHERE run_id = $1", job.run_id)
    problem(await job.post("claim"), 409, "run_ended")


async def test_the_warm_lane_is_not_for_jobs(
    client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook, tokens: RunTokens
) -> None:
    run_id = await start(db, ada, hook.rule_id, lane="warm")
    problem(await Job(client, run_id, tokens.issue(run_id)).post("claim"), 409, "run_not_ready")


DOORS = ("claim", "renew", "record", "steps", "woken", "keep", "deadline", "prepare", "release")


@pytest.mark.parametrize("door", DOORS)
async def test_every_door_asks_for_the_token_of_its_run(
    job: Job, *, db: Database, ada: Tenant, hook: Webhook, tokens: RunTokens, door: str
) -> None:
    other = await start(db, ada, hook.rule_id)
    problem(await job.post(door, run_id=other), 404, "run_not_found")
    problem(await Job(job.client, job.run_id, ada.token).post(door), 401, "run_token_invalid")
    token = job.headers["Authorization"].removeprefix("Bearer ")
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    problem(await Job(job.client, job.run_id, changed).post(door), 401, "run_token_invalid")
    old = RunTokens(tokens._key, clock=lambda: datetime.now(UTC) - LIFETIME - timedelta(seconds=1))
    problem(await Job(job.client, job.run_id, old.issue(job.run_id)).post(door), 401, "run_token_expired")
    job.headers.clear()
    problem(await job.post(door), 401, "token_missing")
    problem(await job.client.get("/api/me", headers={"Authorization": f"Bearer {token}"}), 401, "token_invalid")


async def test_what_is_not_held_is_not_touched(job: Job, db: Database) -> None:
    assert (await job.post("renew")).json() == {"held": False, "cancel": False, "answers": 0}
    assert (await job.post("record", entry(job.run_id, 0))).json() == {"held": False}
    for door, body in (
        ("steps", None),
        ("woken", None),
        ("keep", "x"),
        ("deadline", {"step": "a"}),
        ("prepare", {"automation": "x"}),
    ):
        problem(await job.post(door, body), 409, "run_not_held")
    assert (await row(db, RUN, job.run_id))["seq"] == 0


async def test_renewing_keeps_the_lease_and_brings_the_cancellation(job: Job, db: Database, ada: Tenant) -> None:
    await job.post("claim")
    async with db.connection() as connection:
        await connection.execute("UPDATE run_queue SET lease_until = now() WHERE run_id = $1", job.run_id)
    assert (await job.post("renew", {"hints": []})).json() == {"held": True, "cancel": False, "answers": 0}
    async with db.transaction() as connection:
        assert await queue.reap(connection) == 0
        assert await queue.cancel(connection, job.run_id) == "cancelling"
    assert (await job.post("renew")).json()["cancel"] is True


async def test_whatever_a_job_says_is_said_of_its_run(job: Job, db: Database, ada: Tenant, hook: Webhook) -> None:
    await job.post("claim")
    other = await start(db, ada, hook.rule_id)
    line = {"run_id": str(other), "seq": 4, "at": datetime.now(UTC).isoformat(), "level": "info", "text": "Hello."}
    said = entry(other, 1, steps=[step_record(other)], lines=[line | {"step_id": None}])
    assert (await job.post("record", said)).json() == {"held": True}
    assert (await row(db, RUN, other))["seq"] == 0
    step = await row(db, "SELECT * FROM automation_action_logs WHERE log_id = $1", job.run_id)
    assert (step["workspace_id"], step["output"]) == (ada.workspace_id, {"x": 1})
    assert (await row(db, "SELECT text FROM run_lines WHERE run_id = $1", job.run_id))["text"] == "Hello."
    (read,) = (await job.post("steps")).json()
    assert (read["step_id"], read["output"]) == ("a", {"x": 1})


async def test_a_former_epoch_writes_nothing(job: Job, db: Database) -> None:
    await job.post("claim")
    await job.post("release")
    await job.post("claim")
    assert (await job.post("record", entry(job.run_id, 1))).json() == {"held": False}
    ended = entry(job.run_id, 2)
    ended["run"] |= {"status": "success", "completed_at": datetime.now(UTC).isoformat()}
    assert (await job.post("record", ended)).json() == {"held": True}
    assert (await row(db, RUN, job.run_id))["status"] == "success"
    assert (await job.post("record", ended)).json() == {"held": False}


@pytest.mark.parametrize(
    "wrong",
    [
        [], {"run": 1}, {"run": {"epoch": 1}}, {"run": {"epoch": "x", "seq": 1}}, {"run": {"epoch": 1, "seq": 10**30}},
        {"run": {"epoch": 1, "seq": 5, "status": "queued"}}, {"run": {"epoch": 1, "seq": 5}, "steps": [1]},
        {"run": {"epoch": 1, "seq": 5}, "steps": [{"step_id": "a"}]},
        {"run": {"epoch": 1, "seq": 5}, "lines": [{"seq": 1, "at": "soon", "level": "info", "text": ""}]},
    ],
)  # fmt: skip
async def test_nonsense_is_refused_with_a_sentence(job: Job, db: Database, wrong: Any) -> None:
    await job.post("claim")
    problem(await job.post("record", wrong), 422, "invalid_request")
    assert (await row(db, RUN, job.run_id))["seq"] == 1


async def test_a_status_that_no_step_has_is_refused(job: Job, db: Database) -> None:
    await job.post("claim")
    said = entry(job.run_id, 1, steps=[step_record(job.run_id, status="great")])
    problem(await job.post("record", said), 422, "invalid_request")
    assert (await row(db, RUN, job.run_id))["seq"] == 1


async def test_a_job_starts_only_what_was_prepared_for_it(job: Job, db: Database, ada: Tenant, eve: Tenant) -> None:
    await job.post("claim")
    mine, foreign = await add_webhook(db, ada), await add_webhook(db, eve)
    problem(await job.post("prepare", {"automation": str(foreign.rule_id)}), 422, "automation_not_found")
    made = (await job.post("prepare", {"automation": str(mine.rule_id), "payload": {"v": 1.5}})).json()
    called_by = {"run": str(new_id()), "step": "a", "iteration": ""}
    good = made["facts"] | {"called_by": called_by}
    for changed in ({"rule_id": str(foreign.rule_id)}, {"workspace_id": str(eve.workspace_id)}, {"depth": 1}):
        said = entry(job.run_id, 1, calls=[good | changed])
        problem(await job.post("record", said), 422, "call_not_prepared")
    assert (await job.post("record", entry(job.run_id, 1, calls=[good]))).json() == {"held": True}
    called = await row(db, RUN, UUID(made["run_id"]))
    assert (called["rule_id"], called["workspace_id"], called["trigger_data"]) == (
        mine.rule_id, ada.workspace_id, {"v": 1.5},
    )  # fmt: skip
    assert called["parent_id"] == job.run_id


async def test_large_values_and_the_limit_of_a_body(job: Job, db: Database) -> None:
    await job.post("claim")
    kept = await job.client.post(
        f"/api/internal/runs/{job.run_id}/keep",
        content=b"x" * 3_000_000, headers={**job.headers, "Content-Type": "text/plain"},
    )  # fmt: skip
    assert kept.status_code == 200
    blob = await row(db, "SELECT size, media_type FROM blobs WHERE id = $1", UUID(kept.json()["$blob"]))
    assert blob == {"size": 3_000_000, "media_type": "text/plain"}
    assert (await job.client.post("/api/events", content=b"x" * 1_100_000, headers=job.headers)).status_code == 413
    problem(await job.post("keep", "x" * 17_000_000), 413, "body_too_large")


async def test_the_doors_are_no_part_of_the_public_contract(client: httpx.AsyncClient) -> None:
    assert "/internal/" not in (await client.get("/api/openapi.json")).text


async def test_a_job_reserves_more_credits_for_its_own_run(
    db: Database, ada: Tenant, hook: Webhook, job: Job, tokens: RunTokens
) -> None:
    await paying.load_plans(db)
    await paying.make_pay(db, ada.workspace_id, 30)
    async with db.connection() as connection:
        await connection.execute("UPDATE automation_versions SET charges = '{\"http\": 2}'")
    run_id = await start(db, ada, hook.rule_id)
    paid = Job(job.client, run_id, tokens.issue(run_id))
    claimed = (await paid.post("claim")).json()["run"]
    assert (claimed["budget"]["reserved"], claimed["budget"]["spent"], claimed["budget"]["prices"]["http"]) == (2, 0, 1)
    assert (await paid.post("credits", {"least": 1, "most": 20})).json() == {"reserved": 20}
    assert (await paid.post("credits", {"least": 9, "most": 20})).json() == {"reserved": 0}
    assert (await paid.post("credits", {"least": 1, "most": 20})).json() == {"reserved": 8}
    assert await paying.account(db, ada.workspace_id) == (0, 30)
    for wrong in ({}, {"least": 0, "most": 1}, {"least": 5, "most": 1}, {"least": "1", "most": 2}, []):
        problem(await paid.post("credits", wrong), 422, "invalid_request")
    free = (await job.post("claim")).json()["run"]
    assert free["budget"] is None
    assert (await job.post("credits", {"least": 1, "most": 1})).json() == {"reserved": 0}
    await paid.post("record", entry(run_id, 1) | {"run": {"epoch": 1, "seq": 5, "status": "success"}})
    assert await paying.account(db, ada.workspace_id) == (30, 0)
    assert await paying.faults(db) == []


async def test_a_job_charges_a_step_of_its_own_run_beyond_its_price(
    db: Database, ada: Tenant, hook: Webhook, job: Job, tokens: RunTokens
) -> None:
    await paying.load_plans(db)
    await paying.make_pay(db, ada.workspace_id, 30)
    run_id = await start(db, ada, hook.rule_id)
    paid = Job(job.client, run_id, tokens.issue(run_id))
    await paid.post("claim")
    wanted = {
        "id": str(new_id()), "step_id": "a", "iteration": "", "action": "agent", "credits": 4, "budget": 10,
    }  # fmt: skip
    for _ in range(2):
        assert (await paid.post("charge", wanted)).json() == {"credits": 4, "in_all": 4, "remaining": 6}
    assert await paying.account(db, ada.workspace_id) == (26, 0)
    for wrong in ({}, [], {**wanted, "credits": -1}, {**wanted, "budget": 10**12}, {**wanted, "credits": "4"},
                  {**wanted, "credits": None}, {**wanted, "budget": True}):  # fmt: skip
        problem(await paid.post("charge", wrong), 422, "invalid_request")
    assert await paying.faults(db) == []
