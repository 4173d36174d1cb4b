"""Connections over HTTP: secrets go in and never come out, and automations name only what their authors may use."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from core import settings as core_settings
from core.db import Database
from core.settings import Settings
from tests.api.automations import made
from tests.api.conftest import Register, Tenant, problem
from tests.oauth import Service

SECRET = "sk-canary-7f3b"
BODY: dict[str, Any] = {
    "name": "CRM",
    "kind": "http_bearer",
    "fields": {"token": SECRET, "test_url": "https://crm.example.com/me"},
    "allowed_hosts": ["CRM.example.com", "*.example.com", "crm.example.com"],
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    variables = {"VUTLER_HOME": str(tmp_path), "VUTLER_SIGNUP": "open", "VUTLER_PREFECT_PORT": "1"}
    return core_settings.load(variables | {"VUTLER_HTTP_ALLOW_HOSTS": "127.0.0.1"})


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with Service() as found:
        yield found


async def connect(api: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await api.post("/api/connections", json=BODY | changes)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/api/connections/{found['id']}"
    return found


Headers = dict[str, str]


async def member(register: Register, db: Database, tenant: Tenant, role: str) -> Headers:
    """The headers of somebody else in this workspace."""
    somebody = await register()
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ($1, $2, $3)",
            tenant.workspace_id, somebody.user_id, role,
        )  # fmt: skip
    return somebody.headers | {"X-Workspace-Id": str(tenant.workspace_id)}


def automation(connection: str, url: str = "https://crm.example.com/leads", **more: Any) -> dict[str, Any]:
    step = {"id": "send", "type": "http", "config": {"method": "POST", "url": url, "connection": connection}}
    return {"name": "Send", "trigger_type": "manual", "actions": [step], **more}


async def sealed(db: Database, connection_id: str) -> bytes:
    async with db.connection() as connection:
        found: bytes = await connection.fetchval("SELECT sealed FROM connections WHERE id = $1", UUID(connection_id))
    return found


async def test_what_is_secret_goes_in_and_never_comes_out(api: httpx.AsyncClient, db: Database) -> None:
    found = await connect(api)
    assert found["fields"] == {"test_url": "https://crm.example.com/me"}
    assert found["secrets"] == ["token"]
    assert found["allowed_hosts"] == ["crm.example.com", "*.example.com"]
    assert found["used_by"] == "editors"
    path = f"/api/connections/{found['id']}"
    listed = (await api.get("/api/connections", params={"limit": 1})).json()
    assert listed == {"items": [found], "next_cursor": None}
    assert (await api.get(path)).json() == found
    before = await sealed(db, found["id"])
    changed = (await api.patch(path, json={"name": "CRM 2", "fields": {"test_url": None}})).json()
    assert (changed["name"], changed["fields"], changed["secrets"]) == ("CRM 2", {}, ["token"])
    renewed = await api.post(f"{path}/rotate", json={"secrets": {"token": SECRET + "2"}})
    assert renewed.json()["secrets"] == ["token"]
    after = await sealed(db, found["id"])
    for text in (str(found), str(listed), str(changed), renewed.text, str(before), str(after)):
        assert SECRET not in text
    async with db.connection() as connection:
        rows = await connection.fetchval("SELECT jsonb_agg(to_jsonb(c))::text FROM connections c")
    assert SECRET not in rows
    assert (await api.delete(path)).status_code == 204
    problem(await api.get(path), 404, "connection_not_found")


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"kind": "nothing"}, "kind"),
        ({"fields": {}}, "fields.token"),
        ({"fields": {"token": ""}}, "fields.token"),
        ({"fields": {"token": 7 * 10**9}}, "fields.token"),
        ({"fields": {"token": f"{SECRET}\r\nX: y"}}, "fields.token"),
        ({"fields": {"token": SECRET, "more": SECRET}}, "fields.more"),
        ({"fields": {"token": SECRET, "test_url": "http://10.0.0.1/"}}, "fields.test_url"),
        ({"fields": {"token": SECRET, "test_url": f"ftp://{SECRET}"}}, "fields.test_url"),
        ({"kind": "http_basic", "fields": {"username": "a:b", "password": SECRET}}, "fields.username"),
        ({"kind": "http_header", "fields": {"header": "X Y", "value": SECRET}}, "fields.header"),
        ({"kind": "oauth2_client_credentials",
          "fields": {"token_url": "https://169.254.169.254/", "client_id": "x", "client_secret": SECRET}},
         "fields.token_url"),
        ({"allowed_hosts": []}, "allowed_hosts"),
        ({"allowed_hosts": ["*"]}, "allowed_hosts[0]"),
        ({"allowed_hosts": ["a.example.com", "https://b.example.com/x"]}, "allowed_hosts[1]"),
        ({"allowed_hosts": ["*.com"]}, "allowed_hosts[0]"),
        ({"used_by": "everybody"}, "used_by"),
        ({"name": ""}, "name"),
        ({"name": "{{ x }}"}, "name"),
        ({"token": SECRET}, "token"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_it_is_said_without_repeating_it(
    api: httpx.AsyncClient, changes: dict[str, Any], at: str
) -> None:
    answer = await api.post("/api/connections", json=BODY | changes)
    assert answer.status_code == 422, answer.text
    assert at in [each["at"] for each in answer.json()["errors"]], answer.text
    assert SECRET not in answer.text.replace(f"'ftp://{SECRET}'", "")


async def test_names_are_taken_once(api: httpx.AsyncClient) -> None:
    await connect(api)
    problem(await api.post("/api/connections", json=BODY | {"name": "crm"}), 409, "connection_name_taken")
    other = await connect(api, name="Other")
    answer = await api.patch(f"/api/connections/{other['id']}", json={"name": "CRM"})
    problem(answer, 409, "connection_name_taken")
    answer = await api.post(f"/api/connections/{other['id']}/rotate", json={"secrets": {"test_url": "x"}})
    problem(answer, 422, "connection_invalid")


async def test_who_may_do_what(api: httpx.AsyncClient, db: Database, ada: Tenant, register: Register) -> None:
    found = await connect(api, used_by="admins")
    path = f"/api/connections/{found['id']}"
    for role, reading in (("editor", 200), ("viewer", 403)):
        headers = await member(register, db, ada, role)
        problem(await api.post("/api/connections", json=BODY, headers=headers), 403, "role_missing")
        problem(await api.patch(path, json={"name": "x"}, headers=headers), 403, "role_missing")
        problem(await api.delete(path, headers=headers), 403, "role_missing")
        rotated = await api.post(f"{path}/rotate", json={"secrets": {"token": "x"}}, headers=headers)
        problem(rotated, 403, "role_missing")
        problem(await api.post(f"{path}/test", headers=headers), 403, "role_missing")
        assert (await api.get(f"{path}/usage", headers=headers)).status_code == reading
        seen = (await api.get(path, headers=headers)).json()
        assert (seen["name"], seen["kind"]) == ("CRM", "http_bearer")
        assert (seen["fields"] is None) == (role == "viewer")
        assert (seen["allowed_hosts"] is None) == (role == "viewer")


async def test_an_automation_names_what_is_there_and_allowed(
    api: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant, register: Register
) -> None:
    found = await connect(api)
    theirs = await api.post("/api/connections", json=BODY | {"name": "Theirs"}, headers=eve.headers)
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO connections (id, workspace_id, kind, name) VALUES (gen_random_uuid(), $1, 'openai', 'Model')",
            ada.workspace_id,
        )
    at = "actions[0].config.connection"
    for document, where, text in [
        (automation("Nobody's"), at, "There is no connection"),
        (automation("Theirs"), at, "There is no connection"),
        (automation(theirs.json()["id"]), at, "There is no connection"),
        (automation("Model"), at, "is of the kind openai; this step takes http_basic"),
        (automation("{{ trigger.data.x }}"), at, "can't come out of a template"),
        (
            automation("CRM", "https://evil.example.org/x"),
            "actions[0].config.url",
            "may not be used for evil.example.org",
        ),
        (automation("CRM", "https://evil.example.org/{{ run.id }}"), "actions[0].config.url", "may not be used"),
    ]:
        answer = await api.post("/api/automations", json=document)
        body = problem(answer, 422, "automation_invalid")
        assert [(each["at"], text in each["message"]) for each in body["errors"]] == [(where, True)], body["errors"]
    fine = await made(api, automation("crm", "https://crm.example.com/{{ run.id }}"))
    await made(api, automation(found["id"], "https://{{ trigger.data.x }}.example.org/"), as_draft=True)
    assert (await api.patch(f"/api/connections/{found['id']}", json={"used_by": "admins"})).status_code == 200
    editor = await member(register, db, ada, "editor")
    answer = await api.put(f"/api/automations/{fine['id']}", json=automation("CRM", name="Again"), headers=editor)
    assert (
        "Only admins may use the connection CRM" in problem(answer, 422, "automation_invalid")["errors"][0]["message"]
    )
    checked = await api.post(f"/api/automations/{fine['id']}/validate", json=automation("CRM"), headers=editor)
    assert "Only admins" in checked.text


async def test_who_uses_it(api: httpx.AsyncClient) -> None:
    found = await connect(api)
    path = f"/api/connections/{found['id']}"
    by_name = await made(api, automation("CRM", name="By name"))
    loop = {"type": "for_each", "id": "loop", "config": {"items": [1], "steps": automation(found["id"])["actions"]}}
    inside = await made(api, {"name": "Inside", "trigger_type": "manual", "actions": [loop]})
    answer = await api.put(
        f"/api/automations/{inside['id']}", params={"as_draft": True},
        json={"name": "Inside", "trigger_type": "manual", "actions": [{"type": "transform", "value": "CRM"}]},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    uses = (await api.get(f"{path}/usage")).json()["items"]
    assert [(use["automation_id"], use["step"], use["named"], use["version"], use["draft"]) for use in uses] == [
        (by_name["id"], "send", "CRM", 1, True),
        (inside["id"], "send", found["id"], 1, False),
    ]
    body = problem(await api.delete(path), 409, "connection_in_use")
    assert "By name, Inside" in body["detail"]
    body = problem(await api.patch(path, json={"name": "Renamed"}), 409, "connection_in_use")
    assert "By name." in body["detail"]
    assert (await api.patch(path, json={"name": "crm"})).status_code == 200
    assert (await api.delete(path, params={"force": True})).status_code == 204


async def test_testing_really_asks(api: httpx.AsyncClient, service: Service) -> None:
    fields = {"token": service.token, "test_url": f"{service.url}/bearer"}
    found = await connect(api, fields=fields, allowed_hosts=[service.address])
    path = f"/api/connections/{found['id']}"
    tested = (await api.post(f"{path}/test")).json()
    assert tested == {"ok": True, "message": "The service answered with status 200.", "code": None}
    assert service.seen[0]["headers"]["authorization"] == f"Bearer {service.token}"
    await api.post(f"{path}/rotate", json={"secrets": {"token": SECRET}})
    tested = (await api.post(f"{path}/test")).json()
    assert (tested["ok"], tested["code"]) == (False, "connection_refused")
    assert "status 401" in tested["message"]
    seen = (await api.get(path)).json()
    assert seen["last_error"] == tested["message"]
    assert seen["last_failed_at"]
    await api.patch(path, json={"allowed_hosts": ["api.example.com"]})
    tested = (await api.post(f"{path}/test")).json()
    assert tested["code"] == "connection_not_allowed"
    assert len(service.seen) == 2


async def test_what_can_not_be_tested_has_not_failed(api: httpx.AsyncClient) -> None:
    path = f"/api/connections/{(await connect(api, fields={'token': SECRET}))['id']}"
    assert (await api.post(f"{path}/test")).json()["code"] == "connection_not_testable"
    seen = (await api.get(path)).json()
    assert (seen["last_tested_at"], seen["last_failed_at"], seen["last_error"]) == (None, None, None)


@pytest.mark.parametrize("name", ["Host", "transfer-encoding", "Content-Length"])
async def test_a_header_that_frames_the_request_is_no_place_for_a_key(api: httpx.AsyncClient, name: str) -> None:
    body = {
        "name": "K",
        "kind": "http_header",
        "fields": {"header": name, "value": SECRET},
        "allowed_hosts": ["a.example"],
    }
    found = problem(await api.post("/api/connections", json=body), 422, "connection_invalid")
    assert [each["at"] for each in found["errors"]] == ["fields.header"]


async def test_a_step_is_tried_out_with_it(
    api: httpx.AsyncClient, db: Database, ada: Tenant, service: Service, register: Register
) -> None:
    await connect(api, fields={"token": service.token}, allowed_hosts=[service.address], used_by="admins")
    step = {"id": "send", "type": "http", "config": {"url": f"{service.url}/bearer", "connection": "CRM"}}
    document = {"name": "Try", "trigger_type": "manual", "actions": [step]}
    rule = await made(api, document)
    path = f"/api/automations/{rule['id']}/steps/send/test"
    answer = await api.post(path, json={})
    assert answer.json()["output"]["status"] == 200, answer.text
    assert answer.json()["output"]["body"]["plain"] == "***"
    assert service.token not in answer.text
    editor = await member(register, db, ada, "editor")
    answer = await api.post(path, json={}, headers=editor)
    assert answer.json()["error_code"] == "connection_not_allowed"
    assert len(service.seen) == 1
