"""Accounts that are listened to, as people see them: their rooms, how the listening goes, who needs them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from core import settings as core_settings
from core.db import Database
from core.listening import leases
from core.settings import Settings
from tests.api.automations import made
from tests.api.conftest import Tenant, problem
from tests.api.test_channels import general, join
from tests.core.talker import Talker, installed, talking

ANSWER: dict[str, Any] = {
    "name": "Answers",
    "trigger_type": "message",
    "actions": [{"type": "channel", "config": {"channel": "{{ trigger.data.channel }}", "text": "Hello"}}],
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    variables = {"VUTLER_HOME": str(tmp_path), "VUTLER_SIGNUP": "open", "VUTLER_PREFECT_PORT": "1"}
    return core_settings.load(variables | {"VUTLER_HTTP_ALLOW_HOSTS": "127.0.0.1"})


@pytest.fixture(autouse=True)
def kinds() -> Iterator[None]:
    with installed():
        yield


@pytest.fixture
async def talker() -> AsyncIterator[Talker]:
    async with talking() as found:
        yield found


async def connect(api: httpx.AsyncClient, kind: str, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    hosts = {"allowed_hosts": ["127.0.0.1"]}
    answer = await api.post("/api/connections", json={"name": kind, "kind": kind, "fields": fields, **hosts, **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_room_is_chosen_before_anybody_writes_in_it(
    api: httpx.AsyncClient, db: Database, talker: Talker, ada: Tenant, eve: Tenant
) -> None:
    account = await connect(api, "talker", {"url": talker.url, "token": talker.token})
    path = f"/api/connections/{account['id']}/channels"
    rooms = (await api.get(path)).json()["items"]
    assert rooms[0] == {"id": "C1", "name": "leads", "direct": False, "is_member": True}
    viewer = await join(db, ada, eve, "viewer")
    problem(await api.get(path, headers=viewer), 403, "role_missing")
    body = {"name": "leads", "connection_id": account["id"], "external_id": "C1"}
    made_one = await api.post("/api/channels", json=body)
    assert (made_one.status_code, made_one.json()["external_id"]) == (201, "C1")
    assert (await api.post("/api/channels", json=body)).json()["id"] == made_one.json()["id"]
    problem(
        await api.post("/api/channels", json=body | {"connection_id": account["id"][:-1] + "0"}), 422, "invalid_request"
    )
    said = await api.post(f"/api/channels/{made_one.json()['id']}/messages", json={"text": "x"})
    problem(said, 409, "channel_outside")
    mailbox = await connect(api, "mailbox", {})
    problem(await api.get(f"/api/connections/{mailbox['id']}/channels"), 409, "connection_not_allowed")


async def test_how_the_listening_goes_stands_with_the_connection(
    api: httpx.AsyncClient, db: Database, talker: Talker, ada: Tenant
) -> None:
    account = await connect(api, "talker", {"url": talker.url, "token": talker.token})
    path = f"/api/connections/{account['id']}"
    assert (await api.get(path)).json()["listening"] is None
    await made(api, ANSWER | {"trigger_config": {"connection": "talker"}})
    async with db.transaction() as connection:
        await leases.refresh(connection, ["talker"])
        await leases.beat(connection, "w")
        await leases.claim(connection, "w")
        await leases.note(connection, "w", UUID(account["id"]), "waiting", error="It hung up.")
    listening = (await api.get(path)).json()["listening"]
    assert (listening["state"], listening["error"], listening["account"]) == ("waiting", "It hung up.", None)
    assert (await api.get("/api/connections")).json()["items"][0]["listening"] == listening


async def test_a_trigger_names_only_what_its_author_may_hear(
    api: httpx.AsyncClient, db: Database, talker: Talker, ada: Tenant, eve: Tenant
) -> None:
    await connect(api, "talker", {"url": talker.url, "token": talker.token}, used_by="admins")
    await connect(api, "mailbox", {})
    editor = await join(db, ada, eve, "editor")
    closed = (await api.post("/api/channels", json={"name": "closed", "is_open": False})).json()["id"]
    room = await general(api)
    for document, at, part in (
        ({"trigger_config": {"channels": [closed]}}, "trigger_config.channels[0]", "no channel"),
        ({"trigger_config": {"channels": [room["id"], "nowhere"]}}, "trigger_config.channels[1]", "no channel"),
        ({"trigger_config": {"connection": "nowhere"}}, "trigger_config.connection", "no connection"),
        ({"trigger_config": {"connection": "mailbox"}}, "trigger_config.connection", "does not receive messages"),
        ({"trigger_config": {"connection": "talker"}}, "trigger_config.connection", "Only admins"),
        ({"trigger_type": "email", "trigger_config": {}}, "trigger_config.connection", "Say which mailbox"),
        (
            {"trigger_type": "email", "trigger_config": {"connection": "talker"}},
            "trigger_config.connection",
            "does not receive mail",
        ),
        (
            {"actions": [{"type": "channel", "config": {"channel": closed, "text": "x"}}]},
            "actions[0].config.channel",
            "no channel",
        ),
    ):
        answer = await api.post("/api/automations", json=ANSWER | document, headers=editor)
        assert answer.status_code == 422, document
        (error,) = answer.json()["errors"]
        assert (error["at"], part in error["message"]) == (at, True), error
    await made(api, ANSWER | {"trigger_config": {"channels": [closed, "#General"], "connection": "talker"}})
    await made(api, ANSWER | {"trigger_type": "email", "trigger_config": {"connection": "Mailbox"}})


async def test_a_trigger_is_a_use_of_its_connection(api: httpx.AsyncClient, talker: Talker) -> None:
    account = await connect(api, "talker", {"url": talker.url, "token": talker.token})
    rule = (await made(api, ANSWER | {"trigger_config": {"connection": "talker"}}))["id"]
    (use,) = (await api.get(f"/api/connections/{account['id']}/usage")).json()["items"]
    assert (use["automation_id"], use["step"], use["version"], use["draft"]) == (rule, "trigger", 1, True)
    problem(await api.delete(f"/api/connections/{account['id']}"), 409, "connection_in_use")
