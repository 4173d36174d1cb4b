"""Whether an answer fits its question. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from blocks import forms
from blocks.action import Action
from blocks.sentences import said
from blocks.values import Json
from core.approvals.model import DECISIONS, Question, Reply
from core.errors import Conflict, Finding, Invalid
from core.places import place
from core.sentences import sentence

LONGEST_COMMENT: Final = 2000  # characters
_NOT_INSTALLED: Final = "The action {action} is not installed here; approve without an input."


def require_fitting(question: Question, reply: Reply, actions: Mapping[str, Action[Any]]) -> None:
    """Raises `Conflict` (`other_question`) for an answer to another kind of question, and `Invalid` with places."""
    if reply.decision not in DECISIONS[question.kind]:
        wanted = ", ".join(DECISIONS[question.kind])
        raise Conflict("other_question", f"This question is answered by one of: {wanted}.")
    findings = tuple(_findings(question, reply, actions))
    if findings:
        raise Invalid("invalid_request", "The answer is not valid; `errors` says where.", findings)


def _findings(question: Question, reply: Reply, actions: Mapping[str, Action[Any]]) -> Iterator[Finding]:
    if len(reply.comment or "") > LONGEST_COMMENT:
        yield Finding("comment", said("This may have at most {max_length} characters.", max_length=LONGEST_COMMENT))
    if reply.output is not None and reply.decision != "done":
        yield Finding("output", "An output goes with the answer done alone.")
    if reply.input is not None:
        yield from _edited(question, reply, actions)
    yield from _filled(question, reply)


def _edited(question: Question, reply: Reply, actions: Mapping[str, Action[Any]]) -> Iterator[Finding]:
    """The input of the action behind a gate, as somebody changed it: data, checked as the action itself will."""
    if question.kind != "gate" or reply.decision != "approve":
        yield Finding("input", "Only the input of a step that needs approval can be changed, and only by approving it.")
        return
    action = actions.get(question.action_type)
    if action is None:
        yield Finding("input", said(_NOT_INSTALLED, action=repr(question.action_type)))
        return
    try:
        action.Input.model_validate(reply.input)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            yield Finding(place(("input", *detail["loc"])), sentence(detail))


def _filled(question: Question, reply: Reply) -> Iterator[Finding]:
    values: Json = reply.values
    if question.form is None:
        if values:
            yield Finding("values", "Nothing has to be filled in here; leave values out.")
    elif reply.decision == "approve" or values:
        for where, message in forms.faults(question.form, values or {}):
            yield Finding(place(("values", *where)), message)
