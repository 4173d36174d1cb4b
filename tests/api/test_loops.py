"""Loops and calls through the API: saved, checked against the workspace, compared, tried out."""

from time import monotonic
from typing import Any

import httpx
import pytest

from core.ids import new_id
from tests.api.automations import HAND, made
from tests.api.conftest import Tenant, problem

LOOP: dict[str, Any] = {
    "name": "Every lead",
    "trigger_type": "manual",
    "actions": [
        {
            "id": "each",
            "type": "for_each",
            "items": "{{ trigger.data.leads }}",
            "concurrency": 2,
            "steps": [
                {"id": "shape", "type": "transform", "value": ["{{ item }}", "{{ index }}", "{{ previous.output }}"]},
                {"type": "http", "method": "POST", "url": "https://crm.example.com/leads", "body": {"a": 1}},
            ],
        },
        {"id": "sum", "type": "transform", "value": "{{ steps.each.output | length }}"},
    ],
}


def _call(automation: str, **more: Any) -> dict[str, Any]:
    return {
        "name": "Caller",
        "trigger_type": "manual",
        "actions": [{"id": "call", "type": "automation", "automation": automation, **more}],
    }


def _findings(answer: httpx.Response) -> list[tuple[str, str]]:
    return [(each["at"], each["message"]) for each in problem(answer, 422, "automation_invalid")["errors"]]


# loops ----------------------------------------------------------------------------------------------------------------


async def test_a_loop_is_kept_in_its_long_form(api: httpx.AsyncClient) -> None:
    created = await made(api, {**LOOP, "layout": {"shape": {"x": 1, "y": 2}}})
    assert created["findings"] == []
    each, _ = created["actions"]
    assert [(step["id"], step["needs"]) for step in each["config"]["steps"]] == [("shape", []), ("s2", ["shape"])]
    assert each["config"]["steps"][1]["config"]["json"] == {"a": 1}
    path = f"/api/automations/{created['id']}"
    again = await api.put(path, json=(await api.get(path)).json())
    assert (again.status_code, again.json()["actions"]) == (200, created["actions"])
    assert again.json()["live_version"] == 1
    assert created["sentence"] == (
        "When somebody presses Run, for each of trigger.data.leads (shape the data, then send a POST to"
        " crm.example.com), then shape the data."
    )
    assert set(created["step_sentences"]) == {"each", "shape", "s2", "sum"}


async def test_what_is_wrong_inside_has_its_place(api: httpx.AsyncClient) -> None:
    steps = [{"type": "respond"}, {"type": "http", "url": "http://127.0.0.1/"}]
    raw = {**LOOP, "actions": [{"type": "for_each", "items": 3, "steps": steps}]}
    found = _findings(await api.post("/api/automations", json=raw))
    assert [at for at, _ in found] == [
        "actions[0].config.items",
        "actions[0].config.steps[0].type",
        "actions[0].config.steps[1].config.url",
    ]


async def test_versions_are_compared_inside_loops(api: httpx.AsyncClient) -> None:
    created = await made(api, LOOP)
    path = f"/api/automations/{created['id']}"
    each, last = created["actions"]
    each["config"]["steps"][0]["config"]["value"] = "{{ item }}"
    await api.patch(path, json={"actions": [each, last]})
    answer = await api.get(f"{path}/versions/2/differences", params={"against": 1})
    (found,) = answer.json()["differences"]
    assert (found["kind"], found["step"], found["loop"]) == ("step_changed", "shape", "each")
    assert [field["path"] for field in found["fields"]] == ["config.value"]


@pytest.mark.parametrize("depth", [5, 10, 60])
async def test_hostile_nesting_is_a_quick_422(api: httpx.AsyncClient, depth: int) -> None:
    step: dict[str, Any] = {"type": "transform", "value": 1}
    for _ in range(depth):
        step = {"type": "for_each", "items": [], "steps": [step] * (2 if depth == 10 else 1)}
    began = monotonic()
    _findings(await api.post("/api/automations", json={**LOOP, "actions": [step]}))
    assert monotonic() - began < 5  # on a busy machine


# trying out -----------------------------------------------------------------------------------------------------------


