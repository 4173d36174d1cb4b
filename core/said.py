"""Sentences with blanks, and why the circuit breaker does not start a run, in English and French. Pure."""

from collections.abc import Mapping
from typing import Final

from blocks.values import Json
from blocks.words import Language

# What stands behind "... was not started: ".
CAUSES: Final[Mapping[str, Mapping[Language, str]]] = {
    "too_deep": {
        "en": "it would be run {depth} of a chain of automations that start each other ({path} -> {automation}), and"
        " {limit} are allowed.",
        "fr": "elle serait l’exécution {depth} d’une chaîne d’automatisations qui se lancent l’une l’autre ({path} ->"
        " {automation}), et {limit} sont permises.",
    },
    "too_many_runs": {
        "en": "one run of {source} ({root}) had led to {limit} runs, itself included, and no more are allowed. So this"
        " automation was paused.",
        "fr": "une même exécution ({source}, {root}) avait mené à {limit} exécutions, elle comprise, et il n’en est pas"
        " permis plus. Cette automatisation a donc été mise en pause.",
    },
    "rate": {
        "en": "other runs and events had started it {limit} times within a minute, and no more are allowed. So this"
        " automation was paused.",
        "fr": "d’autres exécutions et des événements l’avaient lancée {limit} fois en une minute, et il n’en est pas"
        " permis plus. Cette automatisation a donc été mise en pause.",
    },
    "paused": {
        "en": "it is paused since it ran too often; switch it on again when you know why.",
        "fr": "elle est en pause, car elle a été lancée trop souvent ; remettez-la en service quand vous savez"
        " pourquoi.",
    },
}
_UNKNOWN: Final[Mapping[str, Mapping[Language, str]]] = {
    "source": {"en": "another automation", "fr": "une autre automatisation"},
    "error": {"en": "no reason was recorded", "fr": "aucune raison n’a été notée"},
}


def filled(pattern: str, args: Mapping[str, Json], language: Language) -> str:
    """A pattern with its blanks filled in; what is null is told as unknown. Raises `KeyError` where one is missing."""
    known = {name: _UNKNOWN.get(name, {}).get(language, "") if value is None else value for name, value in args.items()}
    return pattern.format_map(known)
