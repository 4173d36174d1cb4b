"""Sign-in with OpenID Connect, against a real issuer: who comes in, and what is refused."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from api.app import create_app
from api.session_cookie import NAME
from core.db import Database
from core.keys import Keys
from core.settings import BadSetting, OidcSettings, Settings, load
from tests import issuer as issuers
from tests.api.conftest import PASSWORD, Served, client_of, problem, serve
from tests.issuer import Claims, Issuer

OURS = "https://vutler.example"


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuers.running() as found:
        found.redirect_uri = f"{OURS}/api/auth/oidc/callback"
        yield found


@pytest.fixture
def settings(settings: Settings, issuer: Issuer) -> Settings:
    oidc = OidcSettings(issuer.url, issuers.CLIENT, issuers.SECRET)
    return replace(settings, oidc=oidc, public_url=OURS)


async def begin(client: httpx.AsyncClient, query: str = "") -> tuple[str, str]:
    """Where the browser is sent, and the cookie it keeps."""
    answer = await client.get(f"/api/auth/oidc/login{query}")
    assert answer.status_code == 303, answer.text
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/api/auth/oidc"} <= set(
        answer.headers["set-cookie"].split("; ")
    )
    return answer.headers["location"], answer.headers["set-cookie"].partition(";")[0]


async def at_the_issuer(place: str) -> str:
    """Sign in there; gives the query that it sends back."""
    async with httpx.AsyncClient(trust_env=False) as browser:
        answer = await browser.get(place)
    assert answer.status_code == 302, answer.text
    return urlsplit(answer.headers["location"]).query


async def come_back(client: httpx.AsyncClient, query: str, cookie: str) -> httpx.Response:
    client.cookies.clear()
    answer = await client.get(f"/api/auth/oidc/callback?{query}", headers={"Cookie": cookie})
    assert answer.status_code == 303, answer.text
    return answer


async def sign_in(client: httpx.AsyncClient, query: str = "") -> httpx.Response:
    place, cookie = await begin(client, query)
    return await come_back(client, await at_the_issuer(place), cookie)


def refused(answer: httpx.Response, code: str = "oidc_refused") -> None:
    assert answer.headers["location"] == f"/login?error={code}"
    assert NAME not in answer.headers.get("set-cookie", "")


async def me(client: httpx.AsyncClient, answer: httpx.Response) -> Claims:
    """The user whom the session of this answer belongs to."""
    assert answer.headers["location"] == "/", answer.headers["location"]
    refresh = next(each for each in answer.headers.get_list("set-cookie") if each.startswith(NAME)).partition(";")[0]
    client.cookies.clear()
    renewed = await client.post("/api/auth/refresh", headers={"Cookie": refresh, "Origin": OURS})
    assert renewed.status_code == 200, renewed.text
    user: Claims = renewed.json()["user"]
    return user


async def test_somebody_new_comes_in_and_comes_back(client: httpx.AsyncClient, issuer: Issuer) -> None:
    first = await me(client, await sign_in(client))
    assert (first["email"], first["is_operator"]) == ("ada@example.org", True)
    assert first["email_verified_at"] is not None
    issuer.person["email"] = "renamed@example.org"
    assert (await me(client, await sign_in(client)))["id"] == first["id"], "known by issuer and subject"
    body = {"email": "ada@example.org", "password": ""}
    problem(await client.post("/api/auth/login", json=body), 401, "wrong_credentials")


@pytest.mark.parametrize("verified", [True, False])
async def test_an_account_of_the_same_address_is_linked(
    client: httpx.AsyncClient, db: Database, verified: bool
) -> None:
    """One that nobody verified may be a stranger's trap: what opened it before opens it no more."""
    body = {"email": "Ada@example.org", "password": PASSWORD}
    made = (await client.post("/api/auth/register", json=body | {"name": "Ada"})).json()
    headers = {"Authorization": f"Bearer {made['access_token']}"}
    token = (await client.post("/api/tokens", json={"name": "x", "scopes": ["read"]}, headers=headers)).json()["token"]
    if verified:
        async with db.connection() as connection:
            await connection.execute("UPDATE users SET email_verified_at = now()")
    assert (await me(client, await sign_in(client)))["id"] == made["user"]["id"]
    statuses = [
        (await client.get("/api/me", headers=headers)).status_code,
        (await client.get("/api/me", headers={"Authorization": f"Bearer {token}"})).status_code,
        (await client.post("/api/auth/login", json=body)).status_code,
    ]
    assert statuses == ([200] * 3 if verified else [401] * 3)
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT user_id, after FROM audit_log WHERE action = 'user.identity_linked'")
    assert [(str(row["user_id"]), row["after"]["started_anew"]) for row in rows] == [(made["user"]["id"], not verified)]


