"""Questions to people in a channel of Slack: put there once, answered by a button by those who may."""

__all__ = ["room", "settings"]


import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from core.approvals.asking import Asking
from core.approvals.in_chat import InChat
from core.connections.opening import Door
from core.connections.signed import Tokens
from core.db import Connection, Database
from core.ids import new_id
from core.keys import Keys, sealing
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.seal import Sealer
from core.settings import Settings
from tests import questions
from tests.api.conftest import Tenant, problem
from tests.api.slack import EVE, GRACE, OUTSIDER, Room, room, settings
from tests.questions import question


@dataclass
class Putting:
    """The worker's part, driven by hand."""

    asking: Asking
    in_chat: InChat

    async def __call__(self) -> None:
        await self.asking.drain()
        await self.in_chat.drain()


@pytest.fixture
async def put(room: Room, db: Database, settings: Settings, keys: Keys) -> AsyncIterator[Putting]:
    body = {"connection_id": str(room.connection_id), "channel": "#approvals"}
    answer = await room.client.put("/api/approvals/chat", json=body, headers=room.ada.headers)
    assert answer.status_code == 200, answer.text
    async with Outgoing(Policy.of(["127.0.0.1"])) as out:
        door = Door(Sealer(sealing(settings, keys)))
        yield Putting(Asking(db), InChat(db, door, out, Tokens(), "https://vutler.test"))


async def ask(db: Database, ada: Tenant, *who: str, kind: str = "approval") -> UUID:
    rule = await questions.add_automation(db, ada.workspace_id, ada.user_id)
    return await questions.ask(db, ada.workspace_id, rule, question(kind, *(who or ("owner",))))


async def shown(room: Room, approval: UUID) -> dict[str, Any]:
    found: dict[str, Any] = (await room.client.get(f"/api/approvals/{approval}", headers=room.ada.headers)).json()
    return found


async def test_a_question_is_answered_by_a_button(room: Room, put: Putting, db: Database) -> None:
    approval = await ask(db, room.ada)
    await put()
    (message,) = room.channel.messages
    assert message["blocks"][0]["text"]["text"] == "Offer: your approval is asked for"
    assert [each.get("url") for each in message["blocks"][-1]["elements"]][-1] == "https://vutler.test/approvals"
    assert await room.press(message, "approve") == ""
    answer = await shown(room, approval)
    assert (answer["state"], answer["decided_how"], answer["decided_by"]) == ("approved", "chat", str(room.ada.user_id))
    await put()
    assert [each["type"] for each in message["blocks"]] == ["header", "section", "context"]
    assert message["blocks"][-1]["elements"][0]["text"].startswith("Approved by ")
    before = len(room.slack.asked)
    await put()
    assert len(room.slack.asked) == before


@pytest.mark.parametrize("how", ["api", "deadline"])
async def test_the_buttons_go_however_it_was_answered(room: Room, put: Putting, db: Database, how: str) -> None:
    approval = await ask(db, room.ada)
    await put()
    message = dict(room.channel.messages[0])
    if how == "api":
        await room.client.post(
            f"/api/approvals/{approval}/reject", json={"comment": "Too dear."}, headers=room.ada.headers
        )
    else:
        async with db.connection() as connection:
            await connection.execute(
                "UPDATE approvals SET state = 'expired', decided_at = now() WHERE id = $1", approval
            )
    await put()
    told = room.channel.messages[0]["blocks"][-1]["elements"][0]["text"]
    assert told.startswith("Rejected by" if how == "api" else "The deadline has passed")
    assert told.endswith("Too dear.") or how != "api"
    await room.press(message, "approve")
    assert "rejected this" in await room.whispered() or how != "api"
    assert (await shown(room, approval))["state"] == ("rejected" if how == "api" else "expired")


async def test_only_those_decide_who_may(room: Room, put: Putting, db: Database, eve: Tenant) -> None:
    approval = await ask(db, room.ada, "owner", OUTSIDER)
    await put()
    (message,) = room.channel.messages
    slack = room.slack
    slack.user(EVE, "Eve", eve.email)  # of another workspace here
    viewer = await questions.add_member(db, room.ada.workspace_id, "viewer", "val")
    slack.user("U0VAL00001", "Val", "val@example.org")
    assert viewer
    slack.user("U0GUEST001", "Guest", room.ada.email, is_restricted=True)
    slack.user("U0STRANGE1", "Strange", room.ada.email, is_stranger=True)
    slack.user("U0GONE0001", "Gone", room.ada.email, deleted=True)
    slack.user("U0BOT00002", "Bot", room.ada.email, bot=True)
    slack.user("U0UNSURE01", "Unsure", room.ada.email, is_email_confirmed=False)
    for user in (EVE, "U0VAL00001", "U0GUEST001", "U0STRANGE1", "U0GONE0001", "U0BOT00002", "U0UNSURE01", "U0NOBODY01"):
        await room.press(message, "approve", user)
        assert "Open the page" in await room.whispered(), user
    await room.press(message, "approve", team="T0OTHER001")
    assert "Open the page" in await room.whispered()
    slack.scopes.remove("users:read.email")
    await room.press(message, "approve")
    assert "Open the page" in await room.whispered()
    slack.trouble["users.info"].append(503)
    await room.press(message, "approve")
    assert "did not work just now" in await room.whispered()
    assert (await shown(room, approval))["state"] == "pending"
    slack.scopes.append("users:read.email")
    slack.user(GRACE, "Grace", OUTSIDER)
    assert await room.press(message, "reject", GRACE) == ""
    answer = await shown(room, approval)
    assert (answer["state"], answer["decided_by"], answer["decided_by_name"]) == ("rejected", OUTSIDER, "Grace")


