"""Profiles, passwords, verified addresses, and `vutler users`."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from typer.testing import CliRunner, Result

from core.accounts import recovery, repository
from core.db import Database
from deployments import cli
from tests.api.conftest import PASSWORD, Tenant, problem

NEW = "another battery staple"
Users = Callable[..., "asyncio.Future[Result]"]


@pytest.fixture
def users(dsn: str, monkeypatch: pytest.MonkeyPatch) -> Users:
    """`await users("list")`: the command, on this test's database."""
    monkeypatch.setenv("VUTLER_DATABASE_URL", dsn)
    monkeypatch.setenv("VUTLER_PUBLIC_URL", "https://vutler.example")

    def run(*arguments: str) -> "asyncio.Future[Result]":
        return asyncio.ensure_future(asyncio.to_thread(CliRunner().invoke, cli.app, ["users", *arguments]))

    return run


async def login(client: httpx.AsyncClient, email: str, password: str) -> int:
    return (await client.post("/api/auth/login", json={"email": email, "password": password})).status_code


async def test_profile(client: httpx.AsyncClient, ada: Tenant) -> None:
    answer = await client.patch(
        "/api/me",
        json={"name": "Ada L.", "locale": "fr", "timezone": "Europe/Paris", "mail_notifications": "all"},
        headers=ada.headers,
    )
    assert answer.status_code == 200
    me = (await client.get("/api/me", headers=ada.headers)).json()["user"]
    assert (me["name"], me["locale"], me["timezone"]) == ("Ada L.", "fr", "Europe/Paris")
    assert me["mail_notifications"] == "all"
    for change, at in (
        ({"mail_notifications": "x"}, "mail_notifications"),
        ({"locale": "xx"}, "locale"),
        ({"timezone": "Mars/Base"}, "timezone"),
    ):
        found = problem(await client.patch("/api/me", json=change, headers=ada.headers), 422, "invalid_request")
        assert [each["at"] for each in found["errors"]] == [at]


async def test_a_new_password_needs_the_current_one_and_ends_other_sessions(
    client: httpx.AsyncClient, ada: Tenant
) -> None:
    other = (await client.post("/api/auth/login", json={"email": ada.email, "password": PASSWORD})).json()
    others = {"Authorization": f"Bearer {other['access_token']}"}
    assert (await client.get("/api/me", headers=others)).status_code == 200
    for wrong in ({}, {"current_password": "not it"}):
        answer = await client.patch("/api/me", json={"password": NEW} | wrong, headers=ada.headers)
        found = problem(answer, 422, "invalid_request")
        assert [each["at"] for each in found["errors"]] == ["current_password"]
    body = {"password": NEW, "current_password": PASSWORD}
    assert (await client.patch("/api/me", json=body, headers=ada.headers)).status_code == 200
    assert (await client.get("/api/me", headers=ada.headers)).status_code == 200
    problem(await client.get("/api/me", headers=others), 401, "token_revoked")
    assert [await login(client, ada.email, each) for each in (PASSWORD, NEW)] == [401, 200]
    guesses = [
        await client.patch("/api/me", json={"password": NEW, "current_password": "x"}, headers=ada.headers)
        for _ in range(8)
    ]
    problem(guesses[-1], 429, "too_many_logins")


async def test_forgotten_passwords_tell_nothing(client: httpx.AsyncClient, ada: Tenant) -> None:
    answers = [
        await client.post("/api/auth/password/forgot", json={"email": email})
        for email in (ada.email, "nobody@example.org")
    ]
    assert [(answer.status_code, answer.content) for answer in answers] == [(202, b"")] * 2
    problem(await client.post("/api/auth/password/forgot", json={}), 422, "invalid_request")
    flood = [await client.post("/api/auth/password/forgot", json={"email": "n@example.org"}) for _ in range(11)]
    problem(flood[-1], 429, "too_many_logins")


