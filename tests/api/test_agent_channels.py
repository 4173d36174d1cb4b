"""Agents come into channels, and change there: each time all of it or nothing."""

import asyncio

import httpx

from core.db import Database
from tests.api.automations import running
from tests.api.conftest import Tenant, problem
from tests.api.test_agents import made
from tests.api.test_channels import join


async def _carried(db: Database, agent_id: str) -> int:
    async with db.connection() as connection:
        found: int = await connection.fetchval(
            "SELECT count(*) FROM automation_rules WHERE agent_id = $1::uuid AND deleted_at IS NULL", agent_id
        )
    return found


async def test_an_agent_that_comes_into_many_rooms_at_once_carries_one_automation(
    api: httpx.AsyncClient, db: Database
) -> None:
    agent = (await api.get("/api/agents/code_bot")).json()["id"]
    rooms = [(await api.post("/api/channels", json={"name": f"room {n}"})).json()["id"] for n in range(6)]
    came = await asyncio.gather(
        *[api.post(f"/api/channels/{room}/members", json={"id": agent}) for room in rooms],
        *[api.post("/api/channels", json={"name": f"new {n}", "members": [agent]}) for n in range(3)],
    )
    assert {each.status_code for each in came} == {201}, [each.text for each in came]
    assert await _carried(db, agent) == 1
    detail = (await api.get(f"/api/agents/{agent}")).json()
    assert (detail["trigger_type"], detail["trigger_config"]) == ("message", {"agent": "code_bot"})


async def test_rooms_that_the_caller_does_not_see_are_refused(
    api: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant
) -> None:
    board = (await api.post("/api/channels", json={"name": "board", "is_open": False})).json()["id"]
    hall = (await api.post("/api/channels", json={"name": "hall"})).json()["id"]
    agent = await made(api, name="Clerk", channels=[board])
    headers = await join(db, ada, eve, "editor")
    wrong = problem(
        await api.post("/api/agents", json={"name": "Ear", "channels": [hall, board]}, headers=headers),
        422, "agent_invalid",
    )  # fmt: skip
    assert [each["at"] for each in wrong["errors"]] == ["channels[1]"]
    mine = await made(api, name="Other")
    path = f"/api/agents/{mine['id']}"
    wrong = problem(await api.patch(path, json={"channels": [board]}, headers=headers), 422, "agent_invalid")
    assert [each["at"] for each in wrong["errors"]] == ["channels[0]"]
    theirs = (await api.get("/api/channels", headers=eve.headers)).json()["items"][0]["id"]
    problem(await api.patch(path, json={"channels": [theirs]}), 422, "agent_invalid")
    # What it hears already stays, whoever edits it.
    kept = await api.patch(f"/api/agents/{agent['id']}", json={"channels": [board, hall]}, headers=headers)
    assert kept.status_code == 200, kept.text


async def test_a_mailbox_that_can_not_change_now_changes_nothing(api: httpx.AsyncClient, db: Database) -> None:
    mail = {
        "name": "Post", "kind": "imap",
        "fields": {"host": "imap.example.com", "user": "a", "password": "b"},
    }  # fmt: skip
    inbox = await api.post("/api/connections", json=mail)
    assert inbox.status_code == 201, inbox.text
    room = (await api.post("/api/channels", json={"name": "leads"})).json()["id"]
    agent = await made(api, name="Reader", channels=[room])
    assert (await api.post(f"/api/agents/{agent['id']}/run")).status_code == 202
    await running(db, agent["automation_id"], "running")
    path = f"/api/agents/{agent['id']}"
    before = await api.get(path)
    body = {"email": {"inbox": inbox.json()["id"]}, "description": "reads mails"}
    problem(await api.patch(path, json=body), 409, "automation_running")
    after = await api.get(path)
    assert after.json() == before.json()
    assert after.headers["ETag"] == before.headers["ETag"]


async def test_an_agent_with_a_wrong_automation_is_not_made(api: httpx.AsyncClient) -> None:
    wrong = {"name": "Half", "trigger_type": "manual", "actions": [{"id": "a", "type": "no such"}]}
    problem(await api.post("/api/agents", json=wrong), 422, "automation_invalid")
    assert (await api.get("/api/agents", params={"search": "Half"})).json()["items"] == []