async def _try(api: httpx.AsyncClient, created: dict[str, Any], step: str, **body: Any) -> dict[str, Any]:
    answer = await api.post(f"/api/automations/{created['id']}/steps/{step}/test", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_step_inside_a_loop_is_tried_out(api: httpx.AsyncClient) -> None:
    created = await made(api, LOOP)
    found = await _try(api, created, "shape", item={"name": "Ada"}, index=4)
    assert (found["sent"], found["output"]) == (True, [{"name": "Ada"}, 4, {"name": "Ada"}])
    post = await _try(api, created, "s2", steps={"shape": 1})
    assert (post["sent"], post["effect"], post["rendered"]["json"]) == (False, "unsafe", {"a": 1})
    unknown = await api.post(f"/api/automations/{created['id']}/steps/shape/test", json={"steps": {"s3": 1}})
    assert problem(unknown, 422, "invalid_request")["errors"][0]["message"].endswith("each, sum, shape, s2.")


async def test_of_a_loop_the_list_is_tried_out(api: httpx.AsyncClient) -> None:
    created = await made(api, LOOP)
    found = await _try(api, created, "each", data={"leads": [*range(300)]}, confirm=True)
    assert (found["sent"], found["error"]) == (False, None)
    assert found["output"] == {"count": 300, "items": [*range(100)]}
    assert found["lines"] == ["A run does the steps inside for 300 items; a test does none of them."]
    assert "steps" not in found["rendered"]
    wrong = await _try(api, created, "each", data={"leads": "Ada"})
    assert (wrong["error_code"], wrong["sent"]) == ("invalid_input", False)
    assert wrong["error"] == "config.items: A loop goes through a list, and this is the text “Ada”."


async def test_of_a_call_the_payload_is_tried_out(api: httpx.AsyncClient) -> None:
    await made(api, HAND)
    created = await made(api, _call("By hand", payload={"of": "{{ trigger.data }}"}))
    found = await _try(api, created, "call", data=7, confirm=True)
    assert (found["sent"], found["output"]) == (False, {"automation": "By hand", "payload": {"of": 7}})
    runs = await api.get("/api/automations/logs")
    assert runs.json()["items"] == []


# calls ----------------------------------------------------------------------------------------------------------------


async def test_a_call_by_id_and_by_name(api: httpx.AsyncClient) -> None:
    called = await made(api, HAND)
    for name in (called["id"], "By hand", "{{ trigger.data.name }}"):
        assert (await made(api, _call(name)))["findings"] == []


async def test_an_automation_that_does_not_exist(api: httpx.AsyncClient, eve: Tenant) -> None:
    foreign = await api.post("/api/automations", json={**HAND, "name": "Eve's"}, headers=eve.headers)
    at = "actions[0].config.automation"
    for name in (str(new_id()), "Nobody", foreign.json()["id"], "Eve's"):
        found = _findings(await api.post("/api/automations", json=_call(name)))
        assert found == [(at, f"There is no automation {name} in this workspace.")]
    draft = await made(api, _call("Nobody"), as_draft=True)
    assert [(each["at"], each["severity"]) for each in draft["findings"]] == [(at, "error")]
    path = f"/api/automations/{draft['id']}"
    assert [each["at"] for each in (await api.post(f"{path}/validate")).json()["findings"]] == [at]
    assert [place for place, _ in _findings(await api.post(f"{path}/publish"))] == [at]


async def test_a_call_from_inside_a_loop_is_checked_too(api: httpx.AsyncClient) -> None:
    loop = {"id": "each", "type": "for_each", "items": [1], "steps": _call("Nobody")["actions"]}
    found = _findings(await api.post("/api/automations", json={**LOOP, "actions": [loop]}))
    assert [at for at, _ in found] == ["actions[0].config.steps[0].config.automation"]


async def test_an_automation_that_calls_itself(api: httpx.AsyncClient) -> None:
    itself = "An automation can't call itself: each of its runs would start the next."
    at = "actions[0].config.automation"
    assert _findings(await api.post("/api/automations", json=_call("Caller"))) == [(at, itself)]
    called = await made(api, HAND)
    changed = await api.patch(f"/api/automations/{called['id']}", json={"actions": _call(called["id"])["actions"]})
    assert _findings(changed) == [(at, itself)]


async def test_a_name_that_several_have(api: httpx.AsyncClient) -> None:
    for _ in range(2):
        await made(api, HAND)
    ((_, message),) = _findings(await api.post("/api/automations", json=_call("By hand")))
    assert message == "2 automations are called By hand: give the id of the one that you mean."


async def test_a_draft_that_is_called_is_a_warning(api: httpx.AsyncClient) -> None:
    await made(api, HAND, as_draft=True)
    (finding,) = (await made(api, _call("By hand")))["findings"]
    assert (finding["at"], finding["severity"]) == ("actions[0].config.automation", "warning")


# the catalogue --------------------------------------------------------------------------------------------------------


async def test_the_catalogue_tells_what_stands_inside(api: httpx.AsyncClient) -> None:
    actions = {each["name"]: each for each in (await api.get("/api/catalog")).json()["actions"]}
    assert {name: each["contains"] for name, each in actions.items() if each["contains"]} == {"for_each": "steps"}
    schema = actions["for_each"]["input_schema"]
    assert schema["properties"]["steps"]["items"] == {"$ref": "#/$defs/Step"}
    assert {"id", "type", "config", "needs", "retry"} <= set(schema["$defs"]["Step"]["properties"])
    assert schema["$defs"]["Retry"]["properties"]["on"]["items"]["enum"][0] == "rate_limited"
