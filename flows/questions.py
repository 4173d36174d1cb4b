"""What people are asked about a step, and what their answers mean."""

from blocks.errors import InvalidInput
from blocks.outcomes import Ask, Wait
from blocks.values import Json, JsonObject
from core.runs.resume import RecordedStep


def as_record(wait: Wait) -> JsonObject:
    """A wait as the step's row keeps it."""
    record: JsonObject = {
        "reason": wait.reason,
        "until": wait.until.isoformat() if wait.until is not None else None,
        "details": wait.details,
    }
    if wait.ask is not None:
        ask = wait.ask
        record["ask"] = {
            "kind": ask.kind,
            "message": ask.message,
            "who": [*ask.who],
            "form": ask.form,
            "remind_at": ask.remind_at.isoformat() if ask.remind_at is not None else None,
            "on_deadline": ask.on_deadline,
        }
    return record


def gate(step: str, action: str) -> Wait:
    """Of a step that needs an approval before it acts."""
    message = f"May the step {step} ({action}) go on with this input?"
    return Wait(reason=f"Step {step} waits for an approval.", ask=Ask("gate", message))


def doubt(step: str, why: str, attempt: int) -> Wait:
    """Of a step of which nobody knows whether it had its effect."""
    return Wait(
        reason=f"Step {step} is in doubt: {why}",
        details={"attempt": attempt},  # asked again about a later attempt, it is another question
        ask=Ask("doubt", f"{why} Look there: was it done, shall it be done again, or shall the run be cancelled?"),
    )


def attention(step: str, why: str, attempt: int) -> Wait:
    """Of a step that can't work before a person has mended something."""
    return Wait(
        reason=f"Step {step} needs attention: {why}",
        details={"attempt": attempt},
        ask=Ask("doubt", f"{why} When that is mended, have the step done again; or cancel the run."),
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
