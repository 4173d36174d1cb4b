"""An assistant at work: with the protocol's own client and a token it makes an automation, mends what it got wrong,
publishes and runs it, and answers what it asks."""

import httpx
import pytest

from tests.agents.served import settings, worker
from tests.api.conftest import Served, Tenant
from tests.api.test_mcp import call
from tests.api.test_tokens import bearer, make
from tests.waiting import until

__all__ = ["settings", "worker"]

ASKS = {"id": "ask", "type": "approval", "config": {"message": "Publish {{ trigger.data.title }}?"}}
SAYS = {"id": "say", "type": "transform", "config": {"value": "{{ trigger.data.title }}"}}
WRONG = {
    "name": "Made by a model", "trigger_type": "manual",
    "actions": [SAYS, {**ASKS, "id": "say"}, {**SAYS, "id": "Say-It again", "needs": ["ask"]}],
}  # fmt: skip


async def test_ids_that_a_model_got_wrong_are_told_with_their_place_and_better_ones(
    served: Served, ada: Tenant
) -> None:
    """None is changed behind its back: `needs` and templates may mean either of two steps with one id."""
    worked, words = await call(served, ada.headers, "create_draft", definition=WRONG)
    if worked:
        words = "\n".join(f"- {each['at']}: {each['message']}" for each in words["findings"])
    assert "- actions[1].id: The id say is taken by actions[0]; ids are unique. Write say_2, " in words
    assert "- actions[2].id: An id begins with a letter a-z " in words
    assert "such as say_it_again." in words
    ids = ["say", "say_2", "say_it_again"]
    mended = [{**each, "id": own} for each, own in zip(WRONG["actions"], ids, strict=True)]  # type: ignore[dict-item]
    mended[2]["needs"] = ["say_2"]
    worked, draft = await call(served, ada.headers, "create_draft", definition={**WRONG, "actions": mended})
    assert worked, draft
    assert [each["id"] for each in draft["actions"]] == ids
    assert not [each for each in draft["findings"] if each.get("level") != "warning"]


async def test_steps_without_ids_are_named(served: Served, ada: Tenant) -> None:
    steps = [{"type": "transform", "config": {"value": 1}}, {"type": "transform", "config": {"value": 2}}]
    definition = {"name": "Nameless", "trigger_type": "manual", "actions": steps}
    worked, draft = await call(served, ada.headers, "create_draft", definition=definition)
    assert worked, draft
    assert [each["id"] for each in draft["actions"]] == ["s1", "s2"]


async def test_the_example_of_the_language_is_taken_as_it_stands(served: Served, ada: Tenant) -> None:
    _, language = await call(served, ada.headers, "get_definition_language")
    (example,) = language["examples"]
    worked, draft = await call(served, ada.headers, "create_draft", definition=example)
    assert worked, draft
    assert draft["findings"] == []
    assert (await call(served, ada.headers, "publish_automation", automation_id=draft["id"]))[0]


async def test_whom_steps_may_name(served: Served, ada: Tenant, api: httpx.AsyncClient) -> None:
    await api.post("/api/channels", json={"name": "leads", "kind": "room"})
    _, agents = await call(served, ada.headers, "list_agents")
    assert "code_bot" in {each["slug"] for each in agents["items"]}
    _, channels = await call(served, ada.headers, "list_channels")
    assert "leads" in {each["name"] for each in channels["items"]}
    _, found = await call(served, ada.headers, "get_catalog")
    assert "mcp" in {each["name"] for each in found["tools"]}


@pytest.mark.parametrize("decision", ["approve", "reject"])
async def test_it_runs_asks_and_is_answered(
    served: Served, api: httpx.AsyncClient, ada: Tenant, worker: None, decision: str
) -> None:
    token = bearer(await make(api, ada, "read", "write", "run", "approve"))
    definition = {"name": "Ask first", "trigger_type": "manual", "actions": [ASKS, SAYS]}
    _, draft = await call(served, token, "create_draft", definition=definition)
    worked, words = await call(served, token, "run_automation", automation_id=draft["id"])
    assert not worked  # nothing runs before it is published
    assert "publish" in words.lower()
    await call(served, token, "publish_automation", automation_id=draft["id"])
    worked, begun = await call(
        served, token, "run_automation", automation_id=draft["id"], payload={"title": "News"}, idempotency_key="k"
    )
    assert worked, begun
    address = f"/api/automations/logs/{begun['run_id']}"

    async def is_none_of(*statuses: str) -> bool:
        return (await api.get(address)).json()["status"] not in statuses

    await until(lambda: is_none_of("queued", "running"), seconds=30)
    _, asked = await call(served, token, "list_approvals", run_id=begun["run_id"], state="pending")
    (question,) = asked["items"]
    answer = {"approval_id": question["id"], "decision": decision, "comment": "As Ada said."}
    worked, answered = await call(served, token, "answer_approval", **answer)
    assert worked, answered
    await until(lambda: is_none_of("queued", "running", "waiting"), seconds=30)
    _, found = await call(served, token, "get_run", log_id=begun["run_id"])
    ended_well = {each["step_id"] for each in found["action_logs"] if each["status"] == "success"}
    assert ("say" in ended_well, found["output"] == "News") == (
        (True, True) if decision == "approve" else (False, False)
    )
    worked, words = await call(served, token, "answer_approval", **answer)
    assert not worked, "it is answered once"
