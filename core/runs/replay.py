"""Running a run again: on the version it had, the live one or the draft, from any step, with its input or another.

A replay is a new run of its own (root, depth, idempotency keys), so what runs again really happens again. The steps
before its start are taken over from the former run in the transaction that accepts it; the engine reads them as it
reads those of a run whose worker was lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from blocks.action import Action
from blocks.sentences import said
from blocks.values import Json, JsonObject
from core import idempotency
from core.audit import noting as audit
from core.automations import repository
from core.automations.definition import PRIORITIES
from core.caller import Caller
from core.credits import limits
from core.db import Connection, Database
from core.errors import Conflict
from core.idempotency import Once
from core.runs import replay_rows, replay_versions
from core.runs.accept import NewRun, accept
from core.runs.events import TERMINAL
from core.runs.replay_plan import FAILED, START, Former, Recorded, ReplayPlan, plan
from core.runs.replay_rows import FormerRun, TakenOver
from core.runs.replay_versions import CheckedDraft, Chooser, Drafts, Pinned, Which

_NOT_ENDED: Final[Mapping[str, str]] = {
    "queued": said("This run is queued: wait for its end or cancel it, then replay."),
    "running": said("This run is running: wait for its end or cancel it, then replay."),
    "waiting": said("This run is waiting: wait for its end or cancel it, then replay."),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """How to replay. `start` is "start", "failed" or a step's id; `payload` counts when `edited`."""

    which: Which = "then"
    start: str = START
    edited: bool = False
    payload: Json = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A replay that could be started."""

    former: FormerRun
    version: Pinned
    plan: ReplayPlan

    def line(self, wish: Wish) -> str:
        """What the log of the new run begins with."""
        where = "the start" if wish.start == START else ", ".join(self.plan.starts) or "what has no result yet"
        what = "failed step " if wish.start == FAILED and self.plan.starts else ""
        kept = len(self.plan.kept)
        results = "no step keeps its recorded result" if not kept else (
            "1 step keeps its recorded result" if kept == 1 else f"{kept} steps keep their recorded results"
        )  # fmt: skip
        given = " and another input" if wish.edited else ""
        return f"Replay of run {self.former.id} from {what}{where} with {self.version}{given}; {results}."


@dataclass(frozen=True, slots=True)
class Preview:
    """What a replay would do. `warnings` are sentences."""

    planned: Planned
    warnings: list[str]


class Planner:
    """Plans replays within one transaction. Runs that went the same way share a plan."""

    def __init__(
        self,
        connection: Connection,
        caller: Caller,
        wish: Wish,
        actions: Mapping[str, Action[Any]],
        drafts: Mapping[UUID, CheckedDraft],
    ) -> None:
        self._chooser = Chooser(connection, caller, wish.which, drafts)
        self._wish = wish
        self._actions = actions
        self._plans: dict[tuple[object, ...], ReplayPlan] = {}

    async def plan(self, former: FormerRun, steps: Mapping[str, Recorded]) -> Planned:
        """Raises `Conflict` and `Invalid` with what stands in the way."""
        if former.status not in TERMINAL:
            raise Conflict("run_not_ended", _NOT_ENDED[former.status])
        version = await self._chooser.choose(former.rule_id, former.version)
        was = await self._chooser.then(former.rule_id, former.version)
        way = (former.rule_id, version.number, former.version, former.status, former.error_step, *steps.items())
        if way not in self._plans:
            past = Former(former.status, former.error_step, was, steps)
            self._plans[way] = plan(version.definition, past, self._wish.start, self._actions, edited=self._wish.edited)
        return Planned(former, version, self._plans[way])


class Replays:
    """The service of one process."""

    def __init__(self, db: Database, drafts: Drafts, actions: Mapping[str, Action[Any]]) -> None:
        self._db = db
        self._drafts = drafts
        self._actions = actions

    async def preview(self, caller: Caller, run_id: UUID, wish: Wish) -> Preview:
        """What would happen; nothing does. Raises as `start`."""
        caller.require("editor")
        drafts = await self._checked(caller, run_id, wish)
        async with self._db.connection() as connection:
            planned = await self._planned(connection, caller, run_id, wish, drafts)
            following = await replay_rows.followers(connection, caller, [planned.former.rule_id])
        return Preview(planned, [*planned.plan.warnings, *told_followers(following)])

    async def start(self, caller: Caller, run_id: UUID, wish: Wish, once: Once | None) -> UUID:
        """Accept the replay, also of an automation that is switched off; gives the new run's id.

        Raises `NotFound`; `Conflict` where the run has not ended or there is no such version of its automation;
        `Invalid` where it can't start from there or the draft is wrong; and what `core.idempotency.once` raises.
        """
        caller.require("editor")
        drafts = await self._checked(caller, run_id, wish)
        async with self._db.transaction() as connection:

            async def work() -> JsonObject:
                planned = await self._planned(connection, caller, run_id, wish, drafts)
                priority = PRIORITIES[planned.version.definition.policy.priority]
                new_run = await accept_replay(connection, caller, planned, wish, priority=priority)
                await replay_rows.take_over(connection, [new_run], None)
                after: JsonObject = {"run": str(new_run.run), "version": wish.which, "from": wish.start}
                await audit.note(connection, caller, "run.replayed", "run", run_id, after=after)
                return {"run_id": str(new_run.run)}

            answer, _ = await idempotency.once(connection, once, 202, work)
        return UUID(str(answer["run_id"]))

    async def _checked(self, caller: Caller, run_id: UUID, wish: Wish) -> dict[UUID, CheckedDraft]:
        """The run is there, and so is its draft where that is wanted."""
        async with self._db.connection() as connection:
            former = await replay_rows.former_run(connection, caller, run_id)
            rule = None
            if wish.which == "draft":
                rule = await repository.find(connection, caller.workspace_id, former.rule_id)
        return {} if rule is None else {rule.id: await self._drafts.checked(caller, rule)}

    async def _planned(
        self, connection: Connection, caller: Caller, run_id: UUID, wish: Wish, drafts: Mapping[UUID, CheckedDraft]
    ) -> Planned:
        former = await replay_rows.former_run(connection, caller, run_id)
        steps = await replay_rows.recorded(connection, [former.id], self._actions)
        return await Planner(connection, caller, wish, self._actions, drafts).plan(former, steps[former.id])


async def accept_replay(
    connection: Connection, caller: Caller, planned: Planned, wish: Wish, *, priority: int
) -> TakenOver:
    """Accept the new run in the caller's transaction; what it takes over is still to be given to it."""
    former, version = planned.former, planned.version
    data, context = await replay_rows.input_of(connection, former.id)
    if wish.edited:
        await limits.require_payload(connection, caller.workspace_id, wish.payload)
    await replay_versions.keep(connection, former.rule_id, version, caller.user_id)
    accepted = await accept(
        connection,
        NewRun(
            workspace_id=caller.workspace_id,
            rule_id=former.rule_id,
            version=version.number,
            trigger_type=former.trigger_type,
            data=wish.payload if wish.edited else data,
            trigger_id=former.trigger_id,
            context=context,
            lane=version.definition.policy.lane,
            priority=priority,
            triggered_by=str(caller.user_id),
            replay_of=former.id,
        ),
    )
    return TakenOver(former.id, accepted.run_id, planned.plan.copies, planned.line(wish))


def told_followers(count: int) -> list[str]:
    if not count:
        return []
    if count == 1:
        return [said("When the replay ends, 1 automation that follows this one starts once more.")]
    return [said("When the replay ends, {count} automations that follow start once more.", count=count)]
