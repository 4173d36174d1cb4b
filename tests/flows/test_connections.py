"""Steps that sign their requests: what leaves, what is refused before anything leaves, what is recorded."""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from cryptography.fernet import Fernet

from blocks import registry
from core.caller import Caller
from core.connections.model import ConnectionRow, UsedBy
from core.connections.opening import Door
from core.connections.service import Connections, Given
from core.connections.signed import Tokens
from core.db import Database
from core.ids import new_id
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.runs.record import Writer
from core.seal import Sealer
from flows.engine import Engine, Identity
from flows.execution import Tools
from flows.ledger import DatabaseLedger
from tests.echo import Echo
from tests.flows.conftest import Verbatim, Workshop
from tests.oauth import Service

KEY = Fernet.generate_key()
SECRET_MARKS = ("canary", "s3cr3t", "wörd", "w\\u00f6rd", "8f3kz")


@dataclass
class Account:
    """The service of connections and a worker, over one database."""

    workshop: Workshop
    connections: Connections
    door: Door
    caller: Caller
    out: Outgoing

    async def make(
        self, kind: str, fields: dict[str, Any], hosts: list[str], used_by: UsedBy = "editors", name: str = "CRM"
    ) -> ConnectionRow:
        return await self.connections.create(self.caller, kind, Given(name, fields, hosts, used_by))

    async def automation(self, *steps: dict[str, Any], by: UUID | None = None, **policy: Any) -> UUID:
        rule = await self.workshop.automation(*steps, **policy)
        async with self.workshop.db.connection() as connection:
            await connection.execute("UPDATE automation_versions SET created_by = $2 WHERE rule_id = $1", rule, by)
        return rule

    async def member(self, role: str) -> UUID:
        user = new_id()
        async with self.workshop.db.connection() as connection:
            await connection.execute(
                "INSERT INTO users (id, email, name, password_hash) VALUES ($1, $2, 'x', 'x')", user, f"{user}@x.org"
            )
            await connection.execute(
                "INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ($1, $2, $3)",
                self.workshop.workspace, user, role,
            )  # fmt: skip
        return user

    @contextlib.asynccontextmanager
    async def engine(self) -> AsyncIterator[None]:
        identity, stop = Identity("testhost", "1", new_id().hex), asyncio.Event()
        async with Writer(self.workshop.db, identity.owner) as writer:
            ledger = DatabaseLedger(self.workshop.db, door=self.door)
            tools = Tools(ledger, writer, Verbatim(), self.out, "http://vutler.test")
            engine = Engine(identity, self.workshop.db, tools, registry.actions(), 100)
            task = asyncio.create_task(engine.run(stop, drain_s=2))
            try:
                yield
            finally:
                stop.set()
                await task

    async def run(self, rule: UUID, data: Any = None) -> dict[str, Any]:
        return await self.workshop.ended(await self.workshop.start(rule, data))

    async def dump(self) -> str:
        """Everything that is in the database, but for the sealed texts."""
        async with self.workshop.db.connection() as connection:
            names = await connection.fetch(
                "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'tenant_vutler'"
                " AND tablename !~ '_([0-9]{6}|default)$' ORDER BY 1"
            )
            texts = [
                await connection.fetchval(f"SELECT jsonb_agg(to_jsonb(t))::text FROM {row['name']} t") for row in names
            ]
        return "\n".join(filter(None, texts))


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with Service() as found:
        yield found


@pytest.fixture
async def account(db: Database, service: Service) -> AsyncIterator[Account]:
    workspace = new_id()
    async with db.connection() as connection:
        await connection.execute("INSERT INTO workspaces (id, name) VALUES ($1, 'Test')", workspace)
    async with Outgoing(Policy.of(["127.0.0.1", "localhost"])) as out:
        door = Door(Sealer([KEY]))
        connections = Connections(db, door, out, Tokens(), Policy.of(["127.0.0.1", "localhost"]))
        caller = Caller(new_id(), workspace, "owner")
        yield Account(Workshop(db, workspace, db), connections, door, caller, out)


def get(url: str, connection: str = "CRM", **more: Any) -> dict[str, Any]:
    step = {key: more.pop(key) for key in ("retry", "timeout_s", "on_error", "approval_required") if key in more}
    return {"id": "a", "type": "http", "config": {"url": url, "connection": connection, **more}, **step}


