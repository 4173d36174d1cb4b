"""Each way in which a provider fails has its own outcome, over both protocols, whole and as a stream."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.agents.conftest import Office
from tests.vendors.anthropic import KEY as ANTHROPIC_KEY
from tests.vendors.anthropic import AnthropicServer
from tests.vendors.openai import KEY as OPENAI_KEY
from tests.vendors.openai import OpenAIServer
from tests.vendors.script import CallTools, Cut, Fail, Garbage, Refuse, Say, Slow

ONCE = {"max_attempts": 1}
FAILURES: list[tuple[Any, str]] = [
    (Fail("unauthorized"), "model_unauthorized"),
    (Fail("rate_limit", "7"), "model_rate_limited"),
    (Fail("quota"), "model_quota"),
    (Fail("context"), "model_context_too_long"),
    (Fail("server"), "model_failed"),
    (Fail("overloaded"), "model_overloaded"),
    (Fail("not_found"), "model_not_found"),
    (Fail("invalid"), "model_rejected"),
    (Garbage(), "model_answer_invalid"),
    (Garbage(b'{"id": 1}', "application/json"), "model_answer_invalid"),
    (Garbage(b"[[[", "application/json"), "model_answer_invalid"),
    (Refuse(), "model_refused"),
    (Slow(), "model_timeout"),
    (Cut(), "model_unreachable"),
    (Cut(late=True), "model_unreachable"),
]


@pytest.fixture
async def one() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as server:
        yield server


@pytest.fixture
async def other() -> AsyncIterator[AnthropicServer]:
    async with AnthropicServer() as server:
        yield server


@pytest.mark.proves("S6.1 (6)", "RISK-2")
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
async def test_each_failure_has_its_own_words(
    office: Office, one: OpenAIServer, other: AnthropicServer, protocol: str, stream: bool
) -> None:
    server: Any = one if protocol == "openai" else other
    key, model = (OPENAI_KEY, "gpt-5-mini") if protocol == "openai" else (ANTHROPIC_KEY, "claude-sonnet-5")
    await office.provider(server.url, protocol, key, default_model=model)
    await office.set("code_bot", settings={"timeout_s": 1})
    found: dict[str, str] = {}
    wrong = []
    async with office.engine():
        for answer, code in FAILURES:
            server.script.answers = [answer]
            run = await office.ask("code_bot", "Do it", retry=ONCE, stream=stream)
            if (run["status"], run["error_code"]) != ("failed", code):
                wrong.append((answer, code, run["status"], run["error_code"], run["error"]))
            found[code] = run["error"] or ""
    assert not wrong
    assert len(set(found.values())) == len(found)
    assert not any("canary" in words for words in found.values())
    calls = await office.rows("model_calls")
    assert len(calls) == len(FAILURES)
    assert {call["outcome"] for call in calls} - {"done"} == set(found) - {"model_refused"} or {
        call["outcome"] for call in calls
    } == set(found)
    assert "canary" not in str(calls) + str(await office.rows("agent_turns")) + str(await office.rows("run_lines"))


async def test_anthropic_with_tools_as_a_stream(office: Office, other: AnthropicServer) -> None:
    await office.provider(other.url, "anthropic", ANTHROPIC_KEY, default_model="claude-sonnet-5")
    await office.set("code_bot", tools=[{"tool": "search_history", "settings": {}}])
    other.script.answers = [
        CallTools([("search_history", {"words": "zebra"})], "Let me look."), Say("Nothing.", usage=(2000, 100)),
    ]  # fmt: skip
    async with office.engine():
        run = await office.ask("code_bot", "Look", stream=True)
    assert run["status"] == "success", run["error"]
    assert run["output"]["text"] == "Nothing."
    assert run["output"]["usage"] == {"requests": 2, "tool_calls": 1, "tokens_in": 2023, "tokens_out": 109}
    assert run["output"]["cost_usd"] > 0
    assert other.script.asked[0]["system"][0]["text"].startswith("You are code_bot") or other.script.asked[0][
        "system"
    ].startswith("You are code_bot")


async def test_it_is_tried_again_after_the_pause_that_was_asked_for(office: Office, one: OpenAIServer) -> None:
    await office.provider(one.url)
    one.script.answers = [Fail("rate_limit", "1"), Say("Now.")]
    async with office.engine():
        run = await office.ask("code_bot", "Do it", retry={"max_attempts": 2, "delay_s": 0})
    assert (run["status"], run["output"]["text"]) == ("success", "Now.")
    assert [call["outcome"] for call in await office.rows("model_calls")] == ["model_rate_limited", "done"]


async def test_no_provider(office: Office) -> None:
    async with office.engine():
        run = await office.ask("code_bot", "Do it")
    assert (run["status"], run["error_code"]) == ("failed", "no_model_provider")
    assert "POST /api/connections" in run["error"]


async def test_a_base_address_that_may_not_be_reached(office: Office, one: OpenAIServer) -> None:
    """The allowed hosts hold for models too: what the connection does not allow is never connected to."""
    connection = await office.provider(one.url)
    async with office.db.connection() as database:
        await database.execute("UPDATE connections SET hosts = '{api.openai.com}' WHERE id = $1", connection)
    async with office.engine():
        run = await office.ask("code_bot", "Do it", retry=ONCE)
    assert (run["status"], run["error_code"]) == ("failed", "connection_not_allowed")
    assert one.script.asked == []


@pytest.mark.proves("US-2.3", "US-2.3 (4)", "DEP-5")
async def test_an_agent_event_starts_an_automation(office: Office, one: OpenAIServer) -> None:
    await office.provider(one.url)
    target = await office.workshop.automation(
        {"id": "say", "type": "transform", "config": {"value": "{{ trigger.data }}"}}
    )
    async with office.db.connection() as connection:
        await connection.execute(
            "INSERT INTO automation_triggers (id, rule_id, workspace_id, type, config) VALUES (make_id(), $1, $2,"
            " 'agent_event', $3), (make_id(), $1, $2, 'agent_event', $4)",
            target, office.workspace, {"event": "agent.task.completed", "agent": "code_bot"},
            {"event": "agent.error", "agent": "code_bot"},
        )  # fmt: skip
    one.script.answers = [Say("All done."), Fail("server")]

    async def started() -> list[Any]:
        async with office.db.connection() as connection:
            rows = await connection.fetch("SELECT * FROM automation_logs WHERE rule_id = $1 ORDER BY id", target)
        return [dict(row) for row in rows]

    async with office.engine():
        done = await office.ask("code_bot", "Do it")
        failed = await office.ask("code_bot", "Do it", retry=ONCE)
        runs = [await office.workshop.ended(run["id"]) for run in await started()]
    assert [run["trigger_data"]["type"] for run in runs] == ["agent.task.completed", "agent.error"]
    assert [(run["parent_id"], run["depth"]) for run in runs] == [(done["id"], 2), (failed["id"], 2)]
    assert runs[0]["trigger_data"]["content"] == "All done."
    assert runs[1]["trigger_data"]["data"]["code"] == "model_failed"
