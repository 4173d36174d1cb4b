"""Questions in Slack that are answered by a button, told of over Socket Mode to a worker that listens."""

__all__ = ["room", "settings"]

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from blocks import registry
from core.approvals.asking import Asking
from core.approvals.in_chat import InChat
from core.connections.opening import Door
from core.connections.signed import Tokens
from core.db import Database
from core.ids import new_id
from core.inbound.service import Inbound
from core.keys import Keys, sealing
from core.listening.listeners import Backoff, Hears, Listeners
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.seal import Sealer
from core.settings import Settings
from tests import questions
from tests.api.conftest import Tenant
from tests.api.slack import ADA, EVE, Room, room, settings
from tests.questions import question
from tests.vendors.slack_sender import pressed
from tests.waiting import until


@dataclass
class Worker:
    """What a worker does for questions: puts them, listens, and brings what stands in the channel in line."""

    room: Room
    db: Database
    hears: Hears
    asking: Asking
    in_chat: InChat

    async def put(self) -> None:
        await self.asking.drain()
        await self.in_chat.drain()

    async def ask(self) -> tuple[UUID, dict[str, Any]]:
        """A question that only owners answer, and its message."""
        ada = self.room.ada
        rule = await questions.add_automation(self.db, ada.workspace_id, ada.user_id)
        approval = await questions.ask(self.db, ada.workspace_id, rule, question("approval", "owner"))
        await self.put()
        return approval, self.room.channel.messages[-1]

    async def state(self, approval: UUID) -> dict[str, Any]:
        path = f"/api/approvals/{approval}"
        found: dict[str, Any] = (await self.room.client.get(path, headers=self.room.ada.headers)).json()
        return found

    def press(self, message: dict[str, Any], choice: str, user: str = ADA) -> None:
        """Slack tells of it, and again until it is acknowledged."""
        room = self.room
        button = next(each for each in message["blocks"][-1]["elements"] if each["action_id"] == f"vutler:{choice}")
        action = {"action_id": button["action_id"], "value": button["value"]}
        told = pressed(room.slack.team, user, room.channel.id, message, action)
        room.slack.tell(told | {"response_url": room.hooks.response_url()}, "interactive")

    async def acknowledged(self, times: int) -> None:
        async def so_often() -> bool:
            return len(self.room.slack.sockets.acknowledged) >= times

        await until(so_often)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Listeners]:
        stop, listeners = asyncio.Event(), Listeners(self.hears, f"test/{new_id()}")
        task = asyncio.create_task(listeners.run(stop))

        async def there() -> bool:
            return bool(self.room.slack.sockets.open)

        try:
            await until(there)
            yield listeners
        finally:
            stop.set()
            await task


@pytest.fixture
async def worker(
    room: Room, db: Database, worker_db: Database, settings: Settings, keys: Keys
) -> AsyncIterator[Worker]:
    """Of an account with an app-level token, and without a signing secret."""
    fields = {"bot_token": room.slack.bot_token, "app_token": room.slack.app_token, "api_url": room.slack.api_url}
    body = {"name": "Socket", "kind": "slack", "allowed_hosts": ["127.0.0.1"], "fields": fields}
    made = await room.client.post("/api/connections", json=body, headers=room.ada.headers)
    room.connection_id = UUID(made.json()["id"])
    await _chosen(room)
    everyone, door = worker_db.for_everyone(), Door(Sealer(sealing(settings, keys)))
    async with Outgoing(Policy.of(["127.0.0.1"])) as out:
        presses = Inbound(everyone, door, out, registry.actions())
        hears = Hears(everyone, door, out, presses=presses, backoff=Backoff(0.01, 0.05))
        chat = InChat(everyone, door, out, Tokens(), "https://vutler.test")
        yield Worker(room, db, hears, Asking(everyone), chat)


