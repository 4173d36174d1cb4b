"""Replaying many runs at once: first what would happen, then, when that number is confirmed, all of it or nothing."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from blocks.action import Action
from blocks.sentences import said
from blocks.values import JsonObject
from core import idempotency
from core.audit import noting as audit
from core.automations import repository
from core.caller import Caller
from core.db import Connection, Database
from core.errors import Conflict, Finding, Invalid, VutlerError
from core.idempotency import Once
from core.ids import new_id
from core.runs import replay_rows
from core.runs.history import Wanted
from core.runs.replay import Planned, Planner, Wish, accept_replay, told_followers
from core.runs.replay_plan import Again
from core.runs.replay_rows import FormerRun
from core.runs.replay_versions import CheckedDraft, Drafts

MOST: Final = 1000  # runs of one request
PRIORITY: Final = -1  # behind what arrives meanwhile
_LOOKED_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class NotReplayable:
    """A run of the selection that is left out."""

    run_id: UUID
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Counted:
    """A step that runs again in so many of the runs."""

    rule_id: UUID
    step: Again
    count: int


@dataclass(frozen=True, slots=True)
class Selection:
    """What a filter gives: the replays, the oldest run first, and what is left out."""

    replays: list[Planned] = field(default_factory=list)
    left_out: list[NotReplayable] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Checked:
    """The drafts of the automations of a selection, and what is wrong with the others."""

    good: dict[UUID, CheckedDraft] = field(default_factory=dict)
    wrong: dict[UUID, VutlerError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BulkPreview:
    selection: Selection
    effects: list[Counted]
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Started:
    """`replay_id` finds the new runs in the history."""

    replay_id: UUID
    runs: int


class BulkReplays:
    """The service of one process."""

    def __init__(self, db: Database, drafts: Drafts, actions: Mapping[str, Action[Any]]) -> None:
        self._db = db
        self._drafts = drafts
        self._actions = actions

    async def preview(self, caller: Caller, wanted: Wanted, wish: Wish) -> BulkPreview:
        """What would happen; nothing does. Raises `NotFound`, and `Invalid` for too many runs."""
        caller.require("editor")
        drafts = await self._checked(caller, wanted, wish)
        async with self._db.connection() as connection:
            selection = await self._select(connection, caller, wanted, wish, drafts)
            runs = [each.former for each in selection.replays]
            following = await replay_rows.followers(connection, caller, list({each.rule_id for each in runs}))
            before = await replay_rows.replayed(connection, [each.id for each in runs])
        warnings = _told(Counter(line for each in selection.replays for line in each.plan.warnings))
        if before:
            warnings.append(
                said("{count} of these runs were replayed before.", count=before)
                if before > 1
                else said("1 of these runs was replayed before.")
            )
        return BulkPreview(selection, _effects(selection.replays), [*warnings, *told_followers(following)])

    async def start(
        self, caller: Caller, wanted: Wanted, wish: Wish, *, expected: int | None, once: Once | None
    ) -> Started:
        """Accept all the replays in one transaction, with a low priority.

        `expected` is the number that the preview gave. Raises `Conflict` when it is another one now, `Invalid` when it
        is missing or there is nothing to replay, and as `preview`.
        """
        caller.require("editor")
        if expected is None:
            finding = Finding("expected", "Ask with dry_run first, and send the number of runs that it tells.")
            raise Invalid("invalid_request", "The request is not valid; `errors` says where.", (finding,))
        drafts = await self._checked(caller, wanted, wish)
        async with self._db.transaction() as connection:

            async def work() -> JsonObject:
                selection = await self._select(connection, caller, wanted, wish, drafts)
                _require_expected(len(selection.replays), expected)
                done = await _accept_all(connection, caller, selection.replays, wish)
                await audit.note(connection, caller, "runs.replayed", "replay", str(done["replay_id"]), after=done)
                return done

            answer, _ = await idempotency.once(connection, once, 202, work)
        return Started(UUID(str(answer["replay_id"])), int(str(answer["runs"])))

    async def _checked(self, caller: Caller, wanted: Wanted, wish: Wish) -> _Checked:
        """Of no automation where drafts are not wanted."""
        checked = _Checked()
        if wish.which != "draft":
            return checked
        async with self._db.connection() as connection:
            runs = await replay_rows.selected(connection, caller, wanted, MOST)
            rules = [
                await repository.find(connection, caller.workspace_id, rule_id)
                for rule_id in dict.fromkeys(each.rule_id for each in runs)
            ]
        for rule in rules:
            if rule is not None:
                try:
                    checked.good[rule.id] = await self._drafts.checked(caller, rule)
                except (Conflict, Invalid) as error:
                    checked.wrong[rule.id] = error
        return checked

    async def _select(
        self, connection: Connection, caller: Caller, wanted: Wanted, wish: Wish, drafts: _Checked
    ) -> Selection:
        planner = Planner(connection, caller, wish, self._actions, drafts.good)
        selection = Selection()
        runs = await _runs(connection, caller, wanted)
        for start in range(0, len(runs), _LOOKED_AT_ONCE):
            some = runs[start : start + _LOOKED_AT_ONCE]
            steps = await replay_rows.recorded(connection, [each.id for each in some], self._actions)
            for former in some:
                await asyncio.sleep(0)  # other requests are not to wait for a thousand plans
                try:
                    if former.rule_id in drafts.wrong:
                        raise drafts.wrong[former.rule_id]
                    selection.replays.append(await planner.plan(former, steps[former.id]))
                except (Conflict, Invalid) as error:
                    selection.left_out.append(NotReplayable(former.id, error.code, error.detail))
        return selection


async def _runs(connection: Connection, caller: Caller, wanted: Wanted) -> list[FormerRun]:
    runs = await replay_rows.selected(connection, caller, wanted, MOST + 1)
    if len(runs) > MOST:
        detail = said(
            "These are more than {most:,} runs, which is the most for one request: choose a shorter time with"
            " filter.from and filter.to, one automation, or name the ids.",
            most=MOST,
        )
        raise Invalid("too_many_runs", detail, (Finding("filter", detail),))
    return runs


def _require_expected(found: int, expected: int) -> None:
    if found != expected:
        raise Conflict(
            "replay_count_changed",
            f"You expected {expected} runs, and there are {found} now: look at them again with dry_run.",
        )
    if not found:
        raise Invalid("nothing_to_replay", "No run of this filter can be replayed; dry_run says why.")


async def _accept_all(connection: Connection, caller: Caller, replays: Sequence[Planned], wish: Wish) -> JsonObject:
    replay_id = new_id()
    taken = [await accept_replay(connection, caller, each, wish, priority=PRIORITY) for each in replays]
    await replay_rows.take_over(connection, taken, replay_id)
    return {"replay_id": str(replay_id), "runs": len(taken)}


def _effects(replays: Sequence[Planned]) -> list[Counted]:
    counts = Counter((each.former.rule_id, step) for each in replays for step in each.plan.effects)
    return [Counted(rule_id, step, count) for (rule_id, step), count in counts.most_common()]


def _told(warnings: Mapping[str, int]) -> list[str]:
    return [
        line if count == 1 else said("In {count} runs: {warning}", count=count, warning=line)
        for line, count in warnings.items()
    ]