@pytest.mark.parametrize("change", [{"email_verified": False}, {"email_verified": "true"}, {"email": None}])
async def test_an_address_that_is_not_verified_links_nobody(
    client: httpx.AsyncClient, issuer: Issuer, db: Database, change: Claims
) -> None:
    await client.post("/api/auth/register", json={"email": "ada@example.org", "password": PASSWORD, "name": "Ada"})
    issuer.person |= change
    refused(await sign_in(client), "email_not_verified")
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM user_identities") == 0


async def test_the_rules_of_sign_up_hold(client: httpx.AsyncClient, served: Served, issuer: Issuer) -> None:
    owner = (
        await client.post("/api/auth/register", json={"email": "o@example.org", "password": PASSWORD, "name": "O"})
    ).json()
    served.app.state.services.accounts._signup_open = False
    refused(await sign_in(client), "signup_closed")
    invited = await client.post(
        f"/api/workspaces/{owner['workspace']['id']}/invitations",
        json={"email": "ada@example.org", "role": "viewer"},
        headers={"Authorization": f"Bearer {owner['access_token']}"},
    )
    token = invited.json()["link"].rpartition("/")[2]
    assert (await me(client, await sign_in(client, f"?invitation={token}")))["email"] == "ada@example.org"


def other_key(issuer: Issuer, claims: Claims) -> str:
    return jwt.encode(claims, rsa.generate_private_key(65537, 2048), algorithm="RS256", headers={"kid": issuer.kid})


def by_secret(issuer: Issuer, claims: Claims) -> str:
    return jwt.encode(claims, issuers.SECRET.ljust(32), algorithm="HS256", headers={"kid": issuer.kid})


def having(**more: object) -> Callable[[Issuer, Claims], str]:
    return lambda issuer, claims: issuer.signed(
        {name: value for name, value in (claims | more).items() if value is not None}
    )


BAD_TOKENS: dict[str, Callable[[Issuer, Claims], str]] = {
    "another key": other_key,
    "signed with the secret": by_secret,
    "not signed": lambda issuer, claims: jwt.encode(claims, None, algorithm="none"),
    "unknown key id": lambda issuer, claims: issuer.signed(claims, kid="k9"),
    "another issuer": having(iss="https://evil.example"),
    "another audience": having(aud="somebody else"),
    "another party": having(azp="somebody else"),
    "two audiences, no party": having(aud=[issuers.CLIENT, "somebody else"]),
    "another nonce": having(nonce="x"),
    "no nonce": having(nonce=None),
    "a nonce that is no text": having(nonce=["x"]),
    "expired": having(exp=1_700_000_000),
    "no end": having(exp=None),
    "no subject": having(sub=None),
    "an empty subject": having(sub=""),
    "garbage": lambda issuer, claims: "garbage",
}


