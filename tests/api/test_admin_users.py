"""What operators do with the users of their installation."""

import httpx

from tests.api.conftest import PASSWORD, Register, Tenant, problem

USERS = "/api/admin/users"


async def test_they_are_listed_by_pages_and_found(client: httpx.AsyncClient, ada: Tenant, eve: Tenant) -> None:
    first = (await client.get(f"{USERS}?limit=1", headers=ada.headers)).json()
    rest = (await client.get(f"{USERS}?cursor={first['next_cursor']}", headers=ada.headers)).json()
    emails = [each["email"] for each in first["items"] + rest["items"]]
    assert (emails, rest["next_cursor"]) == ([ada.email, eve.email], None)
    found = (await client.get(f"{USERS}?search={eve.email[:6].upper()}", headers=ada.headers)).json()["items"]
    assert [(each["email"], each["is_operator"], each["disabled"]) for each in found] == [(eve.email, False, False)]
    problem(await client.get(USERS, headers=eve.headers), 403, "operator_only")
    problem(await client.get(f"{USERS}?cursor=x", headers=ada.headers), 422, "invalid_request")


async def test_who_is_disabled_is_out_until_enabled(client: httpx.AsyncClient, ada: Tenant, eve: Tenant) -> None:
    of_eve, sign_in = f"{USERS}/{eve.user_id}", {"email": eve.email, "password": PASSWORD}
    changed = await client.patch(of_eve, json={"disabled": True}, headers=ada.headers)
    assert (changed.status_code, changed.json()["disabled"]) == (200, True)
    assert (await client.get("/api/me", headers=eve.headers)).status_code == 401
    problem(await client.post("/api/auth/login", json=sign_in), 403, "account_disabled")
    problem(await client.post(f"{of_eve}/reset-link", headers=ada.headers), 409, "account_disabled")
    assert (await client.patch(of_eve, json={"disabled": False}, headers=ada.headers)).json()["disabled"] is False
    assert (await client.post("/api/auth/login", json=sign_in)).status_code == 200
    problem(await client.patch(of_eve, json={}, headers=ada.headers), 422, "invalid_request")
    problem(await client.patch(of_eve, json={"disabled": True}, headers=eve.headers), 401, "token_revoked")


async def test_a_link_sets_a_password(client: httpx.AsyncClient, ada: Tenant, eve: Tenant) -> None:
    made = await client.post(f"{USERS}/{eve.user_id}/reset-link", headers=ada.headers)
    token = made.json()["url"].rpartition("/")[2]
    body = {"token": token, "password": "another long password"}
    assert (await client.post("/api/auth/password/reset", json=body)).status_code in (200, 204)
    sign_in = {"email": eve.email, "password": "another long password"}
    assert (await client.post("/api/auth/login", json=sign_in)).status_code == 200
    problem(await client.post(f"{USERS}/{eve.user_id}/reset-link", headers=eve.headers), 401, "token_revoked")


async def test_one_operator_is_left(client: httpx.AsyncClient, ada: Tenant, register: Register) -> None:
    bob = await register()
    demoted = {"is_operator": False}
    problem(await client.patch(f"{USERS}/{ada.user_id}", json=demoted, headers=ada.headers), 409, "last_operator")
    problem(
        await client.patch(f"{USERS}/{ada.user_id}", json={"disabled": True}, headers=ada.headers), 409, "last_operator"
    )
    made = await client.patch(f"{USERS}/{bob.user_id}", json={"is_operator": True}, headers=ada.headers)
    assert made.json()["is_operator"] is True
    assert (await client.patch(f"{USERS}/{ada.user_id}", json=demoted, headers=bob.headers)).status_code == 200
    problem(await client.get(USERS, headers=ada.headers), 403, "operator_only")
    query = "/api/audit?installation=true&limit=10"
    noted = (await client.get(query, headers=bob.headers)).json()["items"]
    assert [each["action"] for each in noted[:2]] == ["user.operator_changed"] * 2


async def test_nobody_there(client: httpx.AsyncClient, ada: Tenant) -> None:
    nobody = f"{USERS}/0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a"
    problem(await client.patch(nobody, json={"disabled": True}, headers=ada.headers), 404, "user_not_found")
    problem(await client.post(f"{nobody}/reset-link", headers=ada.headers), 404, "user_not_found")
