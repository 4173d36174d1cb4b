"""What `docs/api.md` says of everything, asked of every operation: lists, ETags, keys, request ids, problems."""

import re
from dataclasses import replace
from typing import Any, Final

import httpx
import pytest

from api.app import create_app
from api.openapi import operations
from api.session_cookie import NAME
from core.db import Database
from core.ids import new_id
from core.keys import Keys
from core.settings import Settings
from tests.api import coverage
from tests.api.automations import HAND, HOOK, made
from tests.api.conftest import PASSWORD, Tenant, client_of, problem, serve, until

SCHEMA: Final = coverage.application().openapi()
OPERATIONS: Final = {(method, path): operation for method, path, operation in operations(SCHEMA)}
CONNECTION: Final[dict[str, Any]] = {
    "name": "CRM", "kind": "http_bearer", "fields": {"token": "sk-canary-once-77"},
    "allowed_hosts": ["crm.example.com"],
}  # fmt: skip

AGENT: Final[dict[str, Any]] = {
    "name": "Support", "trigger_type": "webhook",
    "actions": [{"id": "say", "type": "transform", "config": {"value": 1}}],
}  # fmt: skip

# Lists that come whole, each with the reason.
WHOLE: Final = {
    "/api/usage": "sums, of a span of days that is limited",
    "/api/agents/{agent}/usage": "sums, of a span of days that is limited",
    "/api/catalog": "what is installed",
    "/api/agents/templates": "what is installed",
    "/api/admin/plans": "the plans of an installation",
    "/api/connections/{connection_id}/models": "what the service answers",
    "/api/connections/{connection_id}/tools": "what the service answers",
    "/api/connections/{connection_id}/channels": "what the service answers",
    "/api/connections/usage": "a number for each connection of a workspace",
    "/api/connections/{connection_id}/usage": "to be seen whole before a connection is deleted",
    "/api/automations/{automation_id}/schedule/preview": "as many times as `count` asks for",
}
# What says no of its own in another way than by problems.
WORDS: Final = {"/readyz": "a word", "/mcp": "an error of JSON-RPC, once somebody is signed in"}
# What is changed without an ETag.
ONE_VALUE: Final = {
    "/api/credits": "one switch: whoever sets it last means it",
    "/api/approvals/chat": "one place: whoever sets it last means it",
    "/api/channels/{channel_id}": "a name and a topic: whoever sets them last means it",
}
# POSTs that make something and take no key.
WITHOUT_KEY: Final = {
    "/api/auth/register": "nobody is signed in, and a second one is told that the address is taken",
    "/api/channels": "a room's name is taken once, and a direct room of the same people is made once",
    "/api/channels/{channel_id}/members": "whoever is in it already stays",
    "/api/agents/run/automation": "of an older product, as it was; POST /api/automations takes one",
    "/mcp": "what its 202 says is that a notification was taken",
    "/api/files": "its body is a stream; each file says its SHA-256",
    "/api/auth/password/forgot": "makes nothing that is seen",
    "/api/auth/email/send": "makes nothing that is seen",
    "/api/automations/logs/{log_id}/cancel": "a second one is told that the run has ended",
}


def names(operation: dict[str, Any]) -> set[str]:
    return {each["name"].lower() for each in operation.get("parameters", ())}


def shape(operation: dict[str, Any]) -> dict[str, Any]:
    """The properties of what a success answers."""
    content = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
    reference = content.get("schema", {}).get("$ref", "")
    found: dict[str, Any] = SCHEMA["components"]["schemas"].get(reference.rpartition("/")[2], {}).get("properties", {})
    return found


def filled(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], str(new_id())), path)


LISTS: Final = [
    path for (method, path), operation in OPERATIONS.items()
    if method == "GET" and "items" in shape(operation) and path not in WHOLE
]  # fmt: skip
EDITED: Final = [
    (method, path) for method, path in OPERATIONS
    if method in ("PUT", "PATCH") and ("GET", path) in OPERATIONS and path not in ONE_VALUE
]  # fmt: skip