async def test_id_tokens_that_are_refused(client: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    for name, sign in BAD_TOKENS.items():
        issuer.sign = sign
        answer = await sign_in(client)
        assert answer.headers["location"] == "/login?error=oidc_refused", name
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM users") == 0
    issuer.sign = None
    assert (await me(client, await sign_in(client)))["email"] == "ada@example.org"


async def test_what_comes_back_belongs_to_this_browser_and_is_used_once(
    client: httpx.AsyncClient, issuer: Issuer
) -> None:
    place, cookie = await begin(client)
    back = await at_the_issuer(place)
    other_place, other_cookie = await begin(client)
    fields = {name: values[0] for name, values in parse_qs(back).items()}
    for query, with_cookie in (
        (back, ""),
        (back, "vutler_oidc=x"),
        (back, other_cookie),
        (back.replace(fields["state"], "x"), cookie),
        (back.replace("&iss=", "&not="), cookie),
        (back.replace("127.0.0.1", "evil.example"), cookie),
        ("error=access_denied&state=" + fields["state"], cookie),
    ):
        refused(await come_back(client, query, with_cookie))
    assert issuer.exchanges == 0, "nothing of it was worth a question"
    # A code of another sign-in, brought under our own state: its verifier is another one.
    other = {name: values[0] for name, values in parse_qs(await at_the_issuer(other_place)).items()}
    refused(await come_back(client, back.replace(fields["code"], other["code"]), cookie))
    assert (await come_back(client, back, cookie)).headers["location"] == "/"
    refused(await come_back(client, back, cookie))


async def test_the_issuer_refuses_another_redirect(client: httpx.AsyncClient, issuer: Issuer) -> None:
    place, _ = await begin(client)
    async with httpx.AsyncClient(trust_env=False) as browser:
        answer = await browser.get(place.replace("vutler.example", "evil.example"))
    assert answer.status_code == 400


async def test_keys_are_rotated_and_an_issuer_is_who_it_says(
    client: httpx.AsyncClient, served: Served, issuer: Issuer
) -> None:
    await me(client, await sign_in(client))
    issuer.rotate()
    refused(await sign_in(client))  # the old keys are a moment old: nobody makes us ask again and again
    at, keys = served.app.state.services.provider._keys
    served.app.state.services.provider._keys = (at.replace(year=at.year - 1), keys)
    await me(client, await sign_in(client))
    served.app.state.services.provider._known = None
    issuer.said_of_itself = "https://evil.example"
    problem(await client.get("/api/auth/oidc/login"), 503, "issuer_away")


@pytest.mark.parametrize(
    "next_path", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "/\t/x"]
)
async def test_nobody_is_led_elsewhere(client: httpx.AsyncClient, next_path: str) -> None:
    place, cookie = await begin(client, str(httpx.QueryParams({"next": next_path})).join(["?", ""]))
    assert (await come_back(client, await at_the_issuer(place), cookie)).headers["location"] == "/"


async def test_without_an_issuer_there_is_none(settings: Settings, keys: Keys, dsn: str) -> None:
    app = create_app(replace(settings, oidc=None), keys, Database(dsn, application="test"))
    async with serve(app) as served, client_of(served) as client:
        problem(await client.get("/api/auth/oidc/login"), 404, "oidc_off")
        problem(await client.get("/api/auth/oidc/callback"), 404, "oidc_off")


@pytest.mark.parametrize(
    "change",
    [{"VUTLER_OIDC_CLIENT_ID": ""}, {"VUTLER_OIDC_CLIENT_SECRET": ""}, {"VUTLER_OIDC_ISSUER": "http://id.example"}],
)
def test_settings_that_make_no_sense(change: dict[str, str]) -> None:
    good = {
        "VUTLER_OIDC_ISSUER": "https://id.example/realms/x/",
        "VUTLER_OIDC_CLIENT_ID": "vutler",
        "VUTLER_OIDC_CLIENT_SECRET": "s",
    }
    assert load(good).oidc == OidcSettings("https://id.example/realms/x/", "vutler", "s", label="id.example")
    with pytest.raises(BadSetting):
        load(good | change)
