"""The definition language: what a user saves, the editor draws, export writes and the flow executes.

One document, one model; its JSON Schema is published at `GET /api/catalog/definition`. `shortforms.py` turns what
people write into this shape, `reading.py` checks the shape, `check.py` the sense.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, TypeAdapter, field_validator

from blocks import paths
from blocks.errors import Cause
from blocks.values import JsonObject

STEP_ID = r"^[a-z][a-z0-9_]{0,39}$"
PRIORITIES: Final[Mapping[str, int]] = {"low": -1, "normal": 0, "high": 1}  # of `run_queue.priority`

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")
]
StepId = Annotated[str, StringConstraints(pattern=STEP_ID)]
Need = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}(:[A-Za-z0-9_-]{1,80})?$")]


def _labels(**labels: str) -> dict[str, JsonValue]:
    """What a form calls the choices of a field."""
    return {"labels": {**labels}}


class Part(BaseModel):
    """Base of everything in a definition: unknown fields are errors, never silence."""

    model_config = ConfigDict(extra="forbid")


class Retry(Part):
    """When and how often a failed step is tried again."""

    max_attempts: int = Field(default=2, ge=1, le=10, description="attempts in all, the first included")
    delay_s: float = Field(default=2, ge=0, le=3600, description="seconds before the second attempt")
    backoff: Literal["fixed", "exponential"] = Field(
        default="exponential", json_schema_extra=_labels(fixed="always the same wait", exponential="longer each time")
    )
    jitter: bool = Field(default=True, description="spread the waits, so that many runs do not retry in step")
    max_delay_s: float = Field(
        default=300, ge=0, le=3600, description="seconds that no wait is longer than, whatever the other side asks for"
    )
    on: list[Cause] = Field(
        default_factory=lambda: [*get_args(Cause)],
        min_length=1,
        max_length=4,
        description="which failures: answered 429 (rate_limited) or 5xx (server_error), no answer (connection), the"
        " step's time was over (timeout)",
    )

    @field_validator("on")
    @classmethod
    def _distinct(cls, on: list[Cause]) -> list[Cause]:
        return [each for each in get_args(Cause) if each in on]


class Step(Part):
    """One action of the graph. Without `retry`, `timeout_s` or `in_doubt` the action's own defaults hold."""

    id: StepId
    type: str = Field(min_length=1, max_length=40, description="name of an action of the catalogue")
    config: dict[str, JsonValue] = Field(
        default_factory=dict, description="the action's input; templates allowed; of a container also its steps"
    )
    needs: list[Need] = Field(default_factory=list, max_length=200, description="step, step:case or step:error")
    join: Literal["all", "any"] = Field(
        default="all", json_schema_extra=_labels(all="all of them ended well", any="at least one did")
    )
    retry: Retry | None = None
    timeout_s: float | None = Field(default=None, gt=0, le=86_400, description="seconds one attempt may take")
    on_error: Literal["fail", "continue"] = Field(
        default="fail", json_schema_extra=_labels(**{"fail": "the run fails", "continue": "the run goes on"})
    )
    approval_required: bool = False
    in_doubt: Literal["ask", "repeat", "skip"] | None = Field(
        default=None,
        description="after a crash between an effect and its record",
        json_schema_extra=_labels(ask="ask somebody", repeat="do it again", skip="go on without"),
    )


class OnFailure(Part):
    automation: str | None = Field(default=None, description="id of an automation to start")
    alert_after: int | None = Field(
        default=None, ge=1, le=100, description="failures in a row before the owner is told"
    )


class Policy(Part):
    """How the runs of an automation behave."""

    max_duration_s: int = Field(
        default=900, ge=1, le=86_400, title="Time limit (s)",
        description="seconds a run may take; waiting does not count",
    )  # fmt: skip
    overlap: Literal["allow", "queue", "skip", "replace"] = Field(
        default="allow",
        title="While another run goes on",
        description="what a run does while another of the same key has not ended",
        json_schema_extra=_labels(
            allow="run beside it", queue="wait for it", skip="do not run", replace="cancel it and run"
        ),
    )
    concurrency_key: str | None = Field(
        default=None,
        title="Only of the same",
        description="path such as trigger.data.customer: only runs with the same value there count as another",
    )
    priority: Literal["low", "normal", "high"] = Field(
        default="normal", json_schema_extra=_labels(low="low", normal="normal", high="high")
    )
    catch_up: Literal["none", "latest", "all"] = Field(
        default="latest",
        title="Missed schedule times",
        description="what missed schedule times become",
        json_schema_extra=_labels(none="no run", latest="one run, of the latest", all="a run each"),
    )
    catch_up_max_age_s: int = Field(
        default=86_400, ge=0, le=30 * 86_400, title="Missed at most (s) ago", json_schema_extra={"advanced": True}
    )
    lane: str = Field(
        default="warm", pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.-]{0,99}$", title="Runs in",
        description="warm, or a work pool", json_schema_extra={"advanced": True},
    )  # fmt: skip
    on_failure: OnFailure = Field(default_factory=OnFailure)

    @field_validator("concurrency_key")
    @classmethod
    def _readable(cls, path: str | None) -> str | None:
        if path is not None:
            paths.into_trigger(path)
        return path


class Position(Part):
    """Where the editor draws a block, in pixels."""

    x: float = Field(ge=-1e6, le=1e6)
    y: float = Field(ge=-1e6, le=1e6)


_EXAMPLE: Final[JsonObject] = {
    "name": "Good leads",
    "description": "Tells sales of leads that are worth a call.",
    "trigger_type": "webhook",
    "trigger_config": {"auth": "secret"},
    "actions": [
        {"id": "score", "type": "transform", "config": {"value": "{{ trigger.data.employees * 2 }}"}, "needs": []},
        {
            "id": "good", "type": "branch", "needs": ["score"],
            "config": {"cases": [{"name": "yes", "when": "{{ steps.score.output >= 70 }}"}], "else": "no"},
        },
        {
            "id": "tell", "type": "http", "needs": ["good:yes"],
            "config": {
                "method": "POST", "url": "https://sales.example.com/leads",
                "json": {"lead": "{{ trigger.data }}", "score": "{{ steps.score.output }}"},
            },
        },
    ],
}  # fmt: skip


class Definition(Part):
    """An automation: its trigger and the acyclic graph of its steps."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: Name
    description: str | None = Field(default=None, max_length=5000)
    trigger_type: str | None = Field(default=None, max_length=40, description="name of a trigger kind of the catalogue")
    trigger_config: dict[str, JsonValue] = Field(default_factory=dict)
    actions: list[Step] = Field(default_factory=list, max_length=200)
    policy: Policy = Field(default_factory=Policy)
    layout: dict[str, Position] = Field(default_factory=dict, max_length=400)


_OBJECT: TypeAdapter[JsonObject] = TypeAdapter(dict[str, JsonValue])


def canonical(definition: Definition) -> JsonObject:
    """The document as plain JSON: every default written out, always the same for the same automation."""
    return _OBJECT.validate_python(definition.model_dump(mode="json"))


def stored(document: JsonObject) -> Definition:
    """The definition of an `automation_versions` row, which was canonical when it was written."""
    return Definition.model_validate(document)
