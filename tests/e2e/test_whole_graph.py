"""The product from outside: approvals, loops, calls, a step in doubt and a replay, on its real processes."""

import time
from typing import Any

import pytest

from tests.e2e.person import Person
from tests.echo import Echo
from tests.waiting import until

pytestmark = pytest.mark.e2e


def say(name: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "transform", "config": {"value": value}, **more}


async def run_until(person: Person, automation: str, *statuses: str, payload: Any = None) -> dict[str, Any]:
    status, answer = await person.send("POST", f"/api/automations/{automation}/run", {"payload": payload})
    assert status == 202, answer
    return await reaches(person, answer["run_id"], *statuses)


async def reaches(person: Person, run_id: str, *statuses: str) -> dict[str, Any]:
    async def there() -> bool:
        return (await person.get(f"/api/automations/logs/{run_id}"))["status"] in statuses

    await until(there, seconds=30)
    return dict(await person.get(f"/api/automations/logs/{run_id}"))


async def items_of(person: Person, path: str) -> list[dict[str, Any]]:
    """The items of a list, as soon as there are some."""

    async def some() -> object:
        return (await person.get(path))["items"]

    await until(some, seconds=30)
    return list((await person.get(path))["items"])


@pytest.mark.proves("R-WF-2", "T-9", "I-17", "I-18", "R-WF-1")
async def test_a_run_waits_for_approval_and_goes_on(person: Person, echo: Echo) -> None:
    send = {
        "id": "send", "type": "http", "approval_required": True,
        "config": {"method": "POST", "url": f"{echo.url}/send", "json": {"to": "{{ trigger.data.to }}"}},
    }  # fmt: skip
    made = await person.create({
        "name": "Ask me", "trigger_type": "manual", "actions": [say("draft", "a page"), send, say("after", "sent")],
    })  # fmt: skip
    run = await run_until(person, made["id"], "waiting", payload={"to": "ada"})
    assert run["waiting_for"]["code"] == "approval"
    inbox = await person.get("/api/approvals?state=pending&mine=true")
    assert [one["run_id"] for one in inbox["items"]] == [run["id"]]
    assert (await items_of(person, "/api/notifications?unread=true"))[0]["kind"] == "approval"
    assert not echo.hits
    began = time.monotonic()
    status, answer = await person.send("POST", f"/api/agents/runs/{run['id']}/approve", {"comment": "Go."})
    assert status == 200, answer
    run = await reaches(person, run["id"], "success", "failed", "cancelled")
    assert run["status"] == "success", run["error"]
    assert time.monotonic() - began < 5
    assert len(echo.hits) == 1
    run = await run_until(person, made["id"], "waiting", payload={"to": "eve"})
    status, answer = await person.send("POST", f"/api/agents/runs/{run['id']}/reject", {"comment": "No."})
    assert status == 200, answer
    run = await reaches(person, run["id"], "success", "failed", "cancelled")
    assert (run["status"], run["error_code"], len(echo.hits)) == ("cancelled", "rejected", 1)


async def test_a_loop_calls_another_automation_for_each_item(person: Person) -> None:
    inner = await person.create({
        "name": "Double", "trigger_type": "manual", "actions": [say("two", "{{ trigger.data.n * 2 }}")],
    })  # fmt: skip
    call = {
        "id": "call", "type": "automation", "config": {"automation": inner["id"], "payload": {"n": "{{ item }}"}},
    }  # fmt: skip
    outer = await person.create({
        "name": "All", "trigger_type": "manual",
        "actions": [
            {"id": "each", "type": "for_each",
             "config": {"items": "{{ trigger.data }}", "concurrency": 3, "steps": [call]}},
            say("sum", "{{ steps.each.output | sum }}"),
        ],
    })  # fmt: skip
    run = await run_until(person, outer["id"], "success", "failed", payload=[1, 2, 3])
    assert (run["status"], run["output"]) == ("success", 12), run["error"]
    items = [step for step in run["action_logs"] if step["step_id"] == "call"]
    assert [item["iteration"] for item in items] == ["0", "1", "2"]
    children = (await person.get(f"/api/automations/logs?automation_id={inner['id']}"))["items"]
    assert len(children) == 3
    child = await person.get(f"/api/automations/logs/{children[0]['id']}")
    assert (child["parent_id"], child["root_id"], child["depth"]) == (run["id"], run["id"], 2)


async def test_no_answer_is_a_doubt_that_a_person_settles(person: Person, echo: Echo) -> None:
    hang = {
        "id": "pay", "type": "http", "timeout_s": 0.5,
        "config": {"method": "POST", "url": f"{echo.url}/slow?s=3", "json": {}},
    }  # fmt: skip
    made = await person.create({"name": "Pay", "trigger_type": "manual", "actions": [hang, say("after", "paid")]})
    run = await run_until(person, made["id"], "waiting", "failed", "success")
    assert run["status"] == "waiting", run["error"]
    assert run["action_logs"][0]["status"] == "unknown"
    question = (await person.get(f"/api/approvals?run_id={run['id']}"))["items"][0]
    assert question["kind"] == "doubt"
    status, answer = await person.send("POST", f"/api/approvals/{question['id']}/answer", {"decision": "done"})
    assert status == 200, answer
    run = await reaches(person, run["id"], "success", "failed", "cancelled")
    assert (run["status"], run["output"]) == ("success", "paid")


async def test_a_circle_of_automations_comes_to_rest(person: Person) -> None:
    first = await person.create({"name": "A", "trigger_type": "manual", "actions": [say("a", 1)]})
    second = await person.create({
        "name": "B", "trigger_type": "automation", "trigger_config": {"automation": first["id"]},
        "actions": [say("b", 2)],
    })  # fmt: skip
    status, _ = await person.send("PUT", f"/api/automations/{first['id']}", {
        "name": "A", "trigger_type": "automation", "trigger_config": {"automation": second["id"]},
        "actions": [say("a", 1)],
    })  # fmt: skip
    assert status == 200
    await run_until(person, first["id"], "success")
    alerts = await items_of(person, "/api/alerts?open=true")
    runs = [
        one
        for made in (first, second)
        for one in (await person.get(f"/api/automations/logs?automation_id={made['id']}"))["items"]
    ]
    assert (len(runs), len(alerts), alerts[0]["kind"]) == (3, 1, "too_deep")
