"""The mcp step and the connection behind it: against a server of the protocol's own package, and a hostile one."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from blocks import registry
from blocks.action import Effect
from blocks.errors import InvalidInput, Retryable
from blocks.tool_server import ToolServer
from blocks.values import JsonObject
from core.connections.model import Opened
from core.connections.signed import Signed, Tokens
from core.ids import new_id
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.redaction import MASK, Redactor
from tests.blocks.context import Context
from tests.vendors import mcp as vendor
from tests.vendors.mcp import TOKEN, Hostile, Tickets, body, event, hostile, plain_tool, result, said, streamed, tickets

MCP = registry.actions()["mcp"]
KIND = registry.connections()["mcp"]


@pytest.fixture
async def out() -> AsyncIterator[Outgoing]:
    async with Outgoing(Policy.of(["127.0.0.1"])) as found:
        yield found


@pytest.fixture(params=["event stream", "json"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Tickets]:
    async with tickets(json_response=request.param == "json") as found:
        yield found


@pytest.fixture
async def bad() -> AsyncIterator[Hostile]:
    async with hostile() as found:
        yield found


async def _failed(_: str) -> None: ...


def account(out: Outgoing, url: str, *, hosts: list[str] | None = None, token: str = TOKEN) -> Signed:
    values: JsonObject = {"url": url, "token": token}
    allowed = list(KIND.hosts_of(KIND.read(values))) if hosts is None else hosts
    return Signed(Opened(new_id(), "Tickets", "mcp", allowed, "1", values), out, Redactor(), Tokens(), _failed)


class Lending(Context):
    lent: Signed

    async def service(self, connection: str, kind: type[Any]) -> Any:
        assert (connection, kind) == ("Tickets", ToolServer)
        return self.lent.service(kind)


async def run(signed: Signed, tool: str, timeout_s: float = 5.0, **arguments: Any) -> tuple[Any, Lending]:
    """The output of a step, and what it was lent."""
    context = Lending(None, timeout_s=timeout_s)  # type: ignore[arg-type]
    context.lent = signed
    given = MCP.Input.model_validate({"connection": "Tickets", "tool": tool, "arguments": arguments})
    done = await MCP.run(given, context)
    assert MCP.Output is not None
    MCP.Output.model_validate(done.output)  # type: ignore[union-attr]
    return done.output, context  # type: ignore[union-attr]


async def refused(signed: Signed, code: str, tool: str = "act", timeout_s: float = 5.0, **arguments: Any) -> str:
    with pytest.raises(InvalidInput) as error:
        await run(signed, tool, timeout_s, **arguments)
    assert error.value.code == code, error.value.message
    return error.value.message


async def test_the_server_passes_a_session_with_the_protocols_own_client(server: Tickets) -> None:
    async with (
        create_mcp_http_client(headers={"Authorization": f"Bearer {TOKEN}"}) as http,
        Client(streamable_http_client(server.url, http_client=http), mode="legacy") as client,
    ):
        listed = await client.list_tools()
        assert {each.name for each in listed.tools} >= {"add", "create_issue", "show"}
        done = await client.call_tool("create_issue", {"title": "Printer"})
    assert done.structured_content == {"number": 1, "title": "Printer"}
    assert server.issues == ["Printer"]


async def test_a_tool_gives_its_structured_value_and_its_text(server: Tickets, out: Outgoing) -> None:
    signed = account(out, server.url)
    output, context = await run(signed, "create_issue", title="Printer", priority=2)
    assert output["result"] == {"number": 1, "title": "Printer"}
    assert json.loads(output["text"]) == {"number": 1, "title": "Printer"}
    assert server.issues == ["Printer"]
    assert context.lines[0].startswith("info: create_issue: ")
    output, _ = await run(signed, "tell", name="Ada")
    assert output["result"] == output["text"] == "Hello Ada\0!"


async def test_its_list_is_kept_and_asked_for_anew(server: Tickets, out: Outgoing) -> None:
    signed = account(out, server.url)
    first = await signed.service(ToolServer).tools(timeout_s=5)  # type: ignore[type-abstract]
    asked = len(server.requests)
    again = await signed.service(ToolServer).tools(timeout_s=5)  # type: ignore[type-abstract]
    assert again == first
    assert len(server.requests) == asked
    assert {each.name: each.only_reads for each in first.tools}["add"]
    assert len(first.revision) == 16
    await signed.service(ToolServer).tools(timeout_s=5, fresh=True)  # type: ignore[type-abstract]
    assert len(server.requests) > asked


async def test_pictures_and_sounds_are_kept_beside_the_run(server: Tickets, out: Outgoing) -> None:
    output, context = await run(account(out, server.url), "show")
    assert context.stored == [(vendor.PICTURE, "image/png"), (vendor.SOUND, "audio/wav")]
    assert [each["media_type"] for each in output["files"]] == ["image/png", "audio/wav"]
    assert output["text"] == "Look:"
    assert output["links"] == ["https://example.org/more"]


async def test_a_tool_that_fails_fails_the_step_with_its_words(server: Tickets, out: Outgoing) -> None:
    told = await refused(account(out, server.url), "tool_failed", "fail", why="the printer burns")
    assert "the printer burns" in told


async def test_arguments_are_checked_before_anything_is_sent(server: Tickets, out: Outgoing) -> None:
    signed = account(out, server.url)
    told = await refused(signed, "tool_arguments", "create_issue", title=7)
    assert "arguments.title" in told
    await refused(signed, "tool_arguments", "create_issue", priority=1)
    await refused(signed, "tool_not_found", "drop_everything")
    assert not server.issues


async def test_the_token_goes_with_every_request_and_comes_back_with_none(server: Tickets, out: Outgoing) -> None:
    output, _ = await run(account(out, server.url), "repeat_token")
    assert {each["authorization"] for each in server.requests} == {f"Bearer {TOKEN}"}
    assert output["text"] == f"You sent {MASK}"
    assert TOKEN not in str(output)
    assert server.requests[-1]["method"] == "DELETE" or "mcp-session-id" not in server.requests[-1]


async def test_a_wrong_token_is_named(server: Tickets, out: Outgoing) -> None:
    signed = account(out, server.url, token="wrong-token")
    assert "401" in await refused(signed, "connection_refused", "add", a=1, b=2)


async def test_the_test_button_lists_the_tools(server: Tickets, out: Outgoing) -> None:
    told = await account(out, server.url).test()
    assert told.startswith("The server answered and offers 6 tools: add, create_issue")
    assert told.endswith("1 more.")


# the fence ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["initialize", "notifications/initialized", "tools/list", "tools/call"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed_at_any_stage(bad: Hostile, out: Outgoing, stage: str, status: int) -> None:
    async with hostile() as canary:
        bad.answers[stage] = body("", status=status, Location=canary.url)
        await refused(account(out, bad.url), "not_a_tool_server")
        assert not canary.seen
        assert not canary.resumed


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/mcp", "http://169.254.169.254/mcp", "http://[::1]:8080/mcp"])
async def test_private_addresses_are_out_of_reach(url: str) -> None:
    async with Outgoing(Policy.of([])) as out, hostile() as canary:
        for address in (url, canary.url):
            await refused(account(out, address), "blocked_address")
        assert not canary.seen


async def test_other_hosts_than_the_connections_are_out_of_reach(bad: Hostile, out: Outgoing) -> None:
    await refused(account(out, bad.url, hosts=["mcp.example.com"]), "connection_not_allowed")
    assert not bad.seen


# answers of every kind ------------------------------------------------------------------------------------------------

GARBAGE = {
    "no JSON": body("<html>"),
    "a list": body("[1]"),
    "nothing": body(""),
    "NaN": body('{"jsonrpc": "2.0", "id": 1, "result": NaN}'),
    "deep": body("[" * 100_000),
    "wrong type": body("hello", "text/plain"),
    "wrong id": body('{"jsonrpc": "2.0", "id": 4711, "result": {}}'),
    "true is not one": body('{"jsonrpc": "2.0", "id": true, "result": {}}'),
    "no result": body('{"jsonrpc": "2.0", "id": 1}'),
    "a result that is none": result([1, 2]),
    "a stream without it": streamed(b": nothing\n\n"),
    "a stream of somebody else": streamed(event({"jsonrpc": "2.0", "id": 99, "result": {}})),
    "a stream of garbage": streamed(b"data: {{{\n\n"),
    "202": body("", status=202),
}


@pytest.mark.parametrize("kind", GARBAGE)
@pytest.mark.parametrize("stage", ["initialize", "tools/list"])
async def test_garbage_is_told_from_a_server_of_tools(bad: Hostile, out: Outgoing, stage: str, kind: str) -> None:
    bad.answers[stage] = GARBAGE[kind]
    await refused(account(out, bad.url), "not_a_tool_server")
    assert "tools/call" not in bad.methods()


@pytest.mark.parametrize("kind", GARBAGE)
async def test_a_garbled_answer_to_an_unsafe_call_leaves_a_doubt(bad: Hostile, out: Outgoing, kind: str) -> None:
    bad.answers["tools/call"] = GARBAGE[kind]
    with pytest.raises(Retryable) as error:
        await run(account(out, bad.url), "act")
    assert not error.value.answered
    assert bad.methods().count("tools/call") == 1


async def test_a_lost_answer_leaves_a_doubt_unless_the_tool_may_be_called_twice(bad: Hostile, out: Outgoing) -> None:
    bad.answers["tools/call"] = vendor.cut
    bad.tools = [plain_tool("act"), plain_tool("read", readOnlyHint=True), plain_tool("set", idempotentHint=True)]
    signed = account(out, bad.url)
    for tool, answered in (("act", False), ("read", True), ("set", True)):
        with pytest.raises(Retryable) as error:
            await run(signed, tool)
        assert error.value.answered == answered
    assert bad.methods().count("tools/call") == 3


@pytest.mark.parametrize("stage", ["initialize", "notifications/initialized", "tools/list"])
async def test_what_is_lost_before_the_call_leaves_no_doubt(bad: Hostile, out: Outgoing, stage: str) -> None:
    bad.answers[stage] = vendor.cut
    with pytest.raises(Retryable) as error:
        await run(account(out, bad.url), "act")
    assert error.value.answered
    assert "tools/call" not in bad.methods()


async def test_an_endless_stream_ends_at_the_limit(bad: Hostile, out: Outgoing) -> None:
    bad.answers["tools/call"] = vendor.endless
    await refused(account(out, bad.url), "response_too_large", timeout_s=30)


async def test_a_silent_server_is_left_at_the_deadline(bad: Hostile, out: Outgoing) -> None:
    bad.answers["tools/call"] = vendor.silent
    with pytest.raises(Retryable) as error:
        await run(account(out, bad.url), "act", 0.3)
    assert error.value.code == "timeout"
    assert not error.value.answered


async def test_a_huge_answer_and_a_huge_list_are_refused(bad: Hostile, out: Outgoing) -> None:
    bad.answers["tools/call"] = body(b'{"x": "' + b"y" * 6_000_000 + b'"}')
    await refused(account(out, bad.url), "response_too_large")
    bad.tools = [{**plain_tool(f"t{n}"), "description": "d" * 4_000} for n in range(200)]
    await refused(account(out, bad.url), "not_a_tool_server")


async def test_endless_pages_come_to_an_end(bad: Hostile, out: Outgoing) -> None:
    pages = 0

    async def more(_server: Hostile, _request: Any, message: Any) -> Any:
        nonlocal pages
        pages += 1
        return vendor.web.json_response(said(message, {"tools": [plain_tool(f"t{pages}")], "nextCursor": str(pages)}))

    bad.answers["tools/list"] = more
    found = await account(out, bad.url).service(ToolServer).tools(timeout_s=20)  # type: ignore[type-abstract]
    assert len(found.tools) == pages == 50


async def test_a_stream_that_broke_is_taken_up_where_it_broke(bad: Hostile, out: Outgoing) -> None:
    async def begun(_server: Hostile, request: Any, message: Any) -> Any:
        number = message["id"]
        bad.resume = streamed(event({"jsonrpc": "2.0", "id": number, "result": bad.result("tools/call")}, "8"))
        return await streamed(b"id: 7\nretry: 1\ndata:\n\n")(bad, request, message)

    bad.answers["tools/call"] = begun
    output, _ = await run(account(out, bad.url), "act")
    assert output["text"] == "done"
    assert bad.resumed == ["7"]
    assert bad.methods().count("tools/call") == 1


async def test_a_server_that_asks_gets_an_answer_and_not_what_it_wants(bad: Hostile, out: Outgoing) -> None:
    async def asking(_server: Hostile, request: Any, message: Any) -> Any:
        ping = event({"jsonrpc": "2.0", "id": "p", "method": "ping"})
        sample = event({"jsonrpc": "2.0", "id": 5, "method": "sampling/createMessage", "params": {}})
        end = event({"jsonrpc": "2.0", "id": message["id"], "result": bad.result("tools/call")})
        return await streamed(ping, sample, end)(bad, request, message)

    bad.answers["tools/call"] = asking
    await run(account(out, bad.url), "act")
    replies = [each for each in bad.seen if "method" not in each]
    assert [(each["id"], "error" in each) for each in replies] == [("p", False), (5, True)]


async def test_a_server_that_only_asks_is_left(bad: Hostile, out: Outgoing) -> None:
    questions = [event({"jsonrpc": "2.0", "id": n, "method": "ping"}) for n in range(50)]
    bad.answers["tools/list"] = streamed(*questions)
    await refused(account(out, bad.url), "not_a_tool_server")
    assert len([each for each in bad.seen if "method" not in each]) == 10


@pytest.mark.parametrize(
    ("status", "after", "kind"), [(429, "7", "rate_limited"), (503, "3", "server_error"), (500, None, "server_error")]
)
async def test_a_busy_server_is_asked_again_later(
    bad: Hostile, out: Outgoing, status: int, after: str | None, kind: str
) -> None:
    bad.answers["tools/call"] = body("", status=status, **({"Retry-After": after} if after else {}))
    with pytest.raises(Retryable) as error:
        await run(account(out, bad.url), "act")
    assert error.value.answered
    assert error.value.cause == kind
    assert error.value.after == (float(after) if after else None)


async def test_a_refusal_of_the_protocol_keeps_its_words_and_no_secret(bad: Hostile, out: Outgoing) -> None:
    refusal = {"jsonrpc": "2.0", "id": None, "error": {"code": -32602, "message": f"no\nsuch {TOKEN}"}}
    bad.answers["tools/call"] = body(json.dumps(refusal), status=400)
    told = await refused(account(out, bad.url), "tool_refused")
    assert told.endswith(f"no such {MASK}")


@pytest.mark.parametrize("ident", ["a b", "x" * 2_000])
async def test_a_session_id_that_could_hide_something_is_refused(bad: Hostile, out: Outgoing, ident: str) -> None:
    answer = said({"id": 1}, bad.result("initialize"))
    bad.answers["initialize"] = body(json.dumps(answer), **{"Mcp-Session-Id": ident})
    await refused(account(out, bad.url), "not_a_tool_server")


async def test_an_unknown_version_is_named(bad: Hostile, out: Outgoing) -> None:
    bad.answers["initialize"] = result({"protocolVersion": "1999-01-01", "capabilities": {}, "serverInfo": {}})
    assert "1999-01-01" in await refused(account(out, bad.url), "not_a_tool_server")


async def test_a_file_that_is_no_base64_fails_the_step(bad: Hostile, out: Outgoing) -> None:
    bad.answers["tools/call"] = result({"content": [{"type": "image", "data": "***", "mimeType": "image/png"}]})
    await refused(account(out, bad.url), "invalid_response")
    bad.answers["tools/call"] = result({"content": [{"type": "image", "data": "eA==", "mimeType": "a/b\r\nX: y"}]})
    _, context = await run(account(out, bad.url), "act")
    assert context.stored == [(b"x", "application/octet-stream")]


async def test_a_schema_is_never_run_or_fetched(bad: Hostile, out: Outgoing) -> None:
    """References, patterns that take for ever and nonsense are left to the server that wrote them."""
    async with hostile() as canary:
        for schema in (
            {"type": "object", "properties": {"x": {"$ref": canary.url}}},
            {"$ref": canary.url, "additionalProperties": False},
            {"type": "object", "properties": {"x": {"pattern": "(a|a)*$" * 200}}},
            {"type": "object", "properties": {"x": {"pattern": "(?=a)"}, "y": {"type": "nonsense"}}},
            {"type": "object", "properties": 5},
            {"type": "object", "allOf": [{"required": ["z"]}], "additionalProperties": False},
        ):
            bad.tools = [{"name": "act", "inputSchema": schema}]
            output, _ = await run(account(out, bad.url), "act", x="a" * 40 + "b")
            assert output["text"] == "done"
        assert not canary.seen
        assert not canary.resumed


def test_what_an_author_says_of_a_tool_decides_its_effect() -> None:
    given = {"connection": "Tickets", "tool": "act"}
    assert MCP.effect(MCP.Input.model_validate(given)) is Effect.UNSAFE
    assert MCP.effect(MCP.Input.model_validate(given | {"idempotent": True})) is Effect.IDEMPOTENT


def test_its_sentence_names_tool_and_server() -> None:
    assert MCP.sentence(MCP.example, "en") == "use create_issue of Tickets"
    assert MCP.sentence({"tool": "{{ x }}"}, "fr") == "utiliser un outil de un serveur MCP"
