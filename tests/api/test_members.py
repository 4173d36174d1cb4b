"""Workspaces, members and roles, invitations."""

import asyncio
from typing import Any

import httpx
import pytest

from core.db import Database
from core.ids import new_id
from tests.api.conftest import PASSWORD, Tenant, problem, until


async def join(db: Database, workspace: Tenant, user: Tenant, role: str) -> None:
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ($1, $2, $3)"
            " ON CONFLICT (workspace_id, user_id) DO UPDATE SET role = excluded.role",
            workspace.workspace_id,
            user.user_id,
            role,
        )


def of(tenant: Tenant) -> str:
    return f"/api/workspaces/{tenant.workspace_id}"


async def invite(client: httpx.AsyncClient, ada: Tenant, email: str, role: str = "editor") -> str:
    """The token of an invitation's link."""
    answer = await client.post(f"{of(ada)}/invitations", json={"email": email, "role": role}, headers=ada.headers)
    assert answer.status_code == 201, answer.text
    link: str = answer.json()["link"]
    return link.rpartition("/")[2]


async def test_make_and_rename_a_workspace(client: httpx.AsyncClient, ada: Tenant, eve: Tenant) -> None:
    made = await client.post("/api/workspaces", json={"name": "Lab"}, headers=ada.headers)
    assert made.status_code == 201
    assert (made.json()["role"], made.json()["name"]) == ("owner", "Lab")
    path = f"/api/workspaces/{made.json()['id']}"
    renamed = await client.patch(path, json={"name": "Laboratory"}, headers=ada.headers)
    assert renamed.json()["name"] == "Laboratory"
    listed = (await client.get("/api/workspaces", headers=ada.headers)).json()["items"]
    assert [each["name"] for each in listed][1:] == ["Laboratory"]
    problem(await client.patch(path, json={"name": "Stolen"}, headers=eve.headers), 404, "workspace_not_found")
    problem(await client.post("/api/workspaces", json={"name": " "}, headers=ada.headers), 422, "invalid_request")


async def test_the_path_decides_the_workspace(
    client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant
) -> None:
    await join(db, ada, eve, "viewer")
    mixed = eve.headers | {"X-Workspace-Id": str(eve.workspace_id)}
    problem(await client.patch(of(ada), json={"name": "Stolen"}, headers=mixed), 403, "role_missing")
    members = (await client.get(f"{of(ada)}/members", headers=mixed)).json()["items"]
    assert {each["user_id"] for each in members} == {str(ada.user_id), str(eve.user_id)}


async def test_members_are_paged(client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant) -> None:
    await join(db, ada, eve, "editor")
    first = (await client.get(f"{of(ada)}/members?limit=1", headers=ada.headers)).json()
    second = (await client.get(f"{of(ada)}/members?limit=1&cursor={first['next_cursor']}", headers=ada.headers)).json()
    assert [each["role"] for each in first["items"] + second["items"]] == ["owner", "editor"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    "case",
    [
        ("owner", "editor", "owner", 200),
        ("owner", "owner", "viewer", 200),
        ("admin", "editor", "admin", 200),
        ("admin", "admin", "viewer", 200),
        ("admin", "editor", "owner", "owner_only"),
        ("admin", "owner", "viewer", "owner_only"),
        ("editor", "viewer", "editor", "role_missing"),
        ("viewer", "viewer", "editor", "role_missing"),
    ],
)
async def test_who_may_give_which_role(
    client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant, case: tuple[str, str, str, int | str]
) -> None:
    """Ada owns it; Eve acts on a third, and may remove whom she may demote."""
    acting, target, wanted, code = case
    third = (
        await client.post("/api/auth/register", json={"email": "third@example.org", "password": PASSWORD, "name": "T"})
    ).json()["user"]["id"]
    await join(db, ada, eve, acting)
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ($1, $2, $3)",
            ada.workspace_id,
            third,
            target,
        )
    path = f"{of(ada)}/members/{third}"
    answer = await client.patch(path, json={"role": wanted}, headers=eve.headers)
    removed = await client.delete(path, headers=eve.headers)
    if isinstance(code, int):
        assert (answer.status_code, answer.json()["role"]) == (code, wanted)
        assert removed.status_code == 204
    else:
        problem(answer, 403, code)
        if target == "owner" or acting in ("editor", "viewer"):
            problem(removed, 403, code)
        members = (await client.get(f"{of(ada)}/members", headers=ada.headers)).json()["items"]
        left = [each["role"] for each in members if each["user_id"] == third]
        assert left == ([] if removed.status_code == 204 else [target])


