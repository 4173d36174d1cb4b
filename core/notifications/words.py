"""What a notification says: a code with arguments, told in English and French. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from blocks.values import JsonObject
from blocks.words import Language, shortened
from core.approvals.words import QUESTIONS, told
from core.said import CAUSES, filled

What: TypeAlias = Literal[
    "approval_asked", "step_waits", "in_doubt", "switched_on", "switched_off", "failed", "keeps_failing", "chain",
    "too_many_runs", "rate", "credits_80", "credits_used", "runs_80", "runs_used",
]  # fmt: skip
CODES: Final[tuple[What, ...]] = get_args(What)


class Telling(NamedTuple):
    title: str
    text: str


_LEFT: Final[Mapping[Language, str]] = {
    "en": "{balance} of the {allowance} credits of this month are left. ",
    "fr": "Il reste {balance} des {allowance} crédits du mois. ",
}
_STARTED: Final[Mapping[Language, str]] = {
    "en": "{runs} of the {limit} runs of this month have started. ",
    "fr": "{runs} des {limit} exécutions du mois ont démarré. ",
}
_UNTIL: Final[Mapping[Language, str]] = {
    "en": "ew runs are refused or wait, as the workspace is set, until {next_month} or a change of the plan ({plan}).",
    "fr": "es nouvelles exécutions sont refusées ou attendent, selon les réglages de l’espace de travail, jusqu’au"
    " {next_month} ou un changement de forfait ({plan}).",
}
_LATER: Final[Mapping[Language, str]] = {
    "en": f"When they are used up, n{_UNTIL['en']}", "fr": f"Une fois le quota épuisé, l{_UNTIL['fr']}",
}  # fmt: skip
_NOW: Final[Mapping[Language, str]] = {"en": f"N{_UNTIL['en']}", "fr": f"L{_UNTIL['fr']}"}
_SEE_WHY: Final[Mapping[Language, str]] = {
    "en": " See why it is started so often, then switch it on again.",
    "fr": " Voyez pourquoi elle est lancée si souvent, puis remettez-la en service.",
}
_NOT_STARTED: Final[Mapping[Language, str]] = {
    "en": "{automation} was not started: ", "fr": "{automation} n’a pas été démarrée : ",
}  # fmt: skip
_PAUSED: Final[Mapping[Language, str]] = {"en": "{automation} was paused", "fr": "{automation} a été mise en pause"}


def _paused_since(cause: str) -> dict[Language, Telling]:
    return {
        language: Telling(_PAUSED[language], _NOT_STARTED[language] + CAUSES[cause][language] + _SEE_WHY[language])
        for language in get_args(Language)
    }


WORDS: Final[Mapping[What, Mapping[Language, Telling]]] = {
    "approval_asked": {
        "en": Telling("{automation}: your approval is asked for", "{message}"),
        "fr": Telling("{automation} : votre approbation est demandée", "{message}"),
    },
    "step_waits": {
        "en": Telling("{automation}: the step {step} waits for your approval", "{message}"),
        "fr": Telling("{automation} : l’étape {step} attend votre approbation", "{message}"),
    },
    "in_doubt": {
        "en": Telling("{automation}: did the step {step} have its effect?", "{message}"),
        "fr": Telling("{automation} : l’étape {step} a-t-elle eu son effet ?", "{message}"),
    },
    "switched_on": {
        "en": Telling("{automation} was switched on", "An operator resumed its deployment in Prefect."),
        "fr": Telling("{automation} a été mise en service", "Un opérateur a repris son déploiement dans Prefect."),
    },
    "switched_off": {
        "en": Telling(
            "{automation} was switched off",
            "An operator paused its deployment in Prefect. Nothing starts it by itself until it is switched on again,"
            " here or there.",
        ),
        "fr": Telling(
            "{automation} a été désactivée",
            "Un opérateur a mis en pause son déploiement dans Prefect. Rien ne la lance plus d’elle-même jusqu’à sa"
            " remise en service, ici ou là-bas.",
        ),
    },
    "failed": {
        "en": Telling("{automation} failed", "The last run of {automation} failed. The newest error: {error}"),
        "fr": Telling(
            "{automation} a échoué", "La dernière exécution de {automation} a échoué. Dernière erreur : {error}"
        ),
    },
    "keeps_failing": {
        "en": Telling(
            "{automation} keeps failing", "The last {runs} runs of {automation} failed. The newest error: {error}"
        ),
        "fr": Telling(
            "{automation} échoue sans cesse",
            "Les {runs} dernières exécutions de {automation} ont échoué. Dernière erreur : {error}",
        ),
    },
    "chain": {
        "en": Telling(
            "Automations start each other: {path} -> {automation}",
            _NOT_STARTED["en"] + CAUSES["too_deep"]["en"] + " Change a trigger or step of these automations so that"
            " they do not start each other in a circle.",
        ),
        "fr": Telling(
            "Des automatisations se lancent l’une l’autre : {path} -> {automation}",
            _NOT_STARTED["fr"] + CAUSES["too_deep"]["fr"] + " Modifiez un déclencheur ou une étape de ces"
            " automatisations pour qu’elles ne se lancent pas en boucle.",
        ),
    },
    "too_many_runs": _paused_since("too_many_runs"),
    "rate": _paused_since("rate"),
    "credits_80": {
        "en": Telling("80 % of the credits of this month are used", _LEFT["en"] + _LATER["en"]),
        "fr": Telling("80 % des crédits du mois sont utilisés", _LEFT["fr"] + _LATER["fr"]),
    },
    "credits_used": {
        "en": Telling("The credits of this month are used up", _LEFT["en"] + _NOW["en"]),
        "fr": Telling("Les crédits du mois sont épuisés", _LEFT["fr"] + _NOW["fr"]),
    },
    "runs_80": {
        "en": Telling("80 % of the runs of this month are used", _STARTED["en"] + _LATER["en"]),
        "fr": Telling("80 % des exécutions du mois sont utilisées", _STARTED["fr"] + _LATER["fr"]),
    },
    "runs_used": {
        "en": Telling("The runs of this month are used up", _STARTED["en"] + _NOW["en"]),
        "fr": Telling("Les exécutions du mois sont épuisées", _STARTED["fr"] + _NOW["fr"]),
    },
}
_AGAIN: Final[Mapping[Language, str]] = {"en": "Reminder: ", "fr": "Rappel : "}


@dataclass(frozen=True, slots=True)
class Message:
    """`args` fill the blanks of the words of `what`; a null stands for nothing known. `reminder`: told before."""

    what: What
    args: JsonObject = field(default_factory=dict)
    reminder: bool = False

    def told(self, language: Language) -> Telling:
        """Raises `KeyError` where an argument is missing."""
        args = self.args
        if "asked" in args:  # a question of the product's own
            message = told(QUESTIONS, args["asked"], args.get("asked_args"), str(args["message"]), language)
            args = {**args, "message": shortened(message, 500)}
        title, text = (filled(pattern, args, language) for pattern in WORDS[self.what][language])
        return Telling(_AGAIN[language] + title if self.reminder else title, text)


def in_language(what: str | None, args: JsonObject, *, reminder: bool, stored: Telling, language: Language) -> Telling:
    """A notification as it was stored, in a language; without a code, or with one of another version, as it stands."""
    for known in CODES:
        if known == what:
            try:
                return Message(known, args, reminder).told(language)
            except KeyError:
                break
    return stored
