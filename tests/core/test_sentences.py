"""What people read when their input is wrong: our words, not the validator's."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import AwareDatetime, BaseModel, Field, ValidationError, field_validator

from core import sentences
from core.sentences import sentence

ROOT = Path(__file__).parents[2]
# The English of a pattern that stands in a name of its own: a sentence with blanks.
_PATTERN = re.compile(r"[A-Z{][^\n]*\{[a-z]+\}[^\n]*\.")


class Form(BaseModel, extra="forbid"):
    name: Annotated[str, Field(min_length=1, max_length=5)] = "a"
    word: Annotated[str, Field(min_length=3)] = "abc"
    count: Annotated[int, Field(ge=1, le=9)] = 1
    kind: Literal["a", "b"] = "a"
    items: Annotated[list[int], Field(min_length=1, max_length=2)] = [1]
    at: AwareDatetime | None = None
    inner: "Form | None" = None

    @field_validator("kind", mode="before")
    @classmethod
    def _ours(cls, value: object) -> object:
        if value == "c":
            raise ValueError("c is gone")
        return value


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "This must not be empty."),
        ({"name": "too long"}, "This may have at most 5 characters."),
        ({"name": 7}, "This must be a text."),
        ({"word": ""}, "This must have at least 3 characters."),
        ({"count": 0}, "This must be at least 1."),
        ({"count": 10}, "This must be at most 9."),
        ({"count": "x"}, "This must be a whole number."),
        ({"count": 1.5}, "This must be a whole number."),
        ({"kind": "x"}, "This must be 'a' or 'b'."),
        ({"kind": "c"}, "C is gone."),
        ({"items": []}, "Give at least 1."),
        ({"items": [1, 2, 3]}, "Give at most 2, not 3."),
        ({"items": {}}, "This must be a list."),
        ({"at": "2026-11-21"}, "This needs its time zone; write it like 2030-01-31T09:00:00+01:00."),
        ({"at": "soon"}, "This is no moment; write it like 2030-01-31T09:00:00+01:00."),
        ({"inner": 1}, "This must be an object."),
        ({"colour": 1}, "There is no such field here; check its spelling, or take it away."),
    ],
)
def test_a_finding_says_what_to_do(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Form.model_validate(wrong)
    assert [sentence(each) for each in refused.value.errors()] == [said]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "Ce champ ne peut pas être vide."),
        ({"name": "too long"}, "Il faut au plus 5 caractères."),
        ({"kind": "x"}, "Il faut ici 'a' ou 'b'."),
        ({"kind": "c"}, "C is gone."),
    ],
)
def test_in_french(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Form.model_validate(wrong)
    assert [sentence(each, "fr") for each in caught.value.errors()] == [said]


def _said() -> Iterator[str]:
    """Every pattern that a `said(...)` of the product is given, by name or as it is."""
    for path in (ROOT / "core").rglob("*.py"):
        tree = ast.parse(path.read_text())
        calls = [each for each in ast.walk(tree) if isinstance(each, ast.Call)]
        if any(isinstance(call.func, ast.Name) and call.func.id == "said" for call in calls):
            texts = [each.value for each in ast.walk(tree) if isinstance(each, ast.Constant)]
            yield from (each for each in texts if isinstance(each, str) and _PATTERN.fullmatch(each))
        for call in calls:
            first = call.args[0] if call.args and isinstance(call.func, ast.Name) and call.func.id == "said" else None
            if isinstance(first, ast.Constant):
                yield str(first.value)


def _blanks(pattern: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(pattern) if name}


def test_each_has_its_french() -> None:
    french = sentences.patterns_in_french()
    wanted = {*sentences._SENTENCES.values(), sentences._EMPTY, *_said()}
    assert len(wanted) > 70
    assert wanted - french.keys() == set()
    for pattern in wanted:
        assert _blanks(pattern) == _blanks(french[pattern]), pattern
        assert pattern != french[pattern]


def test_a_sentence_inside_of_a_sentence() -> None:
    inner = sentences.said("It needs {step}, which never runs.", step="a")
    outer = sentences.said("This step can never run. {reason}", reason=inner)
    assert outer == "This step can never run. It needs a, which never runs."
    assert (
        sentences.in_language(outer, "fr")
        == "Cette étape ne peut jamais s’exécuter. Elle attend a, qui ne s’exécute jamais."
    )
    assert [sentences.in_language(outer, "en"), sentences.in_language("Whatever.", "fr")] == [outer, "Whatever."]
