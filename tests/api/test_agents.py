"""`/api/agents`: create, read, change, delete, run, status, avatars, and the older addresses."""

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from PIL import Image

from core import settings as core_settings
from core.db import Database
from core.ids import new_id
from core.settings import Settings
from tests.agents.served import provider, worker
from tests.api.conftest import Tenant, problem, until
from tests.vendors.openai import MODELS, OpenAIServer
from tests.vendors.script import Say

__all__ = ["provider", "worker"]

SEEDS = {"code_bot", "sales_pro", "polyglot", "scraping-agent", "content-agent"}
ACTIONS = [{"id": "say", "type": "transform", "config": {"value": "{{ trigger.data }}"}}]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return core_settings.load({
        "VUTLER_HOME": str(tmp_path), "VUTLER_SIGNUP": "open", "VUTLER_PREFECT_PORT": "1",
        "VUTLER_HTTP_ALLOW_HOSTS": "127.0.0.1",
    })  # fmt: skip


@pytest.fixture
async def models() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as server:
        yield server


async def made(api: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await api.post("/api/agents", json={"name": "Support", **body})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.proves("DEP-2", "US-1.1 (5)")
async def test_five_come_with_every_workspace(api: httpx.AsyncClient) -> None:
    listed = (await api.get("/api/agents")).json()["items"]
    assert {each["slug"] for each in listed} == SEEDS
    first = (await api.get("/api/agents", params={"limit": 2})).json()
    rest = (await api.get("/api/agents", params={"limit": 200, "cursor": first["next_cursor"]})).json()
    assert {each["slug"] for each in first["items"] + rest["items"]} == SEEDS
    assert [e["slug"] for e in (await api.get("/api/agents", params={"search": "translat"})).json()["items"]] == [
        "polyglot"
    ]
    problem(await api.get("/api/agents", params={"cursor": "x"}), 422, "invalid_request")


@pytest.mark.proves("S6.2 (2)", "S6.2 (3)", "R-USR-2", "I-7", "D1 (4)", "S6.2")
async def test_create_read_change_delete(api: httpx.AsyncClient) -> None:
    agent = await made(
        api, name="Übersetzung & Co", avatar="🛟", instructions="Be kind.",
        settings={"max_tokens": 100, "budget": {"run_usd": 0.5}},
        tools=[{"tool": "http", "settings": {"hosts": ["api.example.com"]}, "approval": "always"}],
    )  # fmt: skip
    assert (agent["slug"], agent["avatar"], agent["enabled"]) == ("ubersetzung-co", "🛟", True)
    assert agent["settings"]["budget"]["run_usd"] == 0.5
    assert agent["automation_id"] is None
    for reference in (agent["id"], agent["slug"]):
        assert (await api.get(f"/api/agents/{reference}")).json() == agent
    changed = await api.patch(f"/api/agents/{agent['slug']}", json={"name": "Help", "settings": {"max_tokens": 50}})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["name"], changed.json()["slug"]) == ("Help", agent["slug"])
    assert changed.json()["instructions"] == "Be kind."
    assert (await api.delete(f"/api/agents/{agent['id']}")).status_code == 204
    problem(await api.get(f"/api/agents/{agent['slug']}"), 404, "agent_not_found")
    problem(await api.delete(f"/api/agents/{agent['id']}"), 404, "agent_not_found")
    problem(await api.patch("/api/agents/nobody", json={"name": "x"}), 404, "agent_not_found")


async def test_what_can_not_be_saved(api: httpx.AsyncClient) -> None:
    await made(api)
    problem(await api.post("/api/agents", json={"name": "Support", "slug": "support"}), 409, "agent_slug_taken")
    again = await made(api)
    assert again["slug"] == "support-2"
    told = problem(
        await api.post(
            "/api/agents",
            json={
                "name": "Bad", "slug": "templates", "provider": "nobody's",
                "tools": [{"tool": "nothing"}, {"tool": "http", "settings": {"hosts": ["*"], "x": 1}}],
            },
        ), 422, "agent_invalid",
    )  # fmt: skip
    places = {each["at"] for each in told["errors"]}
    assert places == {"slug", "provider", "tools[0].tool", "tools[1].settings.x", "tools[1].settings.hosts[0]"}
    problem(await api.post("/api/agents", json={}), 422, "invalid_request")


