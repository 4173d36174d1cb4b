"""What is wrong with an input, in sentences that say what to do: in English, told in French where it is shown.

A sentence is made of an English pattern (`blocks/sentences.py`), the key of its French in `sentences_fr.json`.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from pydantic_core import ErrorDetails

from blocks.sentences import Sentence, reason, said
from blocks.values import Json, JsonObject
from blocks.words import Language

_OBJECT: Final = "This must be an object."
_TRUTH: Final = "This must be true or false."
_WHOLE: Final = "This must be a whole number."
_MOMENT: Final = "This is no moment; write it like 2030-01-31T09:00:00+01:00."

_SENTENCES: Final[Mapping[str, str]] = {
    "missing": "This is missing.",
    "extra_forbidden": "There is no such field here; check its spelling, or take it away.",
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dict_type": _OBJECT,
    "list_type": "This must be a list.",
    "too_short": "Give at least {min_length}.",
    "too_long": "Give at most {max_length}, not {actual_length}.",
    "string_type": "This must be a text.",
    "string_too_short": "This must have at least {min_length} characters.",
    "string_too_long": "This may have at most {max_length} characters.",
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "greater_than": "This must be more than {gt}.",
    "greater_than_equal": "This must be at least {ge}.",
    "less_than": "This must be less than {lt}.",
    "less_than_equal": "This must be at most {le}.",
    "literal_error": "This must be {expected}.",
    "enum": "This must be {expected}.",
    "uuid_type": "This is no id.",
    "uuid_parsing": "This is no id.",
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "timezone_aware": "This needs its time zone; write it like 2030-01-31T09:00:00+01:00.",
}
_EMPTY: Final = "This must not be empty."


def in_language(text: str, language: Language) -> str:
    """A sentence in a language; what is none, or has no French, as it stands."""
    if language == "en":
        return text
    pattern = text.pattern if isinstance(text, Sentence) else text
    french = patterns_in_french().get(pattern)
    if french is None or not isinstance(text, Sentence):
        return text if french is None else french
    return french.format_map({name: _blank_in_french(value) for name, value in text.blanks.items()})


def _blank_in_french(value: object) -> object:
    if isinstance(value, Sentence):
        return in_language(value, "fr")
    return value.replace("' or '", "' ou '") if isinstance(value, str) else value


def kept(text: str) -> Json:
    """A sentence as JSON, for `from_kept`; what is none, as it stands."""
    if not isinstance(text, Sentence):
        return str(text)
    blanks: JsonObject = {
        name: kept(value) if isinstance(value, str) else value if isinstance(value, int | float) else str(value)
        for name, value in text.blanks.items()
    }
    return {"pattern": text.pattern, "blanks": blanks}


def from_kept(value: Json, language: Language) -> str:
    """What `kept` gave, in a language other than English. Only our own patterns are filled in.

    Raises `LookupError` and `ValueError` for what it did not give, or gave of another version.
    """
    if not isinstance(value, dict):
        return str(value)
    pattern, blanks = value["pattern"], value["blanks"]
    if language == "en" or not isinstance(pattern, str) or not isinstance(blanks, dict):
        raise ValueError("no kept sentence")
    given = {name: from_kept(each, language) if isinstance(each, dict) else each for name, each in blanks.items()}
    return patterns_in_french()[pattern].format_map(given)


@cache
def patterns_in_french() -> Mapping[str, str]:
    """By their English; those without blanks may be sentences that were not made by `said`."""
    found: dict[str, str] = json.loads((files("core") / "sentences_fr.json").read_text())
    return found


def sentence(detail: ErrorDetails, language: Language = "en") -> str:
    """One finding in words. Our own validators raise sentences: made by `said`, or clauses without a capital."""
    context = detail.get("ctx", {})
    pattern = _SENTENCES.get(detail["type"])
    if detail["type"] == "string_too_short" and context.get("min_length") == 1:
        pattern = _EMPTY
    if pattern is not None:
        return in_language(said(pattern, **context), language)
    error = context.get("error")
    if isinstance(error, ValueError) and isinstance(made := reason(error), Sentence):
        return in_language(made, language)
    message = detail["msg"].removeprefix("Value error, ")
    message = message[:1].upper() + message[1:] + ("" if message.endswith((".", "!", "?")) else ".")
    return in_language(message, language)
