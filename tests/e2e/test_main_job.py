"""The main job on real processes: a webhook's two-step automation, its history, and Prefect's record of it."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.e2e.person import Person, until
from tests.e2e.product import Product
from tests.echo import Echo

pytestmark = pytest.mark.e2e


class Prefect:
    """The operator's look into Prefect's own API."""

    def __init__(self, product: Product) -> None:
        self._url = product.prefect_url
        user, _, password = (product.home / "prefect-auth").read_text().strip().partition(":")
        self._headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}

    async def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        async with aiohttp.ClientSession(headers=self._headers) as session:
            method = "POST" if body is not None else "GET"
            async with session.request(method, self._url + path, json=body) as answer:
                assert answer.status == 200, await answer.text()
                return await answer.json()


def two_http_steps(echo: Echo, **trigger: Any) -> dict[str, Any]:
    return {
        "name": "Two steps",
        "trigger_type": "webhook",
        "trigger_config": {"auth": "secret", "dedupe": {"from": "header", "name": "X-Event-Id"}, **trigger},
        "actions": [
            {"type": "http", "config": {
                "method": "POST", "url": f"{echo.url}/first", "json": {"lead": "{{ trigger.data.lead }}"}}},
            {"type": "http", "config": {
                "method": "POST", "url": f"{echo.url}/second",
                "json": {"from_first": "{{ previous.output.body.json.lead }}",
                         "text": "Hello {{ trigger.data.lead }}"}}},
        ],
    }  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def each_minute(product: Product) -> tuple[str, datetime]:
    """An automation of every minute and its first due time: the minute goes by while the other tests run."""
    async with Person(product.url) as person:
        made = await person.create({
            "name": "Each minute", "trigger_type": "cron",
            "trigger_config": {"cron": "* * * * *", "timezone": "Europe/Berlin"},
            "actions": [{"type": "transform", "config": {"value": "{{ now }}"}}],
        })  # fmt: skip
        due = when((await person.get(f"/api/automations/{made['id']}"))["next_run_at"])
    assert due > datetime.now(UTC) - timedelta(seconds=2)
    return str(made["id"]), due


async def deliver(person: Person, hook: dict[str, Any], event: str, body: Any, secret: str | None = None) -> Any:
    headers = {"X-Webhook-Secret": secret if secret is not None else hook["secret"], "X-Event-Id": event}
    return await person.send("POST", hook["url"], body, anonymous=True, headers=headers)


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.proves(
    "US-1.2 (1)", "US-1.4 (1)", "US-1.4 (3)", "US-1.4 (4)", "US-2.1 (3)", "US-3.2 (2)", "US-3.2 (3)", "R-WF-1",
    "R-WF-3", "R-ENG-3", "R-OBS-1", "R-INT-3", "I-3", "I-19", "T-1", "T-3", "T-8", "DOD-3", "DOD-4",
)  # fmt: skip
async def test_fifty_deliveries_are_forty_runs(product: Product, person: Person, echo: Echo) -> None:
    made = await person.create(two_http_steps(echo, rate_per_min=1000))
    hook = made["webhook"]
    answers = await asyncio.gather(
        *(deliver(person, hook, f"event-{n % 40}", {"lead": f"lead-{n % 40}"}) for n in range(50))
    )
    assert all(status == 202 for status, _ in answers), answers
    assert sum(answer["status"] == "accepted" for _, answer in answers) == 40
    assert sum(answer["status"] == "duplicate" for _, answer in answers) == 10
    assert len({answer["run_id"] for _, answer in answers}) == 40

    async def all_ended() -> bool:
        return len(await person.runs(made["id"], status="success")) == 40

    await until("40 runs have succeeded", all_ended, 30)
    runs = await person.runs(made["id"])
    assert len(runs) == 40
    for run in runs:
        detail = await person.run(run["id"])
        lead = detail["trigger_data"]["lead"]
        first, second = detail["action_logs"]
        assert [first["status"], second["status"]] == ["success", "success"]
        assert first["input"]["json"] == {"lead": lead}
        assert second["input"]["json"] == {"from_first": lead, "text": f"Hello {lead}"}
        assert second["output"]["status"] == 200
        assert second["output"]["body"]["json"]["from_first"] == lead
        assert first["duration_ms"] >= 0
        assert (first["action_index"], first["action_type"], first["attempt"]) == (0, "http", 1)
    assert len([hit for hit in echo.hits if hit.path == "/first"]) == 40
    listed = next(item for item in (await person.get("/api/automations"))["items"] if item["id"] == made["id"])
    assert listed["run_count"] == 40
    assert listed["last_run_status"] == "success"
    assert listed["last_run_at"] is not None
    await _prefect_agrees(product, person, made["id"], runs)


async def _prefect_agrees(product: Product, person: Person, automation: str, runs: list[dict[str, Any]]) -> None:
    """The same runs stand in Prefect's API, under the automation's deployment, with the same times."""
    prefect = Prefect(product)

    async def all_there() -> bool:
        found = await prefect.ask("/flow_runs/count", {"flow_runs": {
            "id": {"any_": [run["id"] for run in runs]}, "state": {"type": {"any_": ["COMPLETED"]}}}})  # fmt: skip
        return bool(found == len(runs))

    await until("Prefect has every run", all_there, 15)
    near = timedelta(milliseconds=50)
    for run in runs[:5]:
        ours = await person.run(run["id"])
        theirs = await prefect.ask(f"/flow_runs/{run['id']}")
        assert theirs["parameters"]["automation_id"] == automation
        assert f"ws:{person.workspace}" in theirs["tags"]
        deployment = await prefect.ask(f"/deployments/{theirs['deployment_id']}")
        assert deployment["name"].startswith("two-steps-")
        assert abs(when(theirs["start_time"]) - when(ours["started_at"])) <= near
        assert abs(when(theirs["end_time"]) - when(ours["completed_at"])) <= near
        tasks = await prefect.ask("/task_runs/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}})
        assert len(tasks) == 2
        for task, step in zip(sorted(tasks, key=lambda task: task["start_time"]), ours["action_logs"], strict=True):
            assert task["state_type"] == "COMPLETED"
            assert abs(when(task["start_time"]) - when(step["started_at"])) <= near
            assert abs(when(task["end_time"]) - when(step["completed_at"])) <= near


@pytest.mark.proves("US-1.4 (3)")
async def test_a_failed_run_says_why_here_and_in_prefect(product: Product, person: Person, echo: Echo) -> None:
    made = await person.create({
        "name": "Broken", "trigger_type": "manual",
        "actions": [{"type": "http", "config": {"url": f"{echo.url}/status/404"}}],
    })  # fmt: skip
    status, answer = await person.send("POST", f"/api/automations/{made['id']}/run", {"payload": {}})
    assert status == 202, answer
    run_id = answer["run_id"]

    async def ended() -> bool:
        return bool((await person.run(run_id))["status"] == "failed")

    await until("the run failed", ended, 20)
    run = await person.run(run_id)
    assert "404" in run["error"]
    assert run["action_logs"][0]["error"] == run["error"]
    prefect = Prefect(product)

    async def told() -> bool:
        found = await prefect.ask("/flow_runs/filter", {"flow_runs": {"id": {"any_": [run_id]}}})
        return bool(found and found[0]["state_type"] == "FAILED" and "404" in found[0]["state"]["message"])

    await until("Prefect shows the failure and its text", told, 15)
    lines = await prefect.ask("/logs/filter", {"logs": {"flow_run_id": {"any_": [run_id]}}})
    assert any("404" in line["message"] for line in lines)


@pytest.mark.proves("US-2.1 (4)", "T-3", "R-USR-4", "I-16", "RISK-5")
async def test_a_wrong_secret_is_refused_and_recorded(person: Person, echo: Echo) -> None:
    made = await person.create(two_http_steps(echo))
    for secret in ("wrong", ""):
        status, answer = await deliver(person, made["webhook"], "e", {"lead": 1}, secret)
        assert status == 401
        assert answer["status"] == 401
    assert await person.runs(made["id"]) == []
    deliveries = await person.get(f"/api/deliveries?automation_id={made['id']}")
    assert [item["verdict"] for item in deliveries["items"]] == ["refused", "refused"]
    status, answer = await person.send(
        "POST", f"{made['webhook']['url']}?secret={made['webhook']['secret']}", {"lead": 1}, anonymous=True
    )
    assert status == 202, answer


async def test_a_caller_can_wait_for_the_answer(person: Person, echo: Echo) -> None:
    definition = two_http_steps(echo, response="wait", wait_s=20)
    definition["actions"].append({"type": "transform", "config": {"value": {"answer": "{{ trigger.data.lead }}"}}})
    made = await person.create(definition)
    status, answer = await deliver(person, made["webhook"], "w", {"lead": "me"})
    assert (status, answer) == (200, {"answer": "me"})
    status, answer = await person.send(
        "POST", f"/api/automations/{made['id']}/run?wait=20", {"payload": {"lead": "you"}}
    )
    assert status == 200, answer
    assert answer["output"] == {"answer": "you"}


@pytest.mark.proves("US-1.5 (3)", "R-ENG-4", "R-OBS-2", "I-21", "T-5", "DOD-6")
async def test_the_stream_and_the_lines_tell_each_step(person: Person, echo: Echo) -> None:
    made = await person.create({
        "name": "Slowly", "trigger_type": "manual",
        "actions": [
            {"id": "one", "type": "http", "config": {"url": f"{echo.url}/slow?s=1"}},
            {"id": "two", "type": "http", "config": {"url": f"{echo.url}/flaky/1?key=x"},
             "retry": {"max_attempts": 3, "delay_s": 0.1}},
        ],
    })  # fmt: skip
    _, started = await person.send("POST", f"/api/automations/{made['id']}/run", {"payload": None})
    path = f"/api/automations/logs/{started['run_id']}/stream"
    events = await _events(person, path)
    seen = [(event["event"], event["data"].get("step_id") or event["data"].get("step"), event["data"].get("status"))
            for event in events]  # fmt: skip
    assert ("step", "one", "success") in seen
    assert ("step", "two", "success") in seen
    assert seen.index(("step", "one", "success")) < seen.index(("step", "two", "success"))
    moments = {(step, status): event["at"] for event, (_, step, status) in zip(events, seen, strict=True)}
    assert moments["two", "success"] > moments["one", "success"], "each step is told as it happens"
    assert events[-1]["event"] == "end"
    ids = [int(event["id"]) for event in events if event["id"]]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)

    again = await _events(person, path, last=str(ids[len(ids) // 2]))
    assert [int(event["id"]) for event in again if event["id"]] == [n for n in ids if n > ids[len(ids) // 2]]

    lines = [line["text"] for line in (await person.get(path.replace("/stream", "/lines")))["items"]]
    assert lines[0].startswith("Run started")
    assert lines[-1].startswith("Run ended: success")
    assert any("Attempt 1 failed" in line for line in lines)
    assert sum(line.startswith("Step ") and "starts" in line for line in lines) == 2


async def _events(person: Person, path: str, last: str | None = None) -> list[dict[str, Any]]:
    """Read a stream to its end; `at` is when each event arrived."""
    headers = {"Last-Event-ID": last} if last else {}
    found: list[dict[str, Any]] = []
    answer = await person.stream(path, headers)
    async with asyncio.timeout(30), answer:
        assert answer.status == 200
        event: dict[str, Any] = {"event": "message", "id": "", "data": ""}
        async for raw in answer.content:
            line = raw.decode().rstrip("\n")
            if line:
                name, _, value = line.partition(": ")
                if name in event:
                    event[name] = value
            elif event["data"]:
                found.append({**event, "data": json.loads(event["data"]), "at": datetime.now(UTC)})
                event = {"event": "message", "id": "", "data": ""}
                if found[-1]["event"] == "end":
                    return found
            else:
                event = {"event": "message", "id": "", "data": ""}
    return found


async def test_a_hanging_request_is_cancelled_within_a_second(person: Person, echo: Echo) -> None:
    made = await person.create({
        "name": "Hangs", "trigger_type": "manual",
        "actions": [{"type": "http", "config": {"url": f"{echo.url}/slow?s=25"}}],
    })  # fmt: skip
    _, started = await person.send("POST", f"/api/automations/{made['id']}/run", {"payload": None})

    async def is_there() -> bool:
        return any(hit.path.startswith("/slow?s=25") for hit in echo.hits)

    await until("the request hangs", is_there, 10)
    began = time.monotonic()
    status, answer = await person.send("POST", f"/api/automations/logs/{started['run_id']}/cancel")
    assert status == 202, answer

    async def over() -> bool:
        return bool((await person.run(started["run_id"]))["status"] == "cancelled")

    await until("the run is cancelled", over, 4)
    assert time.monotonic() - began < 4  # a second, on a busy machine; the request hangs for 25


@pytest.mark.proves("I-11", "T-1")
async def test_a_large_answer_stands_beside_the_run(person: Person, echo: Echo) -> None:
    made = await person.create({
        "name": "Large", "trigger_type": "manual",
        "actions": [{"type": "http", "config": {"url": f"{echo.url}/big?bytes=200000"}}],
    })  # fmt: skip
    status, answer = await person.send("POST", f"/api/automations/{made['id']}/run?wait=30", {"payload": None})
    assert status == 200, answer
    body = (await person.run(answer["run_id"]))["action_logs"][0]["output"]["body"]
    assert body["size"] == 200_000
    async with person.session.get(
        f"{person.url}/api/blobs/{body['$blob']}", headers={"Authorization": f"Bearer {person.token}"}
    ) as blob:
        assert len(await blob.read()) == 200_000


@pytest.mark.proves("US-2.2 (2)", "R-ENG-2", "R-INT-1", "R-INT-3", "I-2", "I-15", "T-7", "DOD-3")
async def test_cron_fires_every_minute(product: Product, person: Person, each_minute: tuple[str, datetime]) -> None:
    automation, due = each_minute

    async def fired() -> bool:
        return len(await person.runs(automation, status="success")) >= 1

    await until("the first minute fired", fired, 75)
    run = (await person.runs(automation))[-1]
    assert run["trigger_type"] == "cron"
    assert abs(when(run["started_at"]) - due) < timedelta(seconds=3)
    prefect = Prefect(product)

    async def in_prefect() -> bool:
        ended = {"state": {"type": {"any_": ["COMPLETED"]}}, "tags": {"all_": [f"ws:{person.workspace}"]}}
        found = await prefect.ask("/flow_runs/filter", {"flow_runs": ended})
        return any(item["parameters"].get("automation_id") == automation for item in found)

    await until("Prefect has the scheduled run", in_prefect, 15)


async def test_a_graph_answers_its_caller_before_it_is_over(person: Person, echo: Echo) -> None:
    made = await person.create({
        "name": "Graph", "trigger_type": "webhook", "trigger_config": {"response": "wait", "wait_s": 20},
        "actions": [
            {"id": "good", "type": "branch", "config": {
                "cases": [{"name": "yes", "when": "{{ trigger.data.score >= 70 }}"}], "else": "no"}},
            {"id": "thanks", "type": "respond", "needs": ["good:yes"], "config": {
                "status": 201, "headers": {"X-Score": "{{ trigger.data.score }}"}, "body": {"welcome": True}}},
            {"id": "sorry", "type": "respond", "needs": ["good:no"], "config": {"status": 409, "body": "no"}},
            {"id": "later", "type": "delay", "needs": ["thanks", "sorry"], "join": "any", "config": {"for_s": 5}},
        ],
    })  # fmt: skip
    headers = {"X-Webhook-Secret": made["webhook"]["secret"]}
    for score, status, text in ((90, 201, '{"welcome":true}'), (10, 409, "no")):
        began = time.monotonic()
        async with person.session.post(made["webhook"]["url"], json={"score": score}, headers=headers) as answer:
            assert (answer.status, await answer.text()) == (status, text)
            assert answer.headers.get("X-Score") == ("90" if score == 90 else None)
        assert time.monotonic() - began < 4

    async def waiting() -> bool:
        return len(await person.runs(made["id"], status="waiting")) == 2

    await until("both runs wait", waiting, 10)
    detail = await person.run((await person.runs(made["id"]))[0]["id"])
    assert detail["waiting_for"]["steps"] == ["later"]
    assert detail["waiting_for"]["reason"].startswith("Waits until")

    async def over() -> bool:
        return len(await person.runs(made["id"], status="success")) == 2

    await until("both runs have ended", over, 15)
