"""A worker (or the API) dies at each point between accepting an event and its end, and another one goes on.

Each case has a database of its own. The worker that is to die is told where by `VUTLER_CRASH_AT`; the one after it is
the same worker restarted. What was written, by whom and under which lease is noted by `bench/storm/audit.py`.
"""

import asyncio
import signal
from uuid import UUID

import aiohttp
import pytest

from bench.storm import audit
from core.crash import POINTS
from tests.e2e.installation import ENDS_WITHIN_S, PAUSE, Installation, act, in_a_row
from tests.e2e.person import Person
from tests.prefect_server import Server
from tests.waiting import until

pytest_plugins = ("tests.prefect_fixtures", "tests.e2e.installation")
pytestmark = pytest.mark.e2e

EFFECTS = ("pure", "idempotent", "unsafe")
ACTS = ("claimed", "before_intent", "before_effect", "after_effect", "recorded", "before_end")  # of a run that acts
WAITS = ("waiting", "woken")  # of one that waits after its act
ELSEWHERE = ("accepted", "before_told")  # in the API, in the recorder
LISTENS = ("heard", "kept")  # of an account that is listened to: test_mail_crashes.py
TURNS = ("model_begun", "model_done", "tool_begun", "tool_acted", "tool_done")  # of an agent: test_agent_crashes.py
IN_DOUBT = {("before_effect", "unsafe"): 0, ("after_effect", "unsafe"): 1}  # how often it had its effect
REPEATED = {("after_effect", "idempotent")}


def test_every_point_is_tried() -> None:
    assert sorted((*ACTS, *WAITS, *ELSEWHERE, *LISTENS, *TURNS)) == sorted(POINTS)


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("point", [*ACTS, *WAITS])
async def test_a_worker_dies(installation: Installation, point: str, effect: str) -> None:
    """After the restart the run ends, or asks; what it did to the world it did once, or twice under one key."""
    echo, workshop = installation.echo, installation.workshop
    pause = [PAUSE] if point in WAITS else []
    rule = await workshop.automation(*in_a_row(act(echo, effect), *pause, act(echo, "idempotent", "last")))
    run_id = await workshop.start(rule, {"n": 1})
    dying = installation.worker(VUTLER_CRASH_AT=point)
    if point == "woken":
        await installation.run(run_id, "waiting")
        await installation.wake(run_id)
    await installation.dies(dying, point)

    installation.worker()
    if point == "waiting":
        await installation.run(run_id, "waiting")
        await installation.wake(run_id)
    if (point, effect) in IN_DOUBT:
        await _asks(installation, run_id)
        assert installation.calls(run_id) == IN_DOUBT[point, effect]
        assert installation.calls(run_id, "last") == 0
    else:
        run = await installation.run(run_id, "success", "failed", "cancelled")
        assert run["status"] == "success", run["error"]
        steps = await workshop.steps(run_id)
        assert {step["status"] for step in steps.values()} == {"success"}
        if effect != "pure":
            assert installation.calls(run_id) == (2 if (point, effect) in REPEATED else 1)
        assert installation.calls(run_id, "last") == (2 if point == "before_end" else 1)  # its record goes with the end
    noted = await installation.noted()
    assert noted == audit.Audit(stale=0, twice=0, rewritten=0)


async def _asks(installation: Installation, run_id: UUID) -> None:
    """The run has stopped at a step in doubt: ended because of it, or waiting with the question in words."""
    run = await installation.run(run_id, "failed", "waiting", "success")
    step = (await installation.workshop.steps(run_id))["act"]
    assert step["error_code"] == "in_doubt" or step["status"] == "unknown", step
    if run["status"] == "waiting":
        assert step["status"] == "unknown"
        assert run["wait"]["reason"]
    else:
        assert (run["status"], run["error_code"]) == ("failed", "in_doubt")


async def test_the_recorder_dies(installation: Installation, server: Server) -> None:
    """Ended runs that a dead recorder took are told by the next one."""
    workshop = installation.workshop
    prefect = {"VUTLER_PREFECT_API_URL": server.url, "VUTLER_PREFECT_AUTH": server.auth}
    runs = []
    for effect in EFFECTS:
        rule = await workshop.automation(act(installation.echo, effect))
        runs.append(await workshop.start(rule, {"n": 1}))
    await installation.dies(installation.worker(VUTLER_CRASH_AT="before_told", **prefect), "before_told")
    installation.worker(**prefect)

    async def told() -> bool:
        async with workshop.db.connection() as connection:
            return int(await connection.fetchval("SELECT count(*) FROM run_queue")) == 0

    try:
        await until(told, seconds=ENDS_WITHIN_S + 15)  # what the dead one took is free again after HELD_S
    except TimeoutError:
        pytest.fail(f"not told:\n{installation.workers[-1].said()[-3000:]}")
    user, _, password = server.auth.partition(":")
    headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
    async with aiohttp.ClientSession(headers=headers) as session:
        for run_id in runs:
            async with session.get(f"{server.url}/flow_runs/{run_id}") as answer:
                assert (await answer.json())["state_type"] == "COMPLETED"
    assert [installation.calls(run_id) for run_id in runs] == [0, 1, 1]
    assert await installation.noted() == audit.Audit(stale=0, twice=0, rewritten=0)


async def test_the_api_dies_before_it_answers(installation: Installation) -> None:
    """The sender got no answer and sends again: it is told of the run that the first delivery has made."""
    serving = installation.api(VUTLER_CRASH_AT="accepted")
    try:
        await until(installation.api_is_ready, seconds=30)
        async with Person(installation.url) as person:
            steps = [act(installation.echo, effect, effect) for effect in EFFECTS]
            hook = (await person.create({"name": "Crash", "trigger_type": "webhook", "actions": steps}))["webhook"]
            headers = {"X-Webhook-Secret": hook["secret"], "Idempotency-Key": "event-1"}
            sent = {"method": "POST", "path": hook["url"], "body": {"n": 1}, "anonymous": True, "headers": headers}
            with pytest.raises(aiohttp.ClientError):
                await person.send(**sent)
            assert await asyncio.to_thread(serving.wait, 10) == -signal.SIGKILL
            serving = installation.api()
            await until(installation.api_is_ready, seconds=30)
            status, answer = await person.send(**sent)
        assert (status, answer["status"]) == (202, "duplicate")
        run_id = UUID(answer["run_id"])
        async with installation.workshop.db.connection() as connection:
            assert await connection.fetchval("SELECT array_agg(id) FROM automation_logs") == [run_id]
        installation.worker()
        assert (await installation.run(run_id, "success", "failed"))["status"] == "success"
        assert [installation.calls(run_id, effect) for effect in EFFECTS] == [0, 1, 1]
    finally:
        serving.kill()
        serving.wait()
