"""Crash points: the places between accepting an event and its end where tests of recovery have a process die.

`VUTLER_CRASH_AT=before_effect:3` kills the process with SIGKILL when it passes that point the third time: nothing is
tidied up, as after a power cut. Unarmed, a point costs one comparison.
"""

import os
import re
import signal
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

Point: TypeAlias = Literal[
    "accepted",  # API: the event is committed, the sender has no answer yet
    "heard",  # a message was fetched from its service, nothing of it is kept
    "kept",  # the message, its runs and the cursor are committed, whoever listens does not know that
    "claimed",  # the run is this worker's, nothing of it was done
    "before_intent",  # the step's input stands; of an unsafe step nothing is written yet
    "before_effect",  # the intent of an unsafe step is committed, the action was not called
    "after_effect",  # the action has done its work, nobody knows the result
    "model_begun",  # a call of a model is noted, its answer is not there
    "model_done",  # a model's answer is in the journal, nothing followed from it
    "tool_begun",  # the intent of an agent's tool is committed, the tool was not called
    "tool_acted",  # an agent's tool has done its work, nobody knows the result
    "tool_done",  # what an agent's tool gave is in the journal, its model was not told
    "recorded",  # results of steps are committed, the worker does not know that
    "before_end",  # the last step has ended, the run's end is not written
    "waiting",  # it is committed that the run waits
    "woken",  # a waiting step was claimed again and is about to go on
    "before_told",  # the recorder took an ended run and has not told Prefect
]
POINTS: Final[tuple[Point, ...]] = get_args(Point)
_FORM: Final = re.compile(r"(\w+)(?::([1-9][0-9]{0,8}))?")


class NoSuchPoint(ValueError):
    """The text names no crash point; the message says which there are."""


@dataclass(slots=True)
class CrashAt:
    """Die when `point` is passed for the `nth` time from now."""

    point: str
    nth: int = 1

    @classmethod
    def parse(cls, text: str) -> "CrashAt":
        """`<point>` or `<point>:<nth>`. Raises `NoSuchPoint`."""
        found = _FORM.fullmatch(text)
        if found is None or found[1] not in POINTS:
            raise NoSuchPoint(f"a crash point is <point> or <point>:<nth>, with a point of {', '.join(POINTS)}")
        return cls(found[1], int(found[2] or 1))


_armed: CrashAt | None = None


def arm(crash_at: CrashAt | None) -> None:
    """Have this process die at that point; None disarms it."""
    global _armed  # noqa: PLW0603 - one per process, set once at its start
    _armed = crash_at


def is_armed(name: Point) -> bool:
    """For a point whose circumstances cost something to find out."""
    return _armed is not None and _armed.point == name


def point(name: Point) -> None:
    """This place is being passed."""
    if _armed is not None and _armed.point == name:
        _passed(_armed)


def _passed(crash_at: CrashAt) -> None:
    crash_at.nth -= 1
    if crash_at.nth <= 0:
        os.write(2, f"crash point {crash_at.point}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)
