"""The tools of a connection over HTTP: listed for those who may use it, and refused in plain words."""

from pathlib import Path

import httpx
import pytest

from core import settings as core_settings
from core.db import Database
from core.settings import Settings
from tests.api.conftest import Register, Tenant, problem
from tests.api.test_connections import connect, member
from tests.vendors.mcp import TOKEN, body, hostile, tickets


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    variables = {"VUTLER_HOME": str(tmp_path), "VUTLER_SIGNUP": "open", "VUTLER_PREFECT_PORT": "1"}
    return core_settings.load(variables | {"VUTLER_HTTP_ALLOW_HOSTS": "127.0.0.1"})


async def mcp(api: httpx.AsyncClient, url: str, name: str = "Tickets") -> str:
    found = await connect(api, name=name, kind="mcp", fields={"url": url, "token": TOKEN}, allowed_hosts=[])
    assert found["allowed_hosts"] == [url.removeprefix("http://").partition("/")[0]]
    return f"/api/connections/{found['id']}"


async def test_tools_are_listed_with_their_schemas(
    api: httpx.AsyncClient, ada: Tenant, register: Register, db: Database
) -> None:
    async with tickets() as server:
        path = await mcp(api, server.url)
        first = await api.get(f"{path}/tools")
        assert first.status_code == 200, first.text
        found = {each["name"]: each for each in first.json()["items"]}
        assert found["create_issue"]["title"] == "Create an issue"
        assert found["create_issue"]["schema"]["required"] == ["title"]
        assert (found["add"]["only_reads"], found["create_issue"]["only_reads"]) == (True, False)
        asked = len(server.requests)
        assert (await api.get(f"{path}/tools")).json() == first.json()
        assert len(server.requests) == asked
        assert (await api.get(f"{path}/tools", params={"fresh": True})).json() == first.json()
        assert len(server.requests) > asked
        tested = (await api.post(f"{path}/test")).json()
        assert tested["ok"], tested
        assert TOKEN not in first.text + str(tested)
        viewer = await member(register, db, ada, "viewer")
    problem(await api.get(f"{path}/tools", headers=viewer), 403, "role_missing")
    problem(await api.get(f"{path}/tools", params={"fresh": True}), 503, "connection_failed")
    assert (await api.get(f"{path}/tools")).status_code == 200


async def test_what_is_no_server_of_tools_is_named(api: httpx.AsyncClient) -> None:
    async with hostile() as server:
        server.answers["initialize"] = body("<html>", "text/html")
        path = await mcp(api, server.url)
        problem(await api.get(f"{path}/tools"), 409, "not_a_tool_server")
        server.answers["initialize"] = body("", status=401)
        problem(await api.get(f"{path}/tools"), 409, "connection_refused")
    other = await connect(api, name="Other")
    problem(await api.get(f"/api/connections/{other['id']}/tools"), 409, "connection_not_allowed")


@pytest.mark.parametrize("url", ["ftp://x", "http://169.254.169.254/mcp", "http://[::1]/mcp", "x", "https://a b/"])
async def test_an_address_that_can_not_be_reached_is_not_saved(api: httpx.AsyncClient, url: str) -> None:
    given = {"name": "x", "kind": "mcp", "fields": {"url": url}, "allowed_hosts": ["example.com"]}
    found = problem(await api.post("/api/connections", json=given), 422, "connection_invalid")
    assert found["errors"][0]["at"] == "fields.url"


async def test_a_header_needs_its_value_and_no_line_break(api: httpx.AsyncClient) -> None:
    given = {"name": "x", "kind": "mcp", "fields": {"url": "https://mcp.example.com", "header": "X-Key"}}
    problem(await api.post("/api/connections", json=given), 422, "connection_invalid")
    fields = {"url": "https://mcp.example.com", "header": "X-Key", "value": "a\r\nX-Evil: 1"}
    problem(await api.post("/api/connections", json=given | {"fields": fields}), 422, "connection_invalid")
