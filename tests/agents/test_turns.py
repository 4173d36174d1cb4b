"""An agent is asked in a run: what it says, what it costs, and what is recorded."""

import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.agents.conftest import Office
from tests.vendors.openai import OpenAIServer
from tests.vendors.script import Say


@pytest.mark.proves("US-3.1", "US-3.1 (1)", "US-3.1 (2)", "S6.1 (4)", "I-14", "US-1.1 (5)", "US-1.4 (2)")
@pytest.mark.proves("I-3", "R-INT-4", "DOD-4", "PHASE-3", "US-4.1 (4)")
async def test_it_answers(office: Office, models: OpenAIServer) -> None:
    await office.provider(models.url)
    models.script.answers = [Say("82 points.", usage=(1000, 100))]
    async with office.engine():
        run = await office.ask("sales_pro", "Score {{ trigger.data.name }}", data={"name": "Ada"})
    assert run["status"] == "success", run["error"]
    assert run["output"]["text"] == "82 points."
    assert run["output"]["agent"]["slug"] == "sales_pro"
    assert run["output"]["usage"] == {"requests": 1, "tool_calls": 0, "tokens_in": 1000, "tokens_out": 100}
    assert run["output"]["cost_usd"] == 0.00045
    (call,) = await office.rows("model_calls")
    assert (call["tokens_in"], call["tokens_out"], call["outcome"]) == (1000, 100, "done")
    assert str(call["cost_usd"]) == "0.00045000"
    assert call["latency_ms"] >= 0
    (asked,) = models.script.asked
    assert asked["messages"][-1] == {"role": "user", "content": "Score Ada"}
    assert asked["messages"][0]["content"].startswith("You are sales_pro")


@pytest.fixture
async def source() -> AsyncIterator[str]:
    """Pages of 100 kB and of 400 kB, a value of 100 kB, and a picture."""
    pages = {
        "long": ("text/html", "<p>é</p>" * 11_111 + "the end"),
        "longer": ("text/html; charset=utf-8", "<p>news</p>" * 40_000 + "the end"),
        "value": ("application/json", json.dumps({"items": ["news"] * 20_000, "last": "the end"})),
        "picture": ("image/png", "x" * 100_000),
    }

    async def page(request: web.Request) -> web.Response:
        kind, text = pages[request.match_info["name"]]
        return web.Response(body=text.encode(), headers={"Content-Type": kind})

    app = web.Application()
    app.router.add_get("/{name}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.mark.parametrize(
    ("name", "words"),
    [("long", ("the end", "Cut off here")), ("longer", ("Cut off here: it has 440007 bytes", "the end")),
     ("value", ("the end", "Cut off here")), ("picture", ("$blob", "xxx"))],
)  # fmt: skip
async def test_a_large_source_is_told_as_far_as_it_goes(
    office: Office, models: OpenAIServer, source: str, name: str, words: tuple[str, str]
) -> None:
    """As the digest and the lead finder hand it over: the body of an answer, which is kept beside the run."""
    await office.provider(models.url)
    models.script.answers = [Say("Read.")]
    async with office.engine():
        rule = await office.workshop.automation(
            {"id": "read", "type": "http", "config": {"method": "GET", "url": f"{source}/{name}"}},
            {"id": "ask", "type": "agent", "needs": ["read"],
             "config": {"agent": "code_bot", "prompt": "Sum it up", "context": "{{ steps.read.output.body }}"}},
        )  # fmt: skip
        run = await office.workshop.ended(await office.workshop.start(rule, {}))
    assert run["status"] == "success", run["error"]
    asked = str(models.script.asked[0]["messages"][-1]["content"])
    there, not_there = words
    assert there in asked
    assert not_there not in asked
    assert len(asked) < 210_000