def clean(text: str) -> None:
    for mark in SECRET_MARKS:
        assert mark not in text
        for before in range(3):
            encoded = base64.b64encode(b"." * before + mark.encode()).decode()
            assert encoded[4 : len(mark) - 1] not in text or len(encoded[4 : len(mark) - 1]) < 4


@pytest.mark.parametrize(
    ("kind", "fields", "path"),
    [
        ("http_bearer", {"token": "tok-3nq8-canary"}, "/bearer"),
        ("http_basic", {"username": "vutler", "password": 'pa"ss/wörd+1'}, "/basic"),
        ("http_header", {"header": "X-Api-Key", "value": "tok-3nq8-canary"}, "/header"),
        ("oauth2_client_credentials", {"client_id": "client 1", "client_secret": "s3cr3t/%&+client"}, "/api/x"),
    ],
)
async def test_each_kind_signs_and_nothing_of_it_is_recorded(
    account: Account, service: Service, kind: str, fields: dict[str, Any], path: str
) -> None:
    if kind.startswith("oauth2"):
        fields = fields | {"token_url": f"{service.url}/token"}
    row = await account.make(kind, fields, [service.address])
    rule = await account.automation(get(service.url + path, headers={"authorization": "Bearer mine", "x-api-key": "y"}))
    by_id = await account.automation(get(service.url + path, str(row.id)))
    async with account.engine():
        for each in (rule, by_id):
            run = await account.run(each)
            assert run["status"] == "success", run["error"]
            assert run["output"]["status"] == 200
            assert "***" in json.dumps(run["output"]["body"])
            assert "***" in run["output"]["headers"]["x-you-sent"]
    record = (await account.workshop.steps(run["id"]))["a"]
    assert record["input"]["connection"] == str(row.id)
    clean(await account.dump())
    row = await account.connections.get(account.caller, row.id)
    assert row.last_used_at is not None
    assert row.last_error is None


@pytest.mark.parametrize(
    ("config", "patterns"),
    [
        ({"url": "{service}/bearer"}, ["api.example.com"]),
        ({"url": "{service}/bearer"}, ["127.0.0.1:1"]),
        ({"url": "{service}/away?to={other}/x"}, ["{service}"]),
        ({"url": "{service}/away?status=307&to={other}/x", "method": "POST", "text": "x"}, ["{service}"]),
        ({"url": "{service}/away?to={service}/away%3Fto={other}/x"}, ["{service}"]),
    ],
)
async def test_nothing_goes_to_a_host_that_is_not_allowed(
    account: Account, service: Service, config: dict[str, Any], patterns: list[str]
) -> None:
    async with Echo() as other, account.engine():

        def put(text: str) -> str:
            return text.replace("{service}", service.url).replace("{other}", other.url)

        hosts = [put(each).removeprefix("http://") for each in patterns]
        await account.make("http_bearer", {"token": "tok-3nq8-canary"}, hosts)
        url = put(config["url"])
        run = await account.run(await account.automation(get(**{**config, "url": url})))
        assert run["status"] == "failed"
        record = (await account.workshop.steps(run["id"]))["a"]
        assert record["error_code"] == "connection_not_allowed"
        assert "may not be used for 127.0.0.1:" in record["error"]
        assert other.hits == []
        if service.address not in hosts:
            assert service.seen == []


async def test_within_its_hosts_a_redirect_is_followed_but_not_signed(account: Account, service: Service) -> None:
    async with Echo() as other, account.engine():
        await account.make("http_bearer", {"token": "tok-3nq8-canary"}, ["127.0.0.1"])
        run = await account.run(await account.automation(get(f"{service.url}/away?to={other.url}/x")))
    assert run["status"] == "success"
    assert "authorization" not in other.hits[0].headers


async def test_it_is_authorised_again_when_it_is_run(account: Account, service: Service) -> None:
    row = await account.make("http_bearer", {"token": "tok-3nq8-canary"}, [service.address], "admins")
    admin, editor = await account.member("admin"), await account.member("editor")
    step = get(f"{service.url}/bearer")
    made = {by: await account.automation(step, by=by) for by in (admin, editor, None)}
    loop = {"id": "loop", "type": "for_each", "config": {"items": [1], "steps": [step | {"id": "in"}]}}
    inside = await account.automation(loop, by=admin)
    async with account.engine():
        assert (await account.run(made[admin]))["status"] == "success"
        assert (await account.run(inside))["status"] == "success"
        for by in (editor, None):
            run = await account.run(made[by])
            record = (await account.workshop.steps(run["id"]))["a"]
            assert record["error_code"] == "connection_not_allowed"
            assert "is for admins" in record["error"]
        async with account.workshop.db.connection() as connection:
            await connection.execute("DELETE FROM workspace_members WHERE user_id = $1", admin)
        assert (await account.run(made[admin]))["status"] == "failed"
        await account.connections.delete(account.caller, row.id, force=True)
        run = await account.run(made[admin])
        record = (await account.workshop.steps(run["id"]))["a"]
        assert record["error_code"] == "connection_not_found"


