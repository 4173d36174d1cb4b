"""What every file in `blocks/connections/` must keep, whoever writes it."""

import importlib
import json
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

import blocks.connections
from blocks import registry
from blocks.connection import Connection

KINDS = sorted(registry.connections().items())
MODULES = [found.name for found in pkgutil.iter_modules(blocks.connections.__path__)]

each = pytest.mark.parametrize("kind", [kind for _, kind in KINDS], ids=[name for name, _ in KINDS])


def test_every_file_holds_one_kind() -> None:
    assert {"http_bearer", "http_basic", "http_header", "oauth2_client_credentials"} <= set(MODULES)
    assert sorted(type(kind).__module__.rpartition(".")[2] for _, kind in KINDS) == sorted(MODULES)


def test_an_action_finds_those_for_its_purpose() -> None:
    http = registry.actions()["http"]
    assert set(registry.connections_for(http.connection)) == {name for name, kind in KINDS if kind.purpose == "http"}
    assert not registry.connections_for(None)
    known = {kind.purpose for _, kind in KINDS}
    for action in registry.actions().values():
        assert (action.connection is not None) == ("connection" in action.Input.model_fields)
        assert action.connection is None or action.connection in known


@each
def test_it_is_named_in_every_language(kind: Connection[Any]) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,39}", kind.name)
    for texts in (kind.title, kind.description):
        assert set(texts) == {"en", "fr"}
        assert all(text.strip() == text and text for text in texts.values())
    assert all(text.endswith(".") for text in kind.description.values())


@each
def test_its_example_can_be_read_and_shows_no_secret(kind: Connection[Any]) -> None:
    fields = kind.read(kind.example)
    names = kind.Fields.secret_names()
    assert names or kind.name == "claude_cli"  # its secret is the operator's
    assert fields.secrets() == {name: kind.example[name] for name in names}
    assert fields.public() == {name: value for name, value in kind.example.items() if name not in names} | {
        name: value for name, value in fields.public().items() if name not in kind.example
    }
    for name in names:
        assert str(kind.example[name]) not in f"{fields!r} {fields} {fields.model_dump()} {fields.model_dump_json()}"
        assert isinstance(getattr(fields, name), SecretStr)


@each
def test_its_form_says_what_is_secret(kind: Connection[Any]) -> None:
    schema = kind.Fields.model_json_schema()
    assert schema["additionalProperties"] is False
    hidden = {name for name, each in schema["properties"].items() if each.get("writeOnly")}
    assert hidden == kind.Fields.secret_names()
    assert json.loads(json.dumps(schema)) == schema


@each
def test_its_errors_repeat_no_value(kind: Connection[Any]) -> None:
    for name in kind.Fields.model_fields:
        with pytest.raises(ValidationError) as error:
            kind.read({**kind.example, name: ["sk-canary"], "no_such_field": "sk-canary"})
        assert "canary" not in str(error.value)


@each
def test_it_keeps_no_state_and_reaches_nothing_itself(kind: Connection[Any]) -> None:
    assert not vars(kind)
    module = importlib.import_module(type(kind).__module__)
    assert module.__file__
    imported = re.findall(r"^(?:from|import) ([\w.]+)", Path(module.__file__).read_text(), re.MULTILINE)
    roots = {name.partition(".")[0] for name in imported}
    assert not roots & {"aiohttp", "httpx", "requests", "socket", "subprocess", "os", "pathlib", "asyncpg", "core"}
