"""No base address of a model leads around the fence; and a provider that fails makes its agents offline."""

from collections.abc import AsyncIterator

import pytest

from core.agents import repository
from core.agents.health import Looking
from core.agents.status import Standing, standing
from core.connections.signed import Tokens
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from tests.agents.conftest import Office
from tests.echo import Echo
from tests.vendors.openai import OpenAIServer

ONCE = {"max_attempts": 1}


@pytest.fixture
async def canary() -> AsyncIterator[Echo]:
    async with Echo() as echo:
        yield echo


async def test_a_private_address_is_never_connected_to(office: Office, canary: Echo) -> None:
    """As if the operator had taken the allowance away after the connection was saved."""
    await office.provider(f"{canary.url}/v1")
    async with Outgoing(Policy.of([])) as out:
        office.out = out
        async with office.engine():
            run = await office.ask("code_bot", "Do it", retry=ONCE)
    assert (run["status"], run["error_code"]) == ("failed", "blocked_address")
    assert canary.hits == []


@pytest.mark.parametrize("stream", [False, True])
async def test_a_redirect_of_the_provider_is_not_followed(office: Office, canary: Echo, stream: bool) -> None:
    async with Echo() as provider:
        await office.provider(f"{provider.url}/redirect?status=307&to={canary.url}/&x=")
        async with office.engine():
            run = await office.ask("code_bot", "Do it", retry=ONCE, stream=stream)
    assert run["status"] == "failed"
    assert run["error_code"].startswith("model_")
    assert canary.hits == []


async def found(office: Office) -> Standing:
    async with office.db.transaction() as connection:
        agent = await repository.named(connection, office.workspace, "code_bot")
        assert agent is not None
        return await standing(connection, agent)


async def test_a_provider_that_fails_makes_its_agents_offline(office: Office, models: OpenAIServer) -> None:
    await office.provider(models.url)
    looking = Looking(office.db, office.door, office.out, Tokens())
    assert await looking.look(0) == 0  # nobody uses it yet
    assert (await found(office)).status == "online"
    assert await looking.look(0) == 1
    assert (await found(office)).status == "online"
    models.key = "another"
    assert await looking.look(0) == 1
    told = await found(office)
    assert (told.status, told.since is not None) == ("offline", True)
    assert (told.code, "refused the key" in (told.reason or "")) == ("model_unauthorized", True)
    models.key = None
    assert await looking.look(0) == 1
    assert (await found(office)).status == "online"