async def test_only_what_the_version_names_can_be_used(account: Account, service: Service) -> None:
    await account.make("http_bearer", {"token": "tok-3nq8-canary"}, [service.address])
    rule = await account.automation(get(f"{service.url}/bearer", "{{ previous.output }}"))
    async with account.engine():
        run = await account.run(rule, "CRM")
    record = (await account.workshop.steps(run["id"]))["a"]
    assert record["error_code"] == "connection_not_allowed"
    assert "No step of this version names" in record["error"]
    assert service.seen == []


async def test_foreign_and_copied_rows_do_not_open(account: Account, service: Service) -> None:
    row = await account.make("http_bearer", {"token": "tok-3nq8-canary"}, [service.address])
    other, copy = new_id(), new_id()
    async with account.workshop.db.connection() as connection:
        await connection.execute(
            "INSERT INTO connections (id, workspace_id, name, kind, settings, sealed, hosts)"
            " SELECT $2, workspace_id, 'Copy', kind, settings, sealed, hosts FROM connections WHERE id = $1",
            row.id, copy,
        )  # fmt: skip
        await connection.execute("UPDATE connections SET workspace_id = $2 WHERE id = $1", row.id, other)
    async with account.engine():
        codes = {}
        for name in ("CRM", str(row.id), "Copy"):
            run = await account.run(await account.automation(get(f"{service.url}/bearer", name)))
            codes[name] = (await account.workshop.steps(run["id"]))["a"]["error_code"]
    assert codes == {
        "CRM": "connection_not_found",
        str(row.id): "connection_not_found",
        "Copy": "connection_unreadable",
    }
    assert service.seen == []


async def test_a_token_is_fetched_once_and_again_when_it_is_refused(account: Account, service: Service) -> None:
    fields = {
        "token_url": f"{service.url}/token", "client_id": "client 1", "client_secret": "s3cr3t/%&+client",
        "scope": "a b", "audience": "https://x", "client_auth": "body",
    }  # fmt: skip
    await account.make("oauth2_client_credentials", fields, [service.address])
    rule = await account.automation(get(f"{service.url}/api/x"))
    async with account.engine():
        for _ in range(3):
            assert (await account.run(rule))["status"] == "success"
        assert service.asked == 1
        service.good.clear()
        assert (await account.run(rule))["status"] == "success"
        assert service.asked == 2
        loop = {
            "id": "l", "type": "for_each", "config": {
                "items": list(range(10)), "concurrency": 10, "steps": [get(f"{service.url}/api/x") | {"id": "in"}]
            },
        }  # fmt: skip
        service.good.clear()
        assert (await account.run(await account.automation(loop)))["status"] == "success"
        assert service.asked == 3, "ten at once fetch one"
        service.error = (400, {"error": "invalid_scope", "error_description": "no s3cr3t/%&+client here"})
        service.good.clear()
        run = await account.run(rule)
    assert run["status"] == "failed"
    assert "the scope is unknown or not allowed (no *** here)" in run["error"]
    clean(await account.dump())
    row = (await account.connections.listing(account.caller, before=None, limit=1))[0]
    assert row.last_error is not None
    assert "scope" in row.last_error


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((401, {"error": "invalid_client"}), "the client id or the client secret is wrong"),
        ((400, "<html>s3cr3t</html>"), "it answered with status 400"),
        ((200, {"token": "x"}), "it answered with status 200"),
        ((200, {"access_token": "x", "token_type": "mac"}), "no bearer token"),
        ((200, ["access_token"]), "it answered with status 200"),
        ((503, "busy"), "The token address answered with status 503"),
    ],
)
async def test_what_the_token_address_says(account: Account, service: Service, answer: Any, sentence: str) -> None:
    fields = {"token_url": f"{service.url}/token", "client_id": "client 1", "client_secret": "s3cr3t/%&+client"}
    row = await account.make("oauth2_client_credentials", fields, [service.address])
    service.error = (answer[0], answer[1]) if isinstance(answer[1], dict) else (answer[0], json.dumps(answer[1]))
    tested = await account.connections.test(account.caller, row.id)
    assert not tested.ok
    assert sentence in tested.message
    clean(tested.message)


