"""What an action can say when it ends: a closed union, so that the plan treats every action alike."""

from dataclasses import dataclass, field
from datetime import datetime

from blocks.values import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Done:
    """The step ended well with this output."""

    output: Json


@dataclass(frozen=True, slots=True)
class Choose:
    """The step ended well and sends the run down one of its exits: steps that need `this:<case>` go on.

    An empty `case` is none of them.
    """

    case: str


@dataclass(frozen=True, slots=True)
class Respond:
    """The step ended well, and this is the run's output and the answer to a caller who waits."""

    status: int
    headers: dict[str, str]
    body: Json


@dataclass(frozen=True, slots=True)
class Wait:
    """The step goes on later: at `until` (aware), or when somebody wakes it. Meanwhile the run holds no worker.

    `reason` is a sentence for people; `details` are kept and given back to `Action.wake`.
    """

    reason: str
    until: datetime | None = None
    details: JsonObject = field(default_factory=dict)


Outcome = Done | Choose | Respond | Wait
