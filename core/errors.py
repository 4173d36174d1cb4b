"""The errors of the product. The class says what happens next; `api/problems.py` alone knows HTTP statuses.

VutlerError
├── Unauthenticated     who are you?
├── Forbidden           your role does not allow it
├── NotFound            no such thing in your workspace
├── Conflict            not in this state (running, already decided, name taken)
├── PaymentRequired     the workspace can't pay for it
├── Gone                there was such a thing; its time is over
├── Stale               somebody changed it since you read it (If-Match)
├── Invalid             the input is wrong; `findings` say where
├── TooLarge            over a size limit
├── RateLimited         too many; `after` seconds, `standing` of the limit
├── Unavailable         a part of the system is away; `after` seconds
├── OthersFailed        somebody we had to ask (a provider) failed
└── OthersSlow          somebody we had to ask did not answer in time
"""

from dataclasses import dataclass, field

from core.buckets import Standing


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, with its place: `at` is a path such as `actions[1].config.url`."""

    at: str
    message: str
    severity: str = "error"  # "error" stops publishing, "warning" does not


@dataclass
class VutlerError(Exception):
    """`code` is stable and for programs, `detail` is a sentence for people."""

    code: str
    detail: str
    findings: tuple[Finding, ...] = field(default=())
    after: float | None = None

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


class Unauthenticated(VutlerError):
    pass


class Forbidden(VutlerError):
    pass


class NotFound(VutlerError):
    pass


class Conflict(VutlerError):
    pass


@dataclass
class PaymentRequired(VutlerError):
    """`cost` is what it would cost, `left` what the workspace can spend, both in credits."""

    cost: int = 0
    left: int = 0


class Gone(VutlerError):
    pass


class Stale(VutlerError):
    pass


class Invalid(VutlerError):
    pass


class TooLarge(VutlerError):
    pass


@dataclass
class RateLimited(VutlerError):
    standing: Standing | None = None


class Unavailable(VutlerError):
    pass


class OthersFailed(VutlerError):
    pass


class OthersSlow(VutlerError):
    pass
