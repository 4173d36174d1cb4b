"""What every file in `blocks/actions/` must keep, whoever writes it."""

import importlib
import json
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

import blocks.actions
from blocks import registry
from blocks.action import Action, Effect, StepModel
from blocks.values import Json
from core.rendering.renderer import Renderer

ACTIONS = sorted(registry.actions().items())
LANGUAGES = {"en", "fr"}
MODULES = [found.name for found in pkgutil.iter_modules(blocks.actions.__path__)]

each = pytest.mark.parametrize("action", [action for _, action in ACTIONS], ids=[name for name, _ in ACTIONS])


def schemas(action: Action[Any]) -> list[dict[str, Any]]:
    models = [action.Input, *([action.Output] if action.Output else [])]
    return [model.model_json_schema(by_alias=True) for model in models]


def test_every_file_holds_one_action() -> None:
    assert {"http", "transform"} <= set(MODULES)
    places = [type(action).__module__.rpartition(".")[2] for _, action in ACTIONS]
    assert sorted(places) == sorted(MODULES)


def test_names_are_unique() -> None:
    """The registry keys by name: a second class of the same name would replace the first in silence."""
    classes = {
        found
        for module in MODULES
        for found in vars(importlib.import_module(f"blocks.actions.{module}")).values()
        if isinstance(found, type) and issubclass(found, Action) and found is not Action
    }
    assert len(classes) == len(ACTIONS)


@each
def test_it_is_named_in_every_language(action: Action[Any]) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,39}", action.name)
    for texts in (action.title, action.description):
        assert set(texts) == LANGUAGES
        assert all(text.strip() == text and text for text in texts.values())
    assert all(len(text) <= 60 for text in action.title.values())
    assert all(text.endswith(".") for text in action.description.values())


@each
def test_its_numbers_are_sensible(action: Action[Any]) -> None:
    assert 0 <= action.credits <= 100
    assert 0 < action.timeout_s <= 900
    assert 1 <= action.retry_attempts <= 10


@each
async def test_its_example_is_a_valid_config(action: Action[Any]) -> None:
    given = action.Input.model_validate(action.example)
    assert isinstance(action.effect(given), Effect)
    async with Renderer(children=1) as renderer:
        for source in _texts(action.example):
            assert await renderer.check(source) is None


@each
def test_an_unsafe_call_does_not_only_read(action: Action[Any]) -> None:
    """What only reads is carried out when a step is tried out, without asking."""
    given = action.Input.model_validate(action.example)
    assert not (action.only_reads(given) and action.effect(given) is Effect.UNSAFE)


@each
def test_its_models_refuse_unknown_fields(action: Action[Any]) -> None:
    assert issubclass(action.Input, StepModel)
    with pytest.raises(ValidationError, match="no_such_field"):
        action.Input.model_validate({**action.example, "no_such_field": 1})


@each
def test_its_config_survives_being_stored(action: Action[Any]) -> None:
    given = action.Input.model_validate(action.example)
    stored = json.loads(to_json(given.model_dump(mode="json", by_alias=True, exclude_unset=True)))
    assert action.Input.model_validate(stored) == given
    TypeAdapter(dict[str, Any]).validate_json(json.dumps(action.example))


@each
def test_its_schemas_are_json_and_closed(action: Action[Any]) -> None:
    for schema in schemas(action):
        assert json.loads(json.dumps(schema)) == schema
        assert schema["type"] == "object"
        assert schema["additionalProperties"] is False


@each
def test_it_keeps_no_state(action: Action[Any]) -> None:
    """One instance serves every run of a worker at once."""
    assert not vars(action)


@each
def test_its_file_reaches_nothing_but_its_context(action: Action[Any]) -> None:
    """Network, files, processes and the environment come through `context` alone."""
    module = importlib.import_module(type(action).__module__)
    assert module.__file__
    imported = re.findall(r"^(?:from|import) ([\w.]+)", Path(module.__file__).read_text(), re.MULTILINE)
    roots = {name.partition(".")[0] for name in imported}
    assert not roots & {"aiohttp", "httpx", "requests", "socket", "subprocess", "os", "pathlib", "asyncpg", "core"}


def _texts(value: Json) -> list[str]:
    match value:
        case str():
            return [value]
        case list():
            return [text for item in value for text in _texts(item)]
        case dict():
            return [text for item in value.values() for text in _texts(item)]
    return []
