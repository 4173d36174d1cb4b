"""Rooms and messages of the workspace's own: who sees what, what is unread, what starts."""

import asyncio
import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from core.db import Database
from core.ids import new_id
from tests.api.automations import made
from tests.api.conftest import Tenant, problem, until

LISTENING: dict[str, Any] = {
    "name": "Listens",
    "trigger_type": "message",
    "trigger_config": {"channels": ["general"], "keyword": "Invoice"},
    "actions": [{"type": "transform", "config": {"value": "{{ trigger.data.text }}"}}],
}


async def general(api: httpx.AsyncClient, **headers: str) -> dict[str, Any]:
    listed = (await api.get("/api/channels", headers=headers)).json()["items"]
    return next(each for each in listed if each["name"] == "general")


async def join(db: Database, ada: Tenant, other: Tenant, role: str) -> dict[str, str]:
    """Another person comes into Ada's workspace; gives their headers there."""
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ($1, $2, $3)",
            ada.workspace_id, other.user_id, role,
        )  # fmt: skip
    return other.headers | {"X-Workspace-Id": str(ada.workspace_id)}


async def add_agent(db: Database, tenant: Tenant, slug: str = "sales_pro") -> UUID:
    async with db.connection() as connection:
        agent_id: UUID = await connection.fetchval(
            "INSERT INTO agents (id, workspace_id, slug, name) VALUES ($1, $2, $3, 'Sales Pro')"
            " ON CONFLICT (workspace_id, slug) WHERE deleted_at IS NULL DO UPDATE SET name = excluded.name"
            " RETURNING id",
            new_id(), tenant.workspace_id, slug,
        )  # fmt: skip
    return agent_id


async def say(api: httpx.AsyncClient, channel: str, text: str, **more: Any) -> dict[str, Any]:
    headers = more.pop("headers", {})
    answer = await api.post(f"/api/channels/{channel}/messages", json={"text": text, **more}, headers=headers)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def runs(db: Database, ada: Tenant) -> list[dict[str, Any]]:
    async with db.connection() as connection:
        rows = await connection.fetch(
            "SELECT id, rule_id, trigger_type, trigger_data, status, depth, parent_id FROM automation_logs"
            " WHERE workspace_id = $1 ORDER BY id",
            ada.workspace_id,
        )
    return [dict(row) for row in rows]


async def test_every_workspace_has_a_general_room(api: httpx.AsyncClient) -> None:
    room = await general(api)
    assert (room["kind"], room["is_open"], room["archived"], room["unread"]) == ("room", True, False, 0)
    answer = await api.post("/api/workspaces", json={"name": "Second"})
    assert await general(api, **{"X-Workspace-Id": answer.json()["id"]}) != room


async def test_a_message_starts_who_wants_it_in_the_same_transaction(
    api: httpx.AsyncClient, db: Database, ada: Tenant
) -> None:
    rule = (await made(api, LISTENING))["id"]
    room = await general(api)
    assert (await api.patch(f"/api/automations/{rule}", json={"enabled": True})).status_code == 200
    await say(api, room["id"], "hello")
    said = await say(api, room["id"], "Where is my invoice, @sales_pro?")
    (run,) = await runs(db, ada)
    assert (str(run["rule_id"]), run["trigger_type"]) == (rule, "message")
    data = run["trigger_data"]
    assert data["id"] == data["thread"] == said["id"]
    assert data["conversation"] == f"{room['id']}/{said['id']}"
    assert data["text"] == "Where is my invoice, @sales_pro?"
    assert data["author"]["id"] == str(ada.user_id)
    assert data["author"]["kind"] == "user"
    assert (data["channel"], data["channel_name"], data["mentions"]) == (room["id"], "general", ["sales_pro"])
    answer = await say(api, room["id"], "The invoice of May", thread_id=said["id"])
    assert answer["thread_id"] == said["id"]
    assert (await runs(db, ada))[1]["trigger_data"]["conversation"] == data["conversation"]


