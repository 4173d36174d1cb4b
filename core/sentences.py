"""What pydantic finds, in sentences that say what to do. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import ErrorDetails

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
_FRENCH: Final[Mapping[str, str]] = {
    _OBJECT: "Il faut ici un objet.",
    _TRUTH: "Il faut ici vrai ou faux.",
    _WHOLE: "Il faut ici un nombre entier.",
    _MOMENT: "Ce n’est pas une date avec son heure ; écrivez-la comme 2030-01-31T09:00:00+01:00.",
    _EMPTY: "Ce champ ne peut pas être vide.",
    "This is missing.": "Cela manque.",
    "There is no such field here; check its spelling, or take it away.": "Ce champ n’existe pas ici ; vérifiez son nom"
    " ou retirez-le.",
    "This must be a list.": "Il faut ici une liste.",
    "Give at least {min_length}.": "Donnez-en au moins {min_length}.",
    "Give at most {max_length}, not {actual_length}.": "Donnez-en au plus {max_length}, et non {actual_length}.",
    "This must be a text.": "Il faut ici un texte.",
    "This must have at least {min_length} characters.": "Il faut au moins {min_length} caractères.",
    "This may have at most {max_length} characters.": "Il faut au plus {max_length} caractères.",
    "This must be more than {gt}.": "Il faut plus que {gt}.",
    "This must be at least {ge}.": "Il faut au moins {ge}.",
    "This must be less than {lt}.": "Il faut moins que {lt}.",
    "This must be at most {le}.": "Il faut au plus {le}.",
    "This must be {expected}.": "Il faut ici {expected}.",
    "This is no id.": "Ce n’est pas un identifiant.",
    "This needs its time zone; write it like 2030-01-31T09:00:00+01:00.": "Il manque le fuseau horaire ; écrivez"
    " 2030-01-31T09:00:00+01:00.",
}


def sentence(detail: ErrorDetails, language: Language = "en") -> str:
    """One finding in words. Those that our own validators raise are sentences already, in English."""
    context = detail.get("ctx", {})
    pattern = _SENTENCES.get(detail["type"])
    if detail["type"] == "string_too_short" and context.get("min_length") == 1:
        pattern = _EMPTY
    if pattern is not None and language == "fr":
        pattern, context = _FRENCH[pattern], _with_ou(context)
    if pattern is not None:
        return pattern.format_map(context)
    message = detail["msg"].removeprefix("Value error, ")
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "!", "?")) else ".")


def _with_ou(context: dict[str, Any]) -> dict[str, Any]:
    expected = context.get("expected")
    return {**context, "expected": expected.replace("' or '", "' ou '")} if isinstance(expected, str) else context
