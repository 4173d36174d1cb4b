"""What people read when their input is wrong: our words, not the validator's."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import AwareDatetime, BaseModel, Field, ValidationError, field_validator

from blocks.actions.for_each import ForEachInput
from blocks.conditions import Condition
from blocks.schedule import Schedule
from blocks.sentences import said
from core import sentences
from core.sentences import sentence

ROOT = Path(__file__).parents[2]
# The English of a pattern that stands in a name of its own: a sentence with blanks.
_PATTERN = re.compile(r"[A-Z{][^\n]*\{[a-z]+\}[^\n]*\.")
_SAID = ("said", "sentences.said")


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
    ("wrong", "told"),
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
def test_a_finding_says_what_to_do(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Form.model_validate(wrong)
    assert [sentence(each) for each in refused.value.errors()] == [told]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"name": ""}, "Ce champ ne peut pas être vide."),
        ({"name": "too long"}, "Il faut au plus 5 caractères."),
        ({"kind": "x"}, "Il faut ici 'a' ou 'b'."),
        ({"kind": "c"}, "C is gone."),
    ],
)
def test_in_french(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Form.model_validate(wrong)
    assert [sentence(each, "fr") for each in caught.value.errors()] == [told]


def _sources(*parts: str) -> list[Path]:
    return [path for part in parts for path in (ROOT / part).rglob("*.py")]


def _said() -> Iterator[str]:
    """Every pattern that a `said(...)` of the product is given, by name or as it is."""
    for path in _sources("blocks", "core", "deployments", "flows"):
        tree = ast.parse(path.read_text())
        calls = [each for each in ast.walk(tree) if isinstance(each, ast.Call)]
        if any(ast.unparse(call.func) in _SAID for call in calls):
            texts = [each.value for each in ast.walk(tree) if isinstance(each, ast.Constant)]
            yield from (each for each in texts if isinstance(each, str) and _PATTERN.fullmatch(each))
        for call in calls:
            first = call.args[0] if call.args and ast.unparse(call.func) in _SAID else None
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


def _calls(*parts: str) -> Iterator[tuple[str, ast.AST, ast.Call]]:
    """Every call inside of a function: its file, the function and the call."""
    for path in _sources(*parts):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                calls = [each for each in ast.walk(function) if isinstance(each, ast.Call)]
                yield from ((path.relative_to(ROOT).as_posix(), function, call) for call in calls)


def _raised() -> Iterator[tuple[str, ast.AST, ast.expr]]:
    """What every `ValueError` of `blocks/`, of whatever class, is given to say, and where."""
    nodes = [each for path in _sources("blocks") for each in ast.walk(ast.parse(path.read_text()))]
    classes = [each for each in nodes if isinstance(each, ast.ClassDef)]
    kinds = {each.name for each in classes if any(ast.unparse(base) == "ValueError" for base in each.bases)}
    for file, function, call in _calls("blocks"):
        if ast.unparse(call.func).rpartition(".")[2] in {*kinds, "ValueError"}:
            yield file, function, call.args[0]


# Who reads these is no person who fills something in.
_FOR_PROGRAMS = {
    "blocks/registry.py",  # the installation does not start
    "blocks/values.py",  # a text that is no JSON
}


def test_what_validators_say_has_its_french() -> None:
    """A clause or a sentence that stands there as it is, or one made by `said`, by itself or in a name."""
    french, told = sentences.patterns_in_french(), 0
    for file, function, text in _raised():
        if file in _FOR_PROGRAMS:
            continue
        told += 1
        if isinstance(text, ast.Constant):
            message = str(text.value)
            whole = message[:1].upper() + message[1:] + ("" if message.endswith(".") else ".")
            assert whole in french, f"{file}: {whole}"
        else:
            assert _is_made(text, function), f"{file}: {ast.unparse(text)}"
    assert told > 60


def _is_made(text: ast.expr, function: ast.AST) -> bool:
    """By `said`, there or where the function gave it a name, or taken over from another error."""
    if isinstance(text, ast.Name):
        given = [_given(each, text.id) for each in ast.walk(function)]
        return any(given) and all(each is None or _is_made(each, function) for each in given)
    if isinstance(text, ast.Call):
        return ast.unparse(text.func) in (*_SAID, "_not_a_list", "_taken_or_not")  # whose types say so
    return isinstance(text, ast.Attribute) and text.attr == "message"


def _given(node: ast.AST, name: str) -> ast.expr | None:
    """What a name is given by this node, if it is."""
    if isinstance(node, ast.NamedExpr) and node.target.id == name:
        return node.value
    if not isinstance(node, ast.Assign):
        return None
    target, value = node.targets[0], node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = zip(target.elts, value.elts, strict=True)
        return next((each for one, each in pairs if ast.unparse(one) == name), None)
    return value if ast.unparse(target) == name else None


def test_what_leaves_a_step_in_doubt_has_its_french() -> None:
    """The errors of a step that may not have been answered, and those that a person has to mend."""
    told = 0
    for file, function, call in _calls("blocks", "core", "flows"):
        kind = ast.unparse(call.func)
        answered = [each.value for each in call.keywords if each.arg == "answered"]
        doubtful = bool(answered) and ast.unparse(answered[0]) != "True"
        if kind == "NeedsAttention" or (doubtful and kind in ("Retryable", "super().__init__") and call.args):
            told += 1
            assert _is_made(call.args[1], function), f"{file}: {ast.unparse(call.args[1])}"
    assert told > 15


@pytest.mark.parametrize(
    ("kind", "wrong", "english", "french"),
    [
        (
            Schedule, {"cron": "61 * * * *"}, "'61 * * * *' is not a cron expression: bad minute.",
            "'61 * * * *' n’est pas une expression cron : la minute est fausse.",
        ),
        (
            Schedule, {"cron": "* * 99 * *"}, "'* * 99 * *' is not a cron expression: bad day-of-month.",
            "'* * 99 * *' n’est pas une expression cron : le jour du mois est faux.",
        ),
        (
            Schedule, {"cron": "0 9 * * *", "every_s": 60},
            "Give exactly one of cron, every_s, run_at; this has cron and every_s.",
            "Donnez exactement un de cron, every_s, run_at ; il y a ici cron et every_s.",
        ),
        (
            Schedule, {}, "Give exactly one of cron, every_s, run_at; this has none.",
            "Donnez exactement un de cron, every_s, run_at ; il y a ici aucun.",
        ),
        (
            Condition, {"path": "trigger", "op": "exists"},
            "'trigger' must begin with trigger.data, trigger.headers or trigger.query.",
            "'trigger' doit commencer par trigger.data, trigger.headers ou trigger.query.",
        ),
        (
            ForEachInput, {"items": {}, "steps": [{}]},
            "A loop goes through a list, and this is an object; to go through a part of it name that, as in"
            " {{ previous.output.body.items }}.",
            "Une boucle parcourt une liste, et ceci est un objet ; pour en parcourir une partie, nommez-la, comme dans"
            " {{ previous.output.body.items }}.",
        ),
    ],
)  # fmt: skip
def test_what_a_validator_says_keeps_its_values(
    kind: type[BaseModel], wrong: dict[str, object], english: str, french: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        kind.model_validate(wrong)
    (detail, *_) = refused.value.errors()
    assert [sentence(detail), sentence(detail, "fr")] == [english, french]
    assert sentences.in_language(sentence(detail), "fr") == french


def test_a_sentence_inside_of_a_sentence() -> None:
    inner = said("It needs {step}, which never runs.", step="a")
    outer = said("This step can never run. {reason}", reason=inner)
    assert outer == "This step can never run. It needs a, which never runs."
    assert (
        sentences.in_language(outer, "fr")
        == "Cette étape ne peut jamais s’exécuter. Elle attend a, qui ne s’exécute jamais."
    )
    assert [sentences.in_language(outer, "en"), sentences.in_language("Whatever.", "fr")] == [outer, "Whatever."]


# What only programs ask for: operators' API, and the document as a whole.
_OF_PROGRAMS = {"core/credits/administration.py", "core/deliveries/arrival.py"}


def _found() -> Iterator[tuple[str, ast.expr]]:
    """What every finding of `core/` says: where it stands, or the name of a variable that holds it."""
    for file, function, call in _calls("core"):
        if file in _OF_PROGRAMS or ast.unparse(call.func) not in ("Finding", "_invalid") or len(call.args) < 2:
            continue
        text = call.args[1]
        names = [each for each in ast.walk(function) if isinstance(each, ast.Assign) and isinstance(text, ast.Name)]
        yield from ((file, each.value) for each in names if ast.unparse(each.targets[0]) == ast.unparse(text))
        yield file, text


def test_what_findings_say_has_its_french() -> None:
    """No text with values in it but by `said`, and each text without has its French."""
    french = sentences.patterns_in_french()
    found = list(_found())
    assert len(found) > 60
    filled = [(file, ast.unparse(text)) for file, text in found if isinstance(text, ast.JoinedStr)]
    whole = [(file, text.value) for file, text in found if isinstance(text, ast.Constant)]
    assert filled == []
    assert [(file, text) for file, text in whole if text not in french] == []
