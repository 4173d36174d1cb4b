"""What one step of one run knows of itself while it is executed, and the records that it leaves."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from blocks.action import Effect, Http, Level, ServiceT, StepModel
from blocks.conversing import Turn, TurnDone
from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.outcomes import Wait
from blocks.pieces import Piece
from blocks.sentences import said
from blocks.services import Attachment, Letter
from blocks.values import Json, JsonObject
from core.agents.hosting import Host
from core.channels.posting import Draft
from core.connections.opening import require_named
from core.connections.signed import Signed
from core.credits.reserving import Charge, Charged
from core.db import AWAY
from core.ids import new_id
from core.mail import letters
from core.runs import inputs
from core.runs.blobs import fits
from core.runs.record import StepRecord
from core.runs.resume import RecordedStep
from flows import posting
from flows.budget import beyond
from flows.execution import Execution
from flows.plan import IN_DOUBT
from flows.scope import Place, Scope
from flows.steps import CompiledStep, worth_another_attempt

# Prefect's time-out is the one that counts; the action's own deadline lies behind it and only frees what it holds.
_BEHIND_S = 5.0
_INSIDE = frozenset({"manual", "api", "cron"})  # triggers whose data no stranger wrote


@dataclass(slots=True)
class StepState:
    """It is also the `ActionContext` that the step's action sees."""

    execution: Execution
    scope: Scope
    step: CompiledStep
    id: UUID = field(default_factory=new_id)
    attempt: int = 0
    given: StepModel | None = None
    rendered: Json = None
    effect: Effect = Effect.PURE
    paid: bool = False  # once, however many attempts it makes
    charged: int = 0  # beyond its price, where the run pays nothing
    acting: bool = False  # the present attempt has gone as far as the action
    attempts: list[JsonObject] = field(default_factory=list)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    attempt_started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    waited: RecordedStep | None = None  # what it waited for, when it goes on after a wait
    passed: RecordedStep | None = None  # the question that was answered before it acted
    lost: bool = False  # begun by a worker that was lost: its effect may have happened
    quiet: bool = False  # one of many in a row: no lines, no notices of its own
    memory: dict[str, str] = field(default_factory=dict, repr=False)  # of its attempts, never recorded

    # ActionContext ------------------------------------------------------------------------------------------------

    @property
    def run_id(self) -> str:
        return str(self.execution.run.id)

    @property
    def step_id(self) -> str:
        return self.step.id

    @property
    def idempotency_key(self) -> str:
        return f"{self.execution.run.id}/{self.step.id}/{self.scope.iteration or 0}"

    @property
    def place(self) -> Place:
        return self.scope.place(self.step.id)

    @property
    def timeout_s(self) -> float:
        return self.step.timeout_s + _BEHIND_S

    @property
    def http(self) -> Http:
        return self.execution.tools.http

    async def connected(self, connection: str) -> Http:
        return await self._connected(connection)

    async def service(self, connection: str, kind: type[ServiceT]) -> ServiceT:
        return (await self._connected(connection)).service(kind)

    async def _connected(self, connection: str) -> Signed:
        execution = self.execution
        tools, run = execution.tools, execution.run
        named = self.step.config.get("connection") if isinstance(self.step.config, dict) else None
        require_named(connection, [str(named)])
        opened = await execution.patiently(lambda: tools.ledger.connection(run, connection))

        async def failed(why: str) -> None:
            with suppress(*AWAY):
                await tools.ledger.connection_failed(run, opened.id, why)

        return Signed(opened, tools.http, execution.redactor, tools.tokens, failed)

    @property
    def tainted(self) -> bool:
        """What members and schedules give is from inside; what steps brought in from elsewhere is not."""
        if self.execution.run.trigger_type not in _INSIDE:
            return True
        steps = self.execution.compiled.everywhere.values()
        return any(step.action.brings_in for step in steps if step.id != self.step.id)

    async def converse(self, turn: Turn) -> TurnDone | Wait:
        execution = self.execution
        if execution.tools.talks is None:
            raise InvalidInput(
                "agent_not_here", "Agents don't speak in isolated lanes: set the automation's lane to warm."
            )
        return await execution.tools.talks.converse(turn, self._host())

    def _host(self) -> Host:
        execution, budget = self.execution, self.execution.budget

        async def reserve(most: int) -> bool:
            return budget is None or await budget.cover(most)

        def spend(most: int, came: int) -> None:
            if budget is not None:
                budget.settle(most, came)

        def will_retry(error: BaseException) -> bool:
            known = worth_another_attempt(error, Effect.IDEMPOTENT, self.step.retry_on)
            return known and self.attempt < self.step.max_attempts

        return Host(
            execution.run, self.step.id, self.scope.iteration, self, execution.redactor, reserve, spend,
            execution.patiently, lambda: execution.halt("lost"), lambda fact: execution.tell(self.step.id, fact),
            will_retry,
        )  # fmt: skip

    async def say(self, channel: str, text: str, *, thread: str | None = None, key: str | None = None) -> JsonObject:
        draft = Draft(key or self.idempotency_key, channel, text, thread)
        return await posting.say(self.execution, draft, self.timeout_s)

    async def file(self, reference: JsonObject, most: int) -> Attachment:
        execution = self.execution
        return await execution.patiently(lambda: execution.tools.ledger.file(execution.run, reference, most))

    async def letter(self, template: str, values: JsonObject, language: str) -> Letter:
        workspace = str(self.execution.run.workspace_id)
        return await letters.write(self.execution.tools.renderer, template, values, language, workspace=workspace)

    async def piece(self, reference: JsonObject, start: int, length: int) -> Piece:
        execution = self.execution
        run, ledger = execution.run, execution.tools.ledger
        return await execution.patiently(lambda: ledger.piece(run, reference, start, length))

    def leads_on(self, outlet: str) -> bool:
        return self.scope.plan.leads_on(self.step.id, outlet)

    def log(self, text: str, level: Level = Level.INFO) -> None:
        at = f"[{self.scope.iteration}] " if self.scope.iteration else ""
        self.execution.line(at + text, level, self.step.id)

    async def charge(self, credits: int) -> int:
        execution, budget = self.execution, self.step.action.budget(self.given) if self.given is not None else 0
        step, iteration = self.place
        made = Charge(new_id(), step, iteration, self.step.action.name, max(credits, 0), budget)
        if execution.budget is None:
            known = min(made.credits, budget - self.charged)
            self.charged += known
            done = Charged(known, self.charged, budget - self.charged)
        else:
            done = await execution.patiently(lambda: execution.tools.ledger.charge(execution.run, made))
        if done.credits < made.credits:
            raise beyond(done, budget)
        return done.remaining

    async def store(self, content: bytes, media_type: str) -> JsonObject:
        return await self.execution.store(content, media_type)

    # records ------------------------------------------------------------------------------------------------------

    def at_stake(self) -> Effect:
        """What repeating the present attempt would do to the world: nothing, as long as it has not acted."""
        if not self.acting:
            return Effect.PURE
        known = self.step.in_doubt == "repeat" or self.step.action.journaled
        return Effect.IDEMPOTENT if known and self.effect is Effect.UNSAFE else self.effect

    def note_attempt(self, code: str, message: str) -> None:
        now = datetime.now(UTC)
        self.attempts.append({
            "attempt": self.attempt, "started_at": self.attempt_started_at.isoformat(),
            "completed_at": now.isoformat(), "code": code, "error": message,
        })  # fmt: skip

    def close(self, record: StepRecord, *, told: bool = False) -> None:
        """Note the step's end. `told`: somebody waits for this very record."""
        record.completed_at = datetime.now(UTC)
        record.duration_ms = round((record.completed_at - self.started_at).total_seconds() * 1000)
        self.execution.note_step(record, effect=told or self.effect is not Effect.PURE, quiet=self.quiet)

    def explain(self, error: BaseException) -> tuple[str, str]:
        """The code and the sentence of an error, for history and for people."""
        code, sentence = self._explained(error)
        masked = self.execution.redactor.text(sentence)
        return code, sentence if masked == sentence else masked

    def _explained(self, error: BaseException) -> tuple[str, str]:
        if self.at_stake() is Effect.UNSAFE and _unanswered(error):
            why = _sentence_of(error, self.step.timeout_s)
            return IN_DOUBT, said("{why} Whether the step had its effect is not known.", why=why)
        if isinstance(error, ActionError):
            return error.code, error.message
        if isinstance(error, TimeoutError):
            return "step_timeout", _sentence_of(error, self.step.timeout_s)
        return "internal_error", f"The action broke: {type(error).__name__}: {error}"

    async def record(self, status: str) -> StepRecord:
        record = self.record_of(status)
        if record.input is None and self.rendered is not None:
            record.input = await self.execution.inline(inputs.shown(self.rendered))
        return record

    def record_of(self, status: str) -> StepRecord:
        """Without an input that is too large for the row."""
        run, rendered = self.execution.run, inputs.shown(self.rendered)
        return StepRecord(
            id=self.id, run_id=run.id, workspace_id=run.workspace_id, step_id=self.step.id,
            action_index=self.step.index, action_type=self.step.action.name, status=status, epoch=run.epoch, seq=0,
            iteration=self.scope.iteration, input=rendered if fits(rendered) else None,
            attempt=max(self.attempt, 1), attempts=list(self.attempts), effect=self.effect.value,
            started_at=self.started_at, wait=self.passed.wait if self.passed is not None else None,
        )  # fmt: skip


def _unanswered(error: BaseException) -> bool:
    return isinstance(error, TimeoutError) or (isinstance(error, Retryable) and not error.answered)


def _sentence_of(error: BaseException, timeout_s: float) -> str:
    if isinstance(error, ActionError):
        return error.message
    return said("No answer within {seconds:g} s.", seconds=timeout_s)
