"""What stands under the bell is data: each code is told in the language of whoever reads it."""

import string
from typing import get_args

import httpx
import pytest

from blocks.values import JsonObject
from blocks.words import Language
from core.db import Database
from core.ids import new_id
from core.notifications.sending import News, notify
from core.notifications.words import CODES, WORDS, Message, What
from tests.api.conftest import Tenant

_STORM: JsonObject = {"automation": "Stock", "path": "Orders", "source": "Orders", "root": "r1", "depth": 4, "limit": 3}
_MONTH: JsonObject = {
    "next_month": "2026-12-01", "plan": "free", "balance": 20, "allowance": 100, "runs": 80, "limit": 100,
}  # fmt: skip
_ASKED: JsonObject = {"automation": "Lead", "step": "send", "message": "Publish it?"}
_FAILED: JsonObject = {"automation": "Lead", "runs": 3, "error": "No route.", "error_code": "timeout"}
_UNTIL = "as the workspace is set, until 2026-12-01 or a change of the plan (free)."
_JUSQUA = (
    "es nouvelles exécutions sont refusées ou attendent, selon les réglages de l’espace de travail, jusqu’au"
    " 2026-12-01 ou un changement de forfait (free)."
)

TOLD: dict[What, tuple[JsonObject, tuple[str, str], tuple[str, str]]] = {
    "approval_asked": (
        _ASKED,
        ("Lead: your approval is asked for", "Publish it?"),
        ("Lead : votre approbation est demandée", "Publish it?"),
    ),
    "step_waits": (
        _ASKED,
        ("Lead: the step send waits for your approval", "Publish it?"),
        ("Lead : l’étape send attend votre approbation", "Publish it?"),
    ),
    "in_doubt": (
        _ASKED,
        ("Lead: did the step send have its effect?", "Publish it?"),
        ("Lead : l’étape send a-t-elle eu son effet ?", "Publish it?"),
    ),
    "switched_on": (
        {"automation": "Lead {x}"},
        ("Lead {x} was switched on", "An operator resumed its deployment in Prefect."),
        ("Lead {x} a été mise en service", "Un opérateur a repris son déploiement dans Prefect."),
    ),
    "switched_off": (
        {"automation": "Lead"},
        (
            "Lead was switched off",
            "An operator paused its deployment in Prefect. Nothing starts it by itself until it is switched on again,"
            " here or there.",
        ),
        (
            "Lead a été désactivée",
            "Un opérateur a mis en pause son déploiement dans Prefect. Rien ne la lance plus d’elle-même jusqu’à sa"
            " remise en service, ici ou là-bas.",
        ),
    ),
    "failed": (
        {**_FAILED, "error": None},
        ("Lead failed", "The last run of Lead failed. The newest error: no reason was recorded"),
        ("Lead a échoué", "La dernière exécution de Lead a échoué. Dernière erreur : aucune raison n’a été notée"),
    ),
    "keeps_failing": (
        _FAILED,
        ("Lead keeps failing", "The last 3 runs of Lead failed. The newest error: No route."),
        ("Lead échoue sans cesse", "Les 3 dernières exécutions de Lead ont échoué. Dernière erreur : No route."),
    ),
    "chain": (
        _STORM,
        (
            "Automations start each other: Orders -> Stock",
            "Stock was not started: it would be run 4 of a chain of automations that start each other (Orders ->"
            " Stock), and 3 are allowed. Change a trigger or step of these automations so that they do not start each"
            " other in a circle.",
        ),
        (
            "Des automatisations se lancent l’une l’autre : Orders -> Stock",
            "Stock n’a pas été démarrée : elle serait l’exécution 4 d’une chaîne d’automatisations qui se lancent"
            " l’une l’autre (Orders -> Stock), et 3 sont permises. Modifiez un déclencheur ou une étape de ces"
            " automatisations pour qu’elles ne se lancent pas en boucle.",
        ),
    ),
    "too_many_runs": (
        {**_STORM, "source": None},
        (
            "Stock was paused",
            "Stock was not started: one run of another automation (r1) had led to 3 runs, itself included, and no more"
            " are allowed. So this automation was paused. See why it is started so often, then switch it on again.",
        ),
        (
            "Stock a été mise en pause",
            "Stock n’a pas été démarrée : une même exécution (une autre automatisation, r1) avait mené à 3 exécutions,"
            " elle comprise, et il n’en est pas permis plus. Cette automatisation a donc été mise en pause. Voyez"
            " pourquoi elle est lancée si souvent, puis remettez-la en service.",
        ),
    ),
    "rate": (
        _STORM,
        (
            "Stock was paused",
            "Stock was not started: other runs and events had started it 3 times within a minute, and no more are"
            " allowed. So this automation was paused. See why it is started so often, then switch it on again.",
        ),
        (
            "Stock a été mise en pause",
            "Stock n’a pas été démarrée : d’autres exécutions et des événements l’avaient lancée 3 fois en une minute,"
            " et il n’en est pas permis plus. Cette automatisation a donc été mise en pause. Voyez pourquoi elle est"
            " lancée si souvent, puis remettez-la en service.",
        ),
    ),
    "credits_80": (
        _MONTH,
        (
            "80 % of the credits of this month are used",
            "20 of the 100 credits of this month are left. When they are used up, new runs are refused or wait, "
            + _UNTIL,
        ),
        (
            "80 % des crédits du mois sont utilisés",
            "Il reste 20 des 100 crédits du mois. Une fois le quota épuisé, l" + _JUSQUA,
        ),
    ),
    "credits_used": (
        _MONTH,
        (
            "The credits of this month are used up",
            "20 of the 100 credits of this month are left. New runs are refused or wait, " + _UNTIL,
        ),
        ("Les crédits du mois sont épuisés", "Il reste 20 des 100 crédits du mois. L" + _JUSQUA),
    ),
    "runs_80": (
        _MONTH,
        (
            "80 % of the runs of this month are used",
            "80 of the 100 runs of this month have started. When they are used up, new runs are refused or wait, "
            + _UNTIL,
        ),
        (
            "80 % des exécutions du mois sont utilisées",
            "80 des 100 exécutions du mois ont démarré. Une fois le quota épuisé, l" + _JUSQUA,
        ),
    ),
    "runs_used": (
        _MONTH,
        (
            "The runs of this month are used up",
            "80 of the 100 runs of this month have started. New runs are refused or wait, " + _UNTIL,
        ),
        ("Les exécutions du mois sont épuisées", "80 des 100 exécutions du mois ont démarré. L" + _JUSQUA),
    ),
}


