"""Every operation of OpenAPI by every kind of caller, on rows that are there: who is let in, and what strangers change.

An operation that is not in the table of expectations (tests/security/expected.py) fails. Whatever changes something has
a world of its own: what a stranger asked for in vain, its owner then gets.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from api import scopes
from api.openapi import operations
from core.accounts.scopes import ALL
from core.accounts.tokens import AccessTokens
from core.clock import now
from core.db import Database
from core.keys import Keys
from tests import questions
from tests.api import coverage
from tests.api.conftest import PASSWORD, Register, Tenant
from tests.security.expected import EXPECTED, NOT_MEMBER, OPEN, OPERATORS_ONLY, ROLES, Expected, Refused
from tests.security.world import Ids, World, build

Headers = dict[str, str]

SCHEMA = coverage.application().openapi()
SECURED = [f"{method} {path}" for method, path, operation in operations(SCHEMA) if operation.get("security")]
OTHERS = [f"{method} {path}" for method, path, operation in operations(SCHEMA) if not operation.get("security")]
OURS = {"Sec-Fetch-Site": "same-origin"}  # as a browser says of Vutler's own pages
PARTS = 4  # which run beside each other

# What the server and valid tokens write by themselves.
_WRITTEN_BY_ITSELF = {"api_tokens": "last_used_at"}


def test_every_operation_has_an_expectation() -> None:
    assert sorted(SECURED) == sorted(EXPECTED), "say who may call it, and what its owner is answered"
    assert sorted(OTHERS) == sorted(OPEN), "an operation without a token needs something in its place"


@dataclass(frozen=True)
class Crowd:
    """Callers by who they are: their headers."""

    strangers: dict[str, tuple[Headers, Refused]]  # and what they are answered, whatever they ask for
    members: dict[str, Headers]  # of Ada's workspace, by their role; none of them is an operator
    lacking: dict[str, Headers]  # Ada's API token with all scopes but this one
    having: dict[str, Headers]  # with this scope alone
    every_scope: Headers

    def narrowest(self, operation: str, session: Headers) -> Headers:
        """What lets Ada in: the API token with the scope that it needs alone, or her session where no token may."""
        scope = scopes.needed(*operation.split(" "))
        return session if scope in (scopes.PEOPLE, scopes.ANY) else self.having[scope]


@pytest.fixture
async def members(ada: Tenant, register: Register, db: Database) -> dict[str, Tenant]:
    """People who are or were in Ada's workspace."""
    people = {role: await register() for role in (*ROLES, "former")}
    for role, person in people.items():
        await questions.join(db, ada.workspace_id, person.user_id, "owner" if role == "former" else role)
    async with db.connection() as connection:
        await connection.execute(
            "DELETE FROM workspace_members WHERE user_id = $1 AND workspace_id = $2",
            people["former"].user_id,
            ada.workspace_id,
        )
    return people


@pytest.fixture
def token(client: httpx.AsyncClient, ada: Tenant) -> Callable[..., Awaitable[tuple[str, Headers]]]:
    """`await token("read", "run")`: an API token of Ada's with these scopes, its id and headers."""

    async def made(*wanted: str) -> tuple[str, Headers]:
        answer = await client.post("/api/tokens", headers=ada.headers, json={"name": "x", "scopes": wanted})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"], {"Authorization": f"Bearer {answer.json()['token']}"}

    return made


@pytest.fixture
async def crowd(
    *,
    client: httpx.AsyncClient,
    db: Database,
    ada: Tenant,
    eve: Tenant,
    members: dict[str, Tenant],
    keys: Keys,
    token: Any,
) -> Crowd:
    hour_ago = AccessTokens(keys.jwt, clock=lambda: now() - timedelta(hours=1))
    late = hour_ago.issue(ada.user_id, ada.workspace_id, ada.session_id)
    deleted, of_deleted = await token(*ALL)
    assert (await client.delete(f"/api/tokens/{deleted}", headers=ada.headers)).status_code == 204
    expired, of_expired = await token(*ALL)
    async with db.connection() as connection:
        await connection.execute("UPDATE api_tokens SET expires_at = now() WHERE id = $1", UUID(expired))
    here = {"X-Workspace-Id": str(ada.workspace_id)}
    strangers: dict[str, tuple[Headers, Refused]] = {
        "anonymous": ({}, (401, "token_missing")),
        "expired": ({"Authorization": f"Bearer {late}"}, (401, "token_expired")),
        "revoked": (await _signed_out(client, ada), (401, "token_revoked")),
        "deleted API token": (of_deleted, (401, "token_invalid")),
        "expired API token": (of_expired, (401, "token_expired")),
        "owner of another workspace": (eve.headers | here, NOT_MEMBER),
        "former owner": (members["former"].headers | here, NOT_MEMBER),
    }
    return Crowd(
        strangers,
        {role: members[role].headers | here for role in ROLES},
        {scope: (await token(*(ALL - {scope})))[1] for scope in ALL},
        {scope: (await token(scope))[1] for scope in ALL},
        (await token(*ALL))[1],
    )