async def test_every_list_is_read_in_pages(api: httpx.AsyncClient, ada: Tenant) -> None:
    automations = [(await made(api, HAND | {"name": f"Number {number}"}))["id"] for number in range(3)]
    run = await api.post(f"/api/automations/{automations[0]}/run", json={})
    ids = {
        "automation_id": automations[0], "log_id": run.json()["run_id"], "workspace_id": str(ada.workspace_id),
        "run_id": run.json()["run_id"], "agent": "code_bot",
        "channel_id": (await api.get("/api/channels")).json()["items"][0]["id"],
    }  # fmt: skip
    assert len(LISTS) > 15
    for path in LISTS:
        assert {"limit", "cursor"} <= names(OPERATIONS["GET", path]), path
        assert "next_cursor" in shape(OPERATIONS["GET", path]), path
        place = filled(path, ids)
        needed = {"q": "xx"} if path == "/api/messages" else {}
        answer = await api.get(place, params={"limit": 1, **needed})
        assert answer.status_code == 200, (path, answer.text)
        assert len(answer.json()["items"]) <= 1, path
        for wrong in ({"limit": 0}, {"limit": 201}, {"limit": "x"}, {"cursor": "no cursor"}):
            problem(await api.get(place, params=needed | wrong), 422, "invalid_request")
    first = (await api.get("/api/automations", params={"limit": 2})).json()
    second = (await api.get("/api/automations", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [each["id"] for each in [*first["items"], *second["items"]]] == automations[::-1]
    assert second["next_cursor"] is None


async def test_workspaces_in_pages(api: httpx.AsyncClient) -> None:
    for number in range(2):
        assert (await api.post("/api/workspaces", json={"name": f"Lab {number}"})).status_code == 201
    first = (await api.get("/api/workspaces?limit=2")).json()
    second = (await api.get(f"/api/workspaces?limit=2&cursor={first['next_cursor']}")).json()
    assert [each["name"] for each in [*first["items"], *second["items"]]][1:] == ["Lab 0", "Lab 1"]
    assert (len(first["items"]), second["next_cursor"]) == (2, None)


async def test_what_is_edited_has_an_etag(api: httpx.AsyncClient, ada: Tenant) -> None:
    ids = {
        "automation_id": (await made(api, HAND))["id"],
        "connection_id": (await api.post("/api/connections", json=CONNECTION)).json()["id"],
        "agent": (await api.post("/api/agents", json={"name": "Support"})).json()["id"],
    }
    bodies: dict[str, Any] = {
        "/api/me": {"name": "Ada L."},
        "/api/automations/{automation_id}": HAND | {"name": "Another"},
        "/api/connections/{connection_id}": {"name": "Another"},
        "/api/agents/{agent}": {"name": "Another"},
    }
    assert {path for _, path in EDITED} == set(bodies)
    for number, (method, path) in enumerate(EDITED):
        operation, place = OPERATIONS[method, path], filled(path, ids)
        assert "if-match" in names(operation), path
        assert "412" in operation["responses"], path
        body = bodies[path] | {"name": f"Another {number}"}
        seen = (await api.get(place)).headers["etag"]
        stale = await api.request(method, place, json=body, headers={"If-Match": '"999"'})
        assert stale.status_code == 412, (path, stale.text)
        assert stale.json()["code"].endswith("_stale")
        assert (await api.get(place)).headers["etag"] == seen, "nothing was changed"
        wrong = await api.request(method, place, json=body, headers={"If-Match": "something"})
        problem(wrong, 422, "invalid_request")
        good = await api.request(method, place, json=body, headers={"If-Match": seen})
        assert good.status_code == 200, (path, good.text)
        assert good.headers["etag"] != seen, path
        assert (await api.get(place)).headers["etag"] == good.headers["etag"], path
        assert (await api.request(method, place, json=body, headers={"If-Match": seen})).status_code == 412
        assert (await api.request(method, place, json=body, headers={"If-Match": "*"})).status_code == 200


def test_every_post_that_makes_something_takes_a_key() -> None:
    making = {
        path for (method, path), operation in OPERATIONS.items()
        if method == "POST" and {"201", "202"} & set(operation["responses"])
    }  # fmt: skip
    with_key = {path for path in making if "idempotency-key" in names(OPERATIONS["POST", path])}
    assert making - with_key == set(WITHOUT_KEY)
    for path in with_key - {
        "/api/webhooks/{webhook_id}",
        "/api/agents/webhook/{agent_id}",
    }:  # there, a repeated key is a duplicate
        assert {"409", "422"} <= set(OPERATIONS["POST", path]["responses"]), path


async def test_a_repeated_key_makes_nothing_more(api: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    original = (await made(api, HOOK))["id"]
    secrets: list[str] = []
    bodies: dict[str, Any] = {
        "/api/automations": HOOK | {"name": "Once"},
        f"/api/automations/{original}/duplicate": None,
        "/api/connections": CONNECTION,
        "/api/agents": AGENT,
        "/api/tokens": {"name": "the shop", "scopes": ["read"]},
        "/api/workspaces": {"name": "Lab"},
        f"/api/workspaces/{ada.workspace_id}/invitations": {"email": "bob@example.org", "role": "viewer"},
    }
    for path, body in bodies.items():
        key = {"Idempotency-Key": "the-same"}
        first, second = [await api.post(path, json=body, headers=key) for _ in range(2)]
        assert (first.status_code, second.status_code) == (201, 201), (path, first.text, second.text)
        assert second.json() == first.json(), path
        other = await api.post(path, json={**(body or {}), "name": "Other"}, headers=key)
        problem(other, 422, "idempotency_key_reused" if "invitations" not in path else other.json()["code"])
        again = await api.post(path, json=body, headers={"Idempotency-Key": "another"})
        assert again.status_code == (409 if path == "/api/connections" else 201), (path, again.text)
        if again.status_code == 201:
            assert again.json() != first.json(), path
        answer = first.json()
        secrets += [answer["token"]] if "token" in answer else []
        secrets += [answer["link"].rpartition("/")[2]] if "link" in answer else []
        secrets += [answer["webhook"]["secret"]] if answer.get("webhook") else []
    assert len(secrets) == 5
    async with db.connection() as connection:
        counted = await connection.fetchval("SELECT count(*) FROM automation_rules")
        kept = await connection.fetchval("SELECT string_agg(k::text, ' ') FROM idempotency_keys k")
    assert counted == 7, "one original, two made, two copied and two of agents"
    assert [each for each in secrets if each in kept] == []


async def test_a_remembered_secret_that_can_not_be_opened_is_told(
    api: httpx.AsyncClient, db: Database, ada: Tenant
) -> None:
    body, key = {"name": "the shop", "scopes": ["read"]}, {"Idempotency-Key": "the-same"}
    assert (await api.post("/api/tokens", json=body, headers=key)).status_code == 201
    async with db.connection() as connection:
        await connection.execute('UPDATE idempotency_keys SET response = response || \'{"sealed": "of another key"}\'')
    problem(await api.post("/api/tokens", json=body, headers=key), 409, "idempotency_answer_lost")


@pytest.mark.parametrize("signed_in", [False, True])
async def test_every_answer_has_its_request_id_and_every_error_is_a_problem(
    client: httpx.AsyncClient, ada: Tenant, signed_in: bool
) -> None:
    """Each operation, with ids of nothing and a body that fits none."""
    refused = 0
    for number, ((method, path), operation) in enumerate(OPERATIONS.items()):
        if "event-stream" in str(operation["responses"]) and signed_in and "{" not in path:
            continue  # goes on for as long as somebody reads
        headers = {"X-Request-Id": f"asked-{number}"} | (ada.headers if signed_in else {})
        body: Any = {"nothing": "of this"} if "requestBody" in operation and "files" not in path else None
        answer = await client.request(method, filled(path, {}), headers=headers, json=body)
        client.cookies.clear()
        assert answer.headers["x-request-id"] == f"asked-{number}", path
        if answer.status_code >= 400 and path not in WORDS:
            refused += 1
            found = problem(answer, answer.status_code, answer.json()["code"])
            assert re.fullmatch(r"[a-z][a-z0-9_]+", found["code"]), path
            assert str(answer.status_code) in operation["responses"], (method, path, answer.status_code)
        if not signed_in and operation.get("security"):
            problem(answer, 401, "token_missing")
    assert refused > 50


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_flags_of_the_session_cookie(settings: Settings, keys: Keys, app_dsn: str, scheme: str) -> None:
    ours = f"{scheme}://vutler.example"
    app = create_app(replace(settings, public_url=ours), keys, Database(app_dsn, application="test"))
    async with serve(app) as served, client_of(served) as client:
        await until(lambda: _is_open(client))
        body = {"email": "ada@example.org", "password": PASSWORD, "name": "Ada"}
        made_here = await client.post("/api/auth/register", json=body)
        login = await client.post("/api/auth/login", json={"email": body["email"], "password": PASSWORD})
        cookie = f"{NAME}={login.cookies[NAME]}" if login.cookies else login.headers["set-cookie"].partition(";")[0]
        client.cookies.clear()
        headers = {"Origin": ours, "Cookie": cookie}
        renewed = await client.post("/api/auth/refresh", headers=headers)
        over = await client.post("/api/auth/logout", headers={"Origin": ours})
        for answer in (made_here, login, renewed, over):
            assert answer.is_success, answer.text
            flags = answer.headers["set-cookie"].split("; ")
            assert flags[0].startswith(f"{NAME}=")
            assert {"HttpOnly", "Path=/api/auth", "SameSite=strict"} <= set(flags), flags
            assert ("Secure" in flags) == (scheme == "https"), flags
            assert not [each for each in flags if each.lower().startswith("domain")], flags
        assert "Max-Age=0" in over.headers["set-cookie"]


async def _is_open(client: httpx.AsyncClient) -> bool:
    return (await client.get("/api/auth/options")).status_code == 200
