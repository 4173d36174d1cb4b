"""Agents in a list, with how they stand and their last run; what an agent has used; the first steps of a person."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from core.db import Database
from tests.agents.served import provider, settings, worker
from tests.api.conftest import Tenant, problem
from tests.vendors.openai import OpenAIServer
from tests.waiting import until

__all__ = ["provider", "settings", "worker"]


@pytest.fixture
async def models() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as server:
        yield server


async def line(api: httpx.AsyncClient, slug: str) -> dict[str, Any]:
    listed = (await api.get("/api/agents", params={"search": slug})).json()["items"]
    found: dict[str, Any] = next(each for each in listed if each["slug"] == slug)
    return found


async def test_a_list_says_why_agents_are_offline(api: httpx.AsyncClient) -> None:
    found = await line(api, "code_bot")
    assert (found["status"], found["last_run"]) == ("offline", None)
    assert (found["reason_code"], "provider" in found["reason"]) == ("no_model_provider", True)


@pytest.mark.usefixtures("provider", "worker")
async def test_a_list_shows_the_last_run_and_usage_what_it_took(api: httpx.AsyncClient) -> None:
    before = await line(api, "code_bot")
    assert (before["status"], before["trigger_type"], before["last_run"]) == ("online", None, None)
    answer = await api.post("/api/agents/code_bot/execute", json={"prompt": "Hello"})
    assert answer.status_code == 200, answer.text
    found = await line(api, "code_bot")
    assert (found["last_run"]["status"], found["last_run"]["id"]) == ("success", answer.json()["run_id"])
    assert found["trigger_type"] == "manual"
    (day,) = (await api.get("/api/agents/code_bot/usage")).json()["items"]
    assert (day["calls"], day["failed"], day["tokens_in"], day["tokens_out"]) == (1, 0, 11, 7)
    assert day["day"] == datetime.now(UTC).date().isoformat()
    assert day["cost_usd"] > 0
    assert (await api.get("/api/agents/code_bot/usage", params={"to": "2020-01-01"})).json() == {"items": []}


async def test_usage_of_no_agent_and_of_no_days(api: httpx.AsyncClient) -> None:
    problem(await api.get("/api/agents/nobody/usage"), 404, "agent_not_found")
    days = {"from": "2026-02-01", "to": "2026-01-01"}
    problem(await api.get("/api/agents/code_bot/usage", params=days), 422, "invalid_request")


async def test_the_first_steps_are_done_once(client: httpx.AsyncClient, ada: Tenant, db: Database) -> None:
    async def when() -> str | None:
        at: str | None = (await client.get("/api/me", headers=ada.headers)).json()["user"]["onboarded_at"]
        return at

    assert await when() is None
    answer = await client.patch("/api/me", json={"onboarded": True}, headers=ada.headers)
    assert answer.status_code == 200
    first = await when()
    assert first is not None
    await client.patch("/api/me", json={"onboarded": True, "name": "Ada L."}, headers=ada.headers)
    assert await when() == first
    problem(await client.patch("/api/me", json={"onboarded": False}, headers=ada.headers), 422, "invalid_request")


async def test_templates_are_told_in_words(api: httpx.AsyncClient) -> None:
    found = (await api.get("/api/agents/templates/daily-digest", headers={"Accept-Language": "fr"})).json()
    (preview,) = found["preview"]
    assert preview["trigger_sentence"]
    assert set(preview["step_sentences"]) == {each["id"] for each in preview["actions"]}


@pytest.mark.usefixtures("provider", "worker")
@pytest.mark.parametrize("asked_before", [False, True])
async def test_an_agent_answers_whoever_writes_to_it_directly(api: httpx.AsyncClient, asked_before: bool) -> None:
    """Also one that came with the workspace and carried nothing yet, or that was only asked."""
    agent = (await line(api, "code_bot"))["id"]
    if asked_before:
        await api.post("/api/agents/code_bot/execute", json={"prompt": "Hello"})
    room = (await api.post("/api/channels", json={"kind": "direct", "members": [agent]})).json()["id"]
    await api.post(f"/api/channels/{room}/messages", json={"text": "Hello"})

    async def answered() -> bool:
        runs = (await api.get("/api/automations/logs", params={"trigger_type": "message"})).json()["items"]
        if not runs:
            return False
        steps = (await api.get(f"/api/automations/logs/{runs[0]['id']}")).json()["action_logs"]
        return ("answer", "success") in [(each["step_id"], each["status"]) for each in steps]

    await until(answered)