async def _signed_out(client: httpx.AsyncClient, somebody: Tenant) -> Headers:
    """The access token of a session that was ended."""
    client.cookies.clear()
    answer = await client.post("/api/auth/login", json={"email": somebody.email, "password": PASSWORD})
    assert (await client.post("/api/auth/logout", headers=OURS)).status_code == 204
    client.cookies.clear()
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@dataclass(frozen=True)
class Asker:
    """Asks for an operation, and notes where the answer is not the one expected."""

    client: httpx.AsyncClient
    operation: str
    wrong: list[str]

    @property
    def expected(self) -> Expected:
        return EXPECTED[self.operation]

    async def check(
        self, who: str, headers: Headers, world: World, wanted: Refused | int, foreign: Ids | None = None
    ) -> None:
        """`foreign`: ids that take the place of the world's."""
        status, code = (wanted, "") if isinstance(wanted, int) else wanted
        got, said = await self._ask(headers, world, foreign or {})
        if got != status or (code and said != code):
            self.wrong.append(f"{self.operation} by {who}: {got} {said}, not {status} {code}")

    def ids(self, world: World) -> Ids:
        return world.ids | {name: getattr(world, other) for name, other in self.expected.instead.items()}

    async def _ask(self, headers: Headers, world: World, foreign: Ids) -> Refused:
        """The status, and the code of a problem."""
        method, path = self.operation.split(" ")
        url = path.format(**self.ids(world) | foreign) + self.expected.query
        body = self.expected.body(world) if callable(self.expected.body) else self.expected.body
        sent: dict[str, Any] = {} if body is None else {"content" if isinstance(body, bytes) else "json": body}
        async with self.client.stream(method, url, headers=headers, **sent) as answer:
            if self.expected.stream and answer.status_code == 200:
                return 200, ""
            await answer.aread()
            return answer.status_code, answer.json()["code"] if answer.status_code >= 400 else ""


async def snapshot(superuser: Database) -> dict[str, str]:
    """Everything there is, table by table: of workspaces, of people, of the installation."""
    async with superuser.transaction() as connection:
        tables = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'tenant_vutler'::regnamespace AND relkind IN ('r', 'p')"
            " AND NOT relispartition"
        )
        return {
            row[0]: str(
                await connection.fetchval(
                    f"SELECT jsonb_agg(to_jsonb(t) - $1::text ORDER BY t::text) FROM {row[0]} t",
                    _WRITTEN_BY_ITSELF.get(row[0], ""),
                )
            )
            for row in tables
        }


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The tables that are not as they were."""
    return sorted(name for name in before if after[name] != before[name])


async def _strangers(asker: Asker, crowd: Crowd, adas: World, eve: Tenant, eves: World) -> None:
    """Everybody who is to be refused, and what they are told."""
    expected = asker.expected
    for who, (headers, refused) in crowd.strangers.items():
        await asker.check(who, headers, adas, refused)
    parameters = re.findall(r"{(\w+)}", asker.operation)
    named = [name for name in parameters if isinstance(adas.ids.get(name), UUID) or name in ("token", "plan")]
    for name in named:
        foreign = {name: asker.ids(adas)[name]}
        await asker.check(f"owner of another workspace, {name}", eve.headers, eves, expected.foreign, foreign)
    for role in ROLES:
        if expected.role == "operator":
            await asker.check(role, crowd.members[role], adas, OPERATORS_ONLY)
        elif ROLES.index(role) < ROLES.index(expected.role):
            await asker.check(role, crowd.members[role], adas, expected.lesser)
        elif expected.personal:
            await asker.check(role, crowd.members[role], adas, expected.personal)
    scope = scopes.needed(*asker.operation.split(" "))
    if scope == scopes.ANY:  # what is said there decides
        return
    if scope == scopes.PEOPLE:
        await asker.check("API token with every scope", crowd.every_scope, adas, (403, "people_only"))
    else:
        await asker.check(f"API token without {scope}", crowd.lacking[scope], adas, (403, "scope_missing"))


@pytest.mark.proves("R-PROD-1", "T-4", "D1 (1)")
@pytest.mark.parametrize("part", range(PARTS))
async def test_who_may_do_what(
    *, part: int, client: httpx.AsyncClient, db: Database, superuser: Database, ada: Tenant, eve: Tenant, crowd: Crowd
) -> None:
    wrong: list[str] = []
    fresh = True
    for operation in sorted(EXPECTED)[part::PARTS]:
        asker, expected = Asker(client, operation, wrong), EXPECTED[operation]
        if fresh:
            eves, adas = await build(client, db, eve), await build(client, db, ada)
        fresh = not operation.startswith("GET ")
        before = await snapshot(superuser)
        await _strangers(asker, crowd, adas, eve, eves)
        if tables := changed(before, await snapshot(superuser)):
            wrong.append(f"{operation}: a stranger changed {', '.join(tables)}")
        await asker.check("owner", crowd.narrowest(operation, ada.headers), adas, expected.status)
        if expected.role != "operator":
            await asker.check("owner of another workspace, of their own", eve.headers, eves, expected.status)
        if expected.role in ROLES and not expected.personal:
            world = await build(client, db, ada) if fresh else adas
            await asker.check(f"least role, {expected.role}", crowd.members[expected.role], world, expected.status)
    assert not wrong, "\n".join(wrong)


async def test_what_needs_no_token_needs_something_in_its_place(
    client: httpx.AsyncClient, db: Database, superuser: Database, ada: Tenant
) -> None:
    world = await build(client, db, ada)
    client.cookies.clear()
    wrong: list[str] = []
    for operation, expected in OPEN.items():
        before = await snapshot(superuser)
        method, path = operation.split(" ")
        ids = world.ids | {"webhook_id": world.webhook_id, "connection_id": world.ids["slack_id"]}
        url = path.format(**ids | {"token": "vui_" + "A" * 43})
        answer = await client.request(method, url, json=expected.body, headers=OURS)
        said = answer.json().get("code", "") if answer.status_code >= 400 else ""
        if (answer.status_code, said) != (expected.status, expected.code):
            wrong.append(f"{operation}: {answer.status_code} {said}, not {expected.status} {expected.code}")
        if (tables := set(changed(before, await snapshot(superuser)))) != expected.writes:
            wrong.append(f"{operation} changed {', '.join(tables) or 'nothing'}")
    assert not wrong, "\n".join(wrong)