async def test_failures_repeat_nothing(account: Account, service: Service) -> None:
    await account.make("http_bearer", {"token": "tok-3nq8-canary"}, [service.address])
    once = {"retry": {"max_attempts": 1}}
    async with account.engine():
        for path in ("/bearer?status=500", "/bearer?status=404&text=1", "/bearer?status=401&text=1"):
            run = await account.run(await account.automation(get(service.url + path, **once)))
            assert run["status"] == "failed"
            assert "***" in run["error"]
        slow = await account.run(await account.automation(get(f"{service.url}/slow", timeout_s=1, **once)))
        assert slow["status"] == "failed"
    clean(await account.dump())
    row = (await account.connections.listing(account.caller, before=None, limit=1))[0]
    assert row.last_error == "The service refused the credentials (status 401)."


async def test_an_answer_is_masked_before_it_is_cut(account: Account, service: Service) -> None:
    await account.make("http_bearer", {"token": "tok-3nq8-canary"}, [service.address])
    pad = 300 - len("Not you: Bearer tok-3nq8")  # an error repeats 300 characters
    async with account.engine():
        run = await account.run(await account.automation(get(f"{service.url}/bearer?status=422&text=1&pad={pad}")))
    assert run["error"].endswith("Not you: ***")
    assert "3nq8" not in await account.dump()


async def test_what_other_steps_bring_is_masked_too(account: Account, service: Service) -> None:
    await account.make("http_bearer", {"token": "tok-3nq8-canary"}, [service.address])
    bare = {"id": "b", "type": "http", "needs": ["a"], "config": {
        "url": f"{service.url}/header", "headers": {"X-Api-Key": "tok-3nq8-canary"},
    }}  # fmt: skip
    rule = await account.automation(get(f"{service.url}/bearer"), bare)
    async with account.engine():
        run = await account.run(rule)
    assert (run["status"], run["output"]["body"]["plain"]) == ("success", "***")
    steps = await account.workshop.steps(run["id"])
    assert "canary" not in str(steps)
    assert steps["b"]["output"]["headers"]["x-you-sent"] == "***"


async def test_large_echoes_are_masked_where_they_are_stored(account: Account, service: Service) -> None:
    await account.make("http_bearer", {"token": "tok-3nq8-canary"}, [service.address])
    async with account.engine():
        run = await account.run(await account.automation(get(f"{service.url}/bearer?times=20000")))
    blob = run["output"]["body"]["$blob"]
    async with account.workshop.db.connection() as connection:
        content: bytes = await connection.fetchval("SELECT content FROM blobs WHERE id = $1", UUID(blob))
    assert content == b"*** ***\n" * 20000


async def test_written_out_headers_are_masked_in_records_and_sent_after_an_approval(account: Account) -> None:
    headers = {"Authorization": "Bearer written-canary", "X-Count": "7"}
    async with Echo() as other:
        step = get(f"{other.url}/x", headers=headers, approval_required=True)
        del step["config"]["connection"]
        rule = await account.automation(step)
        async with account.engine():
            run_id = await account.workshop.start(rule)
            await account.workshop.wait_for(run_id, "waiting")
        record = (await account.workshop.steps(run_id))["a"]
        assert record["input"]["headers"] == {"Authorization": "***", "X-Count": "7"}
        async with account.workshop.db.transaction() as connection:
            await connection.execute(
                "UPDATE automation_action_logs SET wake = $2 WHERE id = $1", record["id"], {"decision": "approve"}
            )
            await connection.execute(
                "UPDATE run_queue SET state = 'queued', available_at = now() WHERE run_id = $1", run_id
            )
        async with account.engine():  # another worker, which has the record alone
            run = await account.workshop.ended(run_id)
    assert run["status"] == "success", run["error"]
    assert other.hits[0].headers["authorization"] == "Bearer written-canary"
    record = (await account.workshop.steps(run_id))["a"]
    assert record["input"]["headers"]["Authorization"] == "***"
