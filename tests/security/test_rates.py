"""Floods: each address, user, workspace and webhook has its share, and is told how it stands."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network

import httpx
import pytest

from api.app import create_app
from api.origin import Origin, counted_as
from core.db import Database
from core.keys import Keys
from core.settings import Settings
from tests.api.conftest import PASSWORD, Tenant, client_of, problem, serve, until
from tests.api.rows import SECRET, add_webhook

PROXY = {"trusted_proxies": (ip_network("127.0.0.1/32"),)}


@asynccontextmanager
async def running(settings: Settings, keys: Keys, dsn: str, **changed: object) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(replace(settings, **changed), keys, Database(dsn, application="test", size=5))  # type: ignore[arg-type]
    async with serve(app) as served, client_of(served) as client:

        async def is_open() -> bool:
            return bool(app.state.services.listener.connected)

        await until(is_open)
        yield client


async def registered(client: httpx.AsyncClient, email: str) -> Tenant:
    answer = await client.post("/api/auth/register", json={"email": email, "password": PASSWORD, "name": "A"})
    body = answer.json()
    return Tenant(email, body["access_token"], body["user"]["id"], body["workspace"]["id"])


@pytest.mark.proves("RISK-5", "I-30")
async def test_a_user_is_told_how_they_stand_and_then_to_wait(settings: Settings, keys: Keys, dsn: str) -> None:
    async with running(settings, keys, dsn, rate_user_per_min=5) as client:
        ada, eve = await registered(client, "ada@example.org"), await registered(client, "eve@example.org")
        answers = [await client.get("/api/me", headers=ada.headers) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"user";q=5;w=60'}
        assert answers[0].headers["ratelimit"] == '"user";r=4;t=12'
        assert answers[5].headers["ratelimit"].startswith('"user";r=0;t=')
        problem(answers[5], 429, "too_many_requests")
        assert 1 <= int(answers[5].headers["retry-after"]) <= 12
        assert (await client.get("/api/me", headers=eve.headers)).status_code == 200, "others have their own"
        refused = await client.get("/api/nothing", headers=ada.headers)
        assert refused.status_code == 404, "what needs no caller is not counted for them"


@pytest.mark.proves("RISK-5")
async def test_a_workspace_has_a_limit_for_all_of_its_people(
    settings: Settings, keys: Keys, dsn: str, db: Database
) -> None:
    async with running(settings, keys, dsn, rate_workspace_per_min=4) as client:
        ada, eve = await registered(client, "ada@example.org"), await registered(client, "eve@example.org")
        async with db.connection() as connection:
            await connection.execute(
                "INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ($1, $2, 'viewer')",
                ada.workspace_id, eve.user_id,
            )  # fmt: skip
        there = eve.headers | {"X-Workspace-Id": str(ada.workspace_id)}
        calls: list[Awaitable[httpx.Response]] = [client.get("/api/me", headers=h) for h in (ada.headers, there) * 2]
        assert [(await call).status_code for call in calls] == [200] * 4
        answer = await client.get("/api/me", headers=there)
        problem(answer, 429, "too_many_requests")
        assert answer.headers["ratelimit-policy"] == '"workspace";q=4;w=60'
        assert (await client.get("/api/me", headers=eve.headers)).status_code == 200, "in their own workspace"


@pytest.mark.proves("RISK-5")
async def test_an_address_is_counted_behind_a_proxy_that_is_trusted(settings: Settings, keys: Keys, dsn: str) -> None:
    async with running(settings, keys, dsn, rate_address_per_min=3, **PROXY) as client:
        flooder, other = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8"}
        for _ in range(3):
            assert (await client.get("/healthz", headers=flooder)).status_code == 200
        answer = await client.get("/healthz", headers=flooder)
        problem(answer, 429, "too_many_requests")
        assert answer.headers["ratelimit-policy"] == '"address";q=3;w=60'
        assert answer.headers["content-security-policy"]
        disguised = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
        assert (await client.get("/healthz", headers=disguised)).status_code == 429, (
            "what a client writes is not believed"
        )
        assert (await client.get("/healthz", headers=other)).status_code == 200


async def test_nobody_chooses_their_address_without_a_trusted_proxy(
    settings: Settings, keys: Keys, dsn: str, db: Database
) -> None:
    async with running(settings, keys, dsn) as client:
        hook = await add_webhook(db, await registered(client, "ada@example.org"))
        headers = {"X-Webhook-Secret": SECRET, "X-Forwarded-For": "203.0.113.7"}
        assert (await client.post(hook.path, headers=headers)).status_code == 202
    async with running(settings, keys, dsn, **PROXY) as client:
        assert (await client.post(hook.path, headers=headers)).status_code == 202
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT remote FROM deliveries ORDER BY received_at")
    assert [row["remote"] for row in rows] == ["127.0.0.1", "203.0.113.7"]


@pytest.mark.proves("RISK-5")
async def test_a_webhook_over_its_rate_says_so(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    hook = await add_webhook(db, ada, rate_per_min=2)
    answers = [await client.post(hook.path, headers={"X-Webhook-Secret": SECRET}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    problem(answers[2], 429, "webhook_rate")
    assert answers[2].headers["ratelimit-policy"] == '"webhook";q=2;w=60'
    assert int(answers[2].headers["retry-after"]) >= 1


TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "origin"),
    [
        ("203.0.113.7", ["1.2.3.4"], "203.0.113.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["1.2.3.4, 203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["1.2.3.4", "203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        ("10.0.0.1", ["10.9.9.9"], "10.9.9.9"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["1.2.3.4, nonsense, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["::ffff:203.0.113.7"], "203.0.113.7"),
        ("fd00::1", ["2001:db8::7"], "2001:db8::7"),
        ("::ffff:10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
    ],
)
def test_where_a_request_comes_from(peer: str, forwarded: list[str], origin: str) -> None:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    assert Origin(TRUSTED).of({"client": (peer, 1), "headers": headers}) == origin
    assert Origin().of({"client": (peer, 1), "headers": headers}) == peer


def test_whom_an_address_is_counted_for() -> None:
    assert counted_as("203.0.113.7") == counted_as("::ffff:203.0.113.7") == "203.0.113.7"
    assert counted_as("2001:db8::1") == counted_as("2001:db8::ffff:1") == "2001:db8::/64"
    assert counted_as("127.0.0.1") is None
    assert counted_as("::1") is None
