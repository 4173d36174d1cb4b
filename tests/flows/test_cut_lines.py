"""Many messages over lines that are cut: each is answered once, in its thread, and in order there.

As many as `REPLIES` makes them: 100 here, 500 with 24. (500 that are heard, without answers: `tests/blocks`.)

Real kinds against the vendors' servers, a worker that listens and executes, and for events by HTTP the API as served.
The cuts come before receipt, after it, and before the acknowledgement.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from api.app import create_app
from blocks import registry
from core import keys as core_keys
from core import settings as core_settings
from core import tenancy
from core.caller import Caller
from core.channels.posting import Posts
from core.connections.opening import Door
from core.connections.service import Given
from core.db import Database
from core.ids import new_id
from core.listening.listeners import Backoff, Hears, Listeners
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.rendering.renderer import Renderer
from core.runs.breaker import Limits
from core.runs.record import Writer
from core.seal import Sealer
from flows.engine import Engine, Identity
from flows.execution import Tools
from flows.ledger import DatabaseLedger
from tests.api.conftest import opened, serve
from tests.flows.conftest import Workshop
from tests.vendors.rocketchat import RocketChat
from tests.vendors.slack import Slack
from tests.vendors.slack_sender import Sender, over_http
from tests.waiting import until

KEYS = core_keys.from_secret("a secret of the tests, 32 characters and more")
LIMITS = Limits(runs_per_min=100_000)
ROOMS, THREADS, REPLIES = 5, 4, 4
MESSAGES = ROOMS * THREADS * (1 + REPLIES)
ADA = "U0ADA00001"
WAYS = ("before", "after", "unacknowledged")


@dataclass
class Desk:
    """A worker and an API, and an automation that answers each message in its thread with its own words."""

    workshop: Workshop
    url: str
    services: Any
    hears: Hears
    renderer: Renderer

    async def connect(self, kind: str, fields: dict[str, Any]) -> UUID:
        caller = Caller(new_id(), self.workshop.workspace, "owner")
        tenancy.enter(caller.workspace_id)
        made = await self.services.connections.create(caller, kind, Given("Chat", fields, ["127.0.0.1"]))
        config = {name: f"{{{{ trigger.data.{name} }}}}" for name in ("channel", "thread", "text")}
        rule = await self.workshop.automation(
            {"id": "reply", "type": "channel", "config": config},
            overlap="queue", concurrency_key="trigger.data.conversation",
        )  # fmt: skip
        async with self.workshop.db.transaction() as connection:
            await connection.execute("UPDATE automation_rules SET enabled = true WHERE id = $1", rule)
            await connection.execute(
                "INSERT INTO automation_triggers (id, rule_id, workspace_id, type, config, position, active)"
                " VALUES ($1, $2, $3, 'message', $4, 0, true)",
                new_id(), rule, self.workshop.workspace, {"connection": "Chat"},
            )  # fmt: skip
        return UUID(str(made.id))

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        db, out, door = self.workshop.worker, self.hears.out, self.hears.door
        identity, stop = Identity("testhost", "1", new_id().hex), asyncio.Event()
        async with Writer(db, identity.owner) as writer:
            ledger = DatabaseLedger(db, LIMITS, door)
            tools = Tools(ledger, writer, self.renderer, out, "http://vutler.test", posts=Posts(db, limits=LIMITS))
            engine = Engine(identity, db, tools, registry.actions(), 50)
            tasks = [
                asyncio.create_task(engine.run(stop, drain_s=2)),
                asyncio.create_task(Listeners(self.hears, identity.owner).run(stop)),
            ]
            try:
                yield
            finally:
                stop.set()
                await asyncio.gather(*tasks)

    async def listening(self, account: UUID) -> None:
        async def stands() -> bool:
            async with self.workshop.db.connection() as connection:
                state = await connection.fetchval(
                    "SELECT state FROM listening WHERE connection_id = $1 AND cursor IS NOT NULL", account
                )
            return bool(state == "listening")

        await until(stands, seconds=60)

    async def ended(self) -> None:
        async def all_of_them() -> bool:
            async with self.workshop.db.connection() as connection:
                rows = await connection.fetch(
                    "SELECT status, count(*) AS n FROM automation_logs WHERE workspace_id = $1 GROUP BY 1",
                    self.workshop.workspace,
                )
            return sum(row["n"] for row in rows if row["status"] in ("success", "failed")) >= MESSAGES

        await until(all_of_them, seconds=300, every_s=0.2)


@pytest.fixture
async def desk(db: Database, worker_db: Database, app_dsn: str, tmp_path: Path) -> AsyncIterator[Desk]:
    workshop = Workshop(db, new_id(), worker_db)
    async with db.connection() as connection:
        await connection.execute("INSERT INTO workspaces (id, name) VALUES ($1, 'Test')", workshop.workspace)
    variables = {"VUTLER_HOME": str(tmp_path), "VUTLER_PREFECT_PORT": "1", "VUTLER_HTTP_ALLOW_HOSTS": "127.0.0.1",
                 "VUTLER_BREAKER_RUNS_PER_MIN": "10000"}  # fmt: skip
    settings = core_settings.load(variables)
    app = create_app(settings, KEYS, Database(app_dsn, application="test api", size=5))
    async with AsyncExitStack() as stack:
        out = await stack.enter_async_context(Outgoing(Policy.of(["127.0.0.1"])))
        renderer = await stack.enter_async_context(Renderer(children=1))
        served = await stack.enter_async_context(serve(app))
        await opened(app)
        door = Door(Sealer(core_keys.sealing(settings, KEYS)))
        hears = Hears(worker_db.for_everyone(), door, out, LIMITS, backoff=Backoff(0.01, 0.05))
        yield Desk(workshop, served.url, app.state.services, hears, renderer)


Says = Callable[[int, str, str | None], Awaitable[str]]


async def talk(says: Says) -> dict[str, list[str]]:
    """All rooms at once; what was said by thread, in order."""
    said: dict[str, list[str]] = {}

    async def room(number: int) -> None:
        threads = [f"room {number} thread {n}" for n in range(THREADS)]
        ids = [await says(number, text, None) for text in threads]
        said.update({ident: [text] for ident, text in zip(ids, threads, strict=True)})
        for reply in range(REPLIES):
            for n, ident in enumerate(ids):
                said[ident].append(text := f"room {number} thread {n} reply {reply}")
                await says(number, text, ident)
                await asyncio.sleep(0.01)

    await asyncio.gather(*(room(number) for number in range(ROOMS)))
    assert sum(len(each) for each in said.values()) == MESSAGES
    return said


@pytest.mark.parametrize("every", [3, 7, 13])
async def test_slack_over_socket_mode(desk: Desk, every: int) -> None:
    """Each third, seventh or thirteenth delivery cuts the connection: from almost all that is heard is caught up with,
    to almost nothing."""
    async with Slack() as slack:
        _prepare(slack)
        slack.sockets.ack_s, slack.sockets.retry_s = 1.0, (0.0, 0.2, 0.4)
        slack.sockets.cut = lambda number: WAYS[number // every % 3] if number % every == 0 else None
        rooms = [slack.channel(f"r{number}") for number in range(ROOMS)]

        async def says(number: int, text: str, thread: str | None) -> str:
            return str(slack.say(rooms[number], ADA, text, thread)["ts"])

        fields = {"bot_token": slack.bot_token, "app_token": slack.app_token, "api_url": slack.api_url}
        account = await desk.connect("slack", fields)
        async with desk.working():
            await desk.listening(account)
            said = await talk(says)
            await desk.ended()
        assert slack.sockets.opened > 2, "it was cut more than once"
        assert _answers_in(slack) == said


async def test_slack_by_http(desk: Desk) -> None:
    """A room's events one after the other, as far as they are taken."""
    async with Slack() as slack, aiohttp.ClientSession() as session:
        _prepare(slack)
        post, sent = over_http(session), 0

        async def cut(url: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
            nonlocal sent
            sent += 1
            how = WAYS[sent // 7 % 2] if sent % 7 == 0 else None
            if how == "before":
                raise ConnectionResetError
            answer = await post(url, headers, body)
            if how == "after":  # it was taken, and Slack does not know
                raise ConnectionResetError
            return answer

        sender = Sender("", cut, retry_s=(0.1,) * 200)
        rooms = [slack.channel(f"r{number}") for number in range(ROOMS)]

        async def says(number: int, text: str, thread: str | None) -> str:
            message = slack.say(rooms[number], ADA, text, thread, quiet=True)
            assert await sender.send(slack.event(rooms[number], message))
            return str(message["ts"])

        fields = {"bot_token": slack.bot_token, "signing_secret": sender.secret, "api_url": slack.api_url}
        account = await desk.connect("slack", fields)
        sender.url = f"{desk.url}/api/inbound/slack/{account}"
        async with desk.working():
            await desk.listening(account)
            said = await talk(says)
            await desk.ended()
        assert sent > MESSAGES * 1.1, "it was cut often"
        assert _answers_in(slack) == said


async def test_rocketchat(desk: Desk) -> None:
    async with RocketChat() as chat:
        chat.users[ADA] = "ada"
        chat.cut = lambda number: WAYS[number // 9 % 2] if number % 9 == 0 else None
        rooms = [chat.room(f"r{number}") for number in range(ROOMS)]

        async def says(number: int, text: str, thread: str | None) -> str:
            return str(chat.say(rooms[number], ADA, text, thread)["_id"])

        account = await desk.connect("rocketchat", {
            "server_url": chat.url, "user_id": chat.user_id, "auth_token": chat.token,
        })  # fmt: skip
        async with desk.working():
            await desk.listening(account)
            said = await talk(says)
            await desk.ended()
        assert chat.opened > 2, "it was cut, and more than once"
        answers: dict[str, list[str]] = {}
        for message in (each for room in rooms for each in room.messages if each["u"]["_id"] == chat.user_id):
            answers.setdefault(message["tmid"], []).append(message["msg"])
        assert answers == said


def _prepare(slack: Slack) -> None:
    slack.user(ADA, "ada")
    slack.tiers.clear()


def _answers_in(slack: Slack) -> dict[str, list[str]]:
    """What the app said, by thread."""
    answers: dict[str, list[str]] = {}
    for message in (each for room in slack.channels.values() for each in room.messages if each["user"] != ADA):
        answers.setdefault(message["thread_ts"], []).append(message["text"])
    return answers
