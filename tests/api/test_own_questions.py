"""What Vutler itself asks people is told in the language of whoever is asked; what an author asks stays."""

import string
from typing import Any, get_args

import httpx
import pytest

from blocks.sentences import said
from blocks.values import JsonObject
from blocks.words import Language
from core.approvals.asking import Asking
from core.approvals.words import CODES, QUESTIONS, REASONS, Code, ask, because, told
from core.db import Database
from core.said import CAUSES
from tests import questions
from tests.api.conftest import Tenant

FRENCH = {"Accept-Language": "fr"}
_STEP: JsonObject = {"step": "send", "action": "email", "why": "No answer came."}
_TOOL: JsonObject = {"agent": "Echo", "call": "http.get with\n{}", "why": "No answer came."}
_LOOK = "Allez voir sur place : est-ce fait, faut-il le refaire, ou faut-il annuler l’exécution ?"
_NOT_KNOWN = "On ne sait pas s’il a eu son effet : http.get with\n{}"
_LOST = "Le worker a été perdu pendant que cette étape était en cours. On ne sait pas si elle a eu son effet."
_TOOL_LOST = "Le worker a été perdu pendant que cet appel était en cours."

TOLD: dict[Code, tuple[Any, JsonObject, str, str]] = {
    "gate": (
        "gate", _STEP, "L’étape send (email) peut-elle continuer avec cette entrée ?",
        "L’étape send attend une approbation.",
    ),
    "doubt": (
        "doubt", _STEP, f"Étape send : No answer came. {_LOOK}",
        "L’étape send est dans le doute : No answer came.",
    ),
    "lost": ("doubt", _STEP, f"{_LOST} {_LOOK}", f"L’étape send est dans le doute : {_LOST}"),
    "attention": (
        "doubt", _STEP,
        "L’étape send ne peut pas continuer (No answer came.). Une fois le problème réglé, faites refaire l’étape ; ou"
        " annulez l’exécution.",
        "L’étape send demande votre attention : No answer came.",
    ),
    "tool_call": (
        "approval", _TOOL, "Echo veut appeler http.get with\n{}\n\nPeut-il le faire ?",
        "Echo attend une approbation.",
    ),
    "tool_doubt": (
        "doubt", _TOOL, f"{_NOT_KNOWN} (No answer came.)\n\n{_LOOK}",
        "Un outil de Echo est dans le doute : No answer came.",
    ),
    "tool_lost": (
        "doubt", _TOOL, f"{_TOOL_LOST} {_NOT_KNOWN}\n\n{_LOOK}",
        f"Un outil de Echo est dans le doute : {_TOOL_LOST}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("code", CODES)
async def test_each_is_told_in_the_readers_language(
    api: httpx.AsyncClient, db: Database, ada: Tenant, code: Code
) -> None:
    kind, args, said, reason = TOLD[code]
    rule = await questions.add_automation(db, ada.workspace_id, ada.user_id)
    wanted = ask(kind, code, args)
    asked = await questions.ask(db, ada.workspace_id, rule, wanted)
    path = f"/api/approvals/{asked}"
    english, french = (await api.get(path)).json(), (await api.get(path, headers=FRENCH)).json()
    assert (english["message"], english["message_code"]) == (wanted.message, code)
    assert (french["message"], french["message_code"]) == (said, code)
    assert (await api.get("/api/approvals", headers=FRENCH)).json()["items"][0]["message"] == said
    run = (await api.get(f"/api/automations/logs/{french['run_id']}", headers=FRENCH)).json()
    assert run["waiting_for"]["reason"] == reason
    assert await Asking(db).drain() == 1
    (item,) = (await api.get("/api/notifications", headers=FRENCH)).json()["items"]
    assert item["text"] == " ".join(said.split())
    link = (await api.post(f"{path}/link", json={"for": str(ada.user_id)})).json()["url"].rpartition("/")[2]
    shown = await api.get(f"/api/approvals/by-token/{link}", headers=FRENCH)
    assert shown.json()["message"] == said


_WHY = said(
    "{why} Whether the step had its effect is not known.",
    why=said("{host} did not answer within {seconds:g} s.", host="api.example.com", seconds=2.5),
)
_NO_ANSWER = "api.example.com n’a pas répondu en 2.5 s."


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        (
            "doubt", f"Étape send : {_NO_ANSWER} On ne sait pas si l’étape a eu son effet. {_LOOK}",
            f"L’étape send est dans le doute : {_NO_ANSWER} On ne sait pas si l’étape a eu son effet.",
        ),
        (
            "tool_doubt", f"{_NOT_KNOWN} ({_NO_ANSWER} On ne sait pas si l’étape a eu son effet.)\n\n{_LOOK}",
            f"Un outil de Echo est dans le doute : {_NO_ANSWER} On ne sait pas si l’étape a eu son effet.",
        ),
    ],
)  # fmt: skip
async def test_why_it_is_asked_is_told_as_well(
    *, api: httpx.AsyncClient, db: Database, ada: Tenant, code: Code, message: str, reason: str
) -> None:
    args: JsonObject = {**(_TOOL if code == "tool_doubt" else _STEP), **because(_WHY)}
    rule = await questions.add_automation(db, ada.workspace_id, ada.user_id)
    wanted = ask("doubt", code, args)
    assert f"{_WHY}" in wanted.message
    path = f"/api/approvals/{await questions.ask(db, ada.workspace_id, rule, wanted)}"
    english, french = (await api.get(path)).json(), (await api.get(path, headers=FRENCH)).json()
    assert (english["message"], french["message"]) == (wanted.message, message)
    run = (await api.get(f"/api/automations/logs/{french['run_id']}", headers=FRENCH)).json()
    assert run["waiting_for"]["reason"] == reason
    assert await Asking(db).drain() == 1
    (item,) = (await api.get("/api/notifications", headers=FRENCH)).json()["items"]
    assert item["text"] == " ".join(message.split())


