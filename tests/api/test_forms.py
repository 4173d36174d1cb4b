"""What the pages' forms ask for: tests of what is not saved yet, counts of uses, previews, a webhook's state."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import settings as core_settings
from core.db import Database
from core.settings import Settings
from tests.api.automations import HAND, HOOK, made
from tests.api.conftest import Register, Tenant, problem
from tests.api.test_connections import member
from tests.oauth import Service

SECRET = "sk-canary-2c91"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    variables = {"VUTLER_HOME": str(tmp_path), "VUTLER_SIGNUP": "open", "VUTLER_PREFECT_PORT": "1"}
    return core_settings.load(variables | {"VUTLER_HTTP_ALLOW_HOSTS": "127.0.0.1"})


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with Service() as found:
        yield found


def unsaved(service: Service, token: str = SECRET) -> dict[str, Any]:
    return {
        "name": "CRM", "kind": "http_bearer", "fields": {"token": token, "test_url": f"{service.url}/bearer"},
        "allowed_hosts": [service.url.removeprefix("http://")],
    }  # fmt: skip


async def test_a_connection_is_tested_before_it_is_saved(
    api: httpx.AsyncClient, db: Database, ada: Tenant, register: Register, service: Service
) -> None:
    answer = await api.post("/api/connections/test", json=unsaved(service))
    assert answer.status_code == 200, answer.text
    assert answer.json()["ok"] is False  # the service knows no such token
    assert SECRET not in answer.text
    assert (await api.get("/api/connections")).json()["items"] == []
    async with db.connection() as connection:
        noted = await connection.fetch("SELECT after::text FROM audit_log WHERE action = 'connection.tried'")
    assert len(noted) == 1
    assert SECRET not in noted[0]["after"]
    wrong = await api.post("/api/connections/test", json=unsaved(service, token=""))
    assert wrong.json()["errors"][0]["at"] == "fields.token"
    problem(
        await api.post("/api/connections/test", json=unsaved(service) | {"kind": "nothing"}), 422, "connection_invalid"
    )
    headers = await member(register, db, ada, "editor")
    problem(await api.post("/api/connections/test", json=unsaved(service), headers=headers), 403, "role_missing")


async def test_too_many_tests_are_refused(api: httpx.AsyncClient, service: Service) -> None:
    for _ in range(10):
        assert (await api.post("/api/connections/test", json=unsaved(service))).status_code == 200
    problem(await api.post("/api/connections/test", json=unsaved(service)), 429, "too_many_tests")


async def test_how_many_automations_use_a_connection(api: httpx.AsyncClient, service: Service) -> None:
    by_name, by_id, unused = [
        (await api.post("/api/connections", json=unsaved(service) | {"name": name})).json()["id"]
        for name in ("CRM", "Shop", "Nobody's")
    ]
    url = f"{service.url}/me"
    send = {"id": "send", "type": "http", "config": {"url": url, "connection": "crm"}}
    more = {"id": "more", "type": "http", "config": {"url": url, "connection": by_id}}
    loop = {"id": "each", "type": "for_each", "config": {"items": [1], "steps": [{**more, "id": "inner"}]}}
    await made(api, {"name": "One", "trigger_type": "manual", "actions": [send, {**send, "id": "again"}]})
    await made(api, {"name": "Two", "trigger_type": "manual", "actions": [send, loop]})
    found = (await api.get("/api/connections/usage")).json()["items"]
    assert {each["connection_id"]: each["automations"] for each in found} == {by_name: 2, by_id: 1}
    assert unused not in str(found)


async def test_a_template_is_filled_in_while_it_is_written(api: httpx.AsyncClient) -> None:
    context = {"trigger": {"data": {"name": "Ada", "items": [1, 2]}}}

    async def preview(value: Any) -> dict[str, Any]:
        answer = await api.post("/api/templates/preview", json={"value": value, "context": context})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    assert (await preview("Hello {{ trigger.data.name }}"))["value"] == "Hello Ada"
    assert (await preview("{{ trigger.data.items }}"))["value"] == [1, 2]
    assert (await preview({"a": ["{{ trigger.data.items | length }}"]}))["value"] == {"a": [2]}
    missing = await preview("{{ trigger.data.nobody }}")
    assert (missing["value"], missing["error_code"]) == (None, "template_error")
    assert "nobody" in missing["error"]
    assert (await preview("{% for %}"))["error_code"] == "template_error"


async def test_who_may_preview_and_how_often(
    api: httpx.AsyncClient, db: Database, ada: Tenant, register: Register
) -> None:
    viewer = await member(register, db, ada, "viewer")
    body = {"value": "{{ 1 + 1 }}"}
    problem(await api.post("/api/templates/preview", json=body, headers=viewer), 403, "role_missing")
    problem(await api.post("/api/templates/preview", json={}), 422, "invalid_request")
    answers = await asyncio.gather(*(api.post("/api/templates/preview", json={"value": "{{ x }}"}) for _ in range(90)))
    problem(next(each for each in answers if each.status_code != 200), 429, "too_many_previews")


async def test_a_webhook_says_since_when_its_secret_is_the_one(api: httpx.AsyncClient) -> None:
    hook = await made(api, HOOK)
    path = f"/api/automations/{hook['id']}/webhook"
    first = (await api.get(path)).json()
    assert first["url"] == hook["webhook"]["url"]
    assert (first["auth"], first["style"], first["made_here"], first["old_until"]) == ("secret", None, True, None)
    assert first["secret_set_at"]
    await api.post(f"{path}/rotate", json={"keep_old_s": 3600})
    second = (await api.get(path)).json()
    assert second["secret_set_at"] > first["secret_set_at"]
    assert second["old_until"] > second["secret_set_at"]
    hand = await made(api, HAND)
    problem(await api.get(f"/api/automations/{hand['id']}/webhook"), 409, "no_webhook")


async def test_the_secret_of_a_signed_webhook_has_its_time(api: httpx.AsyncClient) -> None:
    signed = await made(api, HOOK | {"name": "Signed", "trigger_config": {"auth": "hmac", "style": "slack"}})
    path = f"/api/automations/{signed['id']}/webhook"
    found = (await api.get(path)).json()
    assert (found["auth"], found["style"], found["made_here"], found["secret_set_at"]) == ("hmac", "slack", False, None)
    await api.post(f"{path}/rotate", json={"secret": "the one that Slack made"})
    after = (await api.get(path)).json()
    assert after["secret_set_at"] > signed["created_at"][:19]
