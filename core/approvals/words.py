"""What the product itself asks people, by code, in English and French. Pure."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final, Literal, TypeAlias, get_args

from blocks.outcomes import Ask
from blocks.sentences import Sentence
from blocks.values import Json, JsonObject
from blocks.words import Language
from core.said import filled
from core.sentences import from_kept, kept

Code: TypeAlias = Literal["gate", "doubt", "lost", "attention", "tool_call", "tool_doubt", "tool_lost"]
CODES: Final[tuple[Code, ...]] = get_args(Code)
_KEPT: Final = "why_kept"  # the argument that holds `why` as it can be told in other languages

_LOST: Final[Mapping[Language, str]] = {
    "en": "The worker was lost while this step was under way. Whether it had its effect is not known.",
    "fr": "Le worker a été perdu pendant que cette étape était en cours. On ne sait pas si elle a eu son effet.",
}
_TOOL_LOST: Final[Mapping[Language, str]] = {
    "en": "The worker was lost while this was under way.",
    "fr": "Le worker a été perdu pendant que cet appel était en cours.",
}
_LOOK: Final[Mapping[Language, str]] = {
    "en": "Look there: was it done, shall it be done again, or shall the run be cancelled?",
    "fr": "Allez voir sur place : est-ce fait, faut-il le refaire, ou faut-il annuler l’exécution ?",
}
_NOT_KNOWN: Final[Mapping[Language, str]] = {
    "en": "Whether it had its effect is not known: {call}",
    "fr": "On ne sait pas s’il a eu son effet : {call}",
}

# The question itself. `why` is the sentence of an error.
QUESTIONS: Final[Mapping[Code, Mapping[Language, str]]] = {
    "gate": {
        "en": "May the step {step} ({action}) go on with this input?",
        "fr": "L’étape {step} ({action}) peut-elle continuer avec cette entrée ?",
    },
    "doubt": {
        "en": f"{{why}} {_LOOK['en']}",
        "fr": f"Étape {{step}} : {{why}} {_LOOK['fr']}",
    },
    "lost": {"en": f"{_LOST['en']} {_LOOK['en']}", "fr": f"{_LOST['fr']} {_LOOK['fr']}"},
    "attention": {
        "en": "{why} When that is mended, have the step done again; or cancel the run.",
        "fr": "L’étape {step} ne peut pas continuer ({why}). Une fois le problème réglé, faites refaire l’étape ; ou"
        " annulez l’exécution.",
    },
    "tool_call": {
        "en": "{agent} wants to call {call}\n\nMay it?",
        "fr": "{agent} veut appeler {call}\n\nPeut-il le faire ?",
    },
    "tool_doubt": {
        "en": f"{{why}} {_NOT_KNOWN['en']}\n\n{_LOOK['en']}",
        "fr": f"{_NOT_KNOWN['fr']} ({{why}})\n\n{_LOOK['fr']}",
    },
    "tool_lost": {
        language: f"{_TOOL_LOST[language]} {_NOT_KNOWN[language]}\n\n{_LOOK[language]}"
        for language in get_args(Language)
    },
}
# What the run waits for meanwhile.
REASONS: Final[Mapping[Code, Mapping[Language, str]]] = {
    "gate": {"en": "Step {step} waits for an approval.", "fr": "L’étape {step} attend une approbation."},
    "doubt": {"en": "Step {step} is in doubt: {why}", "fr": "L’étape {step} est dans le doute : {why}"},
    "lost": {
        "en": f"Step {{step}} is in doubt: {_LOST['en']}", "fr": f"L’étape {{step}} est dans le doute : {_LOST['fr']}",
    },
    "attention": {
        "en": "Step {step} needs attention: {why}", "fr": "L’étape {step} demande votre attention : {why}",
    },
    "tool_call": {"en": "{agent} waits for an approval.", "fr": "{agent} attend une approbation."},
    "tool_doubt": {"en": "A tool of {agent} is in doubt: {why}", "fr": "Un outil de {agent} est dans le doute : {why}"},
    "tool_lost": {
        "en": f"A tool of {{agent}} is in doubt: {_TOOL_LOST['en']}",
        "fr": f"Un outil de {{agent}} est dans le doute : {_TOOL_LOST['fr']}",
    },
}  # fmt: skip


def ask(kind: Literal["approval", "gate", "doubt"], code: Code, args: JsonObject) -> Ask:
    """A question of the product's own, in English, that knows its code."""
    return Ask(kind, filled(QUESTIONS[code]["en"], args, "en"), code=code, args=args)


def reason(code: Code, args: JsonObject) -> str:
    """In English."""
    return filled(REASONS[code]["en"], args, "en")


def because(why: str) -> JsonObject:
    """The arguments that hold the sentence of an error: in English, and as it can be told in other languages."""
    english: JsonObject = {"why": str(why)}
    return english | {_KEPT: kept(why)} if isinstance(why, Sentence) else english


def told(words: Mapping[Code, Mapping[Language, str]], code: Json, args: Json, stored: str, language: Language) -> str:
    """What was stored with a code, in a language; without one, or with one of another version, as it stands."""
    for known in CODES:
        if known == code and isinstance(args, dict):
            try:
                return filled(words[known][language], _in(args, language), language)
            except KeyError:
                break
    return stored


def _in(args: JsonObject, language: Language) -> JsonObject:
    if language == "en" or _KEPT not in args:
        return args
    with suppress(LookupError, ValueError):  # masked, or of another version: it stays in English
        return {**args, "why": from_kept(args[_KEPT], language)}
    return args
