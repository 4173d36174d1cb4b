"""What every file in `blocks/tools/` must keep, whoever writes it."""

import importlib
import json
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

import blocks.tools
from blocks import registry
from blocks.action import Effect
from blocks.tool import AnyTool, Tool, ToolModel

TOOLS = sorted(registry.tools().items())
LANGUAGES = {"en", "fr"}
MODULES = [found.name for found in pkgutil.iter_modules(blocks.tools.__path__)]
HOSTILE: list[Any] = [
    None, True, -1, 10**400, 1e308, "", "\0", "\ud800", "{{ 7 * 7 }}", "x\r\nBcc: eve@evil.example", "x" * 1_000_000,
    "../../etc/passwd", "http://169.254.169.254/", [], [[]] * 1_000, {}, {"$ref": "file:///etc/passwd"},
    {"__class__": "os"},
]  # fmt: skip

each = pytest.mark.parametrize("tool", [tool for _, tool in TOOLS], ids=[name for name, _ in TOOLS])


def simplest(model: type[BaseModel]) -> dict[str, Any]:
    """The fewest arguments that a model fits."""
    schema = model.model_json_schema()
    text = "ada@example.org"
    found: dict[str, Any] = {}
    for name in schema.get("required", ()):
        field = schema["properties"][name]
        found[name] = [text] if field.get("type") == "array" else field.get("enum", [text])[0]
    return found


def test_every_file_holds_one_tool() -> None:
    assert {"http", "mcp", "drive", "run_automation"} <= set(MODULES)
    assert sorted(type(tool).__module__.rpartition(".")[2] for _, tool in TOOLS) == sorted(MODULES)


@each
def test_it_is_named_in_every_language(tool: AnyTool) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,39}", tool.name)
    for texts in (tool.title, tool.description):
        assert set(texts) == LANGUAGES
        assert all(text.strip() == text and text for text in texts.values())
    assert all(len(text) <= 60 for text in tool.title.values())
    assert all(text.endswith(".") for text in (*tool.description.values(), tool.guide))


@each
def test_its_example_is_valid_and_survives_being_stored(tool: AnyTool) -> None:
    settings = tool.Settings.model_validate(tool.example)
    stored = json.loads(settings.model_dump_json(by_alias=True, exclude_unset=True))
    assert tool.Settings.model_validate(stored) == settings
    assert tool.described(settings).startswith(tool.guide)
    assert bool(tool.Settings.model_fields) <= bool(tool.example)


@each
def test_its_models_refuse_unknown_fields(tool: AnyTool) -> None:
    for model, least in ((tool.Arguments, simplest(tool.Arguments)), (tool.Settings, tool.example)):
        assert issubclass(model, ToolModel)
        model.model_validate(least)
        with pytest.raises(ValidationError, match="no_such_field"):
            model.model_validate({**least, "no_such_field": 1})


@each
def test_its_schemas_are_json_and_closed(tool: AnyTool) -> None:
    for model in (tool.Arguments, tool.Settings):
        schema = model.model_json_schema()
        assert json.loads(json.dumps(schema)) == schema
        assert schema["type"] == "object"
        assert schema["additionalProperties"] is False


@each
def test_it_says_what_it_does_to_the_world(tool: AnyTool) -> None:
    """What carries something out is at best idempotent, and knows which of its destinations its author has named."""
    arguments = tool.Arguments.model_validate(simplest(tool.Arguments))
    effect = tool.effect(arguments)
    assert isinstance(effect, Effect)
    listed = tool.listed(arguments, tool.Settings.model_validate(tool.example))
    assert isinstance(listed, bool)
    if tool.sends_out:
        assert type(tool).listed is not Tool.listed
    else:
        assert not listed
    assert tool.brings_in or not tool.changing


@each
def test_an_account_is_chosen_by_its_author(tool: AnyTool) -> None:
    assert "connection" not in tool.Arguments.model_fields
    field = tool.Settings.model_json_schema()["properties"].get("connection") if tool.connection else None
    assert (tool.connection is not None) == ("connection" in tool.Settings.model_fields)
    if tool.connection is not None:
        assert field is not None
        assert (field["format"], field["purpose"]) == ("connection", tool.connection)
        assert registry.connections_for(tool.connection)


@each
@pytest.mark.parametrize("hostile", HOSTILE, ids=[repr(each)[:20] for each in HOSTILE])
def test_hostile_arguments_are_refused_or_plain_values(tool: AnyTool, hostile: Any) -> None:
    """What gets through is judged like any other call; nothing else than `ValidationError` comes of the rest."""
    settings = tool.Settings.model_validate(tool.example)
    least = simplest(tool.Arguments)
    for name in tool.Arguments.model_fields:
        try:
            arguments = tool.Arguments.model_validate({**least, name: hostile})
        except ValidationError:
            continue
        assert isinstance(tool.effect(arguments), Effect)
        assert isinstance(tool.listed(arguments, settings), bool)


@each
def test_it_keeps_no_state(tool: AnyTool) -> None:
    """One instance serves every turn of a worker at once."""
    assert not vars(tool)


@each
def test_its_file_reaches_nothing_but_its_context(tool: AnyTool) -> None:
    module = importlib.import_module(type(tool).__module__)
    assert module.__file__
    imported = re.findall(r"^(?:from|import) ([\w.]+)", Path(module.__file__).read_text(), re.MULTILINE)
    roots = {name.partition(".")[0] for name in imported}
    assert not roots & {"aiohttp", "httpx", "requests", "socket", "subprocess", "os", "pathlib", "asyncpg", "core"}