async def told(api: httpx.AsyncClient, language: str) -> dict[str, dict[str, object]]:
    answer = await api.get("/api/notifications", params={"limit": 100}, headers={"Accept-Language": language})
    assert (answer.status_code, answer.headers["content-language"]) == (200, language)
    return {item["id"]: item for item in answer.json()["items"]}


@pytest.mark.parametrize("reminder", [False, True])
async def test_every_code_is_told_in_both_languages(
    api: httpx.AsyncClient, db: Database, ada: Tenant, *, reminder: bool
) -> None:
    assert TOLD.keys() == set(CODES)
    ids: dict[What, str] = {}
    async with db.transaction() as connection:
        for what, (args, _, _) in TOLD.items():
            news = News("news", Message(what, args, reminder), "/", new_id())
            (made,) = await notify(connection, ada.workspace_id, [ada.user_id], news)
            ids[what] = str(made)
    for language, place, again in (("en", 1, "Reminder: "), ("fr", 2, "Rappel : ")):
        found = await told(api, language)
        for what, said in TOLD.items():
            item = found[ids[what]]
            title, text = said[place]
            assert (item["title"], item["text"]) == (again + title if reminder else title, text)
            assert (item["what"], item["args"], item["reminder"]) == (what, said[0], reminder)
    read = await api.post(f"/api/notifications/{ids['switched_on']}/read", headers={"Accept-Language": "fr"})
    assert read.json()["title"] == ("Rappel : " if reminder else "") + "Lead {x} a été mise en service"


async def test_what_has_no_code_or_an_unknown_one_is_told_as_stored(
    api: httpx.AsyncClient, db: Database, ada: Tenant
) -> None:
    async with db.connection() as connection:
        for what, args in ((None, {}), ("of_tomorrow", {}), ("failed", {"automation": "Lead"})):
            await connection.execute(
                "INSERT INTO notifications (id, workspace_id, user_id, kind, title, text, link, subject, what, args)"
                " VALUES ($1, $2, $3, 'alert', 'Lead failed', 'Why.', '/', $1, $4, $5)",
                new_id(), ada.workspace_id, ada.user_id, what, args,
            )  # fmt: skip
    found = (await told(api, "fr")).values()
    assert [(item["title"], item["text"], item["what"]) for item in found] == [
        ("Lead failed", "Why.", "failed"), ("Lead failed", "Why.", "of_tomorrow"), ("Lead failed", "Why.", None),
    ]  # fmt: skip


def blanks(pattern: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(pattern) if name}


@pytest.mark.parametrize("what", CODES)
def test_every_code_has_words_with_the_same_blanks(what: What) -> None:
    words = WORDS[what]
    assert words.keys() == set(get_args(Language))
    english, french = words["en"], words["fr"]
    assert blanks(english.title) == blanks(french.title)
    assert blanks(english.text) == blanks(french.text)
    assert (english.title, english.text) != (french.title, french.text)
