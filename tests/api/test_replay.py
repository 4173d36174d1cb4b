"""Replaying runs over the API: what is asked, what is told, what is refused."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from core.automations.retention import forget_deleted
from core.db import Database
from core.ids import new_id
from core.runs import replay_bulk
from tests.api.automations import made
from tests.api.conftest import Tenant, problem, until
from tests.api.rows import worker

LOGS = "/api/automations/logs"
FRENCH = {"Accept-Language": "fr"}
POST = {"method": "POST", "url": "https://crm.example.com/leads"}
STEPS: list[dict[str, Any]] = [
    {"id": "read", "type": "transform", "config": {"value": 1}},
    {"id": "send", "type": "http", "config": POST},
    {"id": "note", "type": "transform", "config": {"value": "{{ steps.send.output.status }}"}},
]
DOCUMENT: dict[str, Any] = {"name": "Three steps", "trigger_type": "manual", "actions": STEPS}


@pytest.fixture
async def automation(api: httpx.AsyncClient) -> str:
    return str((await made(api, DOCUMENT))["id"])


async def ran(api: httpx.AsyncClient, db: Database, automation: str, payload: Any = 1, failed: bool = True) -> str:
    """A run that ended, at its second step where it failed."""
    answer = await api.post(f"/api/automations/{automation}/run", json={"payload": payload})
    async with worker(db) as engine:
        run = await engine.claim()
        await engine.step(run, 3, step="read", index=0, output=1)
        await engine.step(run, 5, "failed" if failed else "success", step="send", index=1)
        await engine.end(run, 7, "failed" if failed else "success", error="Broken." if failed else None)
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE automation_logs SET error_step = 'send' WHERE id = $1 AND status = 'failed'", run.id
        )
        await connection.execute("DELETE FROM run_queue WHERE run_id = $1", run.id)
    return str(answer.json()["run_id"])


async def replayed(api: httpx.AsyncClient, run_id: str, **body: Any) -> dict[str, Any]:
    answer = await api.post(f"{LOGS}/{run_id}/replay", json=body)
    assert answer.status_code == 202, answer.text
    shown = await api.get(f"{LOGS}/{answer.json()['run_id']}")
    assert answer.json()["status_url"].endswith(shown.url.path)
    found: dict[str, Any] = shown.json()
    return found


async def bulk(
    api: httpx.AsyncClient, status: int = 200, headers: dict[str, str] | None = None, **body: Any
) -> dict[str, Any]:
    answer = await api.post(f"{LOGS}/replay", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def runs(db: Database) -> int:
    async with db.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM automation_logs"))


# one run --------------------------------------------------------------------------------------------------------------


async def test_a_run_is_replayed(api: httpx.AsyncClient, db: Database, ada: Tenant, automation: str) -> None:
    former = await ran(api, db, automation, {"n": 1})
    new = await replayed(api, former)
    assert (new["status"], new["replay_of"], new["replay_id"]) == ("queued", former, None)
    assert (new["version"], new["draft"], new["action_logs"]) == (1, False, [])
    assert (new["trigger_type"], new["trigger_data"], new["triggered_by"]) == ("manual", {"n": 1}, str(ada.user_id))
    (line,) = (await api.get(f"{LOGS}/{new['id']}/lines")).json()["items"]
    assert line["text"] == f"Replay of run {former} from the start with version 1; no step keeps its recorded result."
    (listed,) = (await api.get(LOGS, params={"replay_of": former})).json()["items"]
    assert listed["id"] == new["id"]


async def test_the_steps_before_the_failed_one_are_taken_over(
    api: httpx.AsyncClient, db: Database, automation: str
) -> None:
    former = await ran(api, db, automation)
    (old, _) = (await api.get(f"{LOGS}/{former}")).json()["action_logs"]
    new = await replayed(api, former, **{"from": "failed", "payload": None})
    (step,) = new["action_logs"]
    assert (step["step_id"], step["status"], step["output"], step["copied_from"]) == ("read", "success", 1, old["id"])
    assert (new["trigger_data"], old["copied_from"]) == (None, None)
    assert new["seq"] == 2
    line = (await api.get(f"{LOGS}/{new['id']}/lines")).json()["items"][0]
    assert line["text"] == (
        f"Replay of run {former} from failed step send with version 1 and another input;"
        " 1 step keeps its recorded result."
    )


async def test_a_dry_run_tells_and_does_nothing(api: httpx.AsyncClient, db: Database, automation: str) -> None:
    former = await ran(api, db, automation)
    other = [STEPS[0] | {"config": {"value": 2}}, {"id": "new", "type": "http", "config": POST}, *STEPS[1:]]
    await api.patch(f"/api/automations/{automation}", json={"actions": other})
    follower = {"name": "After", "trigger_type": "automation", "trigger_config": {"automation": automation}}
    await made(api, {**follower, "actions": [STEPS[0]]})
    before = await runs(db)
    answer = await api.post(f"{LOGS}/{former}/replay", json={"version": "live", "from": "failed", "dry_run": True})
    assert answer.status_code == 200, answer.text
    send = {"step_id": "send", "action_type": "http", "effect": "unsafe"}
    assert answer.json() == {
        "run_id": former, "version": 2, "draft": False, "starts": ["send"], "recorded": ["read"], "not_run": [],
        "runs_again": [send | {"step_id": "new"}, send, {"step_id": "note", "action_type": "transform",
                                                         "effect": "pure"}],
        "effects": [send | {"step_id": "new"}, send],
        "warnings": [
            "No result of the former run can be used, so these run as well: new.",
            "These are different in this version, and their recorded results are used: read.",
            "When the replay ends, 1 automation that follows this one starts once more.",
        ],
    }  # fmt: skip
    assert answer.headers["Content-Language"] == "en"
    asked = {"version": "live", "from": "failed", "dry_run": True}
    french = await api.post(f"{LOGS}/{former}/replay", json=asked, headers=FRENCH)
    assert french.headers["Content-Language"] == "fr"
    assert french.json()["warnings"] == [
        "Aucun résultat de l’exécution précédente n’est utilisable ; ces étapes s’exécutent donc aussi : new.",
        "Ces étapes diffèrent dans cette version, et leurs résultats enregistrés sont utilisés : read.",
        "À la fin de la relance, 1 automatisation qui suit celle-ci démarre une fois de plus.",
    ]
    assert await runs(db) == before


async def test_the_draft_is_run_as_it_is_and_kept(api: httpx.AsyncClient, db: Database, automation: str) -> None:
    former = await ran(api, db, automation)
    path = f"/api/automations/{automation}"
    await api.patch(f"{path}?as_draft=true", json={"actions": [STEPS[0], STEPS[1] | {"id": "sent"}]})
    draft = await replayed(api, former, version="draft")
    again = await replayed(api, former, version="draft", **{"from": "sent"})
    assert [(each["version"], each["draft"]) for each in (draft, again)] == [(0, True)] * 2
    (listed,) = (await api.get(f"{path}/versions")).json()["items"]
    assert listed["number"] == 1, "a draft that was run is no version"
    published = (await api.post(f"{path}/publish")).json()
    assert published["live_version"] == 2
    await api.patch(path, json={"actions": [STEPS[0]]})
    async with db.connection() as connection:
        await connection.execute("UPDATE automation_logs SET status = 'success' WHERE id = $1", UUID(draft["id"]))
        assert await connection.fetchval("SELECT count(*) FROM draft_snapshots") == 1
    then = await replayed(api, draft["id"], **{"from": "sent"})
    assert (then["version"], then["draft"]) == (0, True)
    kept = await api.post(f"{LOGS}/{draft['id']}/replay", json={"dry_run": True})
    assert [each["step_id"] for each in kept.json()["runs_again"]] == ["read", "sent"]


async def test_the_drafts_of_a_deleted_automation_are_forgotten(
    api: httpx.AsyncClient, db: Database, automation: str
) -> None:
    await replayed(api, await ran(api, db, automation), version="draft")
    await api.delete(f"/api/automations/{automation}")
    async with db.connection() as connection:
        await connection.execute("UPDATE automation_rules SET deleted_at = now() - interval '31 days'")
    assert await forget_deleted(db) == 0, "the replay has not ended"
    async with db.connection() as connection:
        await connection.execute("DELETE FROM run_queue")
    assert await forget_deleted(db) == 1
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM draft_snapshots") == 0


async def test_a_draft_that_could_not_be_published_is_refused(
    api: httpx.AsyncClient, db: Database, automation: str
) -> None:
    former = await ran(api, db, automation)
    wrong = [{"id": "a", "type": "transform", "config": {"value": "{{ steps.gone.output }}"}}]
    await api.patch(f"/api/automations/{automation}?as_draft=true", json={"actions": wrong})
    for dry_run in (True, False):
        answer = await api.post(f"{LOGS}/{former}/replay", json={"version": "draft", "dry_run": dry_run})
        assert problem(answer, 422, "draft_invalid")["errors"][0]["at"].startswith("actions[0]")
    found = await bulk(api, filter={"ids": [former]}, version="draft")
    assert (found["runs"], found["not_replayable"][0]["code"]) == (0, "draft_invalid")
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM draft_snapshots") == 0


async def test_an_automation_that_is_switched_off_is_replayed_by_hand(
    api: httpx.AsyncClient, db: Database, automation: str
) -> None:
    former = await ran(api, db, automation)
    await api.patch(f"/api/automations/{automation}", json={"enabled": False})
    assert (await replayed(api, former))["status"] == "queued"


async def test_states_in_which_nothing_is_replayed(api: httpx.AsyncClient, db: Database, automation: str) -> None:
    former = await ran(api, db, automation)
    path = f"{LOGS}/{former}/replay"
    for status in ("queued", "running", "waiting"):
        async with db.connection() as connection:
            await connection.execute("UPDATE automation_logs SET status = $1", status)
        assert status in problem(await api.post(path), 409, "run_not_ended")["detail"]
    async with db.connection() as connection:
        await connection.execute("UPDATE automation_logs SET status = 'cancelled'")
        await connection.execute("UPDATE automation_rules SET live_version = NULL")
    problem(await api.post(path, json={"version": "live"}), 409, "automation_not_published")
    problem(await api.post(path, json={"from": "failed"}), 422, "run_not_failed")
    async with db.connection() as connection:
        await connection.execute("UPDATE automation_logs SET version = 7")
    problem(await api.post(path), 409, "version_not_kept")
    await api.delete(f"/api/automations/{automation}")
    for version in ("then", "live", "draft"):
        problem(await api.post(path, json={"version": version}), 409, "automation_deleted")
    assert await runs(db) == 1


@pytest.mark.parametrize(
    "start", ["", "nothing", "x" * 61, "step:", "send'; DROP TABLE users; --", "{{ 7 * 7 }}", "%00", "\u202e", 7, None]
)
async def test_steps_that_are_none(api: httpx.AsyncClient, db: Database, automation: str, start: Any) -> None:
    former = await ran(api, db, automation)
    answer = await api.post(f"{LOGS}/{former}/replay", json={"from": start})
    assert answer.status_code == 422, answer.text
    if answer.json()["code"] == "step_not_found":
        assert answer.json()["detail"].endswith("there are: read, send, note.")
    assert answer.json()["errors"][0]["at"] == "from"


async def test_bodies_that_are_none(api: httpx.AsyncClient, db: Database, automation: str) -> None:
    former = await ran(api, db, automation)
    for body in ({"version": 3}, {"version": "old"}, {"start": "send"}, {"dry_run": "perhaps"}, [], "x"):
        problem(await api.post(f"{LOGS}/{former}/replay", json=body), 422, "invalid_request")
    for body in (
        {}, {"filter": {"ids": []}}, {"filter": {"colour": "red"}}, {"filter": {"ids": ["x"]}},
        {"filter": {"from": "2026-01-01"}}, {"filter": {}, "payload": 1}, {"filter": {}, "expected": -1},
        {"filter": {"ids": [str(new_id())] * 1001}}, {"filter": {"q": "\x00"}},
    ):  # fmt: skip
        problem(await api.post(f"{LOGS}/replay", json=body), 422, "invalid_request")
    problem(await api.post(f"{LOGS}/{new_id()}/replay"), 404, "run_not_found")
    problem(await api.post(f"{LOGS}/17/replay"), 404, "not_found")
    assert await runs(db) == 1


async def test_once_per_idempotency_key(api: httpx.AsyncClient, db: Database, automation: str) -> None:
    former = await ran(api, db, automation)
    key = {"Idempotency-Key": "k1"}
    dry = await api.post(f"{LOGS}/{former}/replay", json={"dry_run": True}, headers=key)
    assert dry.status_code == 200
    answers = await asyncio.gather(
        *(api.post(f"{LOGS}/{former}/replay", json={"from": "send"}, headers=key) for _ in range(10))
    )
    good = {answer.json()["run_id"] for answer in answers if answer.status_code == 202}
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len(good) == 1
    problem(await api.post(f"{LOGS}/{former}/replay", json={}, headers=key), 422, "idempotency_key_reused")
    assert await runs(db) == 2


async def test_strangers_and_viewers(
    api: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant, automation: str
) -> None:
    former = await ran(api, db, automation)
    for body in ({}, {"dry_run": True}, {"version": "draft"}):
        answer = await api.post(f"{LOGS}/{former}/replay", json=body, headers=eve.headers)
        problem(answer, 404, "run_not_found")
    foreign = await api.post(f"{LOGS}/replay", json={"filter": {"ids": [former]}}, headers=eve.headers)
    assert (foreign.json()["runs"], foreign.json()["not_replayable"]) == (0, [])
    named = {"filter": {"automation_id": automation}}
    problem(await api.post(f"{LOGS}/replay", json=named, headers=eve.headers), 404, "automation_not_found")
    async with db.connection() as connection:
        await connection.execute("UPDATE workspace_members SET role = 'viewer' WHERE user_id = $1", ada.user_id)

    async def refused() -> bool:
        return (await api.post(f"{LOGS}/{former}/replay", json={"dry_run": True})).status_code == 403

    await until(refused)
    problem(await api.post(f"{LOGS}/{former}/replay"), 403, "role_missing")
    for body in ({"filter": {}}, {"filter": {}, "dry_run": False, "expected": 1}):
        problem(await api.post(f"{LOGS}/replay", json=body), 403, "role_missing")
    assert await runs(db) == 1


async def test_where_a_replay_can_not_start_is_told_in_french(
    api: httpx.AsyncClient, db: Database, automation: str
) -> None:
    former = await ran(api, db, automation)
    answer = await api.post(f"{LOGS}/{former}/replay", json={"from": "nowhere"}, headers=FRENCH)
    (fault,) = problem(answer, 422, "step_not_found")["errors"]
    assert fault["message"] == "Cette version n’a pas d’étape 'nowhere' ; il y a : read, send, note."


# many runs ------------------------------------------------------------------------------------------------------------


async def test_many_runs_first_told_then_replayed(api: httpx.AsyncClient, db: Database, automation: str) -> None:
    formers = [await ran(api, db, automation, {"n": number}) for number in range(3)]
    well = await ran(api, db, automation, failed=False)
    await replayed(api, formers[0])
    chosen: dict[str, Any] = {"filter": {"automation_id": automation}, "from": "failed"}
    told = await bulk(api, **chosen)
    assert (told["runs"], told["run_ids"]) == (3, formers)
    left_out = told["not_replayable"]
    assert [each["code"] for each in left_out] == ["run_not_failed", "run_not_ended"]
    assert left_out[0]["run_id"] == well
    assert told["effects"] == [
        {"automation_id": automation, "step_id": "send", "action_type": "http", "effect": "unsafe", "count": 3}
    ]
    assert told["warnings"] == ["1 of these runs was replayed before."]
    french = await bulk(api, headers=FRENCH, **chosen)
    assert french["warnings"] == ["1 de ces exécutions a déjà été relancée."]
    assert [each["reason"] for each in french["not_replayable"]] == [
        "Cette exécution n’a pas échoué : nommez l’étape d’où repartir, ou start.",
        "Cette exécution est en file : attendez sa fin ou annulez-la, puis relancez-la.",
    ]
    problem(await api.post(f"{LOGS}/replay", json={**chosen, "dry_run": False}), 422, "invalid_request")
    wrong = {**chosen, "dry_run": False, "expected": 4}
    assert "3 now" in problem(await api.post(f"{LOGS}/replay", json=wrong), 409, "replay_count_changed")["detail"]
    key = {"Idempotency-Key": "all"}
    answers = [
        await api.post(f"{LOGS}/replay", json={**chosen, "dry_run": False, "expected": 3}, headers=key)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    started = answers[0].json()
    assert started["runs"] == 3
    assert started["runs_url"].endswith(f"{LOGS}?replay_id={started['replay_id']}")
    listed = (await api.get(LOGS, params={"replay_id": started["replay_id"]})).json()["items"]
    assert [each["status"] for each in listed] == ["queued"] * 3
    shown = [(await api.get(f"{LOGS}/{each['id']}")).json() for each in reversed(listed)]
    assert [(each["replay_of"], each["trigger_data"]["n"]) for each in shown] == list(
        zip(formers, range(3), strict=True)
    )
    assert {tuple(step["step_id"] for step in each["action_logs"]) for each in shown} == {("read",)}
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT priority, count(*) AS runs FROM run_queue GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in rows] == [(-1, 3), (0, 1)]
    assert await runs(db) == 8


async def test_what_many_runs_are_warned_of_is_counted_in_french(
    api: httpx.AsyncClient, db: Database, automation: str
) -> None:
    formers = [await ran(api, db, automation) for _ in range(2)]
    await api.patch(f"/api/automations/{automation}", json={"actions": [{**STEPS[1], "id": "sent"}]})
    chosen: dict[str, Any] = {"filter": {"ids": formers}, "version": "live", "from": "failed"}
    assert (await bulk(api, **chosen))["warnings"][0] == (
        "In 2 runs: The failed step send does not exist in this version: the replay goes on with what has no result"
        " yet."
    )
    assert (await bulk(api, headers=FRENCH, **chosen))["warnings"] == [
        "Dans 2 exécutions : L’étape en échec send n’existe pas dans cette version : la relance continue avec ce qui"
        " n’a pas encore de résultat.",
        "Dans 2 exécutions : Étapes de l’exécution précédente qui n’existent pas dans cette version : read, send.",
        "Dans 2 exécutions : Aucun résultat de l’exécution précédente n’est utilisable ; ces étapes s’exécutent donc"
        " aussi : sent.",
    ]


async def test_what_a_filter_chooses(api: httpx.AsyncClient, db: Database, automation: str) -> None:
    first, second = await ran(api, db, automation, "needle"), await ran(api, db, automation, failed=False)
    made_at = (await api.get(f"{LOGS}/{second}")).json()["created_at"]
    for chosen, expected in (
        ({}, [first, second]), ({"status": "success"}, [second]), ({"q": "needle"}, [first]),
        ({"ids": [first]}, [first]), ({"from": made_at}, [second]), ({"to": made_at}, [first]),
        ({"trigger_type": "webhook"}, []), ({"ids": [first, str(new_id())], "status": "success"}, []),
    ):  # fmt: skip
        assert (await bulk(api, filter=chosen))["run_ids"] == expected, chosen
    nothing = {"filter": {"status": "cancelled"}, "dry_run": False, "expected": 0}
    problem(await api.post(f"{LOGS}/replay", json=nothing), 422, "nothing_to_replay")
    problem(await api.post(f"{LOGS}/replay", json={"filter": {"automation_id": str(new_id())}}), 404,
            "automation_not_found")  # fmt: skip


async def test_too_many_runs_at_once(
    api: httpx.AsyncClient, db: Database, automation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await ran(api, db, automation)
    monkeypatch.setattr(replay_bulk, "MOST", 2)
    found = problem(await api.post(f"{LOGS}/replay", json={"filter": {}}), 422, "too_many_runs")
    assert "filter.from" in found["detail"]
    monkeypatch.setattr(replay_bulk, "MOST", 3)
    assert (await bulk(api, filter={}))["runs"] == 3


async def test_all_or_none(api: httpx.AsyncClient, db: Database, superuser: Database, automation: str) -> None:
    for _ in range(2):
        await ran(api, db, automation)
    async with superuser.connection() as connection:
        await connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room'; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON run_lines FOR EACH ROW EXECUTE FUNCTION refuse();"
        )
    answer = await api.post(f"{LOGS}/replay", json={"filter": {}, "dry_run": False, "expected": 2})
    assert answer.status_code == 500
    assert await runs(db) == 2
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM run_queue") == 0
