"""Trying out a step: what is rendered, what is sent, and that nothing is recorded."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import settings as core_settings
from core.automations import trial
from core.db import Database
from core.ids import new_id
from core.settings import Settings
from tests.api.automations import made
from tests.api.conftest import Tenant, problem, until
from tests.echo import Echo


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    async with Echo() as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path, echo: Echo) -> Settings:
    """Steps may reach the echo server, and nothing else of this machine."""
    return core_settings.load(
        {
            "VUTLER_HOME": str(tmp_path),
            "VUTLER_SIGNUP": "open",
            "VUTLER_PREFECT_PORT": "1",
            "VUTLER_HTTP_ALLOW_HOSTS": echo.address,
        }
    )


@pytest.fixture
async def path(api: httpx.AsyncClient, echo: Echo) -> str:
    """An automation with a step of every kind of effect."""
    crm, both = f"{echo.url}/crm", ["{{ steps.read.output.id }}", "{{ steps.1.output }}"]
    steps: list[dict[str, Any]] = [
        {"id": "read", "type": "http", "config": {"url": f"{echo.url}/leads/{{{{ trigger.data.id }}}}"}},
        {"id": "send", "type": "http", "config": {"method": "POST", "url": crm, "json": "{{ previous.output }}"}},
        {"id": "drop", "type": "http", "config": {"method": "DELETE", "url": crm}},
        {"id": "shape", "type": "transform", "config": {"value": both}},
        {"id": "slow", "type": "http", "config": {"url": f"{echo.url}/slow?s=20"}, "timeout_s": 0.2},
        {"id": "inside", "type": "http", "config": {"url": "http://{{ trigger.data }}/"}},
        {"id": "big", "type": "http", "config": {"url": f"{echo.url}/big?bytes=100000"}},
    ]  # fmt: skip
    created = await made(api, {"name": "All kinds", "trigger_type": "manual", "actions": steps})
    return f"/api/automations/{created['id']}/steps"


async def _try(api: httpx.AsyncClient, path: str, step: str, **body: Any) -> dict[str, Any]:
    answer = await api.post(f"{path}/{step}/test", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_calculation_is_done(api: httpx.AsyncClient, path: str) -> None:
    found = await _try(api, path, "shape", steps={"read": {"id": 7}, "send": {"ok": True}})
    assert (found["sent"], found["effect"], found["output"]) == (True, "pure", [7, {"ok": True}])
    assert found["rendered"] == {"value": [7, {"ok": True}]}


async def test_a_get_is_sent(api: httpx.AsyncClient, path: str, echo: Echo) -> None:
    found = await _try(api, path, "read", data={"id": 7})
    assert (found["sent"], found["effect"], found["error"]) == (True, "idempotent", None)
    assert (found["output"]["status"], found["output"]["body"]["path"]) == (200, "/leads/7")
    assert found["rendered"]["url"] == f"{echo.url}/leads/7"
    assert len(found["lines"]) == 1
    assert [(hit.method, hit.path) for hit in echo.hits] == [("GET", "/leads/7")]


@pytest.mark.parametrize("case", [("send", "POST", "unsafe"), ("drop", "DELETE", "idempotent")])
async def test_what_changes_something_is_sent_only_when_confirmed(
    api: httpx.AsyncClient, path: str, echo: Echo, case: tuple[str, str, str]
) -> None:
    step, method, effect = case
    found = await _try(api, path, step, steps={"read": {"name": "Ada"}})
    assert (found["sent"], found["output"], found["effect"]) == (False, None, effect)
    assert found["rendered"]["method"] == method
    assert echo.hits == []
    confirmed = await _try(api, path, step, steps={"read": {"name": "Ada"}}, confirm=True)
    assert (confirmed["sent"], confirmed["output"]["status"]) == (True, 200)
    assert [hit.method for hit in echo.hits] == [method]


async def test_previous_is_the_nearest_sample(api: httpx.AsyncClient, path: str) -> None:
    near = await _try(api, path, "send", steps={"read": {"name": "Ada"}})
    assert near["rendered"]["json"] == {"name": "Ada"}
    without = await _try(api, path, "send", data={"id": 1})
    assert (without["rendered"], without["sent"], without["error_code"]) == (None, False, "template_error")
    assert "previous" in without["error"]


async def test_nothing_is_recorded(api: httpx.AsyncClient, path: str, db: Database) -> None:
    await _try(api, path, "read", data={"id": 7})
    await _try(api, path, "big")
    tables = ("automation_logs", "automation_action_logs", "run_queue", "run_lines", "blobs")
    async with db.connection() as connection:
        counts = [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables]
    assert counts == [0] * len(tables)


async def test_what_goes_wrong_in_the_step_is_the_answer(api: httpx.AsyncClient, path: str, echo: Echo) -> None:
    slow = await _try(api, path, "slow")
    assert (slow["sent"], slow["error_code"]) == (True, "step_timeout")
    assert slow["duration_ms"] < 5_000
    big = await _try(api, path, "big")
    assert big["output"]["body"] == {"$blob": None, "size": 100_000, "media_type": "text/plain"}
    hits = len(echo.hits)
    for host in ("127.0.0.1:1", "localhost", "169.254.169.254", "[::1]"):
        blocked = await _try(api, path, "inside", data=host)
        assert blocked["error_code"] == "blocked_address", blocked
        assert blocked["output"] is None
    assert len(echo.hits) == hits
    wrong = await _try(api, path, "read", data={"id": "x" * 9000})
    assert wrong["error_code"] == "invalid_input"
    assert wrong["error"].startswith("config.url: ")
    assert wrong["effect"] is None


async def test_steps_that_choose_wait_or_answer(api: httpx.AsyncClient, path: str) -> None:
    cases = {"cases": [{"name": "yes", "when": "{{ trigger.data }}"}], "else": "no"}
    reply = {"status": 201, "body": "{{ previous.output }}"}
    steps = [
        {"id": "good", "type": "branch", "config": cases},
        {"id": "later", "type": "delay", "config": {"for_s": 3600}, "needs": ["good:yes"]},
        {"id": "answer", "type": "respond", "config": reply, "needs": ["later"]},
        {"id": "stop", "type": "fail", "config": {"message": "Not today"}, "needs": ["good:no"]},
    ]
    changed = await api.patch(f"{path.removesuffix('/steps')}?as_draft=true", json={"actions": steps})
    assert changed.status_code == 200, changed.text
    assert (await _try(api, path, "good", data=True))["output"] == {"case": "yes"}
    assert (await _try(api, path, "good", data=False))["output"] == {"case": "no"}
    later = await _try(api, path, "later")
    assert (later["output"], later["error"], later["waits"][:6]) == (None, None, "Waits ")
    answer = await _try(api, path, "answer", steps={"good": {"case": "yes"}})
    assert answer["output"] == {"status": 201, "headers": {}, "body": {"case": "yes"}}
    stop = await _try(api, path, "stop")
    assert (stop["error_code"], stop["error"]) == ("failed_on_purpose", "Not today")


async def test_the_draft_is_tried_out(api: httpx.AsyncClient, path: str) -> None:
    await api.patch(
        f"{path.removesuffix('/steps')}?as_draft=true",
        json={"actions": [{"id": "fresh", "type": "transform", "config": {"value": "{{ automation.name }}"}}]},
    )
    assert (await _try(api, path, "fresh"))["output"] == "All kinds"
    problem(await api.post(f"{path}/read/test", json={}), 404, "step_not_found")


async def test_without_a_body(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.post(f"{path}/drop/test")
    assert (answer.status_code, answer.json()["sent"]) == (200, False)


async def test_what_is_refused(api: httpx.AsyncClient, path: str, eve: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = await api.post(f"{path}/read/test", json={"steps": {"nobody": 1}})
    assert problem(unknown, 422, "invalid_request")["errors"][0]["at"] == "steps.nobody"
    problem(await api.post(f"{path}/read/test", json={"sample": 1}), 422, "invalid_request")
    problem(await api.post(f"/api/automations/{new_id()}/steps/read/test", json={}), 404, "automation_not_found")
    problem(await api.post(f"{path}/read/test", json={}, headers=eve.headers), 404, "automation_not_found")
    monkeypatch.setattr(trial, "_AT_ONCE", 1)
    answers = [await api.post(f"{path}/drop/test", json={}) for _ in range(3)]
    assert answers[0].status_code == 200
    assert problem(answers[-1], 429, "too_many_trials")
    assert answers[-1].headers["retry-after"]


async def test_a_viewer_tries_nothing_out(api: httpx.AsyncClient, path: str, db: Database, ada: Tenant) -> None:
    async with db.connection() as connection:
        await connection.execute("UPDATE workspace_members SET role = 'viewer' WHERE user_id = $1", ada.user_id)

    async def refused() -> bool:
        return (await api.post(f"{path}/drop/test", json={})).status_code == 403

    assert await until(refused)
