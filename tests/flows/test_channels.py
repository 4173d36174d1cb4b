"""What runs say in channels: once, whatever breaks, in our own rooms and in those of an account."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any
from uuid import UUID

import pytest
from cryptography.fernet import Fernet

from blocks import registry
from blocks.values import JsonObject
from core.channels.hearing import MOST_HOPS
from core.channels.posting import Draft, Posts
from core.connections.opening import Door
from core.db import Connection, Database
from core.ids import new_id
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.runs.record import Writer
from core.seal import Sealer
from flows.engine import Engine, Identity
from flows.execution import Tools
from flows.ledger import DatabaseLedger
from tests.core.talker import Talker, installed, talking
from tests.flows.conftest import Verbatim, Workshop
from tests.waiting import until

SEALER = Sealer([Fernet.generate_key()])


@dataclass
class Rooms:
    """A workspace with a room of its own and one of an account, and a worker."""

    workshop: Workshop
    talker: Talker
    out: Outgoing
    own: UUID
    account: UUID
    theirs: UUID

    @contextlib.asynccontextmanager
    async def engine(self) -> AsyncIterator[None]:
        identity, stop, db = Identity("testhost", "1", new_id().hex), asyncio.Event(), self.workshop.worker
        async with Writer(db, identity.owner) as writer:
            ledger = DatabaseLedger(db, door=Door(SEALER))
            tools = Tools(ledger, writer, Verbatim(), self.out, "http://vutler.test", posts=Posts(db))
            engine = Engine(identity, db, tools, registry.actions(), 100)
            task = asyncio.create_task(engine.run(stop, drain_s=2))
            try:
                yield
            finally:
                stop.set()
                await task

    async def messages(self, channel: UUID) -> list[dict[str, Any]]:
        async with self.workshop.db.connection() as connection:
            rows = await connection.fetch("SELECT * FROM messages WHERE channel_id = $1 ORDER BY id", channel)
        return [dict(row) for row in rows]

    async def listener(self, config: JsonObject, *steps: dict[str, Any]) -> UUID:
        """An automation with a live trigger for messages."""
        rule = await self.workshop.automation(*steps)
        async with self.workshop.db.connection() as connection:
            await connection.execute("UPDATE automation_rules SET enabled = true WHERE id = $1", rule)
            await connection.execute(
                "INSERT INTO automation_triggers (id, rule_id, workspace_id, type, config, position, active)"
                " VALUES ($1, $2, $3, 'message', $4, 0, true)",
                new_id(), rule, self.workshop.workspace, config,
            )  # fmt: skip
        return rule

    async def runs_of(self, rule: UUID) -> list[dict[str, Any]]:
        async with self.workshop.db.connection() as connection:
            rows = await connection.fetch("SELECT * FROM automation_logs WHERE rule_id = $1 ORDER BY id", rule)
        return [dict(row) for row in rows]


@pytest.fixture(autouse=True)
def kinds() -> Iterator[None]:
    with installed():
        yield


@pytest.fixture
async def rooms(workshop: Workshop) -> AsyncIterator[Rooms]:
    account, theirs = new_id(), new_id()
    async with talking() as talker, Outgoing(Policy.of(["127.0.0.1"])) as out:
        async with workshop.db.transaction() as connection:
            await connection.execute("INSERT INTO workspaces (id, name) VALUES ($1, 'Test')", workshop.workspace)
            own: UUID = await connection.fetchval("SELECT id FROM channels WHERE workspace_id = $1", workshop.workspace)
            await connection.execute(
                "INSERT INTO connections (id, workspace_id, kind, name, settings, sealed, secret_names, hosts)"
                " VALUES ($1, $2, 'talker', 'Talker', $3, $4, '{token}', '{127.0.0.1}')",
                account, workshop.workspace, {"url": talker.url},
                SEALER.seal(workshop.workspace, account, {"token": talker.token}),
            )  # fmt: skip
            await connection.execute(
                "INSERT INTO channels (id, workspace_id, connection_id, external_id, name, kind)"
                " VALUES ($1, $2, $3, 'C1', 'leads', 'room')",
                theirs, workshop.workspace, account,
            )  # fmt: skip
        yield Rooms(workshop, talker, out, own, account, theirs)


async def not_repeatable(rooms: Rooms) -> None:
    async with rooms.workshop.db.connection() as connection:
        await connection.execute("UPDATE connections SET settings = settings || '{\"repeatable\": false}'")


def post(channel: object, text: str = "hello", **more: Any) -> dict[str, Any]:
    config = {"channel": str(channel), "text": text, **more}
    return {"id": "a", "type": "channel", "config": config, "retry": {"max_attempts": 2, "delay_s": 0}}


async def test_in_a_room_of_our_own(rooms: Rooms) -> None:
    rule = await rooms.workshop.automation(post("#General"))
    async with rooms.engine():
        run = await rooms.workshop.ended(await rooms.workshop.start(rule))
    (said,) = await rooms.messages(rooms.own)
    assert (run["status"], run["error"]) == ("success", None)
    assert run["output"] == {"message_id": str(said["id"]), "channel": str(rooms.own)}
    assert (said["author_kind"], said["author_name"], said["is_bot"]) == ("agent", "Test", True)
    assert (said["text"], said["run_id"]) == ("hello", run["id"])
    assert said["sent_at"] is not None


async def test_the_same_step_again_is_the_same_message(rooms: Rooms) -> None:
    """As after a crash between the post and its record."""
    rule = await rooms.workshop.automation(post(rooms.own))
    async with rooms.engine():
        run = await rooms.workshop.ended(await rooms.workshop.start(rule))
    (said,) = await rooms.messages(rooms.own)
    async with rooms.workshop.db.connection() as connection:
        await connection.execute("DELETE FROM automation_action_logs WHERE log_id = $1", run["id"])
        await connection.execute("UPDATE automation_logs SET status = 'queued' WHERE id = $1", run["id"])
        await connection.execute("UPDATE run_queue SET state = 'queued', owner = NULL WHERE run_id = $1", run["id"])
    async with rooms.engine():
        again = await rooms.workshop.ended(run["id"])
    assert again["output"] == run["output"]
    assert [each["id"] for each in await rooms.messages(rooms.own)] == [said["id"]]


async def test_in_a_room_of_an_account(rooms: Rooms) -> None:
    rule = await rooms.workshop.automation(post(rooms.theirs))
    async with rooms.engine():
        run = await rooms.workshop.ended(await rooms.workshop.start(rule))
    assert (run["status"], run["error"]) == ("success", None)
    (sent,) = rooms.talker.posts
    assert (sent["channel"], sent["text"], sent["thread"]) == ("C1", "hello", None)
    (said,) = await rooms.messages(rooms.theirs)
    assert (said["external_id"], said["run_id"]) == (f"p-{sent['key']}", run["id"])
    assert run["output"]["message_id"] == str(said["id"])


@pytest.mark.parametrize("cut", ["after", "refuse"])
async def test_a_post_that_had_no_answer_is_sent_again_where_the_service_knows_repeats(rooms: Rooms, cut: str) -> None:
    rooms.talker.cut_posts = chain([cut], repeat("no"))
    rule = await rooms.workshop.automation(post(rooms.theirs))
    async with rooms.engine():
        run = await rooms.workshop.ended(await rooms.workshop.start(rule))
    assert (run["status"], run["error"]) == ("success", None)
    assert len(rooms.talker.posts) == 1
    assert len(await rooms.messages(rooms.theirs)) == 1


async def test_a_post_that_had_no_answer_is_asked_about_where_the_service_does_not(rooms: Rooms) -> None:
    await not_repeatable(rooms)
    rooms.talker.cut_posts = chain(["after"], repeat("no"))
    rule = await rooms.workshop.automation(post(rooms.theirs))
    async with rooms.engine():
        run = await rooms.workshop.wait_for(await rooms.workshop.start(rule), "waiting", "failed", "success")
        assert run["status"] == "waiting"
        assert "nobody knows whether" in str(run["wait"])
    assert len(rooms.talker.posts) == 1
    assert await rooms.messages(rooms.theirs) == [], "nothing is told that is not known"


async def test_a_refused_post_is_sent_again_also_where_the_service_does_not_know_repeats(rooms: Rooms) -> None:
    await not_repeatable(rooms)
    rooms.talker.cut_posts = chain(["refuse"], repeat("no"))
    rule = await rooms.workshop.automation(post(rooms.theirs))
    async with rooms.engine():
        run = await rooms.workshop.ended(await rooms.workshop.start(rule))
    assert run["status"] == "success"
    assert len(rooms.talker.posts) == 1


async def _heard(connection: Connection, rooms: Rooms) -> None:
    """The account's own message comes back as one of somebody else's."""
    await connection.execute(
        "INSERT INTO messages (id, workspace_id, channel_id, external_id, author_kind, text, sent_at)"
        " VALUES ($1, $2, $3, 'p1', 'outside', 'hello', now())",
        new_id(), rooms.workshop.workspace, rooms.theirs,
    )  # fmt: skip


async def test_a_message_that_the_account_heard_before_the_answer_is_one(rooms: Rooms) -> None:
    posts, run = Posts(rooms.workshop.worker), await _claimed(rooms)
    begun = await posts.begin(run, Draft("k/a/0", str(rooms.theirs), "hello"))
    async with rooms.workshop.db.connection() as connection:
        await _heard(connection, rooms)
    await posts.sent(run, begun, "p1")
    (said,) = await rooms.messages(rooms.theirs)
    assert (said["id"], said["external_id"], said["run_id"]) == (begun.message_id, "p1", run.id)
    assert (await posts.begin(run, Draft("k/a/0", str(rooms.theirs), "hello"))).done


async def test_a_message_that_the_account_hears_at_this_very_moment_is_one(rooms: Rooms) -> None:
    posts, run = Posts(rooms.workshop.worker), await _claimed(rooms)
    begun = await posts.begin(run, Draft("k/a/0", str(rooms.theirs), "hello"))

    async def held_up() -> bool:
        async with rooms.workshop.db.connection() as other:
            return bool(await other.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))

    async with rooms.workshop.db.transaction() as connection:
        await _heard(connection, rooms)
        sent = asyncio.create_task(posts.sent(run, begun, "p1"))
        await until(held_up)
    await sent
    (said,) = await rooms.messages(rooms.theirs)
    assert (said["id"], said["external_id"], said["run_id"]) == (begun.message_id, "p1", run.id)


async def _claimed(rooms: Rooms) -> Any:
    rule = await rooms.workshop.automation(post(rooms.theirs))
    run_id = await rooms.workshop.start(rule)
    row = await rooms.workshop.run(run_id)

    @dataclass
    class Run:
        id: UUID = run_id
        workspace_id: UUID = rooms.workshop.workspace
        rule_id: UUID = rule
        rule_name: str = "Test"
        root_id: UUID = row["root_id"]
        depth: int = 1
        trigger_type: str = "manual"
        trigger_data: Any = None

    return Run()


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"channel": "nowhere", "text": "x"}, "channel_not_found"),
        ({"channel": "general", "text": "x", "thread": "0199c2a4-7a1e-7cc3-9f0e-6d1f9f5b3e01"}, "thread_not_found"),
        ({"channel": "general", "text": "x", "thread": "'; DROP TABLE messages"}, "thread_not_found"),
    ],
)
async def test_posts_that_lead_nowhere(rooms: Rooms, config: dict[str, Any], code: str) -> None:
    rule = await rooms.workshop.automation({"id": "a", "type": "channel", "config": config})
    async with rooms.engine():
        run = await rooms.workshop.ended(await rooms.workshop.start(rule))
    assert (run["status"], run["error_code"]) == ("failed", code)
    assert await rooms.messages(rooms.own) == []


async def test_a_foreign_channel_is_unknown(rooms: Rooms) -> None:
    async with rooms.workshop.db.transaction() as connection:
        await connection.execute("INSERT INTO workspaces (id, name) VALUES ($1, 'Other')", other := new_id())
        foreign = await connection.fetchval("SELECT id FROM channels WHERE workspace_id = $1", other)
    rule = await rooms.workshop.automation(post(foreign))
    async with rooms.engine():
        run = await rooms.workshop.ended(await rooms.workshop.start(rule))
    assert (run["status"], run["error_code"]) == ("failed", "channel_not_found")


async def test_what_a_run_says_starts_nobody_who_did_not_ask_for_bots(rooms: Rooms, db: Database) -> None:
    deaf = await rooms.listener({"channels": ["general"]}, post(rooms.theirs))
    hears = await rooms.listener({"channels": ["general"], "bots": True, "keyword": "hello"}, post(rooms.theirs))
    rule = await rooms.workshop.automation(post(rooms.own))
    async with rooms.engine():
        run = await rooms.workshop.ended(await rooms.workshop.start(rule))
        (started,) = await rooms.runs_of(hears)
        await rooms.workshop.ended(started["id"])
    assert await rooms.runs_of(deaf) == []
    assert (started["parent_id"], started["root_id"], started["depth"]) == (run["id"], run["id"], 2)


async def test_two_that_answer_each_other_end_where_chains_end(rooms: Rooms) -> None:
    ping = await rooms.listener({"channels": ["general"], "bots": True}, post(rooms.own, "again"))
    rule = await rooms.workshop.automation(post(rooms.own, "first"))
    async with rooms.engine():
        await rooms.workshop.ended(await rooms.workshop.start(rule))
        for _ in range(2):
            for each in await rooms.runs_of(ping):
                await rooms.workshop.ended(each["id"])
    assert [each["depth"] for each in await rooms.runs_of(ping)] == [2, 3]
    assert MOST_HOPS > 3
