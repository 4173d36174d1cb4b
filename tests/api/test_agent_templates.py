"""`/api/agents/templates` and `/api/agents/from-template`: cards, deploying, what is missing, finishing it later."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import settings as core_settings
from core.db import Database
from core.ids import new_id
from core.settings import Settings
from core.templates.reading import catalog
from tests import questions
from tests.api.conftest import Register, Tenant, problem

MODEL = {"kind": "openai", "fields": {"api_key": "sk-canary-9", "default_model": "gpt-5-mini"}}
SMTP = {"kind": "smtp", "fields": {"host": "mx.example.org", "sender": "ada@example.org", "user": "a", "password": "b"}}
IMAP = {"kind": "imap", "fields": {"host": "imap.example.org", "user": "ada@example.org", "password": "b"}}
FROM = "/api/agents/from-template"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return core_settings.load({
        "VUTLER_HOME": str(tmp_path), "VUTLER_SIGNUP": "open", "VUTLER_PREFECT_PORT": "1",
        "VUTLER_HTTP_ALLOW_HOSTS": "127.0.0.1",
    })  # fmt: skip


async def connect(api: httpx.AsyncClient, body: dict[str, Any], name: str | None = None) -> str:
    answer = await api.post("/api/connections", json={"name": name or body["kind"], **body})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def deploy(api: httpx.AsyncClient, slug: str, headers: dict[str, str] | None = None, **overrides: Any) -> Any:
    body = {"template_slug": slug, "overrides": overrides} if overrides else {"template_slug": slug}
    answer = await api.post(FROM, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def rows(db: Database, table: str) -> int:
    async with db.connection() as connection:
        count: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return count


async def test_cards_say_what_is_missing(api: httpx.AsyncClient) -> None:
    answer = await api.get("/api/agents/templates")
    cards = {each["slug"]: each for each in answer.json()["items"]}
    assert {*cards} == {*catalog()}
    assert cards["inbox-summarizer"]["missing"] == ["model", "inbox", "mail"]
    assert cards["status-page-checker"]["missing"] == []
    await connect(api, MODEL)
    smtp = await connect(api, SMTP)
    cards = {each["slug"]: each for each in (await api.get("/api/agents/templates")).json()["items"]}
    assert cards["inbox-summarizer"]["missing"] == ["inbox"]
    mail = next(each for each in cards["daily-digest"]["connections"] if each["name"] == "mail")
    assert mail["connections"] == [{"id": smtp, "name": "smtp", "kind": "smtp"}]
    (preview,) = cards["daily-digest"]["preview"]
    assert preview["trigger_config"]["schedules"] == [{"cron": "0 8 * * 1-5", "timezone": "UTC"}]
    assert [each["id"] for each in preview["actions"]] == ["read", "write", "post", "mail"]
    assert "${" not in answer.text


@pytest.mark.proves("S6.4 (4)", "S6.4 (5)", "R-TPL-2", "I-9")
async def test_by_category_by_words_and_in_french(api: httpx.AsyncClient) -> None:
    async def slugs(**query: str) -> list[str]:
        return [each["slug"] for each in (await api.get("/api/agents/templates", params=query)).json()["items"]]

    assert await slugs(category="Sales") == ["lead-finder"]
    assert await slugs(search="PROSPECTS") == ["lead-finder"]
    assert await slugs(search="nothing like it") == []
    problem(await api.get("/api/agents/templates", params={"category": "Fun"}), 422, "invalid_request")
    french = await api.get("/api/agents/templates/daily-digest", headers={"Accept-Language": "fr"})
    assert french.headers["content-language"] == "fr"
    body = french.json()
    assert body["title"] == "Revue quotidienne"
    assert body["inputs_schema"]["properties"]["time"]["title"] == "Heure"
    assert "Réponds en français" in body["agents"][0]["instructions"]
    assert "de la" not in (await api.get("/api/agents/templates/daily-digest")).json()["use_case"]
    problem(await api.get("/api/agents/templates/nothing"), 404, "template_not_found")


@pytest.mark.proves("S6.4", "S6.4 (3)", "R-TPL-2", "I-9", "S6.2 (7)")
async def test_two_clicks(api: httpx.AsyncClient, ada: Tenant) -> None:
    """The slug alone is enough: the only account that will do is taken."""
    await connect(api, MODEL)
    smtp = await connect(api, SMTP)
    await api.patch("/api/me", json={"timezone": "Europe/Zurich"})
    answer = await api.post(FROM, json={"template_slug": "daily-digest"})
    made = answer.json()
    agent = made["agent"]
    assert answer.headers["location"] == f"/api/agents/{agent['id']}"
    assert (made["missing"], agent["enabled"], agent["name"], agent["provider"]) == ([], True, "Daily digest", None)
    (rule,) = made["automations"]
    assert (rule["agent_id"], rule["enabled"], rule["live_version"]) == (agent["id"], True, 1)
    (schedule,) = rule["trigger_config"]["schedules"]
    assert (schedule["cron"], schedule["timezone"]) == ("0 8 * * 1-5", "Europe/Zurich")
    mail = rule["actions"][3]["config"]
    assert (mail["connection"], mail["to"]) == (smtp, ada.email)
    assert rule["actions"][1]["config"]["agent"] == agent["slug"]
    stored = (await api.get(f"/api/agents/{agent['id']}")).json()
    assert (stored["automation_id"], stored["actions"]) == (rule["id"], rule["actions"])
    assert (await api.get(f"/api/automations/{rule['id']}")).json()["next_run_at"] is not None
    assert (await api.get("/api/automations")).json()["items"] == [], "it goes with its agent"
    noted = (await api.get("/api/audit", params={"action": "template.deployed"})).json()["items"]
    assert noted[0]["after"] == {"template": "daily-digest", "version": 1, "missing": []}


async def test_a_taken_name_gets_a_number(api: httpx.AsyncClient) -> None:
    names = [(await deploy(api, "status-page-checker"))["agent"] for _ in range(3)]
    assert [each["name"] for each in names] == [
        "Status page checker", "Status page checker 2", "Status page checker 3",
    ]  # fmt: skip
    assert [each["slug"] for each in names] == [
        "status-page-checker", "status-page-checker-2", "status-page-checker-3",
    ]  # fmt: skip


async def test_overrides(api: httpx.AsyncClient) -> None:
    first, _ = await connect(api, MODEL), await connect(api, MODEL, "Second")
    made = await deploy(
        api, "answer-customers-in-chat", name="Zoe", avatar="🦊", instructions="Be brief.", model="gpt-5",
        connections={"model": "Second"}, inputs={"channel": "#help"}, enabled=False,
    )  # fmt: skip
    agent = made["agent"]
    assert (agent["name"], agent["slug"], agent["avatar"], agent["instructions"]) == ("Zoe", "zoe", "🦊", "Be brief.")
    assert (agent["model"], agent["enabled"], agent["provider"] != first) == ("gpt-5", False, True)
    rooms = {each["id"]: each["name"] for each in (await api.get("/api/channels")).json()["items"]}
    assert [rooms[each] for each in agent["channels"]] == ["help"]
    general = next(ident for ident, name in rooms.items() if name == "general")
    again = await deploy(api, "answer-customers-in-chat", channels=[general])
    assert again["agent"]["channels"] == [general]
    (answering,) = again["automations"]
    assert (again["agent"]["trigger_type"], answering["trigger_type"], again["missing"]) == ("message", "message", [])
    assert answering["agent_id"] == again["agent"]["id"]


async def test_what_is_wrong_with_overrides_makes_nothing(api: httpx.AsyncClient, db: Database) -> None:
    await connect(api, MODEL)
    before = [await rows(db, table) for table in ("agents", "automation_rules", "channels", "audit_log")]
    told = problem(
        await api.post(FROM, json={"template_slug": "lead-finder", "overrides": {
            "connections": {"mail": str(new_id()), "pigeon": "x"}, "channels": [str(new_id())],
            "inputs": {"score": 101, "time": "25:00", "offer": "{{ trigger }}", "colour": "red"},
        }}), 422, "template_invalid",
    )  # fmt: skip
    places = {each["at"] for each in told["errors"]}
    assert places == {
        "overrides.connections.mail", "overrides.connections.pigeon", "overrides.channels", "overrides.inputs.score",
        "overrides.inputs.time", "overrides.inputs.offer", "overrides.inputs",
    }  # fmt: skip
    # found when the last thing is made: what was made before it goes too
    wrong = {"inputs": {"timezone": "Mars/Olympus", "channel": "brand new"}}
    problem(await api.post(FROM, json={"template_slug": "lead-finder", "overrides": wrong}), 422, "automation_invalid")
    hidden = {"inputs": {"channel": str(new_id())}}
    problem(await api.post(FROM, json={"template_slug": "lead-finder", "overrides": hidden}), 422, "template_invalid")
    assert [await rows(db, table) for table in ("agents", "automation_rules", "channels", "audit_log")] == before
    problem(await api.post(FROM, json={"template_slug": "nothing"}), 404, "template_not_found")


async def test_several_accounts_are_a_question(api: httpx.AsyncClient) -> None:
    await connect(api, MODEL)
    first, second = await connect(api, SMTP, "One"), await connect(api, SMTP, "Two")
    told = problem(await api.post(FROM, json={"template_slug": "daily-digest"}), 422, "template_invalid")
    assert told["errors"] == [{
        "at": "overrides.connections.mail",
        "message": f"Several connections will do: One ({first}), Two ({second}). Name one.",
    }]  # fmt: skip
    made = await deploy(api, "daily-digest", connections={"mail": "two"})
    assert made["automations"][0]["actions"][3]["config"]["connection"] == second
    without = await deploy(api, "daily-digest", connections={"mail": None})
    assert [each["id"] for each in without["automations"][0]["actions"]] == ["read", "write", "post"]


async def test_what_is_missing_is_told_and_finished_later(api: httpx.AsyncClient) -> None:
    made = await deploy(api, "inbox-summarizer")
    agent, (rule,) = made["agent"]["slug"], made["automations"]
    assert [(each["connection"], each["purpose"]) for each in made["missing"]] == [
        ("model", "model"), ("inbox", "mail_in"), ("mail", "mail_out"),
    ]  # fmt: skip
    assert "POST /api/connections" in made["missing"][1]["detail"]
    assert f"PATCH /api/agents/{agent}" in made["missing"][1]["detail"]
    assert (made["agent"]["enabled"], rule["enabled"], rule["live_version"]) == (False, False, None)
    assert rule["trigger_config"]["connection"] == "Mailbox to sum up"
    on = {"enabled": True}
    told = problem(await api.patch(f"/api/agents/{agent}", json=on), 422, "automation_invalid")
    assert {each["at"] for each in told["errors"]} >= {"trigger_config.connection", "actions[1].config.connection"}
    assert (await api.get(f"/api/agents/{agent}")).json()["enabled"] is False
    await connect(api, MODEL)
    imap, smtp = await connect(api, IMAP), await connect(api, SMTP)
    read = await api.get(f"/api/agents/{agent}")
    stale = await api.patch(f"/api/agents/{agent}", json=on, headers={"If-Match": '"000"'})
    problem(stale, 412, "agent_stale")
    changed = await api.patch(f"/api/agents/{agent}", json=on, headers={"If-Match": read.headers["etag"]})
    assert changed.status_code == 200, changed.text
    assert changed.json()["enabled"] is True
    assert changed.json()["trigger_config"]["connection"] == imap
    assert changed.json()["actions"][1]["config"]["connection"] == smtp
    live = (await api.get(f"/api/automations/{rule['id']}")).json()
    assert (live["status"], live["live_version"]) == ("active", 1)


async def test_a_missing_model_alone_needs_no_more_than_the_switch(api: httpx.AsyncClient) -> None:
    made = await deploy(api, "answer-customers-in-chat")
    assert [each["connection"] for each in made["missing"]] == ["model"]
    assert made["agent"]["enabled"] is False
    await connect(api, MODEL)
    changed = (await api.patch(f"/api/agents/{made['agent']['id']}", json={"enabled": True})).json()
    assert (changed["enabled"], changed["trigger_type"]) == (True, "message")
    live = (await api.get(f"/api/automations/{changed['automation_id']}")).json()
    assert live["status"] == "active"


async def test_the_same_key_deploys_once_and_shows_the_secret_again(api: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "once"}
    first = await deploy(api, "youtube-poster", key)
    hook = first["automations"][0]["webhook"]
    assert hook["secret"]
    assert first["agent"]["webhook"]["secret"] == hook["secret"]
    assert await deploy(api, "youtube-poster", key) == first
    assert len((await api.get("/api/agents?search=youtube poster")).json()["items"]) == 1
    other = await api.post(FROM, json={"template_slug": "lead-finder"}, headers=key)
    problem(other, 422, "idempotency_key_reused")
    shown = (await api.get(f"/api/agents/{first['agent']['id']}")).json()
    assert shown["webhook"]["secret"] is None, "only once"


async def test_other_workspaces_accounts_are_none(
    client: httpx.AsyncClient, ada: Tenant, eve: Tenant, register: Register
) -> None:
    theirs = await connect_as(client, eve, MODEL)
    await connect_as(client, eve, SMTP)
    card = await client.get("/api/agents/templates/daily-digest", headers=ada.headers)
    assert card.json()["missing"] == ["model"]
    body = {"template_slug": "daily-digest", "overrides": {"connections": {"model": theirs}}}
    told = problem(await client.post(FROM, json=body, headers=ada.headers), 422, "template_invalid")
    assert told["errors"][0]["at"] == "overrides.connections.model"


async def connect_as(client: httpx.AsyncClient, tenant: Tenant, body: dict[str, Any]) -> str:
    answer = await client.post("/api/connections", json={"name": body["kind"], **body}, headers=tenant.headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_many_at_once_get_names_of_their_own(api: httpx.AsyncClient) -> None:
    made = await asyncio.gather(*[deploy(api, "status-page-checker") for _ in range(5)])
    assert len({each["agent"]["slug"] for each in made}) == len({each["agent"]["name"] for each in made}) == 5


async def test_a_draft_outlives_a_change_of_its_agent(api: httpx.AsyncClient) -> None:
    made = await deploy(api, "inbox-summarizer")
    rooms = (await api.get("/api/channels")).json()["items"]
    changed = await api.patch(f"/api/agents/{made['agent']['slug']}", json={"channels": [rooms[0]["id"]]})
    assert changed.status_code == 200, changed.text
    assert changed.json()["trigger_type"] == "email"
    assert changed.json()["actions"] == made["automations"][0]["actions"]


async def test_a_closed_room_is_as_unknown_as_none(
    api: httpx.AsyncClient, db: Database, ada: Tenant, register: Register
) -> None:
    room = (await api.post("/api/channels", json={"name": "board", "is_open": False})).json()["id"]
    bob = await register()
    await questions.join(db, ada.workspace_id, bob.user_id, "editor")
    headers = bob.headers | {"X-Workspace-Id": str(ada.workspace_id)}
    chat = {"template_slug": "answer-customers-in-chat"}
    for overrides in ({"inputs": {"channel": room}}, {"channels": [room]}):
        answer = await api.post(FROM, json=chat | {"overrides": overrides}, headers=headers)
        problem(answer, 422, "template_invalid")
    viewer = await register()
    await questions.join(db, ada.workspace_id, viewer.user_id, "viewer")
    headers = viewer.headers | {"X-Workspace-Id": str(ada.workspace_id)}
    problem(await api.post(FROM, json=chat, headers=headers), 403, "role_missing")
