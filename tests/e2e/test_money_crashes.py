"""`kill -9` between reserve and settle: whoever goes on, what was reserved is settled or released, to the credit."""

import asyncio
import signal
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from tests import paying
from tests.e2e.installation import PAUSE, Installation, act, in_a_row
from tests.e2e.person import Person
from tests.waiting import until

pytest_plugins = ("tests.e2e.installation",)
pytestmark = pytest.mark.e2e

FUNDS = 100
ITEMS = 3
PRICE = {"first": 1, "in": ITEMS, "last": 1}  # http steps, by their id; those of the loop once an item


async def fund(installation: Installation) -> None:
    shop = installation.workshop
    await paying.load_plans(shop.db)
    async with shop.db.connection() as connection:
        await connection.execute("INSERT INTO workspaces (id, name) VALUES ($1, 'Paying')", shop.workspace)
    await paying.make_pay(shop.db, shop.workspace, FUNDS)


async def reservations(installation: Installation) -> list[int]:
    async with installation.workshop.db.connection() as connection:
        return [row["amount"] for row in await connection.fetch("SELECT amount FROM credit_reservations")]


def paid_steps(installation: Installation, effect: str, *between: dict[str, Any]) -> list[dict[str, Any]]:
    """A step, a loop that needs more than is reserved for it at the start, and a last step."""
    echo = installation.echo
    inner = {**act(echo, effect, "in"), "needs": []}
    loop = {"id": "loop", "type": "for_each", "config": {"items": list(range(ITEMS)), "steps": [inner]}}
    return in_a_row(act(echo, "idempotent", "first"), loop, *between, act(echo, "idempotent", "last"))


@pytest.mark.parametrize(
    ("point", "effect"),
    [
        ("claimed", "idempotent"),
        ("before_intent:2", "idempotent"),
        ("before_effect:4", "idempotent"),  # in the loop, which has reserved more
        ("after_effect:4", "idempotent"),
        ("recorded:2", "idempotent"),
        ("before_effect:4", "unsafe"),
        ("before_end", "idempotent"),
        ("waiting", "idempotent"),
        ("woken", "idempotent"),
    ],
)
async def test_a_worker_dies_between_reserve_and_settle(installation: Installation, point: str, effect: str) -> None:
    await fund(installation)
    shop, name = installation.workshop, point.partition(":")[0]
    pause = [PAUSE] if name in ("waiting", "woken") else []
    run_id = await shop.start(await shop.automation(*paid_steps(installation, effect, *pause)), {"n": 1})
    assert await paying.account(shop.db, shop.workspace) == (FUNDS - 3, 3)
    dying = installation.worker(VUTLER_CRASH_AT=point)
    if name == "woken":
        await installation.run(run_id, "waiting")
        await installation.wake(run_id)
    await installation.dies(dying, name)
    assert await paying.faults(shop.db) == []
    balance, reserved = await paying.account(shop.db, shop.workspace)
    assert (balance + reserved, await reservations(installation)) == (FUNDS, [reserved])
    assert reserved >= 3, "nothing was settled behind the dead one's back"

    installation.worker()
    if name == "waiting":
        await installation.run(run_id, "waiting")
        await installation.wake(run_id)
    if effect == "unsafe":  # in doubt: a person says what is to become of it
        await installation.run(run_id, "waiting")
        assert await reservations(installation) == [reserved]
        await _cancel(installation, run_id)
        run = await installation.run(run_id, "cancelled")
    else:
        run = await installation.run(run_id, "success")
    spent = await _charged(installation, run_id)
    assert spent == (sum(PRICE.values()) if run["status"] == "success" else run["credits"])
    assert (run["credits"], await paying.spent(shop.db, shop.workspace)) == (spent, {"http": spent})
    assert await paying.account(shop.db, shop.workspace) == (FUNDS - spent, 0)
    assert (await reservations(installation), await paying.faults(shop.db)) == ([], [])


async def _cancel(installation: Installation, run_id: UUID) -> None:
    async with installation.workshop.db.connection() as connection:
        assert await connection.fetchval("SELECT cancel_run($1)", run_id) == "cancelled"


async def _charged(installation: Installation, run_id: UUID) -> int:
    """How many http steps of the run stand in history as having run."""
    async with installation.workshop.db.connection() as connection:
        found: int = await connection.fetchval(
            "SELECT count(*) FROM automation_action_logs WHERE log_id = $1 AND action_type = 'http'"
            " AND status IN ('success', 'failed', 'unknown')",
            run_id,
        )
    return found


async def test_the_api_dies_with_a_run_reserved_and_its_sender_asks_again(installation: Installation) -> None:
    """Reserved once, whoever repeats it; settled by the worker that comes later."""
    shop = installation.workshop
    await paying.load_plans(shop.db)
    serving = installation.api(VUTLER_CRASH_AT="accepted")
    try:
        await until(installation.api_is_ready, seconds=30)
        async with Person(installation.url) as person:
            space = UUID(person.workspace)
            await paying.make_pay(shop.db, space, FUNDS)
            steps = paid_steps(installation, "idempotent")
            hook = (await person.create({"name": "Paid", "trigger_type": "webhook", "actions": steps}))["webhook"]
            headers = {"X-Webhook-Secret": hook["secret"], "Idempotency-Key": "event-1"}
            sent = {"method": "POST", "path": hook["url"], "body": {"n": 1}, "anonymous": True, "headers": headers}
            with pytest.raises(aiohttp.ClientError):
                await person.send(**sent)
            assert await asyncio.to_thread(serving.wait, 10) == -signal.SIGKILL
            assert (await paying.account(shop.db, space), await paying.faults(shop.db)) == ((FUNDS - 3, 3), [])
            serving = installation.api()
            await until(installation.api_is_ready, seconds=30)
            status, answer = await person.send(**sent)
        assert (status, answer["status"]) == (202, "duplicate")
        assert await reservations(installation) == [3]
        installation.worker()
        assert (await installation.run(UUID(answer["run_id"]), "success"))["credits"] == sum(PRICE.values())
        assert await paying.account(shop.db, space) == (FUNDS - sum(PRICE.values()), 0)
        assert (await reservations(installation), await paying.faults(shop.db)) == ([], [])
    finally:
        serving.kill()
        serving.wait()