async def test_the_same_post_twice_is_one_message(api: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    await made(api, LISTENING)
    room, key = await general(api), {"Idempotency-Key": "k1"}
    first = await say(api, room["id"], "an invoice", headers=key)
    assert (await say(api, room["id"], "an invoice", headers=key)) == first
    assert len(await runs(db, ada)) == 1
    path = f"/api/channels/{room['id']}/messages"
    problem(await api.post(path, json={"text": "b"}, headers=key), 422, "idempotency_key_reused")


async def test_pages_threads_and_search(api: httpx.AsyncClient) -> None:
    room = await general(api)
    said = [(await say(api, room["id"], f"message 10{n}%"))["id"] for n in range(5)]
    reply = await say(api, room["id"], "an answer", thread_id=said[1])
    path = f"/api/channels/{room['id']}/messages"
    page = (await api.get(path, params={"limit": 2})).json()
    assert [each["id"] for each in page["items"]] == [said[4], said[3]]
    page = (await api.get(path, params={"limit": 3, "cursor": page["next_cursor"]})).json()
    assert [(each["id"], each["replies"]) for each in page["items"]] == [(said[2], 0), (said[1], 1), (said[0], 0)]
    assert page["next_cursor"] is None
    caught = (await api.get(path, params={"after": said[1], "limit": 2})).json()
    assert [each["id"] for each in caught["items"]] == [said[2], said[3]]
    more = (await api.get(path, params={"after": said[1], "cursor": caught["next_cursor"]})).json()
    assert [each["id"] for each in more["items"]] == [said[4]]
    thread = (await api.get(path, params={"thread": said[1]})).json()["items"]
    assert [each["id"] for each in thread] == [reply["id"], said[1]]
    found = (await api.get("/api/messages", params={"q": "AN ANSW"})).json()["items"]
    assert [each["id"] for each in found] == [reply["id"]]
    assert len((await api.get("/api/messages", params={"q": "101%"})).json()["items"]) == 1
    assert (await api.get("/api/messages", params={"q": "1_1"})).json()["items"] == []
    problem(await api.get("/api/messages", params={"q": "x"}), 422, "invalid_request")
    problem(await api.get(path, params={"thread": str(new_id())}), 404, "message_not_found")


async def test_unread_and_read_marks(api: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant) -> None:
    headers = await join(db, ada, eve, "viewer")
    room = await general(api)
    said = [(await say(api, room["id"], f"m{n}"))["id"] for n in range(3)]
    assert (await general(api))["unread"] == 0, "one's own are not unread"
    theirs = await general(api, **headers)
    assert (theirs["unread"], theirs["member"]) == (3, False)
    path = f"/api/channels/{room['id']}/read"
    answer = await api.post(path, json={"message_id": said[1]}, headers=headers)
    assert (answer.json()["unread"], answer.json()["member"]) == (1, True)
    await api.post(path, json={"message_id": said[0]}, headers=headers)
    assert (await general(api, **headers))["unread"] == 1, "a mark never goes back"
    assert (await api.post(path, json={}, headers=headers)).json()["unread"] == 0
    await say(api, room["id"], "by a viewer", headers=headers)
    assert (await general(api))["unread"] == 1
    problem(await api.post(path, json={"message_id": str(new_id())}, headers=headers), 404, "message_not_found")


async def test_own_messages_are_edited_and_deleted(
    api: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant
) -> None:
    headers = await join(db, ada, eve, "editor")
    await made(api, LISTENING)
    room = await general(api)
    said = await say(api, room["id"], "hello", headers=headers)
    path = f"/api/channels/{room['id']}/messages/{said['id']}"
    problem(await api.patch(path, json={"text": "mine"}), 403, "message_not_yours")
    edited = (await api.patch(path, json={"text": "an invoice"}, headers=headers)).json()
    assert (edited["text"], edited["edited_at"] is None) == ("an invoice", False)
    assert await runs(db, ada) == [], "an edit starts nothing"
    assert (await api.delete(path)).status_code == 204, "an owner deletes anybody's"
    problem(await api.delete(path, headers=headers), 404, "message_not_found")
    (shown,) = (await api.get(f"/api/channels/{room['id']}/messages")).json()["items"]
    assert (shown["deleted"], shown["text"], shown["attachments"]) == (True, "", [])


async def test_direct_rooms_are_of_those_in_them(
    api: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant
) -> None:
    headers = await join(db, ada, eve, "admin")
    agent = await add_agent(db, ada)
    room = (await api.post("/api/channels", json={"kind": "direct", "members": [str(agent)]})).json()
    again = (await api.post("/api/channels", json={"kind": "direct", "members": [str(agent)]})).json()
    assert room["id"] == again["id"]
    assert (room["is_open"], room["member"]) == (False, True)
    await say(api, room["id"], "a secret word")
    path = f"/api/channels/{room['id']}"
    for url in (path, f"{path}/messages", f"{path}/members"):
        problem(await api.get(url, headers=headers), 404, "channel_not_found")
    problem(await api.post(f"{path}/messages", json={"text": "x"}, headers=headers), 404, "channel_not_found")
    assert (await api.get("/api/messages", params={"q": "secret"}, headers=headers)).json()["items"] == []
    assert room["id"] not in (await api.get("/api/channels", headers=headers)).text
    problem(await api.post(f"{path}/members", json={"id": str(eve.user_id)}), 409, "channel_direct")
    problem(await api.patch(path, json={"topic": "x"}), 409, "channel_direct")
    problem(await api.delete(path), 409, "channel_direct")
    problem(await api.post("/api/channels", json={"kind": "direct"}), 422, "invalid_request")


async def test_rooms_are_made_changed_closed_and_archived(
    api: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant
) -> None:
    headers = await join(db, ada, eve, "viewer")
    problem(await api.post("/api/channels", json={"name": "leads"}, headers=headers), 403, "role_missing")
    answer = await api.post("/api/channels", json={"name": "leads", "topic": "New ones"})
    assert answer.status_code == 201
    path = answer.headers["location"]
    problem(await api.post("/api/channels", json={"name": "LEADS"}), 409, "channel_name_taken")
    problem(await api.post("/api/channels", json={"name": "x", "members": [str(new_id())]}), 422, "invalid_request")
    problem(await api.patch(path, json={"name": "general"}), 409, "channel_name_taken")
    assert (await api.get(path, headers=headers)).status_code == 200
    assert (await api.patch(path, json={"is_open": False})).json()["member"]
    problem(await api.get(path, headers=headers), 404, "channel_not_found")
    added = await api.post(f"{path}/members", json={"id": str(eve.user_id)})
    assert (added.status_code, added.json()["name"]) == (201, eve.email.split("@")[0])
    assert (await api.post(f"{path}/members", json={"id": str(eve.user_id)})).json() == added.json()
    assert (await api.get(path, headers=headers)).status_code == 200
    listed = (await api.get(f"{path}/members")).json()["items"]
    assert [each["user_id"] for each in listed] == [str(ada.user_id), str(eve.user_id)]
    problem(await api.delete(f"{path}/members/{listed[0]['id']}", headers=headers), 403, "role_missing")
    assert (await api.delete(f"{path}/members/{listed[1]['id']}", headers=headers)).status_code == 204
    problem(await api.delete(f"{path}/members/{listed[1]['id']}"), 404, "member_not_found")
    assert (await api.delete(path)).status_code == 204
    problem(await api.post(f"{path}/messages", json={"text": "x"}), 409, "channel_archived")
    assert path.rpartition("/")[2] in (await api.get("/api/channels", params={"archived": True})).text
    assert (await api.post("/api/channels", json={"name": "leads"})).status_code == 201


async def test_files_go_along(api: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    await made(api, LISTENING)
    room = await general(api)
    file = (await api.post("/api/files", params={"name": "a.txt"}, content=b"hello")).json()
    said = await say(api, room["id"], "the invoice", files=[file["id"]])
    (attachment,) = said["attachments"]
    assert (attachment["$file"], attachment["name"], attachment["size"]) == (file["id"], "a.txt", 5)
    assert (await runs(db, ada))[0]["trigger_data"]["attachments"] == [attachment]
    path = f"/api/channels/{room['id']}/messages"
    problem(await api.post(path, json={"text": "x", "files": [str(new_id())]}), 422, "invalid_request")


async def test_an_agent_listens_where_it_is_a_member(api: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    agent = await add_agent(db, ada)
    config = {"agent": "sales_pro", "mention": True}
    await made(api, LISTENING | {"trigger_config": config})
    event = {"event": "agent.message.received", "agent": "sales_pro"}
    follower = (await made(api, LISTENING | {"trigger_type": "agent_event", "trigger_config": event}))["id"]
    room = await general(api)
    await say(api, room["id"], "@sales_pro nobody hears this")
    assert await runs(db, ada) == []
    added = await api.post(f"/api/channels/{room['id']}/members", json={"id": str(agent)})
    assert (added.json()["agent_id"], added.json()["name"]) == (str(agent), "Sales Pro")
    await say(api, room["id"], "not to you, x@sales_pro")
    await say(api, room["id"], "@sales_pro: hello")
    found = await runs(db, ada)
    assert [each["trigger_type"] for each in found] == ["message", "agent_event"]
    assert str(found[1]["rule_id"]) == follower
    assert found[1]["trigger_data"]["content"] == "@sales_pro: hello"
    direct = (await api.post("/api/channels", json={"kind": "direct", "members": [str(agent)]})).json()
    await say(api, direct["id"], "no need to name you")
    data = (await runs(db, ada))[-2]["trigger_data"]
    assert (data["thread"], data["conversation"]) == (None, direct["id"]), "a direct room is one conversation"


async def test_what_happens_is_told_to_those_who_may_see_it(
    api: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant
) -> None:
    headers = await join(db, ada, eve, "owner")
    room = await general(api)
    closed = (await api.post("/api/channels", json={"name": "closed", "is_open": False})).json()
    seen: dict[str, list[dict[str, Any]]] = {"ada": [], "eve": []}
    connected: set[str] = set()

    async def watch(who: str, own: dict[str, str]) -> None:
        async with api.stream("GET", "/api/events/stream", headers=own) as response:
            kind = ""
            async for line in response.aiter_lines():
                connected.add(who)
                if line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("data: "):
                    seen[who].append({"kind": kind, **json.loads(line[6:])})

    watching = [asyncio.create_task(watch("ada", {})), asyncio.create_task(watch("eve", headers))]
    try:
        await until(lambda: _true(len(connected) == 2))
        secret = await say(api, closed["id"], "secret")
        said = await say(api, room["id"], "hello")
        await until(lambda: _true(len(seen["eve"]) and len(seen["ada"]) == 2))
    finally:
        for task in watching:
            task.cancel()
    message = {"kind": "message", "change": "new", "thread": None}
    assert seen["eve"] == [message | {"id": said["id"], "channel": room["id"]}]
    assert seen["ada"][0] == message | {"id": secret["id"], "channel": closed["id"]}


async def _true(value: object) -> bool:
    return bool(value)


async def test_what_is_not_a_channel_or_a_text(api: httpx.AsyncClient) -> None:
    room = await general(api)
    path = f"/api/channels/{room['id']}/messages"
    for body in ({"text": ""}, {"text": "\x00"}, {"text": "x" * 40_001}, {"text": "x", "author": "me"}, {"text": 7}):
        problem(await api.post(path, json=body), 422, "invalid_request")
    for name in ("#leads", "", "a\nb", "@x", " x", "x" * 81):
        problem(await api.post("/api/channels", json={"name": name}), 422, "invalid_request")
    problem(await api.get(f"/api/channels/{new_id()}"), 404, "channel_not_found")
    problem(await api.post(path, json={"text": "x", "thread_id": str(new_id())}), 422, "invalid_request")
    problem(await api.get("/api/channels", params={"cursor": "x"}), 422, "invalid_request")


@pytest.mark.parametrize("config", [{"channels": []}, {"regex": "(a+"}, {"channel": "x"}, {"mention": "yes!"}])
async def test_triggers_that_are_refused(api: httpx.AsyncClient, config: dict[str, Any]) -> None:
    answer = await api.post("/api/automations", json=LISTENING | {"trigger_config": config})
    assert answer.status_code == 422
