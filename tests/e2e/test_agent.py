"""An agent in the product as it is started by hand: asked as a stream, run by hand, seen at work, missed when away."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.e2e.person import Person
from tests.e2e.product import Product, free_port
from tests.vendors.anthropic import KEY as ANTHROPIC_KEY
from tests.vendors.anthropic import AnthropicServer
from tests.vendors.openai import KEY as OPENAI_KEY
from tests.vendors.openai import OpenAIServer
from tests.vendors.script import CallTools, Say
from tests.waiting import until

pytestmark = pytest.mark.e2e
OFFLINE_WITHIN_S = 10.0


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.fixture(scope="module")
def product(ports: tuple[int, int]) -> Iterator[Product]:
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    with Product({"VUTLER_HTTP_ALLOW_HOSTS": hosts}) as product:
        yield product


@pytest.fixture
async def person(product: Product) -> AsyncIterator[Person]:
    async with Person(product.url) as person:
        yield person


async def connect(person: Person, kind: str, url: str, key: str, model: str) -> str:
    fields = {"api_key": key, "base_url": url, "default_model": model}
    name = f"{kind} {secrets.token_hex(3)}"  # the tests share a workspace
    status, made = await person.send("POST", "/api/connections", {"kind": kind, "name": name, "fields": fields})
    assert status == 201, made
    return str(made["id"])


async def standing(person: Person, agent: str) -> str:
    return str((await person.get(f"/api/agents/{agent}/status"))["status"])


async def streamed(person: Person, agent: str, prompt: str, server: Any) -> list[tuple[str, Any]]:
    """Every event of an answer; the server is let go on when the first text is here and the agent was seen at work."""
    events: list[tuple[str, Any]] = []
    headers = {"Authorization": f"Bearer {person.token}"}
    body = {"prompt": prompt, "stream": True}
    async with (
        asyncio.timeout(60),
        person.session.post(f"{person.url}/api/agents/{agent}/execute", json=body, headers=headers) as answer,
    ):
        assert answer.status == 200, await answer.text()
        kind = ""
        async for raw in answer.content:
            line = raw.decode().rstrip("\n")
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                events.append((kind, json.loads(line.removeprefix("data: "))))
                if kind == "text" and not server.script.held.is_set():
                    assert await standing(person, agent) == "processing"
                    server.script.release()
    return events


@pytest.mark.proves(
    "S6.1 (5)", "US-3.1 (3)", "US-3.1 (4)", "R-ENG-3", "I-14", "DEP-1", "DEP-3", "RISK-2", "DOD-4", "D1 (4)"
)
@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
async def test_it_answers_while_one_watches(person: Person, ports: tuple[int, int], protocol: str) -> None:
    server: Any = OpenAIServer(port=ports[0]) if protocol == "openai" else AnthropicServer(port=ports[1])
    async with server:
        key, model = (OPENAI_KEY, "gpt-5-mini") if protocol == "openai" else (ANTHROPIC_KEY, "claude-sonnet-5")
        connection = await connect(person, protocol, server.url, key, model)
        agent = {
            "name": f"Watcher {protocol}", "provider": connection, "instructions": "Count.",
            "tools": [{"tool": "search_history", "settings": {}}],
        }  # fmt: skip
        status, made = await person.send("POST", "/api/agents", agent)
        assert status == 201, made
        follower = await person.create({
            "name": f"After {protocol}", "trigger_type": "agent_event",
            "trigger_config": {"event": "agent.task.completed", "agent": made["slug"]},
            "actions": [{"id": "say", "type": "transform", "config": {"value": "{{ trigger.data.content }}"}}],
        })  # fmt: skip
        assert await standing(person, made["slug"]) == "online"
        server.script.answers = [
            CallTools([("search_history", {"words": "zebra"})]),
            Say("One, two, three.", hold=True),
        ]
        events = await streamed(person, made["slug"], "Count to three", server)
        kinds = [kind for kind, _ in events]
        assert (kinds[0], kinds[-1]) == ("run", "done"), events[-1]
        assert "tool" in kinds
        done = events[-1][1]
        assert done["output"] == "One, two, three."
        assert done["usage"] == {"requests": 2, "tool_calls": 1, "tokens_in": 34, "tokens_out": 16}
        assert done["cost_usd"] > 0

        async def online() -> bool:
            return await standing(person, made["slug"]) == "online"

        await until(online)

        async def followed() -> list[Any]:
            return [run for run in await person.runs(follower["id"]) if run["status"] == "success"]

        await until(followed)
        runs = (await person.get(f"/api/agents/{made['id']}/runs"))["items"]
        assert [(run["triggered_by"], run["status"]) for run in runs] == [("api", "success")]

        rule = await person.create({
            "name": f"By hand {protocol}", "trigger_type": "manual",
            "actions": [{"type": "agent", "config": {"agent": made["slug"], "prompt": "Say {{ trigger.data.what }}"}}],
        })  # fmt: skip
        server.script.answers = [Say("Hello Ada.")]
        status, ended = await person.send(
            "POST", f"/api/automations/{rule['id']}/run?wait=30", {"payload": {"what": "hello"}}
        )
        assert (status, ended["status"], ended["output"]["text"]) == (200, "success", "Hello Ada."), ended

    async def offline() -> bool:
        return await standing(person, made["slug"]) == "offline"

    await until(offline, seconds=OFFLINE_WITHIN_S)


@pytest.mark.proves("S6.1", "S6.1 (2)", "S6.1 (3)")
async def test_it_answers_in_a_channel(person: Person, ports: tuple[int, int]) -> None:
    async with OpenAIServer(port=ports[0]) as server:
        connection = await connect(person, "openai", server.url, OPENAI_KEY, "gpt-5-mini")
        _, room = await person.send("POST", "/api/channels", {"name": "leads"})
        place = f"/api/channels/{room['id']}/messages"
        agent = {"name": "Seller", "provider": connection, "instructions": "Sell.", "channels": [room["id"]]}
        status, made = await person.send("POST", "/api/agents", agent)
        assert (status, made["trigger_type"]) == (201, "message"), made
        follower = await person.create({
            "name": "After the seller", "trigger_type": "agent_event",
            "trigger_config": {"event": "agent.task.completed", "agent": made["slug"]},
            "actions": [{"id": "say", "type": "transform", "config": {"value": "{{ trigger.data.content }}"}}],
        })  # fmt: skip

        async def ask(text: str, **more: str) -> str:
            status, said = await person.send("POST", place, {"text": text, **more})
            assert status == 201, said
            return str(said["id"])

        async def thread() -> list[tuple[str, str]]:
            items = (await person.get(f"{place}?thread={question}"))["items"]
            return [(each["author"]["kind"], each["text"]) for each in items[::-1]]

        async def is_(wanted: str) -> bool:
            return await standing(person, made["slug"]) == wanted

        server.script.answers = [Say("It is 12 euros.", hold=True), Say("24 euros.")]
        question = await ask("How much is a pen?")
        await until(lambda: is_("processing"), seconds=60)  # the first that speaks loads its libraries
        server.script.release()
        await until(lambda: is_("online"))

        async def answers() -> list[tuple[str, str]]:
            return [each for each in await thread() if each[0] == "agent"]

        await until(answers)
        assert await answers() == [("agent", "It is 12 euros.")]
        await ask("And two of them?", thread_id=question)

        async def both() -> bool:
            return len(await answers()) == 2

        await until(both)
        assert (await answers())[1] == ("agent", "24 euros.")
        told = [
            (each["role"], each["content"]) for each in server.script.asked[-1]["messages"] if each["role"] != "system"
        ]
        assert told == [
            ("user", "How much is a pen?"), ("assistant", "It is 12 euros."), ("user", "And two of them?"),
        ]  # fmt: skip

        async def followed() -> bool:
            return [run["status"] for run in await person.runs(follower["id"])] == ["success", "success"]

        await until(followed)
        runs = (await person.get(f"/api/agents/{made['id']}/runs"))["items"]
        assert [(run["triggered_by"], run["status"]) for run in runs] == [("message", "success")] * 2
        steps = (await person.run(runs[0]["run_id"]))["action_logs"]
        answered = next(each for each in steps if each["step_id"] == "answer")["output"]
        assert answered["usage"] == {"requests": 1, "tool_calls": 0, "tokens_in": 11, "tokens_out": 7}
        assert answered["cost_usd"] > 0
