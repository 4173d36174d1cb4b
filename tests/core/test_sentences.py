"""What people read when their input is wrong: our words, not the validator's."""

from typing import Annotated, Literal

import pytest
from pydantic import AwareDatetime, BaseModel, Field, ValidationError, field_validator

from core import sentences
from core.sentences import sentence


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


def test_each_has_its_french() -> None:
    assert sentences._FRENCH.keys() == {*sentences._SENTENCES.values(), sentences._EMPTY}
