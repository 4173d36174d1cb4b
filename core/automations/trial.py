"""Trying out one step with sample data: rendered always, run where that changes nothing or was confirmed.

A trial is no run: nothing is recorded, retried or counted, and large answers are not kept.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final, Protocol, TypeAlias, assert_never
from uuid import UUID

from pydantic import ValidationError

from blocks.action import Action, Effect, Http, Level, ServiceT, StepModel
from blocks.conversing import Turn, TurnDone
from blocks.errors import ActionError, InvalidInput
from blocks.outcomes import Call, Choose, Done, Expand, Outcome, Respond, Wait
from blocks.pieces import Piece
from blocks.sentences import said
from blocks.services import Attachment, Letter
from blocks.values import Json, JsonObject
from core import clock
from core.audit import noting as audit
from core.automations import containers, graph
from core.automations.containers import Body
from core.automations.definition import Definition, Step
from core.automations.model import Rule
from core.automations.service import Automations
from core.automations.versions import draft_of
from core.buckets import Buckets
from core.caller import Caller
from core.connections.service import Connections
from core.connections.signed import Asks, Signed
from core.db import Database
from core.errors import Conflict, Finding, Invalid, NotFound, RateLimited
from core.files import opening, pieces
from core.ids import new_id
from core.mail import letters
from core.places import place
from core.redaction import Redactor
from core.runs import inputs
from core.sentences import sentence

LONGEST_S: Final = 30.0
MOST_LINES: Final = 100
_MOST_NAMES: Final = 20
_MOST_CREDITS: Final = 1_000_000
_MOST_ITEMS: Final = 100  # of a loop's list, to look at
_AT_ONCE: Final = 20  # trials of a workspace, and one a second after that
_PER_SECOND: Final = 1.0

Connect: TypeAlias = Callable[[str], Awaitable[Signed]]
OpenFile: TypeAlias = Callable[[JsonObject, int], Awaitable[Attachment]]
WriteLetter: TypeAlias = Callable[[str, JsonObject, str], Awaitable[Letter]]
ReadPiece: TypeAlias = Callable[[JsonObject, int, int], Awaitable[Piece]]


class Renders(Protocol):
    """The renderer as a trial uses it (`core/rendering`)."""

    async def render(self, value: Json, context: Mapping[str, Json], *, workspace: str) -> Json: ...

    async def documents(
        self, sources: Sequence[tuple[str, bool]], context: Mapping[str, Json], *, workspace: str
    ) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Sample:
    """What the step is to believe has happened: the trigger's data, and the outputs of steps before it by id.

    `item` and `index` are those of the loop that it stands in.
    """

    data: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, Json] = field(default_factory=dict)
    item: Json = None
    index: int = 0


@dataclass(slots=True)
class Trial:
    """What came of it. `sent`: the action was run. `rendered` is null when its templates failed already."""

    rendered: Json = None
    effect: Effect | None = None
    sent: bool = False
    output: Json = None
    waits: str | None = None  # the sentence of a step that would go on later
    error_code: str | None = None
    error: str | None = None
    duration_ms: int = 0
    lines: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Context:
    """Implements `blocks.action.ActionContext` without a run."""

    run_id: str
    step_id: str
    timeout_s: float
    http: Http
    lines: list[str]
    connect: Connect
    open_file: OpenFile
    write_letter: WriteLetter
    read_piece: ReadPiece
    attempt: int = 1
    memory: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def idempotency_key(self) -> str:
        return f"{self.run_id}/{self.step_id}/0"

    async def connected(self, connection: str) -> Http:
        return await self.connect(connection)

    async def service(self, connection: str, kind: type[ServiceT]) -> ServiceT:
        return (await self.connect(connection)).service(kind)

    @property
    def tainted(self) -> bool:
        return True

    async def converse(self, turn: Turn) -> TurnDone | Wait:
        raise InvalidInput("agent_not_here", "An agent is asked in a run: try it with POST /api/agents/{id}/execute.")

    async def say(self, channel: str, text: str, *, thread: str | None = None, key: str | None = None) -> JsonObject:
        raise InvalidInput("not_in_a_trial", "A post in a channel can't be tried out; run the automation.")

    async def file(self, reference: JsonObject, most: int) -> Attachment:
        return await self.open_file(reference, most)

    async def letter(self, template: str, values: JsonObject, language: str) -> Letter:
        return await self.write_letter(template, values, language)

    async def piece(self, reference: JsonObject, start: int, length: int) -> Piece:
        return await self.read_piece(reference, start, length)

    def leads_on(self, outlet: str) -> bool:
        return False

    def log(self, text: str, level: Level = Level.INFO) -> None:
        if len(self.lines) < MOST_LINES:
            self.lines.append(text[:1000])

    async def charge(self, credits: int) -> int:
        return _MOST_CREDITS  # a trial is free

    async def store(self, content: bytes, media_type: str) -> JsonObject:
        self.log(f"A value of {len(content)} bytes ({media_type}) is not kept in a trial.")
        return {"$blob": None, "size": len(content), "media_type": media_type}


@dataclass(frozen=True, slots=True)
class Tools:
    """What the trials of a process share."""

    renderer: Renders
    http: Asks
    actions: Mapping[str, Action[Any]]
    public_url: str
    connections: Connections


@dataclass(frozen=True, slots=True)
class _Tried:
    """The step of a draft that is tried out, and the list that it stands in."""

    rule: Rule
    definition: Definition
    bodies: Sequence[Body]
    body: Body
    step: Step
    action: Action[Any]

    @property
    def timeout_s(self) -> float:
        return min(self.step.timeout_s or self.action.timeout_s, LONGEST_S)


class Trials:
    """The service of one process."""

    def __init__(self, db: Database, automations: Automations, tools: Tools) -> None:
        self._db = db
        self._automations = automations
        self._tools = tools
        self._rates = Buckets()

    async def run(self, caller: Caller, rule_id: UUID, step_id: str, sample: Sample, *, confirm: bool) -> Trial:
        """Try a step of the draft. What goes wrong in the step itself is told in the trial.

        Raises `NotFound`, `Invalid` for samples that fit no step, `RateLimited`, and `Conflict` where the draft can't
        be read or the step's action is not installed.
        """
        caller.require("editor")
        async with self._db.connection() as connection:
            rule = await self._automations.found(connection, caller, rule_id)
        tried = self._tried(rule, step_id)
        _require_known(tried.bodies, sample)
        if wait := self._rates.take(str(caller.workspace_id), burst=_AT_ONCE, per_second=_PER_SECOND):
            raise RateLimited("too_many_trials", "These are many tests at once; try again in a moment.", after=wait)
        if confirm:  # it may change something out there
            async with self._db.transaction() as connection:
                await audit.note(connection, caller, "step.tried", "automation", rule.id, after={"step": step_id})
        trial, begun, redactor = Trial(), monotonic(), Redactor()
        try:
            async with asyncio.timeout(tried.timeout_s):
                await self._try(
                    trial, tried, sample, lambda name: self._connect(caller, name, redactor), confirm=confirm
                )
        except TimeoutError:
            trial.error_code, trial.error = "step_timeout", f"No answer within {tried.timeout_s:g} s."
        except ActionError as error:
            trial.error_code, trial.error = error.code, error.message
        trial.duration_ms = round((monotonic() - begun) * 1000)
        trial.rendered = inputs.shown(trial.rendered)
        return redactor.record(trial)

    async def _connect(self, caller: Caller, name: str, redactor: Redactor) -> Signed:
        return await self._tools.connections.signed(caller, name, redactor)

    def _tried(self, rule: Rule, step_id: str) -> _Tried:
        definition = draft_of(rule)
        bodies = containers.bodies(definition.actions, self._tools.actions)
        found = next(((body, step) for body in bodies for step in body.steps if step.id == step_id), None)
        if found is None:
            raise NotFound("step_not_found", f"The draft has no step {step_id!r}; there are: {_known(bodies)}.")
        body, step = found
        action = self._tools.actions.get(step.type)
        if action is None:
            raise Conflict("action_unknown", f"The step is of the type {step.type!r}, which is not installed here.")
        return _Tried(rule, definition, bodies, body, step, action)

    async def _try(self, trial: Trial, tried: _Tried, sample: Sample, connect: Connect, *, confirm: bool) -> None:
        run_id = str(new_id())
        names = _names(tried, sample, run_id, self._tools.public_url)
        workspace = str(tried.rule.workspace_id)
        own = containers.own_config(tried.step, self._tools.actions)
        rendered = await self._tools.renderer.render(own, names, workspace=workspace)
        trial.rendered = rendered
        given = _input(tried.action, {**tried.step.config, **rendered} if isinstance(rendered, dict) else rendered)
        trial.effect = tried.action.effect(given)
        if not confirm and not tried.action.only_reads(given):
            return
        trial.sent = True
        tools, workspace_id = self._tools, tried.rule.workspace_id

        async def open_file(reference: JsonObject, most: int) -> Attachment:
            async with self._db.connection() as connection:
                return await opening.content(connection, workspace_id, reference, most)

        async def write_letter(template: str, values: JsonObject, language: str) -> Letter:
            return await letters.write(tools.renderer, template, values, language, workspace=workspace)

        async def read_piece(reference: JsonObject, start: int, length: int) -> Piece:
            async with self._db.connection() as connection:
                return await pieces.piece(connection, workspace_id, reference, start, length)

        context = _Context(
            run_id, tried.step.id, tried.timeout_s, tools.http, trial.lines, connect, open_file, write_letter,
            read_piece,
        )  # fmt: skip
        try:
            outcome = await tried.action.run(given, context)
        except (ActionError, TimeoutError):
            raise
        except Exception as error:  # an action's own fault is its result, not ours
            raise InvalidInput("internal_error", f"The action broke: {type(error).__name__}: {error}") from error
        _settle(trial, outcome)


def _names(tried: _Tried, sample: Sample, run_id: str, public_url: str) -> dict[str, Json]:
    """What the step's templates may name (definition.md, "Templates"), as far as the sample tells."""
    rule = tried.rule
    views: dict[str, Json] = {
        step_id: {"output": output, "status": "success", "error": None} for step_id, output in sample.steps.items()
    }
    for position, step in enumerate(tried.definition.actions):
        if step.id in views:
            views[str(position)] = views[step.id]
    return {
        "trigger": {
            "data": sample.data,
            "type": rule.trigger_type,
            "headers": {**sample.headers},
            "query": {**sample.query},
        },
        **_previous(tried.body, tried.step, sample),
        **({"item": sample.item, "index": sample.index} if tried.body.holder is not None else {}),
        "steps": views,
        "run": {"id": run_id, "url": f"{public_url}/automations/logs/{run_id}"},
        "automation": {"id": str(rule.id), "name": rule.name},
        "now": clock.now().isoformat(),
    }


