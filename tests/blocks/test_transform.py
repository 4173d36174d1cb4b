"""The transform step gives the value it was given."""

import pytest
from pydantic import ValidationError

from blocks.action import Effect
from blocks.actions.transform import Transform, TransformInput
from blocks.values import Json
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from tests.blocks.context import Context


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "text", [], {"a": [1, {"b": None}]}])
async def test_any_json_value_passes_unchanged(value: Json) -> None:
    given = TransformInput.model_validate({"value": value})
    outcome = await Transform().run(given, Context(Outgoing(Policy())))
    assert outcome.output == value
    assert type(outcome.output) is type(value)
    assert Transform().effect(given) is Effect.PURE


@pytest.mark.parametrize("config", [{}, {"value": 1, "other": 2}, {"value": object()}])
def test_a_wrong_config_is_refused(config: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TransformInput.model_validate(config)
