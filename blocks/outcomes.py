"""What an action can say when it ends: a closed union, so that the plan treats every action alike."""

from dataclasses import dataclass

from blocks.values import Json


@dataclass(frozen=True, slots=True)
class Done:
    """The step ended well with this output."""

    output: Json


Outcome = Done
