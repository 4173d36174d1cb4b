"""An agent is asked in a run: what it says, what it costs, and what is recorded."""

import pytest

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
