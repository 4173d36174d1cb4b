"""What people are asked about a step, and what their answers mean."""

from blocks.errors import InvalidInput
from blocks.outcomes import Wait
from blocks.values import Json, JsonObject
from core.approvals import words
from core.runs.resume import RecordedStep


def as_record(wait: Wait) -> JsonObject:
    """A wait as the step's row keeps it."""
    record: JsonObject = {
        "reason": wait.reason,
        "until": wait.until.isoformat() if wait.until is not None else None,
        "details": wait.details,
    }
    if wait.ask is not None:
        record["ask"] = wait.ask.recorded
    return record


def gate(step: str, action: str) -> Wait:
    """Of a step that needs an approval before it acts."""
    args: JsonObject = {"step": step, "action": action}
    return Wait(reason=words.reason("gate", args), ask=words.ask("gate", "gate", args))


def doubt(step: str, why: str, attempt: int, *, lost: bool = False) -> Wait:
    """Of a step of which nobody knows whether it had its effect. `lost`: since its worker was."""
    code: words.Code = "lost" if lost else "doubt"
    args: JsonObject = {"step": step, **words.because(why)}
    return Wait(
        reason=words.reason(code, args),
        details={"attempt": attempt},  # asked again about a later attempt, it is another question
        ask=words.ask("doubt", code, args),
    )


def attention(step: str, why: str, attempt: int) -> Wait:
    """Of a step that can't work before a person has mended something."""
    args: JsonObject = {"step": step, **words.because(why)}
    return Wait(
        reason=words.reason("attention", args),
        details={"attempt": attempt},
        ask=words.ask("doubt", "attention", args),
    )


def approved_input(waited: RecordedStep) -> Json:
    """The input that the step goes on with: as it was, or as whoever approved it edited it.

    Raises `InvalidInput` (`rejected`) where the answer is no.
    """
    answer = waited.wake or {}
    if answer.get("decision") != "approve":
        comment = answer.get("comment")
        by = answer.get("by_name") or answer.get("by") or "nobody in time"
        raise InvalidInput("rejected", f"Rejected by {by}{f': {comment}' if comment else ''}.")
    return answer["input"] if answer.get("input") is not None else waited.input
