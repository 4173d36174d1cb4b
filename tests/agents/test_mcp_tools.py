"""Tools of MCP servers in the hands of an agent, whose model calls what it is told to."""

import json
from typing import Any

import pytest

from core.connections.service import Given
from tests.agents.conftest import Office
from tests.agents.test_tools import answer, told, tool, waiting
from tests.vendors import mcp as vendor
from tests.vendors.mcp import PICTURE, TOKEN, Hostile, hostile, plain_tool, tickets
from tests.vendors.openai import OpenAIServer
from tests.vendors.script import CallTools, Say


async def connect(office: Office, models: OpenAIServer, url: str, *given: dict[str, Any]) -> None:
    """A provider, the server as `Tickets`, and an agent with these tools."""
    await office.provider(models.url)
    await office.connections.create(office.caller, "mcp", Given("Tickets", {"url": url, "token": TOKEN}))
    await office.set("code_bot", tools=[*given])


def mcp_tool(*names: str, approval: Any = "never", **more: Any) -> dict[str, Any]:
    return tool("mcp", approval, connection="Tickets", tools=[*names], **more)


def offered(models: OpenAIServer, number: int = -1) -> dict[str, dict[str, Any]]:
    """What the model was offered in a request, by name."""
    return {each["function"]["name"]: each["function"] for each in models.script.asked[number].get("tools", [])}


async def test_it_uses_the_tools_that_its_author_named(office: Office, models: OpenAIServer) -> None:
    async with tickets() as server:
        await connect(office, models, server.url, mcp_tool("create_issue", "show", "fail", "repeat_token"))
        models.script.answers = [
            CallTools([("create_issue", {"title": "Printer"})]),
            CallTools([("create_issue", {"colour": "red"}), ("show", {}), ("fail", {"why": f"no paper {TOKEN}"})]),
            CallTools([("repeat_token", {})]),
            Say("Done."),
        ]
        async with office.engine():
            run = await office.ask("code_bot", "Make an issue")
    assert run["status"] == "success", run["error"]
    assert server.issues == ["Printer"]
    assert set(offered(models)) == {"create_issue", "show", "fail", "repeat_token"}
    shown = offered(models)["create_issue"]
    assert shown["description"] == "Create an issue: Create an issue."
    assert shown["parameters"]["required"] == ["title"]
    results = [json.loads(each["content"]) for each in models.script.asked[-1]["messages"] if each["role"] == "tool"]
    assert results[0] == {"result": {"number": 1, "title": "Printer"}}
    assert "does not take these arguments" in results[1]["error"]
    assert [each["size"] for each in results[2]["files"]] == [len(PICTURE), len(vendor.SOUND)]
    assert results[2]["links"] == ["https://example.org/more"]
    assert "no paper ***" in results[3]["error"]
    assert results[4] == {"result": "You sent ***"}
    for table in ("agent_turns", "agent_turn_parts", "automation_action_logs"):
        assert TOKEN not in str(await office.rows(table))


async def test_all_of_a_server_needs_an_approval_for_each_call(office: Office, models: OpenAIServer) -> None:
    """What a server says of its tools is a stranger's word, too: the turn is tainted before the first call."""
    async with tickets() as server:
        await connect(office, models, server.url, mcp_tool())
        models.script.answers = [CallTools([("create_issue", {"title": "Printer"})]), Say("Made.")]
        async with office.engine():
            run = await office.ask("code_bot", "Make an issue")
            assert run["status"] == "waiting", run["error"]
            assert server.issues == []
            message = (await waiting(office, run))["ask"]["message"]
            assert '{"title":"Printer"}' in message
            assert '"connection":"Tickets"' in message
            done = await answer(office, run, "approve")
    assert (done["status"], server.issues) == ("success", ["Printer"])
    assert {"add", "create_issue", "tell", "show", "fail"} <= set(offered(models))


async def test_what_a_server_gave_taints_the_turn(office: Office, models: OpenAIServer) -> None:
    async with tickets() as server:
        await connect(office, models, server.url, tool("http"), mcp_tool("tell"))
        models.script.answers = [CallTools([("tell", {})]), CallTools([("http", {"url": "http://127.0.0.1:1/x"})])]
        async with office.engine():
            run = await office.ask("code_bot", "Greet")
            assert run["status"] == "waiting", run["error"]
            assert "http://127.0.0.1:1/x" in (await waiting(office, run))["ask"]["message"]