async def test_the_tools_of_an_mcp_server_are_given_by_its_connection(api: httpx.AsyncClient) -> None:
    fields = {"url": "https://mcp.example.com/mcp", "token": "mcp-canary"}
    await api.post("/api/connections", json={"kind": "mcp", "name": "Tickets", "fields": fields})
    given = {"tool": "mcp", "settings": {"connection": "Tickets", "tools": ["create_issue"]}, "approval": "always"}
    made = await api.post("/api/agents", json={"name": "Desk", "tools": [given]})
    assert made.status_code == 201, made.text
    assert made.json()["tools"][0]["settings"] == given["settings"]
    wrong = [
        {"tool": "mcp", "settings": {"connection": "Nobody"}},
        {"tool": "mcp", "settings": {}},
        {"tool": "mcp", "settings": {"connection": "Tickets", "tools": [""] * 65}},
    ]
    answer = await api.post("/api/agents", json={"name": "Wrong", "tools": wrong})
    problem(answer, 422, "agent_invalid")
    places = {each["at"] for each in answer.json()["errors"]}
    assert {f"tools[{number}].settings.connection" for number in (0, 1)} | {"tools[2].settings.tools"} <= places


@pytest.mark.proves("I-4", "I-8", "D1 (4)")
async def test_it_carries_the_automation_it_is_given(api: httpx.AsyncClient, worker: None) -> None:
    agent = await made(api, trigger_type="webhook", actions=ACTIONS)
    assert agent["trigger_type"] == "webhook"
    assert agent["webhook"]["url"].endswith(f"/api/agents/webhook/{agent['id']}")
    listed = (await api.get("/api/automations")).json()["items"]
    assert listed == []
    carried = (await api.get("/api/automations", params={"carried": True})).json()["items"]
    assert [each["id"] for each in carried] == [agent["automation_id"]]

    sent = await api.post(
        f"/api/agents/webhook/{agent['id']}", json={"n": 1}, headers={"X-Webhook-Secret": agent["webhook"]["secret"]}
    )
    assert sent.status_code == 202, sent.text
    problem(await api.post(f"/api/agents/webhook/{agent['id']}", json={}), 401, "wrong_secret")
    problem(await api.post(f"/api/agents/webhook/{new_id()}", json={}), 404, "webhook_not_found")
    run_id = sent.json()["run_id"]
    by_hand = await api.post(f"/api/agents/{agent['slug']}/run", json={"payload": {"n": 2}})
    assert by_hand.status_code == 202, by_hand.text

    async def over() -> list[Any]:
        items = (await api.get(f"/api/agents/{agent['id']}/runs")).json()["items"]
        return items if len(items) == 2 and all(each["status"] == "success" for each in items) else []

    runs = await until(over)
    assert [each["triggered_by"] for each in runs] == ["manual", "webhook"]
    one = (await api.get(f"/api/agents/runs/{run_id}")).json()
    assert (one["agent_id"], one["status"], one["output_summary"]) == (agent["id"], "success", '{"n":1}')
    lines = (await api.get(f"/api/agents/runs/{run_id}/logs")).json()["items"]
    assert any("ended: success" in each["text"] for each in lines)
    problem(await api.get(f"/api/agents/runs/{new_id()}"), 404, "run_not_found")
    problem(await api.get(f"/api/agents/runs/{new_id()}/logs"), 404, "run_not_found")
    problem(await api.get("/api/agents/nobody/runs"), 404, "agent_not_found")
    await api.delete(f"/api/agents/{agent['id']}")
    problem(await api.get(f"/api/automations/{agent['automation_id']}"), 404, "automation_not_found")
    assert (await api.get(f"/api/agents/runs/{run_id}")).status_code == 200


def ask(agent: str, name: str = "ask") -> dict[str, Any]:
    return {"id": name, "type": "agent", "config": {"agent": agent, "prompt": "Say {{ trigger.data }}"}}


async def test_a_new_slug_goes_into_the_steps_inside_of_steps_too(api: httpx.AsyncClient) -> None:
    other = {"id": "other", "type": "http", "config": {"method": "POST", "url": "https://example.com",
                                                       "json": {"agent": "support"}}}  # fmt: skip
    inner = {"id": "inner", "type": "for_each", "config": {"items": [1], "steps": [ask("support", "deep"), other]}}
    fork = {"id": "fork", "type": "branch", "config": {"cases": [{"name": "yes", "when": True}], "else": "no"}}
    loop = {"id": "loop", "type": "for_each", "needs": ["fork:no"], "config": {
        "items": [1], "steps": [ask("support", "near"), ask("code_bot", "else"), inner]}}  # fmt: skip
    actions = [fork, {**ask("support"), "needs": ["fork:yes"]}, loop]
    agent = await made(api, trigger_type="agent_event", trigger_config={"event": "agent.error", "agent": "support"},
                       actions=actions)  # fmt: skip
    changed = await api.patch("/api/agents/support", json={"slug": "helpdesk"})
    assert changed.status_code == 200, changed.text
    rule = (await api.get(f"/api/automations/{agent['automation_id']}")).json()
    assert rule["trigger_config"]["agent"] == "helpdesk"
    written = json.dumps(rule["actions"])
    assert written.count('"agent": "helpdesk"') == 3
    assert written.count('"agent": "support"') == 1, "what is no step's agent stays as it is"
    assert written.count('"agent": "code_bot"') == 1


