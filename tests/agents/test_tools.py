"""Tools of an agent: what they do, when a person is asked, and what a tainted turn may not."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from core.runs import queue
from tests.agents.conftest import Office
from tests.echo import Echo
from tests.vendors.openai import OpenAIServer
from tests.vendors.script import CallTools, Say


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    async with Echo() as found:
        yield found


def tool(name: str, approval: Any = "never", **settings: Any) -> dict[str, Any]:
    return {"tool": name, "settings": settings, "approval": approval}


def told(models: OpenAIServer, number: int = -1) -> Any:
    """What a tool gave, as the model was told in its newest request."""
    content = models.script.asked[number]["messages"][-1]["content"]
    return json.loads(content)


async def answer(office: Office, run: dict[str, Any], decision: str, **more: Any) -> dict[str, Any]:
    async with office.db.transaction() as connection:
        await queue.wake(connection, run["id"], "ask", {"decision": decision, "by_name": "Ada", **more}, "")
    return await office.workshop.ended(run["id"])


async def waiting(office: Office, run: dict[str, Any]) -> dict[str, Any]:
    (step,) = (await office.workshop.steps(run["id"])).values()
    found: dict[str, Any] = step["wait"]
    return found


@pytest.mark.proves("S6.2 (5)")
async def test_a_request_to_an_allowed_host(office: Office, models: OpenAIServer, echo: Echo) -> None:
    await office.provider(models.url)
    await office.set("code_bot", tools=[tool("http", hosts=[f"127.0.0.1:{echo.port}"])])
    models.script.answers = [
        CallTools([("http", {"method": "POST", "url": f"{echo.url}/echo", "json_body": {"a": 1}})]), Say("Done."),
    ]  # fmt: skip
    async with office.engine():
        run = await office.ask("code_bot", "Send it")
    assert run["status"] == "success", run["error"]
    assert run["output"]["usage"] == {"requests": 2, "tool_calls": 1, "tokens_in": 34, "tokens_out": 16}
    (request,) = echo.hits
    assert json.loads(request.body) == {"a": 1}
    assert request.headers["idempotency-key"] == f"{run['id']}/ask/0/1"
    assert told(models)["status"] == 200
    parts = await office.rows("agent_turn_parts")
    assert [(part["kind"], part["state"]) for part in parts] == [("model", "done"), ("tool", "done"), ("model", "done")]


async def test_a_request_elsewhere_never_leaves(office: Office, models: OpenAIServer, echo: Echo) -> None:
    await office.provider(models.url)
    await office.set("code_bot", tools=[tool("http", hosts=["api.example.com"])])
    models.script.answers = [CallTools([("http", {"url": f"{echo.url}/echo?secret=1"})]), Say("It can't be.")]
    async with office.engine():
        run = await office.ask("code_bot", "Leak it")
    assert run["status"] == "success"
    assert echo.hits == []
    assert "may not be used for 127.0.0.1" in told(models)["error"]


async def test_approval_always_shows_the_whole_call(office: Office, models: OpenAIServer, echo: Echo) -> None:
    await office.provider(models.url)
    await office.set("code_bot", tools=[tool("http", "always", hosts=[f"127.0.0.1:{echo.port}"])])
    call = {"method": "POST", "url": f"{echo.url}/echo", "json_body": {"to": "ada@example.org", "amount": 12}}
    models.script.answers = [CallTools([("http", call)]), Say("Sent.")]
    async with office.engine():
        run = await office.ask("code_bot", "Pay")
        assert run["status"] == "waiting"
        assert echo.hits == []
        wait = await waiting(office, run)
        assert wait["ask"]["kind"] == "approval"
        assert json.dumps(call, separators=(",", ":")) in wait["ask"]["message"]
        done = await answer(office, run, "approve")
    assert (done["status"], done["output"]["text"]) == ("success", "Sent.")
    assert len(echo.hits) == 1
    assert len(models.script.asked) == 2  # the first answer was replayed


async def test_what_was_approved_is_what_is_called(office: Office, models: OpenAIServer, echo: Echo) -> None:
    """A resumed turn takes what was recorded only as the answer to what it asks now."""
    await office.provider(models.url)
    await office.set("code_bot", tools=[tool("http", "always", hosts=[f"127.0.0.1:{echo.port}"])])
    models.script.answers = [
        CallTools([("http", {"method": "POST", "url": f"{echo.url}/echo", "json_body": {"amount": 12}})]), Say("Sent."),
    ]  # fmt: skip
    async with office.engine():
        run = await office.ask("code_bot", "Pay")
        assert run["status"] == "waiting"
        async with office.db.connection() as connection:
            await connection.execute(
                r"""UPDATE agent_turn_parts SET content =
                        regexp_replace(content::text, '(amount\\*": ?)12', '\19000')::jsonb
                    WHERE seq = 0"""
            )
        done = await answer(office, run, "approve")
    assert (done["status"], done["error_code"]) == ("failed", "turn_changed")
    assert echo.hits == []


async def test_another_question_does_not_get_the_recorded_answer(
    office: Office, models: OpenAIServer, echo: Echo
) -> None:
    await office.provider(models.url)
    await office.set("code_bot", tools=[tool("http", "always", hosts=[f"127.0.0.1:{echo.port}"])])
    models.script.answers = [CallTools([("http", {"method": "POST", "url": f"{echo.url}/echo"})]), Say("Sent.")]
    async with office.engine():
        run = await office.ask("code_bot", "Pay Ada", conversation="c")
        async with office.db.connection() as connection:
            await connection.execute("UPDATE agent_turns SET asked = jsonb_set(asked, '{history}', '[[\"a\", \"b\"]]')")
        done = await answer(office, run, "approve")
    assert (done["status"], done["error_code"]) == ("failed", "turn_changed")
    assert (len(models.script.asked), echo.hits) == (1, [])


async def test_a_refused_call_is_told_to_the_model(office: Office, models: OpenAIServer, echo: Echo) -> None:
    await office.provider(models.url)
    await office.set("code_bot", tools=[tool("http", "always", hosts=[f"127.0.0.1:{echo.port}"])])
    models.script.answers = [CallTools([("http", {"url": f"{echo.url}/echo"})]), Say("Then not.")]
    async with office.engine():
        run = await office.ask("code_bot", "Fetch")
        done = await answer(office, run, "reject", comment="Not today")
    assert (done["status"], done["output"]["text"]) == ("success", "Then not.")
    assert echo.hits == []
    assert "Not today" in told(models)["error"]


async def test_approval_by_argument(office: Office, models: OpenAIServer, echo: Echo) -> None:
    await office.provider(models.url)
    when = {"when": [{"argument": "json_body.amount", "op": "greater", "value": 100}]}
    await office.set("code_bot", tools=[tool("http", when, hosts=[f"127.0.0.1:{echo.port}"])])
    small = {"method": "POST", "url": f"{echo.url}/echo", "json_body": {"amount": 5}}
    large = {"method": "POST", "url": f"{echo.url}/echo", "json_body": {"amount": 500}}
    models.script.answers = [CallTools([("http", small)]), CallTools([("http", large)]), Say("Both.")]
    async with office.engine():
        run = await office.ask("code_bot", "Pay")
        assert run["status"] == "waiting"
        assert [json.loads(each.body) for each in echo.hits] == [{"amount": 5}]
        done = await answer(office, run, "approve")
    assert done["status"] == "success"
    assert [json.loads(each.body) for each in echo.hits] == [{"amount": 5}, {"amount": 500}]


async def test_a_tainted_turn_asks_before_it_sends_elsewhere(office: Office, models: OpenAIServer, echo: Echo) -> None:
    """The first request brings something in from outside; from then on an unlisted destination needs a person."""
    await office.provider(models.url)
    await office.set("code_bot", tools=[tool("http")])
    models.script.answers = [
        CallTools([("http", {"url": f"{echo.url}/echo"})]),
        CallTools([("http", {"url": f"{echo.url}/echo?leak=1"})]),
        Say("Done."),
    ]
    async with office.engine():
        run = await office.ask("code_bot", "Read the page")
        assert run["status"] == "waiting"
        assert len(echo.hits) == 1
        assert "leak=1" in (await waiting(office, run))["ask"]["message"]
        done = await answer(office, run, "reject")
    assert done["status"] == "success"
    assert len(echo.hits) == 1


async def test_limits_of_a_turn(office: Office, models: OpenAIServer) -> None:
    await office.provider(models.url)
    forever = lambda _: CallTools([("search_history", {"words": "anything"})])  # noqa: E731
    models.script.otherwise = forever
    async with office.engine():
        await office.set("code_bot", tools=[tool("search_history")], settings={"budget": {"tool_calls": 3}})
        run = await office.ask("code_bot", "Loop")
        assert (run["status"], run["error_code"]) == ("failed", "agent_limit")
        assert "call tools 3 times" in run["error"]
        await office.set("code_bot", settings={"budget": {"requests": 2}})
        run = await office.ask("code_bot", "Loop")
        assert (run["status"], run["error_code"]) == ("failed", "agent_limit")
        await office.set("code_bot", settings={"budget": {"tokens": 5000}})
        run = await office.ask("code_bot", "Loop")
        assert (run["status"], run["error_code"]) == ("failed", "agent_limit")
        before = len(models.script.asked)
        await office.set("code_bot", settings={"budget": {"run_usd": 0.0001}})
        run = await office.ask("code_bot", "Loop")
        assert (run["status"], run["error_code"]) == ("failed", "agent_budget")
        assert len(models.script.asked) == before  # no call was made at all


@pytest.mark.proves("S6.2 (5)")
async def test_files_and_history(office: Office, models: OpenAIServer) -> None:
    await office.provider(models.url)
    await office.set("code_bot", tools=[tool("drive"), tool("search_history")])
    models.script.answers = [
        CallTools([
            ("drive", {"operation": "write", "file": "notes.md", "text": "Zebra at nine"}),
            ("drive", {"operation": "read", "file": "notes.md"}),
        ]),
        Say("Kept."),
        CallTools([("search_history", {"words": "kept"}), ("drive", {"operation": "list"})]),
        Say("Found."),
    ]  # fmt: skip
    async with office.engine():
        first = await office.ask("code_bot", "Write it down")
        assert first["status"] == "success", first["error"]
        assert told(models)["text"] == "Zebra at nine"
        second = await office.ask("code_bot", "What did we do?")
        assert second["status"] == "success", second["error"]
    results = [json.loads(each["content"]) for each in models.script.asked[-1]["messages"] if each["role"] == "tool"]
    assert results[0]["runs"][0]["run_id"] == str(first["id"])
    assert [each["name"] for each in results[1]["files"]] == ["notes.md"]


async def test_it_starts_an_automation_once(office: Office, models: OpenAIServer) -> None:
    await office.provider(models.url)
    target = await office.workshop.automation(
        {"id": "say", "type": "transform", "config": {"value": "{{ trigger.data }}"}}
    )
    async with office.db.connection() as connection:
        await connection.execute("UPDATE automation_rules SET name = 'Tell sales' WHERE id = $1", target)
    await office.set("code_bot", tools=[tool("run_automation", automations=["Tell sales"])])
    models.script.answers = [
        CallTools([
            ("run_automation", {"automation": "Tell sales", "payload": {"n": 1}}),
            ("run_automation", {"automation": "Another", "payload": {}}),
        ]),
        Say("Started."),
    ]  # fmt: skip
    async with office.engine():
        run = await office.ask("code_bot", "Tell them")
        assert run["status"] == "success", run["error"]
        results = [json.loads(m["content"]) for m in models.script.asked[-1]["messages"] if m["role"] == "tool"]
        started = await office.workshop.ended(UUID(results[0]["run_id"]))
    assert started["output"] == {"n": 1}
    assert (started["parent_id"], started["depth"]) == (run["id"], 2)
    assert "Only these" in results[1]["error"]


async def test_garbage_arguments_are_told_to_the_model(office: Office, models: OpenAIServer) -> None:
    await office.provider(models.url)
    await office.set("code_bot", tools=[tool("drive")])
    models.script.answers = [CallTools([("drive", {"operation": "burn"})]), Say("Sorry.")]
    async with office.engine():
        run = await office.ask("code_bot", "Do")
    assert run["status"] == "success", run["error"]
    assert "operation" in told(models)["error"]


async def test_a_structured_answer_fits_its_schema(office: Office, models: OpenAIServer) -> None:
    await office.provider(models.url)
    schema = {
        "type": "object", "properties": {"score": {"type": "integer", "maximum": 100}}, "required": ["score"],
    }  # fmt: skip

    def answer_by_tool(body: dict[str, Any]) -> CallTools:
        (name,) = [each["function"]["name"] for each in body["tools"]]
        tries = len(models.script.asked)
        return CallTools([(name, {"score": 700 if tries == 1 else 70})])

    models.script.otherwise = answer_by_tool
    async with office.engine():
        run = await office.ask("sales_pro", "Score", output_schema=schema)
    assert run["status"] == "success", run["error"]
    assert run["output"]["score"] == 70
    assert len(models.script.asked) == 2


async def test_a_conversation_is_told_again(office: Office, models: OpenAIServer) -> None:
    await office.provider(models.url)
    models.script.answers = [Say("Hello Ada."), Say("Ada.")]
    async with office.engine():
        await office.ask("polyglot", "I am Ada", conversation="c/1")
        await office.ask("polyglot", "Who am I?", conversation="c/1")
    said = [(m["role"], m["content"]) for m in models.script.asked[-1]["messages"] if m["role"] != "system"]
    assert said == [("user", "I am Ada"), ("assistant", "Hello Ada."), ("user", "Who am I?")]
