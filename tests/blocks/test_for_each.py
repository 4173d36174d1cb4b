"""What loops and calls ask of the engine."""

import pytest

from blocks import registry
from blocks.actions.for_each import MOST_ITEMS, ForEachInput
from blocks.errors import InvalidInput
from blocks.outcomes import Call, Expand
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from tests.blocks.context import Context

FOR_EACH = registry.actions()["for_each"]


def _context() -> Context:
    return Context(Outgoing(Policy.of((), None)))


async def test_a_loop_unfolds() -> None:
    given = ForEachInput.model_validate({"items": [1, 2], "concurrency": 3, "on_error": "continue", "steps": [{}]})
    assert await FOR_EACH.run(given, _context()) == Expand([1, 2], 3, keep_going=True)


@pytest.mark.parametrize("items", ["text", "half a {{ template", "{}"])
async def test_what_is_no_list_fails_the_step(items: str) -> None:
    with pytest.raises((InvalidInput, ValueError), match="A loop goes through a list, and this is the text"):
        await FOR_EACH.run(ForEachInput.model_validate({"items": items, "steps": [{}]}), _context())


def test_too_many_items() -> None:
    with pytest.raises(ValueError, match="at most 10000 items, and these are 10001"):
        ForEachInput.model_validate({"items": [None] * (MOST_ITEMS + 1), "steps": [{}]})


async def test_a_call() -> None:
    action = registry.actions()["automation"]
    given = action.Input.model_validate({"automation": "Enrich", "payload": [1], "wait": False})
    assert await action.run(given, _context()) == Call("Enrich", [1], wait=False)