async def test_approval_by_argument_of_a_tool(office: Office, models: OpenAIServer) -> None:
    async with tickets() as server:
        when = {"when": [{"argument": "priority", "op": "greater", "value": 2}]}
        await connect(office, models, server.url, mcp_tool("create_issue", approval=when))
        models.script.answers = [
            CallTools([("create_issue", {"title": "Small", "priority": 1})]),
            CallTools([("create_issue", {"title": "Large", "priority": 5})]),
            Say("Then not."),
        ]
        async with office.engine():
            run = await office.ask("code_bot", "Make two")
            assert run["status"] == "waiting", run["error"]
            assert server.issues == ["Small"]
            done = await answer(office, run, "reject")
    assert (done["status"], server.issues) == ("success", ["Small"])


@pytest.mark.parametrize(("hints", "calls"), [({}, 1), ({"readOnlyHint": True}, 2), ({"idempotentHint": True}, 2)])
async def test_a_lost_answer_is_a_question_unless_the_tool_may_be_repeated(
    office: Office, models: OpenAIServer, hints: dict[str, bool], calls: int
) -> None:
    async with hostile() as server:
        server.tools = [plain_tool("act", **hints)]
        server.answers["tools/call"] = vendor.cut
        await connect(office, models, server.url, mcp_tool("act"))
        times = 1 if calls == 1 else 2
        models.script.answers = [*[CallTools([("act", {})])] * times, Say("It is away.")]
        async with office.engine():
            run = await office.ask("code_bot", "Act")
            if calls == 1:
                assert run["status"] == "waiting", run["error"]
                assert (await waiting(office, run))["ask"]["kind"] == "doubt"
                run = await answer(office, run, "done", output={"result": "seen there"})
                assert told(models) == {
                    "note": "A person says that this was done.", "output": {"result": "seen there"},
                }  # fmt: skip
        assert run["status"] == "success", run["error"]
        assert server.methods().count("tools/call") == calls


async def test_a_turn_goes_on_with_the_tools_that_it_began_with(office: Office, models: OpenAIServer) -> None:
    """Two tools of a server have one name for the model. While a person is asked, the first of them goes away."""
    async with hostile() as server:
        server.tools = [plain_tool("pay"), plain_tool("act")]
        await connect(office, models, server.url, mcp_tool("pay"), mcp_tool("act", approval="always"))
        models.script.answers = [CallTools([("act", {"n": 1})]), CallTools([("pay", {})]), Say("Done.")]
        async with office.engine():
            run = await office.ask("code_bot", "Act")
            assert run["status"] == "waiting", run["error"]
            server.tools = [plain_tool("act"), plain_tool("other")]
        async with office.engine():  # a worker that knows nothing of the former
            done = await answer(office, run, "approve")
        assert done["status"] == "success", done["error"]
        called = [each["params"]["name"] for each in server.seen if each.get("method") == "tools/call"]
        assert called == ["act"]
        assert set(offered(models)) == {"pay", "act"}
        assert "has no tool 'pay'" in told(models)["error"]
        assert server.methods().count("tools/list") > 1  # it was looked for again, and nothing was sent


async def test_names_are_safe_and_unique(office: Office, models: OpenAIServer) -> None:
    names = ["create issue", "create-issue", "create/issue", "créer", "final_result", "9", "x" * 200, "search_history"]
    async with hostile() as server:
        server.tools = [plain_tool(name) for name in names]
        await connect(office, models, server.url, mcp_tool(*names), tool("search_history"))
        schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}

        def calls_all(body: dict[str, Any]) -> CallTools:
            own = [each for each in (t["function"]["name"] for t in body["tools"]) if each != "final_result"]
            begun = any(each["role"] == "tool" for each in body["messages"])
            return CallTools([("final_result", {"n": 1})] if begun else [(each, {}) for each in own if each != own[0]])

        models.script.otherwise = calls_all
        async with office.engine():
            run = await office.ask("code_bot", "Call all", output_schema=schema)
        assert run["status"] == "success", run["error"]
        called = [each["params"]["name"] for each in server.seen if each.get("method") == "tools/call"]
    shown = [each["function"]["name"] for each in models.script.asked[0]["tools"]]
    assert shown[0] == "search_history"  # our own keep their names
    assert len(set(shown)) == len(shown) == len(names) + 2
    assert all(len(each) <= 64 and each.isascii() and " " not in each and "/" not in each for each in shown)
    assert called == names


