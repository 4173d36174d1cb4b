"""Accounts that are listened to: each message once and in order, whatever breaks; by one worker at a time."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.fernet import Fernet

from core.connections.opening import Door
from core.db import Database
from core.ids import new_id
from core.listening import leases
from core.listening.listeners import Backoff, Hears, Listeners
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.runs.breaker import Limits
from core.seal import Sealer
from tests.core.talker import Talker, installed, talking
from tests.waiting import until

QUICK = Backoff(0.005, 0.02)
SEALER = Sealer([Fernet.generate_key()])


@dataclass
class Office:
    """A workspace with an account, an automation that listens to it, and workers."""

    db: Database
    hears: Hears
    talker: Talker
    workspace: UUID

    async def connection(self, *, token: str | None = None, name: str = "Talker") -> UUID:
        account = new_id()
        sealed = SEALER.seal(self.workspace, account, {"token": token or self.talker.token})
        async with self.db.connection() as connection:
            await connection.execute(
                "INSERT INTO connections (id, workspace_id, kind, name, settings, sealed, secret_names, hosts)"
                " VALUES ($1, $2, 'talker', $3, $4, $5, '{token}', '{127.0.0.1}')",
                account, self.workspace, name, {"url": self.talker.url}, sealed,
            )  # fmt: skip
        return account

    async def automation(self, config: dict[str, Any], **policy: Any) -> UUID:
        rule = new_id()
        async with self.db.transaction() as connection:
            await connection.execute(
                "INSERT INTO automation_rules (id, workspace_id, name, live_version, enabled)"
                " VALUES ($1, $2, 'Test', 1, true)",
                rule, self.workspace,
            )  # fmt: skip
            await connection.execute(
                "INSERT INTO automation_versions (rule_id, number, definition) VALUES ($1, 1, $2)",
                rule, {"actions": [], "policy": policy},
            )  # fmt: skip
            await connection.execute(
                "INSERT INTO automation_triggers (id, rule_id, workspace_id, type, config, position, active)"
                " VALUES ($1, $2, $3, 'message', $4, 0, true)",
                new_id(), rule, self.workspace, config,
            )  # fmt: skip
        return rule

    @asynccontextmanager
    async def worker(self, owner: str | None = None, former: str | None = None) -> AsyncIterator[Listeners]:
        stop, listeners = asyncio.Event(), Listeners(self.hears, owner or uuid4().hex, former=former)
        task = asyncio.create_task(listeners.run(stop))
        try:
            yield listeners
        finally:
            stop.set()
            await task

    async def runs(self) -> list[dict[str, Any]]:
        async with self.db.connection() as connection:
            rows = await connection.fetch(
                "SELECT id, trigger_data, rule_id FROM automation_logs WHERE workspace_id = $1 ORDER BY id",
                self.workspace,
            )
        return [dict(row) for row in rows]

    async def count(self) -> int:
        async with self.db.connection() as connection:
            found: int = await connection.fetchval(
                "SELECT count(*) FROM automation_logs WHERE workspace_id = $1", self.workspace
            )
        return found

    async def state(self, account: UUID) -> dict[str, Any]:
        async with self.db.connection() as connection:
            row = await connection.fetchrow("SELECT * FROM listening WHERE connection_id = $1", account)
        return dict(row) if row is not None else {}


@pytest.fixture(autouse=True)
def kinds() -> Iterator[None]:
    with installed():
        yield


@pytest.fixture
async def office(db: Database) -> AsyncIterator[Office]:
    workspace = new_id()
    async with db.connection() as connection:
        await connection.execute("INSERT INTO workspaces (id, name) VALUES ($1, 'Test')", workspace)
    async with talking() as talker, Outgoing(Policy.of(["127.0.0.1"])) as out:
        hears = Hears(db, Door(SEALER), out, Limits(runs_per_min=10_000), backoff=QUICK)
        yield Office(db, hears, talker, workspace)


CUTS = ["no", "sent", "no", "before", "unacknowledged", "no", "no", "unacknowledged", "sent", "before", "no"]


async def test_each_message_is_a_run_once_and_in_order_while_the_connection_is_cut(office: Office) -> None:
    await office.connection()
    await office.automation({"connection": "talker"})
    office.talker.cuts = cycle(CUTS)
    for n in range(500):
        thread = {"thread": f"m{n % 7}"} if n >= 7 else {}
        office.talker.say(f"text {n}", **thread)

    async def all_there() -> bool:
        return await office.count() >= 500

    async with office.worker(), office.worker():
        await until(all_there, seconds=90)
        assert office.talker.connected > 100, "the connection was cut all the time"
    data = [run["trigger_data"] for run in await office.runs()]
    assert [each["text"] for each in data] == [f"text {n}" for n in range(500)]
    assert len({each["id"] for each in data}) == 500
    threads: dict[str, list[int]] = {}
    for each in data:
        threads.setdefault(each["conversation"], []).append(int(each["text"].split()[1]) % 7)
    assert sorted(threads.values()) == [[n] * len(threads) for n, threads in enumerate(sorted(threads.values()))]


async def test_one_worker_listens_and_another_takes_over(office: Office) -> None:
    account = await office.connection()
    await office.automation({"connection": str(account)})
    office.talker.say("one")

    async def heard(n: int) -> bool:
        return await office.count() >= n

    async with office.worker("b") as other:
        async with office.worker("a") as first:
            await until(lambda: heard(1))
            assert first.count + other.count == 1
            assert office.talker.most_at_once == 1
        office.talker.say("two")
        await until(lambda: heard(2), seconds=20)
        assert (await office.state(account))["owner"] == "b"
        assert (await office.state(account))["state"] == "listening"
    assert (await office.state(account))["owner"] is None


async def test_what_comes_too_late_from_a_worker_that_lost_the_account_is_not_taken(office: Office) -> None:
    account = await office.connection()
    await office.automation({"connection": str(account)})
    async with office.worker("a"):

        async def listening() -> bool:
            return (await office.state(account)).get("state") == "listening"

        await until(listening)
        async with office.db.connection() as connection:
            await connection.execute("UPDATE listening SET owner = 'somebody else', cursor = '{\"at\": 1}'")
            await connection.execute(
                "INSERT INTO listeners (owner, lease_until) VALUES ('somebody else', now() + interval '1 hour')"
            )
        office.talker.say("too late")

        async def gone() -> bool:
            return office.talker.at_once == 0

        await until(gone)
    assert await office.count() == 0
    assert (await office.state(account))["cursor"] == {"at": 1}


async def test_a_killed_worker_is_followed_at_once_by_its_next_life(office: Office) -> None:
    account = await office.connection()
    await office.automation({"connection": str(account)})
    async with office.db.transaction() as connection:  # what a killed worker leaves
        await leases.refresh(connection, ["talker"])
        await leases.beat(connection, "host/1/dead")
        assert await leases.claim(connection, "host/1/dead") == 1
        assert await leases.claim(connection, "host/2/x") == 0, "it is held"
    office.talker.say("one")

    async def heard() -> bool:
        return await office.count() == 1

    async with office.worker("host/1/alive", former="host/1/"):
        await until(heard)


async def test_an_edit_of_the_connection_restarts_it_and_secrets_are_told_to_nobody(office: Office) -> None:
    account = await office.connection(token="wrong-token-8f3kz")
    await office.automation({"connection": str(account)})

    async def state(wanted: str) -> bool:
        return (await office.state(account)).get("state") == wanted

    async with office.worker():
        await until(lambda: state("waiting"))
        failed = await office.state(account)
        assert failed["error"]
        assert "8f3kz" not in failed["error"]
        await _give_token(office, account, "never")
        await until(lambda: state("refused"))
        refused = await office.state(account)
        assert (refused["error"], refused["owner"]) == ("The talker refuses the token ***.", None)
        tried = office.talker.connected
        await _give_token(office, account, "a-good-one")
        await until(lambda: state("listening"))
        assert (await office.state(account))["account"] == "BOT"
        assert office.talker.connected == tried + 1
        await _give_token(office, account, "another-good-one")  # while it listens

        async def again() -> bool:
            return office.talker.connected == tried + 2 and await state("listening")

        await until(again)
        async with office.db.connection() as connection:
            await connection.execute("DELETE FROM connections WHERE id = $1", account)

        async def gone() -> bool:
            return office.talker.at_once == 0

        await until(gone)


async def _give_token(office: Office, account: UUID, token: str) -> None:
    office.talker.token = token
    async with office.db.connection() as connection:
        await connection.execute(
            "UPDATE connections SET sealed = $2, updated_at = clock_timestamp() WHERE id = $1",
            account, SEALER.seal(office.workspace, account, {"token": token}),
        )  # fmt: skip


async def test_nobody_listens_to_what_nobody_needs(office: Office) -> None:
    account = await office.connection()
    other = await office.connection(name="Other")
    rule = await office.automation({"channels": ["general"]})
    async with office.worker() as worker:

        async def listening(n: int) -> bool:
            return worker.count == n

        async with office.db.connection() as connection:
            await leases.refresh(connection, ["talker"])
        assert (await office.state(account), worker.count) == ({}, 0)
        room = new_id()
        async with office.db.transaction() as connection:
            await connection.execute(
                "INSERT INTO channels (id, workspace_id, connection_id, external_id, name, kind)"
                " VALUES ($1, $2, $3, 'C7', 'leads', 'room')",
                room, office.workspace, account,
            )  # fmt: skip
            await connection.execute(
                "UPDATE automation_triggers SET config = $2 WHERE rule_id = $1", rule, {"channels": ["#leads"]}
            )
            await connection.execute("SELECT pg_notify('vutler_config', $1)", str(rule))
        await until(lambda: listening(1))
        assert (await office.state(account))["rooms"] == ["C7"]
        assert await office.state(other) == {}
        async with office.db.transaction() as connection:
            await connection.execute("UPDATE automation_rules SET enabled = false WHERE id = $1", rule)
            await connection.execute("SELECT pg_notify('vutler_config', $1)", str(rule))
        await until(lambda: listening(0))
        assert (await office.state(account))["wanted"] is False
