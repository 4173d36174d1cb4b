"""The libraries of providers are loaded before the first answer, where there is a provider, and only there."""

import asyncio
from collections.abc import Sequence
from types import ModuleType

import pytest

from core.agents import loading
from core.agents.loading import LoadedOnUse
from core.agents.turns import Turns
from core.connections.signed import Tokens
from tests.agents.conftest import Office
from tests.vendors.openai import OpenAIServer
from tests.waiting import until


async def test_they_are_loaded_when_the_first_provider_is_there(
    office: Office, models: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "LOOK_S", 0.02)
    made: list[ModuleType] = []

    def make(module: ModuleType) -> Turns:
        made.append(module)
        return Turns(office.workshop.worker, office.door, office.out, Tokens(), quota=1)

    talks, stop = LoadedOnUse(make), asyncio.Event()
    looks: list[Sequence[str]] = []

    async def looked() -> bool:
        async with office.db.connection() as connection:
            looks.append(await connection.fetch("SELECT 1"))
        return len(looks) > 5

    task = asyncio.create_task(talks.preload(office.workshop.worker.for_everyone(), stop))
    await until(looked)
    assert (made, talks.loaded, task.done()) == ([], False, False)
    await office.provider(models.url)
    await task
    assert talks.loaded
    first, again = await asyncio.gather(talks.load(), talks.load())
    assert first is again
    assert [each.__name__ for each in made] == ["core.agents.turns"]
    stop.set()
    await talks.preload(office.workshop.worker.for_everyone(), stop)


async def test_who_asks_meanwhile_waits_and_a_failure_is_told() -> None:
    def broken(_: ModuleType) -> Turns:
        raise RuntimeError("no")

    talks = LoadedOnUse(broken)
    with pytest.raises(RuntimeError):
        await talks.load()
    assert not talks.loaded
    with pytest.raises(ModuleNotFoundError):
        await loading._imported("core.agents.nothing_of_that_name")
