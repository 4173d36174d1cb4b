"""`POST /api/agents/{id}/execute`: fixed requests and their answers. These pairs never change; new ones are added."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.api.conftest import problem
from tests.vendors.openai import OpenAIServer
from tests.vendors.script import Fail, Garbage, Refuse, Say

pytestmark = pytest.mark.usefixtures("worker")


def without_ids(body: dict[str, Any]) -> dict[str, Any]:
    """What is the same every time."""
    body = json.loads(json.dumps(body))
    assert body.pop("run_id")
    if body.get("agent"):
        assert body["agent"].pop("id")
    return body


@pytest.mark.proves("DEP-1", "DOD-13")
@pytest.mark.usefixtures("provider")
async def test_a_prompt(api: httpx.AsyncClient, models: OpenAIServer) -> None:
    models.script.answers = [Say("def add(a, b): return a + b", usage=(1000, 100))]
    answer = await api.post("/api/agents/code_bot/execute", json={"prompt": "Write a function that adds"})
    assert answer.status_code == 200, answer.text
    assert without_ids(answer.json()) == {
        "status": "success",
        "agent": {"slug": "code_bot", "name": "code_bot"},
        "output": "def add(a, b): return a + b",
        "usage": {"requests": 1, "tool_calls": 0, "tokens_in": 1000, "tokens_out": 100},
        "cost_usd": 0.00045,
        "model": "gpt-5-mini",
    }


@pytest.mark.usefixtures("provider")
async def test_a_prompt_with_context(api: httpx.AsyncClient, models: OpenAIServer) -> None:
    answer = await api.post(
        "/api/agents/sales_pro/execute", json={"prompt": "Score this lead", "context": {"name": "Ada", "size": 12}}
    )
    assert answer.status_code == 200, answer.text
    assert models.script.asked[0]["messages"][-1]["content"] == (
        'Score this lead\n\nContext (data):\n```json\n{"name":"Ada","size":12}\n```'
    )


@pytest.mark.proves("DOD-13")
@pytest.mark.usefixtures("provider")
async def test_the_older_path_by_name(api: httpx.AsyncClient, models: OpenAIServer) -> None:
    models.script.answers = [Say("Bonjour")]
    answer = await api.post("/api/agents/run/Content Agent", json={"prompt": "Say hello in French"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["output"], answer.json()["agent"]["slug"]) == ("Bonjour", "content-agent")
    assert problem(await api.post("/api/agents/run/nobody", json={"prompt": "x"}), 404, "agent_not_found")


@pytest.mark.usefixtures("provider")
async def test_a_stream_comes_before_the_model_has_ended(api: httpx.AsyncClient, models: OpenAIServer) -> None:
    models.script.answers = [Say("One, two, three, four.", hold=True)]
    events: list[tuple[str, Any]] = []
    async with (
        asyncio.timeout(20),
        api.stream("POST", "/api/agents/code_bot/execute", json={"prompt": "Count", "stream": True}) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        kind = ""
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                events.append((kind, json.loads(line.removeprefix("data: "))))
                if kind == "text":
                    models.script.release()
    kinds = [kind for kind, _ in events]
    assert kinds[0] == "run"
    assert kinds[-1] == "done"
    assert kinds.count("text") >= 2
    assert "".join(data["text"] for kind, data in events if kind == "text") == "One, two, three, four."
    assert without_ids(events[-1][1]) == {
        "status": "success",
        "agent": {"slug": "code_bot", "name": "code_bot"},
        "output": "One, two, three, four.",
        "usage": {"requests": 1, "tool_calls": 0, "tokens_in": 11, "tokens_out": 7},
        "cost_usd": 1.675e-05,
        "model": "gpt-5-mini",
    }


async def test_without_a_provider(api: httpx.AsyncClient) -> None:
    told = problem(await api.post("/api/agents/code_bot/execute", json={"prompt": "x"}), 409, "no_model_provider")
    assert "POST /api/connections" in told["detail"]


async def test_an_unknown_agent(api: httpx.AsyncClient) -> None:
    problem(await api.post("/api/agents/nobody/execute", json={"prompt": "x"}), 404, "agent_not_found")


async def test_no_prompt(api: httpx.AsyncClient) -> None:
    problem(await api.post("/api/agents/code_bot/execute", json={}), 422, "invalid_request")


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize(
    ("answers", "status", "code"),
    [
        ([Fail("unauthorized")], 502, "model_unauthorized"),
        ([Fail("rate_limit", "0")] * 2, 503, "model_rate_limited"),
        ([Fail("quota")], 502, "model_quota"),
        ([Fail("context")], 422, "model_context_too_long"),
        ([Fail("server")] * 2, 502, "model_failed"),
        ([Fail("overloaded")] * 2, 503, "model_overloaded"),
        ([Garbage()] * 2, 502, "model_answer_invalid"),
        ([Refuse()], 502, "model_refused"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_a_provider_that_fails(
    api: httpx.AsyncClient, models: OpenAIServer, answers: list[Any], status: int, code: str
) -> None:
    models.script.answers = list(answers)
    answer = await api.post("/api/agents/code_bot/execute", json={"prompt": "Write something"})
    told = problem(answer, status, code)
    assert "canary" not in answer.text
    assert told["detail"]