@pytest.mark.parametrize(
    "kept",
    [
        7, {}, {"pattern": "{why.__class__}", "blanks": {"why": "x"}}, {"pattern": 7, "blanks": {}},
        {"pattern": "No answer within {seconds:g} s.", "blanks": {}},
        {"pattern": "No answer within {seconds:g} s.", "blanks": {"seconds": "***"}},
        {"pattern": "No answer within {seconds:g} s.", "blanks": []},
    ],
)  # fmt: skip
def test_what_was_kept_otherwise_is_told_as_it_was_written(kept: Any) -> None:
    args: JsonObject = {**_STEP, "why_kept": kept}
    why = "7" if kept == 7 else "No answer came."
    assert told(QUESTIONS, "doubt", args, "stored", "fr") == f"Étape send : {why} {_LOOK}"
    assert told(QUESTIONS, "doubt", args, "stored", "en").startswith("No answer came. ")


async def test_what_an_author_asks_stays(api: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    rule = await questions.add_automation(db, ada.workspace_id, ada.user_id)
    asked = await questions.ask(db, ada.workspace_id, rule, questions.question(message="Publish {it}?"))
    shown = (await api.get(f"/api/approvals/{asked}", headers=FRENCH)).json()
    assert (shown["message"], shown["message_code"]) == ("Publish {it}?", None)


def blanks(pattern: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(pattern) if name}


@pytest.mark.parametrize("words", [QUESTIONS, REASONS, CAUSES], ids=["questions", "reasons", "causes"])
def test_each_has_words_in_both_languages(words: dict[str, dict[str, str]]) -> None:
    assert words is CAUSES or words.keys() == set(CODES)
    for code, each in words.items():
        assert each.keys() == set(get_args(Language))
        # What English leaves out as plain, French may name: the step of a question.
        assert blanks(each["en"]) <= blanks(each["fr"]) <= blanks(each["en"]) | {"step"}, code
        assert each["en"] != each["fr"]
