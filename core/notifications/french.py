"""What stands under the bell, in French: it is stored in English, by sentences that are known by their shape. Pure."""

import re
from collections.abc import Sequence
from typing import Final

_FRENCH: Final[Sequence[tuple[re.Pattern[str], str]]] = [
    (re.compile(pattern, re.DOTALL), french)
    for pattern, french in (
        (r"(.*): your approval is asked for", r"\1 : votre approbation est demandée"),
        (r"(.*): the step (\S+) waits for your approval", r"\1 : l’étape \2 attend votre approbation"),
        (r"(.*): did the step (\S+) have its effect\?", r"\1 : l’étape \2 a-t-elle eu son effet ?"),
        (r"(.*) was switched on", r"\1 a été mise en service"),
        (r"(.*) was switched off", r"\1 a été désactivée"),
        (r"(.*) was paused", r"\1 a été mise en pause"),
        (r"(.*) keeps failing", r"\1 échoue sans cesse"),
        (r"(.*) failed", r"\1 a échoué"),
        (r"The last (?:run|\d+ runs) of .* failed\. The newest error: (.*)", r"Dernière erreur : \1"),
        (r"Automations start each other: (.*)", r"Des automatisations se lancent l’une l’autre : \1"),
        (r"The credits of this month are used up", "Les crédits du mois sont épuisés"),
        (r"The runs of this month are used up", "Les exécutions du mois sont épuisées"),
        (r"80 % of the credits of this month are used", "80 % des crédits du mois sont utilisés"),
        (r"80 % of the runs of this month are used", "80 % des exécutions du mois sont utilisées"),
        (r"An operator resumed its deployment in Prefect\.", "Un opérateur a repris son déploiement dans Prefect."),
        (
            r"An operator paused its deployment in Prefect\..*",
            "Un opérateur a mis en pause son déploiement dans Prefect. Rien ne la lance plus d’elle-même.",
        ),
    )
]
_REMINDER: Final = "Reminder: "


def in_french(text: str) -> str:
    """The French of a title or a text; one of a person, or of another shape, stays as it is."""
    if text.startswith(_REMINDER):
        return "Rappel : " + in_french(text.removeprefix(_REMINDER))
    for pattern, french in _FRENCH:
        if found := pattern.fullmatch(text):
            return found.expand(french)
    return text
