"""What a waiting step waits for, in sentences."""

from datetime import UTC, datetime
from typing import Final

from blocks.sentences import Sentence, said
from blocks.words import shortened

_LONGEST: Final = 200  # characters of a question


def until(moment: datetime) -> Sentence:
    """`moment` is aware."""
    return said("Waits until {until} UTC.", until=f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}")


def approval(message: str) -> Sentence:
    return said("Waits for an approval: {message}", message=shortened(message, _LONGEST))


def run(automation: str) -> Sentence:
    """A run of another automation is to end first."""
    return said("Waits for a run of {automation}.", automation=automation)


def beside(reason: str, others: int) -> str:
    """What a run waits for, when so many more of its steps wait as well."""
    if not others:
        return reason
    if others == 1:
        return said("{reason} 1 more step waits as well.", reason=reason)
    return said("{reason} {count} more steps wait as well.", reason=reason, count=others)
