"""Refresh tokens: one lives at a time, reuse ends the session, no other site can use them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
from fastapi import Response

from api import session_cookie
from api.session_cookie import NAME
from core.db import Database
from core.settings import Settings
from tests.api.conftest import PASSWORD, Served, Tenant, client_of, problem


def from_(served: Served) -> dict[str, str]:
    return {"Origin": served.url}


async def refreshed(client: httpx.AsyncClient, served: Served, token: str) -> httpx.Response:
    client.cookies.clear()
    return await client.post("/api/auth/refresh", headers=from_(served) | {"Cookie": f"{NAME}={token}"})


async def signed_in(client: httpx.AsyncClient, tenant: Tenant) -> tuple[str, dict[str, str]]:
    """The refresh token of a new session, and the headers of its access token."""
    answer = await client.post("/api/auth/login", json={"email": tenant.email, "password": PASSWORD})
    assert answer.status_code == 200
    return answer.cookies[NAME], {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def age(db: Database, seconds: int) -> None:
    """As if the rotations were so long ago."""
    async with db.connection() as connection:
        await connection.execute("UPDATE sessions SET rotated_at = rotated_at - $1 * interval '1 second'", seconds)


async def test_the_cookie_is_out_of_reach(client: httpx.AsyncClient, ada: Tenant, settings: Settings) -> None:
    answer = await client.post("/api/auth/login", json={"email": ada.email, "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Path=/api/auth", "SameSite=strict"} <= set(cookie.split("; "))
    assert answer.cookies[NAME] not in answer.text
    for url, secure in (("https://vutler.example", True), ("http://localhost:8000", False)):
        response = Response()
        session_cookie.put(response, replace(settings, public_url=url), "x")
        assert ("Secure" in response.headers["set-cookie"]) is secure


async def test_refresh_rotates(client: httpx.AsyncClient, served: Served, ada: Tenant) -> None:
    token, _ = await signed_in(client, ada)
    for _ in range(3):
        answer = await refreshed(client, served, token)
        assert answer.status_code == 200
        assert answer.cookies[NAME] != token
        token = answer.cookies[NAME]
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        assert (await client.get("/api/me", headers=headers)).status_code == 200


async def test_reuse_ends_the_session_and_its_access_tokens(
    client: httpx.AsyncClient, served: Served, db: Database, ada: Tenant
) -> None:
    stolen, _ = await signed_in(client, ada)
    other, others = await signed_in(client, ada)
    answer = await refreshed(client, served, stolen)
    newest, headers = answer.cookies[NAME], {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await client.get("/api/me", headers=headers)).status_code == 200
    await age(db, 60)
    problem(await refreshed(client, served, stolen), 401, "session_reused")
    problem(await refreshed(client, served, newest), 401, "session_over")
    problem(await client.get("/api/me", headers=headers), 401, "token_revoked")
    assert (await client.get("/api/me", headers=others)).status_code == 200, "another session is another matter"
    assert (await refreshed(client, served, other)).status_code == 200


async def test_two_tabs_at_once_have_one_token(
    client: httpx.AsyncClient, served: Served, db: Database, ada: Tenant
) -> None:
    token, _ = await signed_in(client, ada)
    answers = await asyncio.gather(*(refreshed(client, served, token) for _ in range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert len({answer.cookies[NAME] for answer in answers}) == 1
    second = (await refreshed(client, served, answers[0].cookies[NAME])).cookies[NAME]
    problem(await refreshed(client, served, token), 401, "session_reused")  # two steps back, within the grace
    problem(await refreshed(client, served, second), 401, "session_over")


@pytest.mark.parametrize(
    "forged",
    [
        lambda token: "",
        lambda token: "vur_" + "A" * 72,
        lambda token: token[:-6] + ("B" if token[-6] != "B" else "C") + token[-5:],
        lambda token: token[:-1],
        lambda token: "x" * 5000,
    ],
    ids=["nothing", "made up", "changed", "cut", "long"],
)
async def test_forged_refresh_tokens_end_nothing(
    client: httpx.AsyncClient, served: Served, ada: Tenant, forged: Callable[[str], str]
) -> None:
    token, _ = await signed_in(client, ada)
    assert (await refreshed(client, served, forged(token))).json()["code"] in ("session_invalid", "session_missing")
    assert (await refreshed(client, served, token)).status_code == 200


async def test_no_kind_of_token_is_another(client: httpx.AsyncClient, served: Served, ada: Tenant) -> None:
    refresh, _ = await signed_in(client, ada)
    problem(await client.get("/api/me", headers={"Authorization": f"Bearer {refresh}"}), 401, "token_invalid")
    problem(await refreshed(client, served, ada.token), 401, "session_invalid")
    client.cookies.set(NAME, refresh, path="/")
    problem(await client.get("/api/me", headers={"Cookie": f"{NAME}={refresh}"}), 401, "token_missing")


async def test_a_session_grows_too_old(client: httpx.AsyncClient, served: Served, db: Database, ada: Tenant) -> None:
    token, _ = await signed_in(client, ada)
    async with db.connection() as connection:
        await connection.execute("UPDATE sessions SET ends_at = now() + interval '1 minute'")
    token = (await refreshed(client, served, token)).cookies[NAME]
    async with db.connection() as connection:
        left = await connection.fetchval("SELECT bool_and(expires_at <= ends_at) FROM sessions WHERE counter > 0")
        await connection.execute("UPDATE sessions SET expires_at = now() - interval '1 second'")
    assert left
    problem(await refreshed(client, served, token), 401, "session_over")


async def test_sign_out_here_and_everywhere(client: httpx.AsyncClient, served: Served, ada: Tenant) -> None:
    (first, here), (second, there), (_, elsewhere) = [await signed_in(client, ada) for _ in range(3)]
    for headers in (here, there, elsewhere):
        assert (await client.get("/api/me", headers=headers)).status_code == 200

    async def leave(token: str, query: str = "") -> httpx.Response:
        client.cookies.clear()
        return await client.post(f"/api/auth/logout{query}", headers=from_(served) | {"Cookie": f"{NAME}={token}"})

    answer = await leave(first)
    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["set-cookie"]
    problem(await client.get("/api/me", headers=here), 401, "token_revoked")
    problem(await refreshed(client, served, first), 401, "session_over")
    assert (await client.get("/api/me", headers=there)).status_code == 200
    assert (await leave(first, "?everywhere=true")).status_code == 204
    assert (await client.get("/api/me", headers=there)).status_code == 200, "a session that is over speaks for nobody"
    assert (await leave(second, "?everywhere=true")).status_code == 204
    for headers in (there, elsewhere, ada.headers):
        problem(await client.get("/api/me", headers=headers), 401, "token_revoked")


@pytest.mark.parametrize("path", ["/api/auth/refresh", "/api/auth/logout"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
        {"Origin": "http://[", "Sec-Fetch-Site": "same-origin"},
    ],
)
async def test_other_sites_are_refused(
    client: httpx.AsyncClient, served: Served, ada: Tenant, path: str, headers: dict[str, str]
) -> None:
    token, _ = await signed_in(client, ada)
    client.cookies.clear()
    problem(await client.post(path, headers=headers | {"Cookie": f"{NAME}={token}"}), 403, "cross_site")
    assert (await refreshed(client, served, token)).status_code == 200, "it changed nothing"


async def test_our_own_pages_are_not(
    client: httpx.AsyncClient, served: Served, settings: Settings, ada: Tenant
) -> None:
    token, _ = await signed_in(client, ada)
    for headers in (
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin", "Origin": served.url},
        {"Origin": settings.public_url},
    ):
        client.cookies.clear()
        answer = await client.post("/api/auth/refresh", headers=headers | {"Cookie": f"{NAME}={token}"})
        assert answer.status_code == 200
        token = answer.cookies[NAME]


async def test_no_site_is_let_in_by_cors(client: httpx.AsyncClient, ada: Tenant) -> None:
    asking = {"Origin": "https://evil.example"}
    preflight = asking | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    body = {"email": ada.email, "password": PASSWORD}
    for answer in (
        await client.get("/api/me", headers=ada.headers | asking),
        await client.post("/api/auth/login", json=body, headers=asking),
        await client.options("/api/auth/login", headers=preflight),
        await client.options("/api/auth/refresh", headers=preflight),
        await client.get("/nowhere", headers=asking),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert (await client.options("/api/auth/login", headers=preflight)).status_code == 405


async def test_a_disabled_user_is_out(client: httpx.AsyncClient, served: Served, db: Database, ada: Tenant) -> None:
    token, headers = await signed_in(client, ada)
    async with db.connection() as connection:
        await connection.execute("UPDATE users SET disabled_at = now()")
    problem(await client.get("/api/me", headers=headers), 401, "account_disabled")
    problem(await refreshed(client, served, token), 401, "session_over")
    body = {"email": ada.email, "password": PASSWORD}
    problem(await client.post("/api/auth/login", json=body), 403, "account_disabled")


async def test_at_most_four_passwords_are_hashed_at_once(served: Served) -> None:
    passwords = served.app.state.services.passwords
    work, now, most = passwords._work, 0, 0

    def counted(password: str, stored: str | None) -> str:
        nonlocal now, most
        now += 1
        most = max(most, now)
        try:
            return str(work(password, stored))
        finally:
            now -= 1

    passwords._work = counted
    async with client_of(served) as client:
        body = {"email": "nobody@example.org", "password": PASSWORD}
        answers = await asyncio.gather(
            *(client.post("/api/auth/login", json=body | {"email": f"n{n}@example.org"}) for n in range(24))
        )
    assert {answer.status_code for answer in answers} == {401}
    assert 2 <= most <= 4