async def test_the_last_owner_stays(
    client: httpx.AsyncClient, db: Database, superuser: Database, ada: Tenant, eve: Tenant
) -> None:
    mine, hers = f"{of(ada)}/members/{ada.user_id}", f"{of(ada)}/members/{eve.user_id}"
    problem(await client.patch(mine, json={"role": "admin"}, headers=ada.headers), 409, "last_owner")
    problem(await client.delete(mine, headers=ada.headers), 409, "last_owner")
    await join(db, ada, eve, "owner")

    async def both_wait() -> bool:
        async with superuser.connection() as other:
            waiting = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            return bool(await other.fetchval(waiting) == 2)

    async with db.transaction() as connection:  # both have begun before either goes on
        await connection.execute("SELECT FROM workspaces WHERE id = $1 FOR UPDATE", ada.workspace_id)
        leaving = [
            asyncio.create_task(client.delete(mine, headers=ada.headers)),
            asyncio.create_task(client.delete(hers, headers=eve.headers)),
        ]
        await until(both_wait)
    answers = await asyncio.gather(*leaving)
    assert sorted(answer.status_code for answer in answers) == [204, 409], "both at once would leave nobody"
    async with db.connection() as connection:
        owners = "SELECT count(*) FROM workspace_members WHERE workspace_id = $1 AND role = 'owner'"
        assert await connection.fetchval(owners, ada.workspace_id) == 1


async def test_everybody_may_leave_and_changes_count_at_once(
    client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant
) -> None:
    await join(db, ada, eve, "viewer")
    path, here = f"{of(ada)}/members/{eve.user_id}", eve.headers | {"X-Workspace-Id": str(ada.workspace_id)}
    assert (await client.get("/api/me", headers=here)).json()["workspace"]["role"] == "viewer"
    assert (await client.patch(path, json={"role": "admin"}, headers=ada.headers)).status_code == 200
    assert (await client.patch(of(ada), json={"name": "Renamed"}, headers=here)).status_code == 200
    assert (await client.delete(path, headers=here)).status_code == 204
    problem(await client.get("/api/me", headers=here), 404, "workspace_not_found")
    problem(await client.delete(path, headers=ada.headers), 404, "member_not_found")
    problem(await client.patch(path, json={"role": "admin"}, headers=ada.headers), 404, "member_not_found")


async def test_an_invitation_is_accepted_once(
    client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant
) -> None:
    token = await invite(client, ada, eve.email.upper())
    offer = await client.get(f"/api/invitations/{token}")
    assert (offer.status_code, offer.json()["workspace_id"]) == (200, str(ada.workspace_id))
    listed = await client.get(f"{of(ada)}/invitations", headers=ada.headers)
    assert len(listed.json()["items"]) == 1
    assert token not in listed.text
    async with db.connection() as connection:
        assert token not in await connection.fetchval("SELECT to_jsonb(i)::text FROM invitations i")
    accepted = await client.post(f"/api/invitations/{token}/accept", headers=eve.headers)
    assert accepted.json() == {"workspace_id": str(ada.workspace_id)}
    me = await client.get("/api/me", headers=eve.headers | {"X-Workspace-Id": str(ada.workspace_id)})
    assert me.json()["workspace"]["role"] == "editor"
    problem(await client.post(f"/api/invitations/{token}/accept", headers=eve.headers), 410, "invitation_over")
    problem(await client.get(f"/api/invitations/{token}"), 410, "invitation_over")
    body: dict[str, Any] = {"email": eve.email, "role": "admin"}
    problem(await client.post(f"{of(ada)}/invitations", json=body, headers=ada.headers), 409, "already_member")


