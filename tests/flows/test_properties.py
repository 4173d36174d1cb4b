"""Any valid definition ends, and any prefix of what its run recorded is gone on with to the same end.

The engine runs as it is; what it writes is kept in memory, as `record_runs` would keep it.
"""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blocks.outcomes import Call
from blocks.values import Json, JsonObject
from core.automations.definition import Definition
from core.ids import new_id
from core.runs.calling import Called
from core.runs.queue import ClaimedRun
from core.runs.record import Entry
from core.runs.resume import RecordedStep
from flows.execution import Execution, Tools
from flows.orchestration import execute, prefect_engine
from flows.resuming import resume
from flows.steps import Compiled, compile_version
from tests.flows.actions import TEST_ACTIONS
from tests.flows.conftest import NoNetwork, Verbatim

ENDED = ("success", "failed", "skipped")


@dataclass
class Memory:
    """The ledger and the writer of one run."""

    entries: list[Entry] = field(default_factory=list)
    recorded: list[RecordedStep] = field(default_factory=list)

    def write(self, entry: Entry) -> "asyncio.Future[bool]":
        self.entries.append(entry)
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        done.set_result(True)
        return done

    def hint(self, event: JsonObject) -> None:
        pass

    async def steps(self, run: ClaimedRun) -> list[RecordedStep]:
        return self.recorded

    async def woken(self, run: ClaimedRun) -> dict[tuple[str, str], JsonObject]:
        return {}

    async def keep(self, run: ClaimedRun, content: bytes, media_type: str) -> JsonObject:
        raise AssertionError("nothing is large here")

    async def prepare(self, run: ClaimedRun, call: Call) -> Called:
        raise AssertionError("nothing is called here")


def table(entries: list[Entry]) -> dict[tuple[str, str], Any]:
    """The rows that the entries leave: an ended step is never overwritten."""
    rows: dict[tuple[str, str], Any] = {}
    for entry in entries:
        for step in entry.steps:
            former = rows.get((step.step_id, step.iteration))
            if former is None or former.status not in ENDED:
                rows[step.step_id, step.iteration] = step
    return rows


def as_recorded(entries: list[Entry]) -> list[RecordedStep]:
    rows = sorted(table(entries).values(), key=lambda row: row.seq)
    return [
        RecordedStep(
            row.id, row.step_id, row.iteration, row.status, row.input, row.output, row.error, row.error_code,
            row.effect, row.attempt, row.seq, row.started_at, row.wait, None, row.output,
        )
        for row in rows
    ]  # fmt: skip


def end(entries: list[Entry]) -> tuple[Any, ...]:
    last = entries[-1].run
    return last.status, last.output, last.error_step, {
        place: (row.status, row.output, row.error) for place, row in table(entries).items()
    }  # fmt: skip


async def run(compiled: Compiled, before: list[Entry]) -> list[Entry]:
    """Execute from what `before` recorded; gives everything that is recorded then."""
    memory, now = Memory(), datetime.now(UTC)
    ident, epoch = new_id(), 2 if before else 1
    claimed = ClaimedRun(
        id=ident, workspace_id=ident, rule_id=ident, rule_name="Test", version=1, epoch=epoch, seq=1000 * epoch,
        trigger_type="manual", trigger_data=None, trigger_context={}, prefect_run_id=None, created_at=now,
        started_at=now, worked_ms=0, cancel_requested=False, root_id=ident, depth=1,
    )  # fmt: skip
    tools = Tools(memory, memory, Verbatim(), NoNetwork(), "http://vutler.test")
    async with prefect_engine() as client:
        execution = Execution(claimed, compiled, tools, time.monotonic() + 60)
        if before:
            resume(execution, as_recorded(before))
        execution.task = asyncio.current_task()
        async with asyncio.timeout(20):
            await execute(client, execution)
    assert execution.ended
    return before + memory.entries


EFFECTS = st.sampled_from(["pure", "idempotent", "unsafe"])


def _leaf(draw: Any, name: str, value: Json) -> dict[str, Any]:
    kind = draw(st.sampled_from(["say", "say", "say", "echo", "flaky"]))
    config: JsonObject = {"value": value}
    if kind == "flaky":
        config = {"times": 99, "fatal": True, "effect": draw(EFFECTS)}
    elif kind == "say":
        config["effect"] = draw(EFFECTS)
    elif draw(st.booleans()):
        config["fails_on"] = draw(st.sampled_from([value, 1]))
    on_error = draw(st.sampled_from(["fail", "continue"]))
    return {"id": name, "type": kind, "config": config, "on_error": on_error, "in_doubt": "repeat"}


@st.composite
def definitions(draw: Any) -> Definition:
    steps: list[dict[str, Any]] = []
    exits: list[str] = []
    for number in range(draw(st.integers(1, 6))):
        name = f"s{number}"
        kind = draw(st.sampled_from(["leaf", "leaf", "branch", "loop"]))
        if kind == "branch":
            config: JsonObject = {"cases": [{"name": "yes", "when": draw(st.booleans())}], "else": "no"}
            step = {"id": name, "type": "branch", "config": config}
        elif kind == "loop":
            inner = [_leaf(draw, f"{name}_{index}", "{{ item }}") for index in range(draw(st.integers(1, 2)))]
            inner[-1]["needs"] = [each["id"] for each in inner[:-1]]
            config = {
                "items": list(range(draw(st.integers(0, 4)))), "concurrency": draw(st.integers(1, 3)),
                "keep_going": draw(st.booleans()), "steps": inner,
            }  # fmt: skip
            step = {
                "id": name,
                "type": "each",
                "config": config,
                "on_error": draw(st.sampled_from(["fail", "continue"])),
            }
        else:
            step = _leaf(draw, name, number)
        step["needs"] = draw(st.lists(st.sampled_from(exits), max_size=3, unique=True)) if exits else []
        step["join"] = draw(st.sampled_from(["all", "any"]))
        steps.append(step)
        exits += [name, f"{name}:error"] + ([f"{name}:yes", f"{name}:no"] if kind == "branch" else [])
    return Definition.model_validate({"name": "Any", "trigger_type": "manual", "actions": steps})


def unordered(found: tuple[Any, ...]) -> tuple[Any, ...]:
    """What does not depend on which of two parallel steps ended first: the run's own output does."""
    status, _, _, rows = found
    if status == "success":
        return status, rows
    # Of a run that fails while others are under way, what those still did is a matter of time.
    return (status,)


@given(definitions(), st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_prefix_of_the_records_is_gone_on_with_to_the_same_end(definition: Definition, data: st.DataObject) -> None:
    compiled = compile_version("rule", 1, definition, TEST_ACTIONS)
    whole = asyncio.run(run(compiled, []))
    assert whole[-1].run.status in ("success", "failed")
    if whole[-1].run.status == "success":
        assert {name for name, iteration in table(whole) if not iteration} == {step.id for step in definition.actions}
        assert all(row.status in ENDED for row in table(whole).values())
    cut = data.draw(st.integers(0, len(whole) - 1))
    again = asyncio.run(run(compiled, whole[:cut])) if cut else whole
    assert unordered(end(again)) == unordered(end(whole))
