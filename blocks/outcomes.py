"""What an action can say when it ends: a closed union, so that the plan treats every action alike."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from blocks.values import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Done:
    """The step ended well with this output."""

    output: Json


@dataclass(frozen=True, slots=True)
class Choose:
    """The step ended well and sends the run down one of its exits: steps that need `this:<case>` go on.

    An empty `case` is none of them. With an `output` the step has one of its own; without, it is `{"case": ...}`, and
    the step passes on what came before it. `only`: steps that need just `this` do not go on.
    """

    case: str
    output: JsonObject | None = None
    only: bool = False

    @property
    def told(self) -> JsonObject:
        """What is recorded as the step's output."""
        return {"case": self.case} if self.output is None else self.output


@dataclass(frozen=True, slots=True)
class Respond:
    """The step ended well, and this is the run's output and the answer to a caller who waits."""

    status: int
    headers: dict[str, str]
    body: Json


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to people, which a waiting step is the reason for. The answer wakes the step.

    `kind` is "approval" (the step of that name), "gate" (a step with `approval_required`; its input may be edited) or
    "doubt" (whether an effect happened). `who` holds "owner", "role:<role>", user ids and mail addresses; empty means
    the owner. `form` is the JSON Schema of the values that an answer brings. Without an answer at the deadline
    (`Wait.until`) `on_deadline` is the answer. What the product itself asks has a `code`
    (`core/approvals/words.py`) and the `args` that its message was made of; what a person wrote has none.
    """

    kind: Literal["approval", "gate", "doubt"]
    message: str
    who: tuple[str, ...] = ()
    form: JsonObject | None = None
    remind_at: datetime | None = None
    on_deadline: Literal["approve", "reject", "fail"] = "reject"
    code: str | None = None
    args: JsonObject = field(default_factory=dict)

    @property
    def recorded(self) -> JsonObject:
        """As it stands in the record of the wait."""
        return {
            "kind": self.kind, "message": self.message, "who": [*self.who], "form": self.form,
            "remind_at": self.remind_at.isoformat() if self.remind_at is not None else None,
            "on_deadline": self.on_deadline, "code": self.code, "args": self.args,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wait:
    """The step goes on later: at `until` (aware), or when somebody wakes it. Meanwhile the run holds no worker.

    `reason` is a sentence for people; `details` are kept and given back to `Action.wake`. With `ask` people are asked
    in the very commit that records the wait.
    """

    reason: str
    until: datetime | None = None
    details: JsonObject = field(default_factory=dict)
    ask: Ask | None = None


@dataclass(frozen=True, slots=True)
class Expand:
    """The step runs the steps it contains once for each of `items`, at most `concurrency` of them at a time.

    Its output is the list of what the last steps gave. `keep_going`: an item that fails is null in the list.
    """

    items: list[Json]
    concurrency: int = 1
    keep_going: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """The step starts a run of another automation (its id, or its name in the workspace) with `payload`.

    With `wait` it goes on when that run has ended: its output is the step's, its failure too.
    """

    automation: str
    payload: Json
    wait: bool = True


Outcome = Done | Choose | Respond | Wait | Expand | Call