async def test_a_slug_that_others_name_stays(api: httpx.AsyncClient) -> None:
    agent = await made(api)
    loop = {"id": "loop", "type": "for_each", "config": {"items": [1], "steps": [ask("support")]}}
    manual: dict[str, Any] = {"trigger_type": "manual", "actions": [loop]}
    event = {"trigger_type": "agent_event", "trigger_config": {"event": "agent.error", "agent": "support"},
             "actions": ACTIONS}  # fmt: skip
    ids = []
    for name, body in (("Nested", manual), ("On errors", event)):
        answer = await api.post("/api/automations", json={"name": name, **body})
        assert answer.status_code == 201, answer.text
        ids.append(answer.json()["id"])
    told = problem(await api.patch("/api/agents/support", json={"slug": "helpdesk"}), 409, "agent_named")
    assert "“Nested”, “On errors”" in told["detail"]
    assert agent["id"] in told["detail"]
    assert (await api.patch("/api/agents/support", json={"slug": "support", "name": "Help"})).status_code == 200
    by_id = {"actions": [{**loop, "config": {"items": [1], "steps": [ask(agent["id"])]}}]}
    path = f"/api/automations/{ids[0]}"
    assert (await api.patch(path, params={"as_draft": True}, json=by_id)).status_code == 200
    await api.delete(f"/api/automations/{ids[1]}")
    told = problem(await api.patch("/api/agents/support", json={"slug": "helpdesk"}), 409, "agent_named")
    assert "“Nested”." in told["detail"], "its live version names it still"
    assert (await api.post(f"{path}/publish")).status_code == 200
    changed = await api.patch("/api/agents/support", json={"slug": "helpdesk"})
    assert (changed.status_code, changed.json()["slug"]) == (200, "helpdesk")


async def test_agents_and_channels_are_of_the_warm_lane(api: httpx.AsyncClient) -> None:
    loop = {"id": "loop", "type": "for_each", "config": {"items": [1], "steps": [ask("code_bot")]}}
    post = {"id": "post", "type": "channel", "config": {"channel": "general", "text": "hello"}}
    body = {"name": "Apart", "trigger_type": "manual", "actions": [loop, post], "policy": {"lane": "containers"}}
    told = problem(await api.post("/api/automations", json=body), 422, "automation_invalid")
    assert {each["at"]: each["message"] for each in told["errors"]} == {
        f"{at}.type": f"A step {kind} can't run in the lane containers: choose the lane warm (policy.lane), or call an"
        " automation of that lane that has this step."
        for at, kind in (("actions[0].config.steps[0]", "agent"), ("actions[1]", "channel"))
    }
    draft = await api.post("/api/automations", params={"as_draft": True}, json=body)
    assert draft.status_code == 201, draft.text
    problem(await api.post(f"/api/automations/{draft.json()['id']}/publish"), 422, "automation_invalid")
    carried = {"actions": [post], "trigger_type": "manual", "policy": {"lane": "containers"}}
    problem(await api.patch("/api/agents/code_bot", json=carried), 422, "automation_invalid")


async def test_without_an_automation_there_is_nothing_to_run(api: httpx.AsyncClient) -> None:
    problem(await api.post("/api/agents/code_bot/run"), 409, "agent_without_automation")
    assert (await api.get("/api/agents/code_bot/runs")).json() == {"items": [], "next_cursor": None}


async def test_a_viewer_may_look_and_no_more(api: httpx.AsyncClient, ada: Tenant, eve: Tenant, db: Database) -> None:
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ($1, $2, 'viewer')",
            ada.workspace_id, eve.user_id,
        )  # fmt: skip
    headers = {**eve.headers, "X-Workspace-Id": str(ada.workspace_id)}
    assert (await api.get("/api/agents/code_bot", headers=headers)).status_code == 200
    for method, path in (
        ("POST", ""), ("PATCH", "/code_bot"), ("DELETE", "/code_bot"), ("POST", "/code_bot/execute"),
        ("PUT", "/code_bot/avatar"),
    ):  # fmt: skip
        body: Any = {"content": b"x"} if method == "PUT" else {"json": {"name": "x", "prompt": "x"}}
        if path.endswith("execute"):
            body = {"json": {"prompt": "x"}}
        elif method != "PUT":
            body = {"json": {"name": "x"}}
        problem(await api.request(method, f"/api/agents{path}", headers=headers, **body), 403, "role_missing")


