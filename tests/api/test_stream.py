"""The live stream of a run: each change once and in order, resumed where it was left."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import asyncpg
import httpx
import pytest

from api import stream as api_stream
from api.app import create_app
from core.accounts.tokens import LIFETIME, AccessTokens
from core.db import Database
from core.keys import Keys
from core.settings import Settings
from tests import postgres
from tests.api.conftest import PASSWORD, Register, Served, Tenant, client_of, problem, serve, until
from tests.api.rows import Webhook, add_run, add_webhook, worker

Event = tuple[str, int | None, dict[str, Any]]


@pytest.fixture
async def hook(db: Database, ada: Tenant) -> Webhook:
    return await add_webhook(db, ada)


class Watch:
    """Reads events of one stream."""

    def __init__(self, response: httpx.Response) -> None:
        self._blocks = self._split(response.aiter_text())

    async def next(self, seconds: float = 10) -> Event:
        async with asyncio.timeout(seconds):
            async for block in self._blocks:
                fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
                if fields:
                    ident = int(fields["id"]) if "id" in fields else None
                    return fields["event"], ident, json.loads(fields["data"])
        raise AssertionError("the stream is over")

    async def rest(self) -> list[Event]:
        events = []
        while not events or events[-1][0] not in ("end", "reauth"):
            events.append(await self.next())
        return events

    @staticmethod
    async def _split(chunks: AsyncIterator[str]) -> AsyncIterator[str]:
        text = ""
        async for chunk in chunks:
            text += chunk
            while "\n\n" in text:
                block, text = text.split("\n\n", 1)
                yield block


@asynccontextmanager
async def watching(
    client: httpx.AsyncClient, tenant: Tenant, run_id: object, last: int | None = None
) -> AsyncIterator[Watch]:
    headers = tenant.headers | ({} if last is None else {"Last-Event-ID": str(last)})
    async with client.stream("GET", f"/api/automations/logs/{run_id}/stream", headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Watch(response)


def brief(events: list[Event]) -> list[tuple[str, int | None, str]]:
    return [
        (kind, ident, data.get("text") if kind == "line" else f"{data.get('step_id') or ''}:{data.get('status')}")
        for kind, ident, data in events
    ]  # type: ignore[misc]


@pytest.mark.proves("US-1.5 (3)", "DOD-6")
async def test_each_change_is_shown_as_it_happens(
    client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook
) -> None:
    run_id = await add_run(db, ada, hook.rule_id)
    async with worker(db) as engine, watching(client, ada, run_id) as watch:
        kind, ident, data = await watch.next()
        assert (kind, ident, data["status"]) == ("run", None, "queued")
        run = await engine.claim()
        engine.hint(run, "first")
        kind, ident, data = await watch.next(1)
        while kind == "run":  # the claim itself, which nobody announces, may be seen first
            kind, ident, data = await watch.next(1)
        assert (kind, ident, data) == ("step", None, {"step_id": "first", "status": "running", "provisional": True})
        await engine.step(run, 3, output={"o": 1})
        recorded = [event async for event in _until_step(watch)]
        assert recorded[-1][:2] == ("step", 3)
        assert recorded[-1][2]["output"] == {"o": 1}
        assert "provisional" not in recorded[-1][2]
        await engine.end(run, 4, output=[1])
        assert brief(await watch.rest())[-2:] == [("run", 4, ":success"), ("end", None, ":success")]


async def _until_step(watch: Watch) -> AsyncIterator[Event]:
    while True:
        event = await watch.next()
        yield event
        if event[0] == "step" and event[1] is not None:
            return


FULL = [
    ("line", 2, "s1 started"),
    ("step", 3, "s1:success"),
    ("line", 4, "s2 started"),
    ("step", 5, "s2:success"),
]
ENDED = ("run", 6, ":success")


async def _finished(db: Database, ada: Tenant, hook: Webhook) -> Any:
    run_id = await add_run(db, ada, hook.rule_id)
    async with worker(db) as engine:
        run = await engine.claim()
        await engine.step(run, 3, step="s1")
        await engine.step(run, 5, step="s2", index=1)
        await engine.end(run, 6)
    return run_id


async def test_a_finished_run_is_told_whole_and_ends(
    client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook
) -> None:
    run_id = await _finished(db, ada, hook)
    async with watching(client, ada, run_id) as watch:
        assert brief(await watch.rest()) == [("run", None, ":success"), *FULL, ENDED, ("end", None, ":success")]


@pytest.mark.parametrize("last", [2, 3, 4, 5, 6, 99])
async def test_resume_gives_the_rest_and_nothing_twice(
    client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook, last: int
) -> None:
    run_id = await _finished(db, ada, hook)
    async with watching(client, ada, run_id, last) as watch:
        expected = [event for event in [*FULL, ENDED] if event[1] > last]
        assert brief(await watch.rest()) == [("run", None, ":success"), *expected, ("end", None, ":success")]


async def test_many_changes_with_a_broken_listener(
    client: httpx.AsyncClient, served: Served, db: Database, ada: Tenant, hook: Webhook
) -> None:
    run_id = await add_run(db, ada, hook.rule_id)
    async with worker(db) as engine, watching(client, ada, run_id) as watch:
        run = await engine.claim()
        for n in range(40):
            await engine.step(run, 2 * n + 3, step=f"s{n}", index=n)
            if n == 10:
                postgres.run(
                    postgres.name_of(db.dsn),
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND application_name LIKE '%listen'",
                )
        await engine.end(run, 90)
        events = await watch.rest()
    idents = [ident for kind, ident, _ in events if kind in ("line", "step") and ident is not None]
    assert idents == list(range(2, 82))

    async def again() -> bool:
        return bool(served.app.state.services.listener.connected)

    await until(again)


async def test_what_is_committed_between_two_reads_is_not_passed_over(  # noqa: PLR0917 - fixtures
    client: httpx.AsyncClient, served: Served, db: Database, ada: Tenant, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = served.app.state.services.history
    read, late = history.lines_after, [5, 7]
    run_id = await add_run(db, ada, hook.rule_id)
    async with worker(db) as engine, watching(client, ada, run_id) as watch:
        run = await engine.claim()

        async def read_late(*of: Any) -> Any:
            while late and of[1] < 3 <= of[0].seq:  # the steps of this look have been read
                seq = late.pop(0)
                await engine.step(run, seq, step=f"s{seq}", index=seq)
            return await read(*of)

        monkeypatch.setattr(history, "lines_after", read_late)
        await engine.step(run, 3, step="s3", index=3)
        await until(lambda: _true(not late))
        await engine.end(run, 9)
        events = await watch.rest()
    assert [ident for kind, ident, _ in events if kind in ("line", "step") and ident is not None] == list(range(2, 8))


async def _true(found: bool) -> bool:
    return found


async def test_a_token_that_expires_ends_the_stream(
    client: httpx.AsyncClient, db: Database, keys: Keys, ada: Tenant, hook: Webhook
) -> None:
    run_id = await add_run(db, ada, hook.rule_id)
    nearly_over = datetime.now(UTC) - LIFETIME + timedelta(seconds=2)
    token = AccessTokens(keys.jwt, clock=lambda: nearly_over).issue(ada.user_id, ada.workspace_id, ada.session_id)
    short = Tenant(ada.email, token, ada.user_id, ada.workspace_id)
    async with watching(client, short, run_id) as watch:
        events = await watch.rest()
    assert [event[0] for event in events] == ["run", "reauth"]


async def test_a_session_that_ends_ends_the_stream(
    client: httpx.AsyncClient, served: Served, db: Database, ada: Tenant, hook: Webhook
) -> None:
    run_id = await add_run(db, ada, hook.rule_id)
    login = await client.post("/api/auth/login", json={"email": ada.email, "password": PASSWORD})
    there = Tenant(ada.email, login.json()["access_token"], ada.user_id, ada.workspace_id)
    async with watching(client, there, run_id) as watch:
        assert (await watch.next())[0] == "run"
        assert (await client.post("/api/auth/logout", headers={"Origin": served.url})).status_code == 204
        assert [event[0] for event in await watch.rest()] == ["reauth"]


async def test_foreign_and_bad_requests(
    client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant, hook: Webhook
) -> None:
    run_id = await add_run(db, ada, hook.rule_id)
    path = f"/api/automations/logs/{run_id}/stream"
    problem(await client.get(path, headers=eve.headers), 404, "run_not_found")
    problem(await client.get(path), 401, "token_missing")
    for bad in ("x", "-1", "1e3", "9" * 10):
        problem(await client.get(path, headers=ada.headers | {"Last-Event-ID": bad}), 422, "invalid_request")


async def test_a_watcher_that_leaves_is_forgotten(
    client: httpx.AsyncClient, served: Served, db: Database, ada: Tenant, hook: Webhook
) -> None:
    run_id = await add_run(db, ada, hook.rule_id)
    async with watching(client, ada, run_id) as watch:
        await watch.next()

    async def forgotten() -> bool:
        return not served.app.state.services.feed.watched

    await until(forgotten, 15)


async def test_notices_that_are_garbage_do_no_harm(
    client: httpx.AsyncClient, db: Database, dsn: str, ada: Tenant, hook: Webhook
) -> None:
    run_id = await add_run(db, ada, hook.rule_id)
    connection = await asyncpg.connect(dsn)
    async with worker(db) as engine, watching(client, ada, run_id) as watch:
        await watch.next()
        for payload in ("", "{", "7", "[1, null, {}]", json.dumps([{"run": str(run_id)}])):
            await connection.execute("SELECT pg_notify('vutler_events', $1)", payload)
        run = await engine.claim()
        await engine.end(run, 2)
        assert brief(await watch.rest())[-1] == ("end", None, ":success")
    await connection.close()


async def test_a_quiet_stream_is_kept_alive(
    client: httpx.AsyncClient, db: Database, monkeypatch: pytest.MonkeyPatch, ada: Tenant, hook: Webhook
) -> None:
    monkeypatch.setattr(api_stream, "_KEEP_ALIVE_S", 0.05)
    monkeypatch.setattr(api_stream, "_LOOK_EVERY_S", 0.05)
    run_id = await add_run(db, ada, hook.rule_id)
    path = f"/api/automations/logs/{run_id}/stream"
    async with asyncio.timeout(10), client.stream("GET", path, headers=ada.headers) as response:
        async for line in response.aiter_lines():
            if line == ": keep-alive":
                return


async def test_a_server_that_stops_sends_its_watchers_home(
    settings: Settings, keys: Keys, app_dsn: str, db: Database, register: Register
) -> None:
    tenant = await register()
    run_id = await add_run(db, tenant, (await add_webhook(db, tenant)).rule_id)
    app = create_app(settings, keys, Database(app_dsn, application="test"))
    async with AsyncExitStack() as stack:
        stopping = AsyncExitStack()
        served = await stopping.enter_async_context(serve(app))
        own = await stack.enter_async_context(client_of(served))
        watch = await stack.enter_async_context(watching(own, tenant, run_id))
        await watch.next()
        began = monotonic()
        await stopping.aclose()
        assert monotonic() - began < 4