async def _chosen(room: Room) -> None:
    where = {"connection_id": str(room.connection_id), "channel": "#approvals"}
    answer = await room.client.put("/api/approvals/chat", json=where, headers=room.ada.headers)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(("choice", "state", "said"), [
    ("approve", "approved", "Approved by "), ("reject", "rejected", "Rejected by "),
])  # fmt: skip
async def test_a_press_decides_and_the_message_says_so(worker: Worker, choice: str, state: str, said: str) -> None:
    """Nobody but the question needs the account; pressed twice at once, once more by the other button, late."""
    approval, message = await worker.ask()
    async with worker.listening():
        shown = dict(message)
        worker.press(shown, choice)
        worker.press(shown, choice)
        await worker.acknowledged(2)
        await worker.put()
        assert message["blocks"][-1]["elements"][0]["text"].startswith(said), "and no buttons"
        worker.press(shown, "reject" if choice == "approve" else "approve")
        await worker.acknowledged(3)
        assert f"{said.split(maxsplit=1)[0].lower()} this" in await worker.room.whispered()
    answer = await worker.state(approval)
    ada = str(worker.room.ada.user_id)
    assert (answer["state"], answer["decided_how"], answer["decided_by"]) == (state, "chat", ada)
    async with worker.db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM audit_log WHERE object_id = $1", str(approval)) == 1


async def test_who_may_not_and_who_comes_too_late(worker: Worker, eve: Tenant) -> None:
    approval, message = await worker.ask()
    worker.room.slack.user(EVE, "Eve", eve.email)
    async with worker.listening():
        worker.press(message, "approve", EVE)
        await worker.acknowledged(1)
        assert "Nobody with your mail address is asked this" in await worker.room.whispered()
        assert (await worker.state(approval))["state"] == "pending"
        async with worker.db.connection() as connection:
            await connection.execute(
                "UPDATE approvals SET deadline = now() - interval '1 second' WHERE id = $1", approval
            )
        worker.press(message, "approve")
        await worker.acknowledged(2)
        assert "has passed, and its default counts" in await worker.room.whispered()
    assert (await worker.state(approval))["state"] != "approved"


async def test_a_press_whose_acknowledgement_is_lost_decides_once(worker: Worker) -> None:
    """Slack tells of it again, by the next connection."""
    approval, message = await worker.ask()
    slack = worker.room.slack
    slack.sockets.ack_s, slack.sockets.retry_s = 1.0, (0.2, 0.2, 0.2, 0.2, 0.2)
    slack.sockets.cut = lambda number: ("before", "after", "unacknowledged", None)[min(number, 4) - 1]
    async with worker.listening():
        worker.press(message, "approve")
        await worker.acknowledged(1)
    assert slack.sockets.deliveries == 4
    assert (await worker.state(approval))["state"] == "approved"
    async with worker.db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM audit_log WHERE object_id = $1", str(approval)) == 1


async def test_only_buttons_are_heard_where_nobody_listens_to_messages(worker: Worker) -> None:
    """And nothing at all when questions go elsewhere, once the open ones are answered."""
    approval, message = await worker.ask()
    room = worker.room
    async with worker.listening() as listeners:
        room.slack.say(room.channel, ADA, "not meant for anybody")
        await worker.acknowledged(1)
        await room.client.delete("/api/approvals/chat", headers=room.ada.headers)
        worker.press(message, "approve")
        await worker.acknowledged(2)
        assert (await worker.state(approval))["state"] == "approved"
        await worker.put()
        await _chosen(room)
        await room.client.delete("/api/approvals/chat", headers=room.ada.headers)

        async def gone() -> bool:
            return not room.slack.sockets.open and listeners.count == 0

        await until(gone)
    async with worker.db.connection() as connection:
        said = await connection.fetch("SELECT text FROM messages WHERE text LIKE 'not meant%'")
    assert not said


async def test_where_to_put_questions_can_be_chosen_while_workers_listen(
    worker: Worker, api: httpx.AsyncClient
) -> None:
    room = worker.room
    await room.client.delete("/api/approvals/chat", headers=room.ada.headers)
    stop, listeners = asyncio.Event(), Listeners(worker.hears, f"test/{new_id()}")
    task = asyncio.create_task(listeners.run(stop))

    async def looked() -> bool:
        async with worker.db.connection() as connection:
            return bool(await connection.fetchval("SELECT count(*) FROM listeners"))

    async def open_one() -> bool:
        return bool(room.slack.sockets.open)

    try:
        await until(looked)
        assert not room.slack.sockets.open
        await _chosen(room)
        await until(open_one)
        told = (await api.get(f"/api/connections/{room.connection_id}", headers=room.ada.headers)).json()
        assert told["listening"]["state"] in ("starting", "listening")
    finally:
        stop.set()
        await task