def _previous(body: Body, step: Step, sample: Sample) -> dict[str, Json]:
    """The output of the nearest step before this one that has a sample; of a first step the trigger's data, or the item
    of its loop."""
    if not step.needs:
        return {"previous": {"output": sample.data if body.holder is None else sample.item}}
    steps = graph.graph(body.steps)
    todo, seen = deque([step]), {step.id}
    while todo:
        for before, _ in reversed(graph.needed(todo.popleft())):
            if before in sample.steps:
                return {"previous": {"output": sample.steps[before]}}
            if before in steps and before not in seen:
                seen.add(before)
                todo.append(steps[before])
    return {}


def _require_known(bodies: Sequence[Body], sample: Sample) -> None:
    known = {step.id for body in bodies for step in body.steps}
    findings = [
        Finding(
            place(("steps", name)),
            said("There is no step {name}; there are: {known}.", name=repr(name), known=_known(bodies)),
        )
        for name in sample.steps
        if name not in known
    ]
    if findings:
        raise Invalid("invalid_request", "The request is not valid; `errors` says where.", tuple(findings))


def _known(bodies: Sequence[Body]) -> str:
    return ", ".join([step.id for body in bodies for step in body.steps][:_MOST_NAMES]) or "none yet"


def _input(action: Action[Any], rendered: Json) -> StepModel:
    """The rendered config as the action's input. Raises `InvalidInput` with everything that is wrong with it."""
    try:
        return action.Input.model_validate(rendered)
    except ValidationError as error:
        faults = [f"{place(('config', *each['loc']))}: {sentence(each)}" for each in error.errors(include_url=False)]
        raise InvalidInput("invalid_input", " ".join(faults[:5])) from error


def _settle(trial: Trial, outcome: Outcome) -> None:
    match outcome:
        case Done():
            trial.output = outcome.output
        case Choose():
            trial.output = outcome.told
        case Respond():
            trial.output = {"status": outcome.status, "headers": {**outcome.headers}, "body": outcome.body}
        case Wait():
            trial.waits = outcome.reason
        case Expand():
            trial.sent = False
            trial.lines.append(f"A run does the steps inside for {len(outcome.items)} items; a test does none of them.")
            trial.output = {"count": len(outcome.items), "items": outcome.items[:_MOST_ITEMS]}
        case Call():
            trial.sent = False
            trial.lines.append("A run starts the other automation here; a test starts none.")
            trial.output = {"automation": outcome.automation, "payload": outcome.payload}
        case _:
            assert_never(outcome)
