"""Vutler as an MCP server, spoken to by the protocol's own client, and by those who don't keep to it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from api import mcp
from api.mcp_offer import TOOLS
from api.openapi import operations
from core import settings as core_settings
from core.db import Database
from core.ids import new_id
from core.settings import Settings
from tests import questions
from tests.api import coverage
from tests.api.automations import HAND, HOOK, made
from tests.api.conftest import Register, Served, Tenant, problem
from tests.api.test_connections import member
from tests.api.test_tokens import bearer, make

READING = {each.name for each in TOOLS if each.reads}
CALL: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}


@asynccontextmanager
async def client_of(served: Served, headers: dict[str, str], mode: Any = "auto") -> AsyncIterator[Client]:
    async with (
        create_mcp_http_client(headers=headers) as http,
        Client(streamable_http_client(f"{served.url}/mcp", http_client=http), mode=mode, cache=None) as found,
    ):
        yield found


async def call(served: Served, who: dict[str, str], tool: str, **arguments: Any) -> tuple[bool, Any]:
    """Whether it worked, and its value; of a refusal its words."""
    async with client_of(served, who, "legacy") as client:
        done = await client.call_tool(tool, arguments)
    text = done.content[0].text  # type: ignore[union-attr]
    if done.is_error:
        return False, text
    assert json.loads(text) == done.structured_content
    return True, done.structured_content


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_finds_its_way(served: Served, ada: Tenant, mode: str) -> None:
    async with client_of(served, ada.headers, mode) as client:
        assert client.protocol_version == mcp.NEWEST
        assert client.server_info is not None
        assert client.server_info.name == "vutler"
        assert "create_draft" in (client.instructions or "")
        listed = await client.list_tools()
        await client.send_ping()
    assert {each.name for each in listed.tools} == {each.name for each in TOOLS}
    for each in listed.tools:
        assert each.description
        assert each.annotations is not None
        assert each.annotations.read_only_hint == (each.name in READING)


async def test_an_automation_from_the_first_draft_to_its_run(
    served: Served, api: httpx.AsyncClient, ada: Tenant
) -> None:
    token = bearer(await make(api, ada, "read", "write", "run"))
    worked, draft = await call(served, token, "create_draft", definition=HOOK)
    assert worked
    assert draft["status"] == "draft"
    assert draft["webhook"]["url"]
    assert draft["webhook"]["secret"] is None
    ident = draft["id"]
    changes = {"name": "By hand", "trigger_type": "manual", "trigger_config": {}, "actions": HAND["actions"]}
    worked, draft = await call(served, token, "edit_draft", automation_id=ident, changes=changes, etag=draft["etag"])
    assert worked
    assert draft["name"] == "By hand"
    assert draft["live_version"] is None
    worked, report = await call(served, token, "validate_automation", automation_id=ident)
    assert worked
    assert report["valid"]
    worked, live = await call(served, token, "publish_automation", automation_id=ident, note="First")
    assert worked
    assert live["live_version"] == 1
    assert (await api.get(f"/api/automations/{ident}/versions")).json()["items"][0]["note"] == "First"
    once = {"automation_id": ident, "payload": {"n": 1}, "idempotency_key": "k1"}
    worked, run = await call(served, token, "run_automation", **once)
    assert worked
    assert await call(served, token, "run_automation", **once) == (True, run)
    worked, listed = await call(served, token, "list_runs", automation_id=ident, status="queued", limit=5)
    assert worked
    assert [each["id"] for each in listed["items"]] == [run["run_id"]]
    worked, found = await call(served, token, "get_run", log_id=run["run_id"])
    assert worked
    assert found["status"] == "queued"
    assert (await call(served, token, "get_run_lines", log_id=run["run_id"]))[0]
    worked, listed = await call(served, token, "list_automations", search="By hand")
    assert worked
    assert [each["id"] for each in listed["items"]] == [ident]
    assert (await call(served, token, "get_automation", automation_id=ident))[1]["live_version"] == 1
    worked, words = await call(served, token, "edit_draft", automation_id=ident, changes={"name": "x"}, etag='"1"')
    assert not worked
    assert "read it again" in words


async def test_what_a_token_made_carries_the_token(served: Served, api: httpx.AsyncClient, ada: Tenant) -> None:
    token = await make(api, ada, "write")
    _, draft = await call(served, bearer(token), "create_draft", definition=HAND)
    assert draft["created_by"] == str(ada.user_id)
    entries = (await api.get("/api/audit", params={"action": "automation.created"})).json()["items"]
    assert [(each["object_id"], each["token_id"]) for each in entries] == [(draft["id"], token["id"])]


async def test_the_catalogue_and_the_language(served: Served, ada: Tenant) -> None:
    worked, found = await call(served, ada.headers, "get_catalog")
    assert worked
    assert {"http", "mcp"} <= {each["name"] for each in found["actions"]}
    assert "input_schema" not in found["actions"][0]
    worked, found = await call(served, ada.headers, "get_catalog", name="http")
    assert worked
    assert found["actions"][0]["input_schema"]["properties"]["url"]
    worked, found = await call(served, ada.headers, "get_definition_language")
    assert worked
    assert found["properties"]["actions"]


async def test_questions_are_listed_and_answered(
    served: Served, api: httpx.AsyncClient, ada: Tenant, db: Database
) -> None:
    rule = UUID((await made(api, HAND))["id"])
    asked = await questions.ask(db, ada.workspace_id, rule, questions.question("approval", "role:editor"))
    reader, approver = [bearer(await make(api, ada, *wanted)) for wanted in (("read",), ("read", "approve"))]
    worked, listed = await call(served, reader, "list_approvals", state="pending")
    assert worked
    assert [each["id"] for each in listed["items"]] == [str(asked)]
    worked, words = await call(served, reader, "answer_approval", approval_id=str(asked), decision="approve")
    assert not worked
    assert "scope approve" in words
    worked, answered = await call(
        served, approver, "answer_approval", approval_id=str(asked), decision="reject", comment="No."
    )
    assert worked
    assert answered["state"] == "rejected"
    worked, words = await call(served, approver, "answer_approval", approval_id=str(asked), decision="approve")
    assert not worked


async def test_connections_are_listed_without_their_secrets(
    served: Served, api: httpx.AsyncClient, ada: Tenant
) -> None:
    secret = "sk-canary-5c2e"
    body = {"name": "CRM", "kind": "http_bearer", "fields": {"token": secret}, "allowed_hosts": ["crm.example.com"]}
    await api.post("/api/connections", json=body)
    worked, listed = await call(served, ada.headers, "list_connections")
    assert worked
    assert [each["name"] for each in listed["items"]] == ["CRM"]
    assert secret not in str(listed)


async def test_findings_come_back_as_words(served: Served, ada: Tenant) -> None:
    broken = HAND | {"actions": [{"id": "a", "type": "http", "config": {"url": 7}}, {"id": "a", "type": "nothing"}]}
    worked, words = await call(served, ada.headers, "create_draft", definition=broken)
    if worked:  # a draft may be unfinished
        worked, words = await call(served, ada.headers, "publish_automation", automation_id=words["id"])
    assert not worked
    assert "- actions[0].config.url: " in words
    assert "- actions[1]" in words
    worked, words = await call(served, ada.headers, "create_draft", definition=HAND, colour="red")
    assert not worked
    assert "colour" in words
    worked, words = await call(served, ada.headers, "create_draft", definition=[])
    assert not worked
    assert "definition" in words


ARGUMENTS: dict[str, Any] = {
    "definition": HAND, "changes": {"name": "x"}, "decision": "approve",
    "automation_id": None, "log_id": None, "approval_id": None,
}  # fmt: skip


def arguments_of(name: str, ids: dict[str, str]) -> dict[str, Any]:
    tool = next(each for each in TOOLS if each.name == name)
    return {each: ids.get(each) or ARGUMENTS[each] for each in tool.required}


@pytest.mark.parametrize("scope", ["read", "write", "run", "approve"])
async def test_a_token_sees_and_does_what_its_scopes_allow(
    served: Served, api: httpx.AsyncClient, ada: Tenant, scope: str
) -> None:
    token = bearer(await make(api, ada, scope))
    allowed = {
        "read": READING,
        "write": {"create_draft", "edit_draft", "publish_automation"},
        "run": {"run_automation"},
        "approve": {"answer_approval"},
    }[scope]
    nobodys = {name: str(new_id()) for name in ("automation_id", "log_id", "approval_id")}
    async with client_of(served, token, "legacy") as client:
        assert {each.name for each in (await client.list_tools()).tools} == allowed
        for tool in TOOLS:
            done = await client.call_tool(tool.name, arguments_of(tool.name, nobodys))
            refused = done.is_error and "needs an API token" in done.content[0].text  # type: ignore[union-attr]
            assert refused == (tool.name not in allowed), tool.name


async def test_a_viewer_sees_reading_tools_and_changes_nothing(
    served: Served, api: httpx.AsyncClient, ada: Tenant, register: Register, db: Database
) -> None:
    ident = (await made(api, HAND))["id"]
    viewer = await member(register, db, ada, "viewer")
    async with client_of(served, viewer, "legacy") as client:
        assert {each.name for each in (await client.list_tools()).tools} == READING | {"answer_approval"}
        for tool in TOOLS:
            if tool.role == "editor":
                done = await client.call_tool(tool.name, arguments_of(tool.name, {"automation_id": ident}))
                assert done.is_error
                assert "role editor" in done.content[0].text, tool.name  # type: ignore[union-attr]
    assert len((await api.get("/api/automations")).json()["items"]) == 1


async def test_nobody_reaches_another_workspace(
    served: Served, api: httpx.AsyncClient, ada: Tenant, eve: Tenant, db: Database
) -> None:
    rule = (await made(api, HAND))["id"]
    run = (await api.post(f"/api/automations/{rule}/run", json={})).json()["run_id"]
    asked = await questions.ask(db, ada.workspace_id, UUID(rule), questions.question("approval", "role:editor"))
    adas = {"automation_id": rule, "log_id": run, "approval_id": str(asked)}
    before = (await api.get(f"/api/automations/{rule}")).json()
    for tool in TOOLS:
        if adas.keys() & set(tool.required):
            worked, words = await call(served, eve.headers, tool.name, **arguments_of(tool.name, adas))
            nobodys = {name: str(new_id()) for name in adas}
            _, others = await call(served, eve.headers, tool.name, **arguments_of(tool.name, nobodys))
            for one, other in zip(adas.values(), nobodys.values(), strict=True):
                words, others = words.replace(one, "X"), others.replace(other, "X")
            assert not worked
            assert words == others, tool.name
        elif tool.name.startswith("list_"):
            (_, hers), (_, others) = [await call(served, who.headers, tool.name) for who in (eve, ada)]
            assert not {each["id"] for each in hers["items"]} & {each["id"] for each in others["items"]}
    assert (await api.get(f"/api/automations/{rule}")).json() == before
    assert (await api.get(f"/api/approvals/{asked}")).json()["state"] == "pending"


@pytest.mark.parametrize("ident", ["../../tokens", "%2e%2e/tokens", "x" * 36, "-" * 36])
async def test_an_id_is_an_id(served: Served, ada: Tenant, ident: str) -> None:
    worked, _ = await call(served, ada.headers, "get_automation", automation_id=ident)
    assert not worked


# the protocol, and those who don't keep to it ------------------------------------------------------------------------


async def test_who_is_not_signed_in_gets_in_nowhere(client: httpx.AsyncClient, ada: Tenant, eve: Tenant) -> None:
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    answer = await client.post("/mcp", json=ping)
    problem(answer, 401, "token_missing")
    assert answer.headers["www-authenticate"] == "Bearer"
    problem(await client.post("/mcp", json=ping, headers={"Authorization": "Bearer vut_x"}), 401, "token_invalid")
    other = eve.headers | {"X-Workspace-Id": str(ada.workspace_id)}
    problem(await client.post("/mcp", json=ping, headers=other), 404, "workspace_not_found")
    answer = await client.post("/mcp", json=ping, headers=ada.headers)
    assert answer.json() == {"jsonrpc": "2.0", "id": 1, "result": {}}
    for method in ("GET", "DELETE"):
        assert (await client.request(method, "/mcp", headers=ada.headers)).status_code == 405


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("http://127.0.0.1:8787", None), ("https://evil.example", False), ("null", False), ("http://[", False)],
)
async def test_pages_of_other_sites_are_refused(
    api: httpx.AsyncClient, settings: Settings, origin: str, allowed: bool | None
) -> None:
    shown = settings.public_url if allowed is None else origin
    answer = await api.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"}, headers={"Origin": shown})
    if allowed is None:
        assert answer.status_code == 200
    else:
        problem(answer, 403, "cross_site")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, -32700),
        (b'{"x": NaN}', 400, -32700),
        (b"[" * 5_000, 400, -32700),
        (b'"\xff"', 400, -32700),
        (b"[]", 400, -32600),
        (b"{}", 400, -32600),
        (b'{"jsonrpc": "2.0", "id": {}, "method": "ping"}', 400, -32600),
        (b'{"jsonrpc": "2.0", "id": true, "method": "ping"}', 400, -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}', 200, -32602),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "resources/list"}', 200, -32601),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "rm"}}', 200, -32602),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": []}}', 200, -32602),
        (
            b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "get_catalog", "arguments": 5}}',
            200,
            -32602,
        ),
    ],
)
async def test_what_is_no_request_is_an_error_of_the_protocol(
    api: httpx.AsyncClient, body: bytes, status: int, code: int
) -> None:
    answer = await api.post("/mcp", content=body)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code


async def test_notifications_are_taken_and_old_versions_named(api: httpx.AsyncClient) -> None:
    for message in ({"method": "notifications/initialized"}, {"id": 1, "result": {}}):
        answer = await api.post("/mcp", json={"jsonrpc": "2.0"} | message)
        assert (answer.status_code, answer.content) == (202, b"")
    old = await api.post(
        "/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"}, headers={"MCP-Protocol-Version": "1999-01-01"}
    )
    assert old.status_code == 400
    assert mcp.NEWEST in old.json()["error"]["data"]["supported"]
    problem(await api.post("/mcp", content=b" " * 1_100_000), 413, "body_too_large")


async def test_a_call_counts_once_against_the_limits(api: httpx.AsyncClient, tight: None) -> None:
    for _ in range(8):
        answer = await api.post("/mcp", json=CALL | {"params": {"name": "list_runs"}})
        assert answer.status_code == 200
        assert not answer.json()["result"]["isError"], answer.text
        assert "ratelimit" in answer.headers


async def test_a_flood_is_refused(api: httpx.AsyncClient, tight: None) -> None:
    answers = [await api.post("/mcp", json=CALL | {"params": {"name": "list_runs"}}) for _ in range(12)]
    late = [each for each in answers if each.status_code == 429]
    assert late
    assert int(late[0].headers["retry-after"]) >= 1


@pytest.fixture
def tight(served: Served) -> None:
    """Limits that a test can reach."""
    rates = served.app.state.services.rates
    rates._quotas = type(rates._quotas)(address=10_000, user=8, workspace=8)


def test_every_tool_is_an_operation_as_it_is_documented() -> None:
    """Names, places and choices of the arguments are those of OpenAPI, so that neither can drift."""
    schema = coverage.application().openapi()
    known = {(method, path): operation for method, path, operation in operations(schema)}
    for tool in TOOLS:
        operation = known[tool.method, tool.path]
        parameters = {each["name"]: each for each in operation.get("parameters", [])}
        for name, wanted in tool.arguments.items():
            if name in (tool.body or ()) or name == tool.whole or (tool.name, name) == ("get_catalog", "name"):
                continue
            named = {"etag": "If-Match", "idempotency_key": "Idempotency-Key"}.get(name, name)
            assert named in parameters, (tool.name, name)
            if "enum" in wanted:
                choices = json.dumps(parameters[named]["schema"])
                assert all(f'"{each}"' in choices for each in wanted["enum"]), (tool.name, name)  # type: ignore[union-attr]
        for name in tool.query:
            assert name in parameters
        if tool.method == "GET":
            assert tool.reads


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    return core_settings.load({"VUTLER_HOME": str(tmp_path), "VUTLER_SIGNUP": "open", "VUTLER_PREFECT_PORT": "1"})
