"""Registration, login and the caller's own data."""

import asyncio
from dataclasses import replace
from statistics import median
from time import perf_counter

import httpx
import pytest

from api.app import create_app
from core.db import Database
from core.ids import new_id
from core.keys import Keys
from core.settings import Settings
from tests.api.conftest import PASSWORD, Register, Tenant, client_of, problem, serve, until


async def test_register_gives_a_token_that_works(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/auth/register",
        json={"email": "Ada@Example.org", "password": PASSWORD, "name": " Ada ", "workspace_name": "Lab"},
    )
    assert answer.status_code == 201
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("bearer", 600)
    assert body["user"]["is_operator"]
    assert body["user"]["name"] == "Ada"
    assert (body["workspace"]["name"], body["workspace"]["role"]) == ("Lab", "owner")
    me = await client.get("/api/me", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert me.status_code == 200
    assert me.json()["workspace"]["id"] == body["workspace"]["id"]
    assert PASSWORD not in me.text
    assert "password" not in me.text


async def test_only_the_first_user_is_operator(ada: Tenant, eve: Tenant, client: httpx.AsyncClient) -> None:
    operators = [
        (await client.get("/api/me", headers=each.headers)).json()["user"]["is_operator"] for each in (ada, eve)
    ]
    assert operators == [True, False]


async def test_first_users_at_once_make_one_operator(client: httpx.AsyncClient, db: Database) -> None:
    answers = await asyncio.gather(
        *(
            client.post("/api/auth/register", json={"email": f"u{n}@example.org", "password": PASSWORD, "name": "U"})
            for n in range(6)
        )
    )
    assert [answer.status_code for answer in answers] == [201] * 6
    assert sum(answer.json()["user"]["is_operator"] for answer in answers) == 1


async def test_sign_up_closes_after_the_first_user(settings: Settings, keys: Keys, app_dsn: str) -> None:
    app = create_app(replace(settings, signup_open=False), keys, Database(app_dsn, application="test"))
    async with serve(app) as served, client_of(served) as client:

        async def attempt() -> httpx.Response:
            return await client.post(
                "/api/auth/register", json={"email": f"{new_id()}@example.org", "password": PASSWORD, "name": "X"}
            )

        async def first() -> bool:
            return (await attempt()).status_code == 201

        await until(first)
        body = problem(await attempt(), 403, "signup_closed")
        assert "VUTLER_SIGNUP" in body["detail"]


@pytest.mark.parametrize("email", ["ada@example.org", "ADA@example.org", " ada@EXAMPLE.org "])
async def test_an_address_is_taken_once(client: httpx.AsyncClient, register: Register, email: str) -> None:
    await register("ada@example.org")
    body = {"email": email, "password": PASSWORD, "name": "A"}
    problem(await client.post("/api/auth/register", json=body), 409, "email_taken")


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"password": "short"}, "password"),
        ({"password": "x" * 257}, "password"),
        ({"name": "   "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"email": None}, "email"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_bad_registrations_say_where(client: httpx.AsyncClient, change: dict[str, object], at: str) -> None:
    body = {"email": "a@example.org", "password": PASSWORD, "name": "A"} | change
    found = problem(await client.post("/api/auth/register", json=body), 422, "invalid_request")
    assert [each["at"] for each in found["errors"]] == [at]


@pytest.mark.parametrize(
    "email", ["nobody", "a@b..c", "a b@example.org", "@example.org", "a@example.org\r\nBcc: x@y.z"]
)
async def test_bad_addresses(client: httpx.AsyncClient, email: str) -> None:
    body = {"email": email, "password": PASSWORD, "name": "A"}
    found = problem(await client.post("/api/auth/register", json=body), 422, "invalid_email")
    assert found["errors"][0]["at"] == "email"


@pytest.mark.parametrize("email", ["admin@localhost", "me@office.local"])
async def test_addresses_of_a_house_are_fine(client: httpx.AsyncClient, email: str) -> None:
    body = {"email": email, "password": PASSWORD, "name": "A"}
    assert (await client.post("/api/auth/register", json=body)).status_code == 201


async def test_login(client: httpx.AsyncClient, ada: Tenant) -> None:
    answer = await client.post("/api/auth/login", json={"email": ada.email.upper(), "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["workspace"]["id"] == str(ada.workspace_id)


async def test_unknown_and_wrong_are_told_the_same_in_the_same_time(client: httpx.AsyncClient, ada: Tenant) -> None:
    async def timed(email: str) -> tuple[float, dict[str, object]]:
        began = perf_counter()
        answer = await client.post("/api/auth/login", json={"email": email, "password": "not the password"})
        elapsed = perf_counter() - began
        body = problem(answer, 401, "wrong_credentials")
        return elapsed, {name: value for name, value in body.items() if name != "request_id"}

    known = [await timed(ada.email) for _ in range(7)]
    unknown = [await timed(f"nobody{n}@example.org") for n in range(7)]
    assert known[0][1] == unknown[0][1]
    ratio = median(each[0] for each in unknown) / median(each[0] for each in known)
    assert 0.4 < ratio < 2.5


async def test_many_attempts_are_slowed_down(client: httpx.AsyncClient, ada: Tenant) -> None:
    body = {"email": ada.email, "password": "not the password"}
    answers = [await client.post("/api/auth/login", json=body) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    problem(answers[-1], 429, "too_many_logins")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 30
    right = await client.post("/api/auth/login", json=body | {"password": PASSWORD})
    assert right.status_code == 429, "guessing on would have been worth it"


async def test_change_my_name(client: httpx.AsyncClient, ada: Tenant) -> None:
    answer = await client.patch("/api/me", json={"name": "Ada Lovelace"}, headers=ada.headers)
    assert answer.status_code == 200
    assert answer.json()["name"] == "Ada Lovelace"
    problem(await client.patch("/api/me", json={"name": ""}, headers=ada.headers), 422, "invalid_request")
    problem(await client.patch("/api/me", json={"email": "x@y.z"}, headers=ada.headers), 422, "invalid_request")


async def test_another_workspace_of_mine(client: httpx.AsyncClient, ada: Tenant, eve: Tenant, db: Database) -> None:
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ($1, $2, 'viewer')",
            ada.workspace_id,
            eve.user_id,
        )
    answer = await client.get("/api/me", headers=eve.headers | {"X-Workspace-Id": str(ada.workspace_id)})
    assert answer.json()["workspace"] == answer.json()["workspaces"][1]
    assert answer.json()["workspace"]["role"] == "viewer"
    listed = await client.get("/api/workspaces", headers=eve.headers)
    assert [each["id"] for each in listed.json()["items"]] == [str(eve.workspace_id), str(ada.workspace_id)]


async def test_workspaces_need_a_token(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/workspaces")
    problem(answer, 401, "token_missing")
    assert answer.headers["www-authenticate"] == "Bearer"