async def test_an_invitation_is_for_one_address(client: httpx.AsyncClient, ada: Tenant, eve: Tenant) -> None:
    token = await invite(client, ada, "bob@example.org")
    answer = await client.post(f"/api/invitations/{token}/accept", headers=eve.headers)
    problem(answer, 403, "invitation_for_another")
    problem(await client.get(f"/api/invitations/{token[:-1]}"), 404, "invitation_unknown")
    problem(await client.post("/api/invitations/x/accept", headers=eve.headers), 404, "invitation_unknown")


async def test_invitations_end(client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant) -> None:
    replaced = await invite(client, ada, eve.email)
    withdrawn = await invite(client, ada, eve.email)
    (shown,) = (await client.get(f"{of(ada)}/invitations", headers=ada.headers)).json()["items"]
    path = f"{of(ada)}/invitations/{shown['id']}"
    problem(await client.delete(path, headers=eve.headers), 404, "workspace_not_found")
    assert (await client.delete(path, headers=ada.headers)).status_code == 204
    problem(await client.delete(path, headers=ada.headers), 404, "invitation_unknown")
    late = await invite(client, ada, eve.email)
    async with db.connection() as connection:
        await connection.execute("UPDATE invitations SET expires_at = now() WHERE revoked_at IS NULL")
    for token in (replaced, withdrawn, late):
        answer = await client.post(f"/api/invitations/{token}/accept", headers=eve.headers)
        problem(answer, 410, "invitation_over")


async def test_who_may_invite(client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant) -> None:
    path, body = f"{of(ada)}/invitations", {"email": "bob@example.org", "role": "viewer"}
    await join(db, ada, eve, "editor")
    problem(await client.post(path, json=body, headers=eve.headers), 403, "role_missing")
    problem(await client.get(path, headers=eve.headers), 403, "role_missing")
    promoted = await client.patch(f"{of(ada)}/members/{eve.user_id}", json={"role": "admin"}, headers=ada.headers)
    assert promoted.status_code == 200
    problem(await client.post(path, json=body | {"role": "owner"}, headers=eve.headers), 403, "owner_only")
    answer = await client.post(path, json=body, headers=eve.headers)
    assert answer.status_code == 201
    assert (await client.delete(f"{of(ada)}/members/{eve.user_id}", headers=ada.headers)).status_code == 204
    token = answer.json()["link"].rpartition("/")[2]
    problem(await client.get(f"/api/invitations/{token}"), 410, "invitation_over")
    problem(await client.post(path, json=body | {"email": "x"}, headers=ada.headers), 422, "invalid_email")


async def test_an_invitation_opens_closed_sign_up(client: httpx.AsyncClient, served: Any, ada: Tenant) -> None:
    served.app.state.services.accounts._signup_open = False
    token = await invite(client, ada, "bob@example.org", "viewer")
    body = {"email": "bob@example.org", "password": PASSWORD, "name": "Bob"}
    problem(await client.post("/api/auth/register", json=body), 403, "signup_closed")
    for wrong, status, code in (
        ({"invitation": token, "email": "mallory@example.org"}, 403, "invitation_for_another"),
        ({"invitation": token[:-2] + "xx"}, 404, "invitation_unknown"),
    ):
        problem(await client.post("/api/auth/register", json=body | wrong), status, code)
    answer = await client.post("/api/auth/register", json=body | {"invitation": token})
    assert answer.status_code == 201
    assert (answer.json()["workspace"]["id"], answer.json()["workspace"]["role"]) == (str(ada.workspace_id), "viewer")
    again = body | {"invitation": token, "email": "bob2@example.org"}
    problem(await client.post("/api/auth/register", json=again), 410, "invitation_over")


async def test_somebody_without_a_workspace_comes_in_by_an_invitation(
    client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant
) -> None:
    async with db.connection() as connection:
        await connection.execute("DELETE FROM workspace_members WHERE user_id = $1", eve.user_id)
    body = {"email": eve.email, "password": PASSWORD}
    problem(await client.post("/api/auth/login", json=body), 403, "no_workspace")
    token = await invite(client, ada, eve.email)
    answer = await client.post("/api/auth/login", json=body | {"invitation": token})
    assert answer.json()["workspace"]["id"] == str(ada.workspace_id)
    problem(await client.get(f"/api/workspaces/{new_id()}/members", headers=eve.headers), 404, "workspace_not_found")
