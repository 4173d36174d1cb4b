"""A worker is killed in the middle of an agent's turn, and another one goes on with it from its journal."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from core import keys as core_keys
from core import settings as core_settings
from core.caller import Caller
from core.connections.opening import Door
from core.connections.service import Connections, Given
from core.connections.signed import Tokens
from core.ids import new_id
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.runs import queue
from core.seal import Sealer
from tests.e2e.installation import Installation
from tests.e2e.test_crash_points import TURNS
from tests.vendors.mcp import TOKEN, tickets
from tests.vendors.openai import KEY, OpenAIServer
from tests.vendors.script import CallTools, Say

pytest_plugins = ("tests.prefect_fixtures", "tests.e2e.installation")
pytestmark = pytest.mark.e2e

METHODS = {"unsafe": "POST", "idempotent": "PUT"}
IN_DOUBT = {("tool_begun", "unsafe"): 0, ("tool_acted", "unsafe"): 1}  # how often the first tool had its effect


@pytest.fixture
async def models(installation: Installation) -> AsyncIterator[OpenAIServer]:
    """A model that calls two tools, one after the other, and then says so; whatever it is asked, it goes by that."""

    def says(body: dict[str, Any]) -> CallTools | Say:
        answered = sum(message["role"] == "tool" for message in body["messages"])
        asked = body["messages"][-1 - 2 * answered]["content"]
        if answered == 2:
            return Say("Both are done.")
        method = "POST" if "unsafe" in asked else "PUT"
        url = f"{installation.echo.url}/{('one', 'two')[answered]}"
        return CallTools([("http", {"method": method, "url": url, "json_body": {"n": answered}})])

    async with OpenAIServer() as server:
        server.script.otherwise = says
        hosts = f"{installation.echo.address},127.0.0.1:{server.port}"
        installation.environment["VUTLER_HTTP_ALLOW_HOSTS"] = hosts
        workspace = installation.workshop.workspace
        async with installation.workshop.db.connection() as connection:
            await connection.execute("INSERT INTO workspaces (id, name) VALUES ($1, 'Test')", workspace)
        await give_tool(installation, "http", {"hosts": ["127.0.0.1"], "methods": ["POST", "PUT"]})
        await connect(installation, "openai", {"base_url": server.url, "api_key": KEY, "default_model": "gpt-5-mini"})
        yield server


async def connect(installation: Installation, kind: str, fields: dict[str, Any]) -> None:
    settings, shop = core_settings.load(installation.environment), installation.workshop
    door = Door(Sealer(core_keys.sealing(settings, core_keys.load(settings))))
    policy = Policy.of(installation.environment["VUTLER_HTTP_ALLOW_HOSTS"].split(","))
    async with Outgoing(policy) as out:
        service = Connections(shop.db, door, out, Tokens(), policy)
        await service.create(Caller(new_id(), shop.workspace, "owner"), kind, Given(kind, fields))


async def give_tool(installation: Installation, tool: str, settings: dict[str, Any]) -> None:
    async with installation.workshop.db.connection() as connection:
        await connection.execute(
            "UPDATE agents SET tools = $2 WHERE workspace_id = $1", installation.workshop.workspace,
            [{"tool": tool, "settings": settings}],
        )  # fmt: skip


async def answer(installation: Installation, run_id: UUID, decision: str) -> None:
    async with installation.workshop.db.connection() as connection:
        assert await queue.wake(connection, run_id, "ask", {"decision": decision, "by_name": "Ada"}, "")


def hits(installation: Installation, path: str) -> int:
    return sum(hit.path == f"/{path}" for hit in installation.echo.hits)


@pytest.mark.parametrize("effect", METHODS)
@pytest.mark.parametrize("point", TURNS)
async def test_a_worker_dies_in_a_turn(
    installation: Installation, models: OpenAIServer, point: str, effect: str
) -> None:
    """Each tool had its effect once; an unsafe one of which nobody knows is asked about, and never done twice."""
    config = {"agent": "code_bot", "prompt": f"Do both, {effect}"}
    rule = await installation.workshop.automation({"id": "ask", "type": "agent", "config": config})
    run_id = await installation.workshop.start(rule, {})
    await installation.dies(installation.worker(VUTLER_CRASH_AT=point), point)
    installation.worker()
    if (point, effect) in IN_DOUBT:
        run = await installation.run(run_id, "waiting", "failed", "success")
        assert run["status"] == "waiting", run["error"]
        assert "in doubt" in run["wait"]["reason"]
        assert hits(installation, "one") == IN_DOUBT[point, effect]
        assert hits(installation, "two") == 0
        await answer(installation, run_id, "done" if IN_DOUBT[point, effect] else "repeat")
    run = await installation.run(run_id, "success", "failed", "cancelled")
    assert run["status"] == "success", run["error"]
    assert run["output"]["text"] == "Both are done."
    repeated = (point, effect) == ("tool_acted", "idempotent")
    assert (hits(installation, "one"), hits(installation, "two")) == (2 if repeated else 1, 1)
    assert len({hit.headers["idempotency-key"] for hit in installation.echo.hits}) == 2
    assert len(models.script.asked) == 3  # what was answered is not asked again
    async with installation.workshop.db.connection() as connection:
        outcomes = await connection.fetch("SELECT outcome, count(*) AS n FROM model_calls GROUP BY 1 ORDER BY 1")
    begun = [("begun", 1)] if point == "model_begun" else []
    assert [(row["outcome"], row["n"]) for row in outcomes] == [*begun, ("done", 3)]


async def test_killed_between_two_tool_calls_the_first_has_its_effect_once(
    installation: Installation, models: OpenAIServer
) -> None:
    """The second model call is held while the worker is killed by signal, without any tidying up."""
    config = {"agent": "code_bot", "prompt": "Do both, unsafe"}
    rule = await installation.workshop.automation({"id": "ask", "type": "agent", "config": config})
    run_id = await installation.workshop.start(rule, {})
    await installation.dies(installation.worker(VUTLER_CRASH_AT="model_begun:2"), "model_begun")
    assert (hits(installation, "one"), hits(installation, "two")) == (1, 0)
    installation.worker()
    run = await installation.run(run_id, "success", "failed", "waiting")
    assert run["status"] == "success", run["error"]
    assert (hits(installation, "one"), hits(installation, "two")) == (1, 1)
    assert models.script.asked


@pytest.mark.parametrize("point", ["tool_begun", "tool_acted"])
@pytest.mark.parametrize("tool", ["create_issue", "add"])
async def test_a_worker_dies_in_a_call_of_another_server(
    installation: Installation, models: OpenAIServer, tool: str, point: str
) -> None:
    """A tool that only reads, as its MCP server says, is called again; of another one a person is asked."""
    arguments = {"create_issue": {"title": "Printer"}, "add": {"a": 1, "b": 2}}[tool]

    def says(body: dict[str, Any]) -> CallTools | Say:
        return Say("Done.") if body["messages"][-1]["role"] == "tool" else CallTools([(tool, arguments)])

    models.script.otherwise = says
    async with tickets() as server:
        port = server.url.split(":")[2].split("/")[0]
        installation.environment["VUTLER_HTTP_ALLOW_HOSTS"] += f",127.0.0.1:{port}"
        await connect(installation, "mcp", {"url": server.url, "token": TOKEN})
        await give_tool(installation, "mcp", {"connection": "mcp", "tools": ["create_issue", "add"]})
        config = {"agent": "code_bot", "prompt": "Do it"}
        rule = await installation.workshop.automation({"id": "ask", "type": "agent", "config": config})
        run_id = await installation.workshop.start(rule, {})
        await installation.dies(installation.worker(VUTLER_CRASH_AT=point), point)
        installation.worker()
        calls = 1 if point == "tool_acted" else 0
        if tool == "create_issue":
            run = await installation.run(run_id, "waiting", "failed", "success")
            assert run["status"] == "waiting", run["error"]
            assert "in doubt" in run["wait"]["reason"]
            assert len(server.issues) == calls
            await answer(installation, run_id, "done" if calls else "repeat")
        run = await installation.run(run_id, "success", "failed", "cancelled")
        assert run["status"] == "success", run["error"]
        assert (len(server.issues), server.added) == ((1, 0) if tool == "create_issue" else (0, 1 + calls))
    assert len(models.script.asked) == 2  # what was answered is not asked again