def picture(format_: str = "JPEG", size: tuple[int, int] = (400, 300)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, format_)
    return out.getvalue()


async def test_an_avatar_is_drawn_anew(api: httpx.AsyncClient) -> None:
    answer = await api.put("/api/agents/code_bot/avatar", content=picture() + b"<script>canary</script>")
    assert answer.status_code == 200, answer.text
    shown = await api.get(answer.json()["avatar"])
    assert shown.headers["content-type"] == "image/png"
    assert b"canary" not in shown.content
    with Image.open(io.BytesIO(shown.content)) as opened:
        assert (opened.format, opened.size) == ("PNG", (256, 256))
    again = await api.put("/api/agents/code_bot/avatar", content=picture("WEBP"))
    assert again.status_code == 200
    assert (await api.get(answer.json()["avatar"])).status_code == 404  # the former one is gone
    back = await api.patch("/api/agents/code_bot", json={"avatar": "🤖"})
    assert back.json()["avatar"] == "🤖"


@pytest.mark.parametrize(
    "content",
    [b"", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", picture("GIF"), picture()[:200]],
    ids=["nothing", "svg", "gif", "cut"],
)
async def test_what_is_no_picture(api: httpx.AsyncClient, content: bytes) -> None:
    problem(await api.put("/api/agents/code_bot/avatar", content=content), 422, "avatar_invalid")


async def test_a_picture_that_is_too_large(api: httpx.AsyncClient) -> None:
    problem(await api.put("/api/agents/code_bot/avatar", content=b"x" * 513_000), 413, "avatar_too_large")


async def test_the_models_of_a_provider(api: httpx.AsyncClient, provider: dict[str, Any], models: OpenAIServer) -> None:
    answer = await api.get(f"/api/connections/{provider['id']}/models")
    assert answer.status_code == 200, answer.text
    found = {each["name"]: (each["usd_in"], each["usd_out"]) for each in answer.json()["items"]}
    assert set(found) == set(MODELS)
    assert found["gpt-5-mini"] == (0.25, 2.0)
    assert (await api.post(f"/api/connections/{provider['id']}/test")).json() == {
        "ok": True, "message": f"The provider answered and offers {len(MODELS)} models.", "code": None,
    }  # fmt: skip
    models.key = "another"
    told = problem(await api.get(f"/api/connections/{provider['id']}/models"), 409, "model_unauthorized")
    assert "canary" not in str(told)
    assert (await api.post(f"/api/connections/{provider['id']}/test")).json()["code"] == "model_unauthorized"
    problem(await api.get(f"/api/connections/{new_id()}/models"), 404, "connection_not_found")


async def test_its_status(
    api: httpx.AsyncClient, provider: dict[str, Any], models: OpenAIServer, worker: None, db: Database
) -> None:
    async def status() -> str:
        return str((await api.get("/api/agents/code_bot/status")).json()["status"])

    assert await status() == "online"
    models.script.answers = [Say("One, two", hold=True)]
    asked = api.build_request("POST", "/api/agents/code_bot/execute", json={"prompt": "Count", "stream": True})
    answer = await api.send(asked, stream=True)

    async def processing() -> bool:
        return await status() == "processing"

    await until(processing)
    models.script.release()
    await answer.aread()

    async def online() -> bool:
        return await status() == "online"

    await until(online)
    await api.patch("/api/agents/code_bot", json={"enabled": False})
    assert await status() == "offline"
    assert (await api.get("/api/agents/code_bot/status")).json()["reason_code"] == "agent_disabled"
    problem(await api.post("/api/agents/code_bot/execute", json={"prompt": "x"}), 409, "agent_disabled")
    problem(await api.get("/api/agents/nobody/status"), 404, "agent_not_found")


async def test_without_a_provider_it_is_offline(api: httpx.AsyncClient) -> None:
    told = (await api.get("/api/agents/code_bot/status")).json()
    assert (told["status"], told["reason_code"]) == ("offline", "no_model_provider")
    assert "no provider" in told["reason"]


@pytest.mark.proves("I-10")
async def test_the_older_pair(api: httpx.AsyncClient) -> None:
    body = {"name": "Remind", "prompt": "Remind them", "run_at": "2036-12-01T09:00:00Z"}
    answer = await api.post("/api/agents/run/automation", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] == "scheduled"
    UUID(answer.json()["id"])
    listed = (await api.get("/api/agents/run/automation-list")).json()["items"]
    assert [(each["name"], each["status"]) for each in listed] == [("Remind", "scheduled")]
    problem(await api.post("/api/agents/run/automation", json={"name": "x"}), 422, "invalid_request")
    problem(await api.get("/api/agents/run/automation-list", params={"cursor": "x"}), 422, "invalid_request")