async def test_a_reset_link_works_once_and_ends_every_session(
    client: httpx.AsyncClient, users: Users, ada: Tenant
) -> None:
    assert (await client.get("/api/me", headers=ada.headers)).status_code == 200
    former = (await users("reset-link", ada.email)).output.strip()
    link = (await users("reset-link", ada.email.upper())).output.strip()
    assert link.startswith("https://vutler.example/password/vul_")
    body = {"token": link.rpartition("/")[2], "password": NEW}
    for wrong in (former.rpartition("/")[2], body["token"][:-1], "x"):
        problem(await client.post("/api/auth/password/reset", json=body | {"token": wrong}), 410, "link_over")
    problem(await client.post("/api/auth/email/verify", json={"token": body["token"]}), 410, "link_over")
    problem(await client.post("/api/auth/password/reset", json=body | {"password": "short"}), 422, "invalid_request")
    answers = await asyncio.gather(*(client.post("/api/auth/password/reset", json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [204, 410, 410, 410]
    problem(await client.get("/api/me", headers=ada.headers), 401, "token_revoked")
    assert [await login(client, ada.email, each) for each in (PASSWORD, NEW)] == [401, 200]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE user_links SET expires_at = now()",
        "UPDATE users SET email = 'new@example.org'",
        "UPDATE users SET disabled_at = now()",
    ],
)
async def test_links_end(client: httpx.AsyncClient, db: Database, users: Users, ada: Tenant, change: str) -> None:
    link = (await users("reset-link", ada.email)).output.strip()
    async with db.connection() as connection:
        await connection.execute(change)
    body = {"token": link.rpartition("/")[2], "password": NEW}
    problem(await client.post("/api/auth/password/reset", json=body), 410, "link_over")


async def test_an_address_is_verified_by_its_link(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    assert (await client.post("/api/auth/email/send", headers=ada.headers)).status_code == 202
    problem(await client.post("/api/auth/email/send"), 401, "token_missing")
    async with db.transaction() as connection:
        user = await repository.user(connection, ada.user_id)
        assert user is not None
        link = await recovery.make_link(connection, "email", user, "https://vutler.example")
    body = {"token": link.rpartition("/")[2]}
    assert (await client.post("/api/auth/email/verify", json=body)).status_code == 204
    assert (await client.get("/api/me", headers=ada.headers)).json()["user"]["email_verified_at"] is not None
    problem(await client.post("/api/auth/email/verify", json=body), 410, "link_over")


async def test_users_of_the_command_line(client: httpx.AsyncClient, users: Users, ada: Tenant, eve: Tenant) -> None:
    added = await users("add", "Bob@example.org", "--name", "Bob")
    body = {"token": added.output.strip().rpartition("/")[2], "password": NEW}
    assert await login(client, "bob@example.org", "") == 401, "no password yet"
    assert (await client.post("/api/auth/password/reset", json=body)).status_code == 204
    assert await login(client, "bob@example.org", NEW) == 200
    assert (await users("operator", eve.email)).exit_code == 0
    listed = (await users("list")).output.splitlines()
    assert [line.split("\t")[0::3] for line in listed] == [
        [ada.email, "operator"],
        [eve.email, "operator"],
        ["Bob@example.org", ""],
    ]
    assert (await users("operator", ada.email, "--remove")).exit_code == 0
    assert (await users("disable", ada.email)).exit_code == 0
    problem(await client.get("/api/me", headers=ada.headers), 401, "account_disabled")
    refused = await users("reset-link", ada.email)
    assert (refused.exit_code, "vutler users enable" in refused.output) == (1, True)
    assert (await users("enable", ada.email)).exit_code == 0
    assert await login(client, ada.email, PASSWORD) == 200
    for arguments, text in (
        (("disable", eve.email), "last operator"),
        (("operator", eve.email, "--remove"), "last operator"),
        (("add", eve.email), "already"),
        (("add", "x"), "no e-mail address"),
        (("disable", "nobody@example.org"), "no user"),
    ):
        answer = await users(*arguments)
        assert answer.exit_code == 1
        assert text in answer.output
