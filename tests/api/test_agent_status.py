"""How agents stand, told live: a provider that fails makes its agents offline on the stream, and they come back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from core.agents import health
from core.agents.health import Looking
from core.connections.opening import Door
from core.connections.signed import Tokens
from core.db import Database
from core.keys import Keys, sealing
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.seal import Sealer
from core.settings import Settings
from tests.agents.served import models, provider, settings
from tests.api.test_stream import Watch
from tests.vendors.openai import OpenAIServer
from tests.waiting import until

__all__ = ["models", "provider", "settings"]


@pytest.fixture
async def looking(worker_db: Database, settings: Settings, keys: Keys) -> AsyncIterator[Looking]:
    """What a worker does beside its runs, by its own clock."""
    async with Outgoing(Policy.of(["127.0.0.1"])) as out:
        stop = asyncio.Event()
        looks = Looking(worker_db.for_everyone(), Door(Sealer(sealing(settings, keys))), out, Tokens())
        task = asyncio.create_task(looks.run(stop))
        yield looks
        stop.set()
        await task


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize("trouble", [503, "silent"])
async def test_a_provider_that_fails_is_told_on_the_stream(
    api: httpx.AsyncClient, models: OpenAIServer, looking: Looking, db: Database, trouble: int | str
) -> None:
    """Nobody asks how the agents stand but who watches the stream."""
    agent = (await api.get("/api/agents/code_bot")).json()["id"]

    async def looked() -> bool:
        async with db.connection() as connection:
            return bool(await connection.fetchval("SELECT count(*) FROM provider_health WHERE checked_at > used_at"))

    async with api.stream("GET", "/api/events/stream") as response:
        watch = Watch(response)
        await until(looked)
        silent = trouble == "silent"
        code, why = ("model_timeout", "did not answer within 4 s") if silent else ("model_failed", "status 503")
        for down, status, because, reason in (
            (trouble, "offline", code, why),
            (None, "online", None, None),
        ):
            models.down = down
            standing: dict[str, Any] = {}
            while standing.get("status") != status:  # a look that was on its way may be told in between
                kind, _, data = await watch.next(seconds=30)
                assert kind == "agent"
                if data["agent"] == agent:
                    standing = (await api.get("/api/agents/code_bot/status")).json()
            assert standing["reason_code"] == because
            assert (reason or "") in (standing["reason"] or "")


async def test_a_silent_provider_holds_up_no_look_at_others(
    api: httpx.AsyncClient, provider: dict[str, Any], models: OpenAIServer, looking: Looking
) -> None:
    async with OpenAIServer(down="silent") as other:
        fields = {"api_key": "sk-other-canary", "base_url": other.url}
        body = {"kind": "openai", "name": "Other", "fields": fields}
        made = (await api.post("/api/connections", json=body)).json()
        assert (await api.patch("/api/agents/polyglot", json={"provider": made["id"]})).status_code == 200

        async def standing(agent: str) -> str:
            return str((await api.get(f"/api/agents/{agent}/status")).json()["status"])

        async def other_offline() -> bool:
            return await standing("polyglot") == "offline"

        await until(other_offline, seconds=30)
        models.key = "another"

        async def offline() -> bool:
            return await standing("code_bot") == "offline"

        await until(offline, seconds=30)


def test_a_failure_is_known_within_ten_seconds() -> None:
    """At worst it begins right after a look: the next one is due, then begins, then waits for its answer."""
    assert health._AGAIN_S + health.EVERY_S + health._PATIENCE_S < 10