async def test_a_press_decides_what_its_own_account_put_there(room: Room, put: Putting, db: Database) -> None:
    here = await ask(db, room.ada)
    await put()
    message = room.channel.messages[0]
    elsewhere = await ask(db, room.ada)  # not put into the channel yet
    for value in (str(elsewhere), str(new_id()), "x", ""):
        changed = message | {"blocks": [{"elements": [{"action_id": "vutler:approve", "value": value}]}]}
        await room.press(changed, "approve")
        assert "no such question" in await room.whispered()
    changed = message | {"blocks": [{"elements": [{"action_id": "vutler:done", "value": str(here)}]}]}
    await room.press(changed, "done")
    assert "by a button" in await room.whispered()
    for approval in (here, elsewhere):
        assert (await shown(room, approval))["state"] == "pending"


async def test_twenty_presses_at_once_are_one_answer(room: Room, put: Putting, db: Database) -> None:
    approval = await ask(db, room.ada)
    await put()
    message = room.channel.messages[0]
    await asyncio.gather(*(room.press(message, "approve" if n % 2 else "reject") for n in range(20)))
    assert (await shown(room, approval))["state"] in ("approved", "rejected")
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM audit_log WHERE object_id = $1", str(approval)) == 1


async def test_a_lost_answer_puts_it_once(room: Room, put: Putting, db: Database) -> None:
    await ask(db, room.ada)
    room.slack.trouble["chat.postMessage"].append("cut after")
    await put()
    assert len(room.channel.messages) == 1
    await ask(db, room.ada)
    await put.asking.drain()
    async with db.transaction() as connection:  # a worker takes it, posts, and is killed before it can note that
        (errand,) = await _taken(connection)
    await put.in_chat._bring_in_line(errand, again=False)
    async with db.transaction() as connection:
        await connection.execute("DELETE FROM approval_posts WHERE approval_id = $1", errand)
        await connection.execute("UPDATE outbox SET available_at = now() WHERE key = $1", errand)
    await put()
    assert len(room.channel.messages) == 2


async def _taken(connection: Connection) -> list[UUID]:
    rows = await connection.fetch(
        "UPDATE outbox SET attempts = attempts + 1 WHERE topic = 'approval_chat' RETURNING key"
    )
    return [row["key"] for row in rows]


async def test_a_form_is_filled_in_on_the_page(room: Room, put: Putting, db: Database) -> None:
    approval = await ask(db, room.ada)
    async with db.connection() as connection:
        await connection.execute('UPDATE approvals SET form = \'{"type": "object"}\' WHERE id = $1', approval)
    await put()
    assert [each["action_id"] for each in room.channel.messages[0]["blocks"][-1]["elements"]] == ["vutler:open"]


async def test_a_channel_that_is_gone_is_told_at_the_connection(room: Room, put: Putting, db: Database) -> None:
    room.channel.archived = True
    await ask(db, room.ada)
    await put()
    row = (await room.client.get(f"/api/connections/{room.connection_id}", headers=room.ada.headers)).json()
    assert row["last_error"] == "This channel is archived."
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM outbox WHERE topic = 'approval_chat'") == 0


async def test_where_questions_are_put(room: Room, eve: Tenant) -> None:
    path, body = "/api/approvals/chat", {"connection_id": str(room.connection_id), "channel": "#approvals"}
    nothing = {"connection_id": None, "channel": None, "updated_at": None}
    assert (await room.client.get(path, headers=room.ada.headers)).json() == nothing
    problem(await room.client.get(path), 401, "token_missing")
    problem(await room.client.put(path, json=body, headers=eve.headers), 422, "invalid_request")
    problem(
        await room.client.put(path, json=body | {"channel": "a\nb"}, headers=room.ada.headers), 422, "invalid_request"
    )
    other = {"name": "x", "kind": "http_bearer", "allowed_hosts": ["127.0.0.1"], "fields": {"token": "x" * 8}}
    made = (await room.client.post("/api/connections", json=other, headers=room.ada.headers)).json()
    wrong = await room.client.put(path, json=body | {"connection_id": made["id"]}, headers=room.ada.headers)
    assert problem(wrong, 422, "invalid_request")["errors"][0]["message"] == "This connection can't ask with buttons."
    assert (await room.client.put(path, json=body, headers=room.ada.headers)).json()["channel"] == "#approvals"
    assert (await room.client.get(path, headers=room.ada.headers)).json()["connection_id"] == str(room.connection_id)
    assert (await room.client.get(path, headers=eve.headers)).json() == nothing
    problem(await room.client.delete(path), 401, "token_missing")
    assert (await room.client.delete(path, headers=room.ada.headers)).status_code == 204
    assert (await room.client.get(path, headers=room.ada.headers)).json() == nothing
