"""The branch step: the first case whose condition holds decides which path the run takes."""

from typing import ClassVar

from pydantic import Field, JsonValue

from blocks.action import Action, ActionContext, Effect, StepModel
from blocks.outcomes import Choose
from blocks.values import Json

_CASE = r"^[A-Za-z0-9_-]{1,80}$"
_FALSE = frozenset({"", "false", "no", "off", "0", "none", "null"})  # of a condition that is a text


class Case(StepModel):
    name: str = Field(pattern=_CASE, description="Steps that need `<branch>:<name>` go on when it is chosen.")
    when: JsonValue = Field(description="A condition, e.g. {{ steps.score.output.score >= 70 }}.")


class BranchInput(StepModel):
    cases: list[Case] = Field(min_length=1, max_length=50, description="The first that holds is taken.")
    otherwise: str | None = Field(
        default=None, alias="else", pattern=_CASE, description="The exit when no case holds; none: no exit is taken."
    )


class Branch(Action[BranchInput]):
    name = "branch"
    title: ClassVar[dict[str, str]] = {"en": "Branch", "fr": "Embranchement"}
    description: ClassVar[dict[str, str]] = {
        "en": "Go on along the path of the first case whose condition holds.",
        "fr": "Continuer sur le chemin du premier cas dont la condition est remplie.",
    }
    phrase: ClassVar[dict[str, str]] = {"en": "choose a path", "fr": "choisir un chemin"}
    Input = BranchInput
    Output = None  # {"case": the exit that was taken}
    timeout_s = 10.0
    light = True
    category = "flow"
    leads_to = ("{cases[].name}", "{else}")
    example: ClassVar[dict[str, Json]] = {
        "cases": [{"name": "yes", "when": "{{ trigger.data.score >= 70 }}"}],
        "else": "no",
    }

    def effect(self, given: BranchInput) -> Effect:
        return Effect.PURE

    async def run(self, given: BranchInput, context: ActionContext) -> Choose:
        for case in given.cases:
            if holds(case.when):
                return Choose(case.name)
        return Choose(given.otherwise or "")

    def recall(self, output: Json) -> Choose:
        return Choose(str(output.get("case", "")) if isinstance(output, dict) else "")


def holds(value: Json) -> bool:
    """What a condition's value says: texts such as "false", "no" and "0" are no, empty things and zero too."""
    if isinstance(value, str):
        return value.strip().lower() not in _FALSE
    return bool(value)