TROUBLES: dict[str, tuple[Any, str, str]] = {
    "away": (None, "connection", "Tickets"),
    "gone": ([plain_tool("other")], "tool_not_found", "has no tool 'act' (any more)"),
    "schema is a text": ([{"name": "act", "inputSchema": {"type": "string"}}], "tool_unusable", "schema"),
    "schema is garbage": (
        [{"name": "act", "inputSchema": {"type": "object", "properties": 7}}], "tool_unusable", "schema",
    ),
    "schema from elsewhere": (
        [{"name": "act", "inputSchema": {"properties": {"a": {"$ref": "https://evil.example/s"}}}}],
        "tool_unusable", "schema",
    ),
    "schema too long": (
        [{"name": "act", "inputSchema": {"type": "object", "description": "x" * 20_000}}], "tool_unusable", "16000",
    ),
    "no list": ("garbage", "not_a_tool_server", "does not answer tools/list"),
}  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_server_in_trouble_is_a_failure_in_words(office: Office, models: OpenAIServer, trouble: str) -> None:
    tools, code, words = TROUBLES[trouble]
    async with hostile() as server:
        await connect(office, models, server.url, mcp_tool("act"))
        if isinstance(tools, list):
            server.tools = tools
        elif tools is not None:
            server.answers["tools/list"] = vendor.body("<html>")
        else:
            await stop(server)
        async with office.engine():
            run = await office.ask("code_bot", "Act", retry={"max_attempts": 1})
    assert run["status"] == "failed"
    assert code in run["error_code"]
    assert words in run["error"]
    assert models.script.asked == []  # nothing was spent


async def stop(server: Hostile) -> None:
    """From now on it takes requests and cuts them off."""
    server.answers["initialize"] = vendor.cut


async def test_of_all_the_unusable_are_left_out_and_too_many_refused(office: Office, models: OpenAIServer) -> None:
    async with hostile() as server:
        server.tools = [plain_tool("act"), {"name": "broken", "inputSchema": {"type": "object", "properties": []}}]
        await connect(office, models, server.url, mcp_tool())
        models.script.answers = [Say("Fine.")]
        async with office.engine():
            assert (await office.ask("code_bot", "Act"))["status"] == "success"
            assert set(offered(models)) == {"act"}
            assert any("not offered, for their schemas: broken" in str(each) for each in await office.rows("run_lines"))
        server.tools = [plain_tool(f"act{number}") for number in range(65)]
        async with office.engine():
            run = await office.ask("code_bot", "Act", retry={"max_attempts": 1})
    assert (run["status"], run["error_code"]) == ("failed", "too_many_tools")
    assert "name those that it needs" in run["error"]


@pytest.mark.parametrize(
    ("answered", "told_as"),
    [
        (vendor.result({"content": [{"type": "text", "text": "x" * 200_000}]}), "cut"),
        (vendor.result({"content": [{"type": "text", "text": "x" * 6_000_000}]}), "made"),
        (vendor.body("<html>"), "doubt"),
        (vendor.result({"content": 7}), "empty"),
        (vendor.result({"isError": True, "content": []}), "refused"),
        (vendor.body('{"jsonrpc": "2.0", "id": 3, "error": {"code": -1, "message": "no"}}', status=400), "refused"),
    ],
)
async def test_whatever_a_server_answers_has_an_outcome(
    office: Office, models: OpenAIServer, answered: Any, told_as: str
) -> None:
    async with hostile() as server:
        server.answers["tools/call"] = answered
        await connect(office, models, server.url, mcp_tool("act"))
        models.script.answers = [CallTools([("act", {})]), Say("So it is.")]
        async with office.engine():
            run = await office.ask("code_bot", "Act")
        assert server.methods().count("tools/call") == 1
    if told_as == "doubt":
        assert run["status"] == "waiting", run["error"]
        return
    assert run["status"] == "success", run["error"]
    result = told(models)
    assert result.get("cut", False) == (told_as == "cut")
    assert ("error" in result) == (told_as in ("refused", "made"))
    assert ("The call was made: do not repeat it." in str(result)) == (told_as == "made")


async def test_a_tool_of_its_agent_is_nobody_elses(office: Office, models: OpenAIServer) -> None:
    """The account is checked when it is used, and has to be one for MCP servers."""
    async with tickets() as server:
        await connect(office, models, server.url, tool("mcp", connection="openai", tools=["act"]))
        async with office.engine():
            run = await office.ask("code_bot", "Act", retry={"max_attempts": 1})
        assert (run["status"], run["error_code"]) == ("failed", "connection_not_found")
        name = next(each["name"] for each in await office.rows("connections") if each["kind"] == "openai")
        await office.set("code_bot", tools=[tool("mcp", connection=name, tools=["act"])])
        async with office.engine():
            run = await office.ask("code_bot", "Act", retry={"max_attempts": 1})
        assert (run["status"], run["error_code"]) == ("failed", "connection_not_allowed")
        assert server.requests == []
