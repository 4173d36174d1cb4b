"""Replays executed by the engine, with real requests: the echo server tells which steps really ran, and with what."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from blocks import registry
from blocks.values import Json
from core.automations.check import Checker
from core.automations.model import Rule
from core.automations.outgoing import refusing
from core.automations.service import Automations
from core.automations.signing_secrets import SigningSecrets
from core.caller import Caller
from core.db import Database
from core.errors import Conflict
from core.ids import new_id
from core.keys import from_secret
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.rendering.renderer import Renderer
from core.runs import queue
from core.runs.accept import NewRun, accept
from core.runs.history import Wanted
from core.runs.record import Writer
from core.runs.replay import Replays, Wish
from core.runs.replay_bulk import BulkReplays
from core.runs.replay_versions import CheckedDraft, Drafts
from core.seal import Sealer
from flows.engine import Engine, Identity
from flows.execution import Tools
from flows.ledger import DatabaseLedger
from tests.echo import Echo
from tests.flows.actions import TEST_ACTIONS, calls, gates
from tests.flows.conftest import Workshop, called
from tests.flows.test_recovery import take_away


@dataclass
class Stage(Workshop):
    """A workshop whose automations are published through the service and whose steps reach the echo server."""

    echo: Echo
    renderer: Renderer
    http: Outgoing
    caller: Caller
    automations: Automations
    replays: Replays
    bulk: BulkReplays

    @contextlib.asynccontextmanager
    async def running(
        self, slot: str = "1", concurrency: int = 100, **options: Any
    ) -> AsyncIterator[tuple[Engine, "asyncio.Task[None]"]]:
        identity, stop = Identity("testhost", slot, new_id().hex), asyncio.Event()
        async with Writer(self.db, identity.owner) as writer:
            tools = Tools(DatabaseLedger(self.db), writer, self.renderer, self.http, "http://vutler.test")
            engine = Engine(identity, self.db, tools, TEST_ACTIONS, concurrency, **options)
            task = asyncio.create_task(engine.run(stop, drain_s=2))
            try:
                yield engine, task
            finally:
                stop.set()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def published(self, *steps: dict[str, Any], rule: UUID | None = None, as_draft: bool = False) -> UUID:
        document: Json = {"name": "Orders", "trigger_type": "manual", "actions": list(steps)}
        if rule is None:
            return (await self.automations.create(self.caller, document)).rule.id
        return (await self.automations.replace(self.caller, rule, document, as_draft=as_draft)).rule.id

    async def ran(self, rule: UUID, data: Json = None, version: int = 1) -> UUID:
        """A run, executed to its end."""
        new_run = NewRun(self.workspace, rule, version, "webhook", data, context={"headers": {"x-from": "shop"}})
        async with self.db.connection() as connection:
            run_id = (await accept(connection, new_run)).run_id
        async with self.engine():
            await self.ended(run_id)
        self.echo.hits.clear()
        return run_id

    async def replay(self, run_id: UUID, start: str = "start", **wish: Any) -> dict[str, Any]:
        """Replayed and executed to its end."""
        new = await self.replays.start(self.caller, run_id, Wish(start=start, **wish), None)
        async with self.engine():
            return await self.ended(new)

    @property
    def heard(self) -> list[tuple[str, str]]:
        """Path and body of every request since."""
        return [(hit.path, hit.body.decode()) for hit in self.echo.hits]


@pytest.fixture
async def stage(db: Database, worker_db: Database) -> AsyncIterator[Stage]:
    async with Echo() as echo, Renderer() as renderer:
        reachable = Policy.of((echo.address,), "http://vutler.test")
        checker = Checker(renderer, TEST_ACTIONS, registry.triggers(), refusing(reachable))
        keys = from_secret("a secret of the tests, 32 characters and more")
        automations = Automations(db, checker, SigningSecrets(Sealer([keys.seal])))
        drafts = Drafts(db, automations, registry.triggers())
        caller = Caller(new_id(), new_id(), "editor")
        async with Outgoing(reachable) as http:
            yield Stage(
                db, caller.workspace_id, worker_db, echo, renderer, http, caller, automations,
                Replays(db, drafts, TEST_ACTIONS), BulkReplays(db, drafts, TEST_ACTIONS),
            )  # fmt: skip


def post(stage: Stage, name: str, value: str, *needs: str, path: str | None = None, **more: Any) -> dict[str, Any]:
    config = {"method": "POST", "url": f"{stage.echo.url}/{path or name}", "json": value}
    return {"id": name, "type": "http", "config": config, "needs": list(needs), **more}


def chain(stage: Stage, version: str = "") -> list[dict[str, Any]]:
    """Each step sends what the one before it was answered; `version` is told by the path of the later ones."""
    return [
        post(stage, "a", "a{{ trigger.data.n }}"),
        post(stage, "b", "b+{{ steps.a.output.body.json }}", "a", path=f"b{version}"),
        post(stage, "c", "c+{{ previous.output.body.json }}", "b", path=f"c{version}"),
    ]


@pytest.mark.parametrize("which", ["then", "live", "draft"])
async def test_from_a_step_the_earlier_ones_are_not_called_again(stage: Stage, which: Any) -> None:
    rule = await stage.published(*chain(stage))
    former = await stage.ran(rule, {"n": 1})
    await stage.published(*chain(stage, "-live"), rule=rule)
    await stage.published(*chain(stage, "-draft"), rule=rule, as_draft=True)
    run = await stage.replay(former, "b", which=which)
    suffix = "" if which == "then" else f"-{which}"
    assert run["status"] == "success", run["error"]
    assert stage.heard == [(f"/b{suffix}", '"b+a1"'), (f"/c{suffix}", '"c+b+a1"')]
    old, new = await stage.steps(former), await stage.steps(run["id"])
    assert {name: record["copied_from"] for name, record in new.items()} == {"a": old["a"]["id"], "b": None, "c": None}
    assert (new["a"]["output"], new["a"]["status"]) == (old["a"]["output"], "success")
    assert new["a"]["id"] != old["a"]["id"]
    assert (run["replay_of"], run["root_id"], run["depth"]) == (former, run["id"], 1)
    assert (run["trigger_type"], run["trigger_data"], run["trigger_context"]) == (
        "webhook", {"n": 1}, {"headers": {"x-from": "shop"}},
    )  # fmt: skip
    assert run["triggered_by"] == str(stage.caller.user_id)
    assert run["version"] == {"then": 1, "live": 2, "draft": run["version"]}[which]
    assert (run["version"] < 0) == (which == "draft")
    named = {"then": "version 1", "live": "version 2", "draft": f"the draft (revision {-run['version']})"}[which]
    lines = await stage.lines(run["id"])
    assert lines[0] == f"Replay of run {former} from b with {named}; 1 step keeps its recorded result."
    assert not any("interruption" in line for line in lines)
    async with stage.db.connection() as connection:
        seqs = await connection.fetch(
            "SELECT seq FROM automation_action_logs WHERE log_id = $1"
            " UNION ALL SELECT seq FROM run_lines WHERE run_id = $1", run["id"],
        )  # fmt: skip
    assert len({row["seq"] for row in seqs}) == len(seqs), "the live stream needs one number a change"


async def test_from_the_start_everything_happens_again_with_another_key(stage: Stage) -> None:
    rule = await stage.published(*chain(stage))
    former = await stage.ran(rule, {"n": 1})
    run = await stage.replay(former)
    assert [path for path, _ in stage.heard] == ["/a", "/b", "/c"]
    assert [hit.headers["idempotency-key"] for hit in stage.echo.hits] == [f"{run['id']}/{name}/0" for name in "abc"]


async def test_from_the_failed_step(stage: Stage) -> None:
    steps = chain(stage)
    steps[1]["config"]["url"] = f"{stage.echo.url}/status/422"
    rule = await stage.published(*steps)
    former = await stage.ran(rule, {"n": 1})
    assert (await stage.run(former))["status"] == "failed"
    again = await stage.replay(former, "failed")
    assert (again["status"], again["error_step"]) == ("failed", "b")
    assert [path for path, _ in stage.heard] == ["/status/422"]
    stage.echo.hits.clear()
    await stage.published(*chain(stage, "-mended"), rule=rule)
    run = await stage.replay(again["id"], "failed", which="live")
    assert run["status"] == "success"
    assert stage.heard == [("/b-mended", '"b+a1"'), ("/c-mended", '"c+b+a1"')]
    first = (await stage.steps(former))["a"]["id"]
    assert (await stage.steps(run["id"]))["a"]["copied_from"] == first, "the record that was really made"


@pytest.mark.parametrize("start", ["start", "b"])
async def test_with_another_input(stage: Stage, start: str) -> None:
    steps = chain(stage)
    steps[1]["config"]["json"] += " {{ trigger.data.n }}"
    rule = await stage.published(*steps)
    former = await stage.ran(rule, {"n": 1})
    run = await stage.replay(former, start, edited=True, payload={"n": 2})
    assert run["trigger_data"] == {"n": 2}
    sent = dict(stage.heard)
    assert sent == {"start": {"/a": '"a2"', "/b": '"b+a2 2"', "/c": '"c+b+a2 2"'},
                    "b": {"/b": '"b+a1 2"', "/c": '"c+b+a1 2"'}}[start]  # fmt: skip


async def test_the_recorded_choice_of_a_branch_is_used(stage: Stage) -> None:
    cases = {"cases": [{"name": "yes", "when": "{{ trigger.data.n > 5 }}"}], "else": "no"}
    rule = await stage.published(
        {"id": "good", "type": "branch", "config": cases},
        post(stage, "page", "page", "good:yes"), post(stage, "other", "other", "good:no"),
        post(stage, "tell", "told by {{ previous.output.body.json }}", "page", "other", join="any"),
    )  # fmt: skip
    former = await stage.ran(rule, {"n": 9})
    run = await stage.replay(former, "page", edited=True, payload={"n": 1})
    assert stage.heard == [("/page", '"page"'), ("/tell", '"told by page"')]
    steps = await stage.steps(run["id"])
    assert {name: (record["status"], record["copied_from"] is not None) for name, record in steps.items()} == {
        "good": ("success", True), "page": ("success", False), "other": ("skipped", True), "tell": ("success", False),
    }  # fmt: skip
    stage.echo.hits.clear()
    await stage.replay(former, "good", edited=True, payload={"n": 1})
    assert stage.heard == [("/other", '"other"'), ("/tell", '"told by other"')]


async def test_the_recorded_answer_of_a_person_is_used(stage: Stage) -> None:
    rule = await stage.published(
        {"id": "ask", "type": "approval", "config": {"message": "May I?"}},
        post(stage, "go", "go", "ask"), post(stage, "sorry", "sorry", "ask:rejected"),
        post(stage, "tell", "told by {{ previous.output.body.json }}", "sorry"),
    )  # fmt: skip
    async with stage.engine():
        former = await stage.start(rule)
        await stage.wait_for(former, "waiting")
        async with stage.db.connection() as connection:
            assert await queue.wake(connection, former, "ask", {"decision": "reject", "by_name": "Ada"})
        assert (await stage.ended(former))["status"] == "success"
    stage.echo.hits.clear()
    run = await stage.replay(former, "sorry")
    assert run["status"] == "success"
    assert stage.heard == [("/sorry", '"sorry"'), ("/tell", '"told by sorry"')]
    steps = await stage.steps(run["id"])
    assert (steps["ask"]["status"], steps["go"]["status"]) == ("success", "skipped")


async def test_an_error_path_that_was_taken_is_not_taken_again(stage: Stage) -> None:
    broken = post(stage, "a", "x", path="status/422")
    rule = await stage.published(
        broken, post(stage, "never", "x", "a"), post(stage, "mend", "{{ steps.a.error[:10] }}", "a:error"),
        {"id": "on", "type": "http", "config": {"url": f"{stage.echo.url}/status/404"}, "needs": ["mend"],
         "on_error": "continue"},
        post(stage, "end", "{{ steps.on.status }} {{ steps.mend.output.body.json }}", "on"),
    )  # fmt: skip
    former = await stage.ran(rule)
    run = await stage.replay(former, "end")
    assert run["status"] == "success"
    assert stage.heard == [("/end", '"failed The server"')]
    steps = await stage.steps(run["id"])
    assert {name: record["status"] for name, record in steps.items()} == {
        "a": "failed", "never": "skipped", "mend": "success", "on": "failed", "end": "success",
    }  # fmt: skip
    stage.echo.hits.clear()
    await stage.replay(former, "mend")
    assert [path for path, _ in stage.heard] == ["/mend", "/status/404", "/end"]


async def test_a_replay_whose_worker_is_lost_goes_on(stage: Stage) -> None:
    rule = await stage.published(
        *chain(stage)[:2], {"id": "hold", "type": "hang", "config": {"gate": "replay"}, "needs": ["b"]},
        post(stage, "c", "c+{{ steps.b.output.body.json }}", "hold"),
    )  # fmt: skip
    gates.setdefault("replay", asyncio.Event()).set()
    former = await stage.ran(rule, {"n": 1})
    gates["replay"].clear()
    new = await stage.replays.start(stage.caller, former, Wish(start="b"), None)
    async with stage.engine("1") as first:
        await called(new, "hold")
        first.lane = "gone"
        await take_away(stage, new)
        async with stage.engine("2"):
            await called(new, "hold", 2)
            gates["replay"].set()
            run = await stage.ended(new)
    assert run["status"] == "success"
    assert stage.heard == [("/b", '"b+a1"'), ("/c", '"c+b+a1"')]
    assert calls[f"{new}/hold"] == 2
    assert any("goes on after an interruption" in line for line in await stage.lines(new))
    assert (await stage.steps(new))["a"]["copied_from"] is not None


class Meanwhile(Drafts):
    """Somebody saves the draft right after it was found to be good."""

    stage: Stage

    async def checked(self, caller: Caller, rule: Rule) -> CheckedDraft:
        found = await super().checked(caller, rule)
        await self.stage.published(post(self.stage, "other", "x"), rule=rule.id, as_draft=True)
        return found


async def test_a_draft_that_changes_after_it_was_checked_does_not_run(stage: Stage) -> None:
    former = await stage.ran(await stage.published(*chain(stage)), {"n": 1})
    drafts = Meanwhile(stage.db, stage.automations, registry.triggers())
    drafts.stage = stage
    with pytest.raises(Conflict) as changed:
        await Replays(stage.db, drafts, TEST_ACTIONS).start(stage.caller, former, Wish("draft"), None)
    assert changed.value.code == "draft_changed"
    bulk = await BulkReplays(stage.db, drafts, TEST_ACTIONS).preview(stage.caller, Wanted(), Wish("draft"))
    assert [each.code for each in bulk.selection.left_out] == ["draft_changed"]


async def test_large_results_are_shared_and_outlive_the_former_run(stage: Stage) -> None:
    rule = await stage.published(
        {"id": "a", "type": "large", "config": {"size": 70_000}},
        {"id": "b", "type": "transform", "config": {"value": "{{ steps.a.output | length }}"}, "needs": ["a"]},
    )
    former = await stage.ran(rule, {"text": "no blob", "$blob": "nonsense"})
    run = await stage.replay(former, "b")
    assert run["output"] == 70_000
    reference = (await stage.steps(run["id"]))["a"]["output"]["$blob"]
    assert (await stage.steps(former))["a"]["output"]["$blob"] == reference
    async with stage.db.connection() as connection:
        owner = await connection.fetchval("SELECT run_id FROM blobs WHERE id = $1", UUID(reference))
    assert owner == run["id"]


async def test_the_items_of_a_loop_that_ended_well_are_taken_over(stage: Stage) -> None:
    former, new = new_id(), new_id()
    async with stage.db.transaction() as connection:
        for step, iteration, status in (
            ("a", "", "success"), ("each", "", "failed"), ("send", "0", "success"), ("send", "1", "failed"),
            ("send", "2", "success"), ("kept", "", "success"), ("inner", "0", "failed"),
        ):  # fmt: skip
            await connection.execute(
                "INSERT INTO automation_action_logs (id, log_id, action_index, action_type, status, workspace_id,"
                " step_id, iteration, seq) VALUES (make_id(), $1, 3, 'say', $2, $3, $4, $5, 9)",
                former, status, stage.workspace, step, iteration,
            )  # fmt: skip
        names, whole = ["a", "each", "send", "kept", "inner"], [True, False, False, True, True]
        await connection.execute(
            "SELECT copy_steps($1, $2, $3, $4, $5)", [former] * 5, [new] * 5, names, [0, 1, 1, 2, 2], whole
        )
        rows = await connection.fetch(
            "SELECT step_id, iteration, action_index, seq FROM automation_action_logs WHERE log_id = $1", new
        )
    assert sorted((row["step_id"], row["iteration"], row["action_index"]) for row in rows) == [
        ("a", "", 0), ("inner", "0", 3), ("kept", "", 2), ("send", "0", 3), ("send", "2", 3),
    ]  # fmt: skip
    assert sorted(row["seq"] for row in rows) == [1, 2, 3, 4, 5]


async def test_many_failed_runs_from_their_failed_step(stage: Stage) -> None:
    broken = chain(stage)
    broken[1]["config"]["url"] = f"{stage.echo.url}/status/422"
    rule = await stage.published(*broken)
    formers = [await stage.ran(rule, {"n": number}) for number in range(3)]
    await stage.published(*chain(stage), rule=rule)
    wish, wanted = Wish(which="live", start="failed"), Wanted(rule_id=rule, status="failed")
    preview = await stage.bulk.preview(stage.caller, wanted, wish)
    assert [each.former.id for each in preview.selection.replays] == formers
    assert [(each.step.step_id, each.step.effect.value, each.count) for each in preview.effects] == [
        ("b", "unsafe", 3), ("c", "unsafe", 3),
    ]  # fmt: skip
    started = await stage.bulk.start(stage.caller, wanted, wish, expected=3, once=None)
    async with stage.db.connection() as connection:
        rows = await connection.fetch("SELECT id FROM automation_logs WHERE replay_id = $1", started.replay_id)
        priorities = await connection.fetch("SELECT DISTINCT priority FROM run_queue WHERE state = 'queued'")
    assert [row["priority"] for row in priorities] == [-1]
    async with stage.engine():
        ended = [await stage.ended(row["id"]) for row in rows]
    assert [run["status"] for run in ended] == ["success"] * 3
    assert sorted(stage.heard) == sorted(
        each for n in range(3) for each in (("/b", f'"b+a{n}"'), ("/c", f'"c+b+a{n}"'))
    )
