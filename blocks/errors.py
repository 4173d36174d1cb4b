"""The errors of actions. The class says what happens next.

ActionError
├── InvalidInput     the step fails; trying again would give the same answer
├── Retryable        the step is tried again while attempts are left
└── NeedsAttention   a person has to act first (a missing account, an expired key)
"""

from typing import Literal, TypeAlias

Cause: TypeAlias = Literal["rate_limited", "server_error", "connection", "timeout"]


class ActionError(Exception):
    """A failure of a step, with a stable `code` and a sentence that a person understands."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class InvalidInput(ActionError):
    """The step fails: the same input would fail again."""


class Retryable(ActionError):
    """The step may be tried again.

    `after` is the shortest wait in seconds that the other side asked for (`Retry-After`), if it did.
    `answered` tells whether the other side answered: an `unsafe` step that got no answer is in doubt and is not
    repeated, one that was answered with a refusal (429, 5xx) is. `cause` is what an author may name in `retry.on`.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        after: float | None = None,
        answered: bool = True,
        cause: Cause = "connection",
    ) -> None:
        super().__init__(code, message)
        self.after = after
        self.answered = answered
        self.cause = cause


class NeedsAttention(ActionError):
    """A person has to act before this step can work."""
