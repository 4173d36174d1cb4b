"""What the sign-in page is told before anybody has signed in."""

from dataclasses import replace

import httpx

from api.app import create_app
from core import settings as core_settings
from core.db import Database
from core.keys import Keys
from core.settings import OidcSettings, Settings
from tests.api.conftest import PASSWORD, Tenant, client_of, serve, until

PATH = "/api/auth/options"


async def answered(client: httpx.AsyncClient) -> httpx.Response | None:
    """The answer, once the database is open."""
    answer = await client.get(PATH)
    return answer if answer.status_code == 200 else None


async def test_from_the_first_run_on(settings: Settings, keys: Keys, app_dsn: str) -> None:
    """Sign-up is closed, but for the first user."""
    app = create_app(replace(settings, signup_open=False), keys, Database(app_dsn, application="test"))
    async with serve(app) as served, client_of(served) as client:
        answer = await until(lambda: answered(client))
        nothing = {"first_run": True, "signup": "open", "password_reset": False, "oidc": None}
        assert (answer.status_code, answer.json()) == (200, nothing)
        assert answer.headers["cache-control"] == "no-store", "the next moment may have a first user"
        body = {"email": "ada@example.org", "password": PASSWORD, "name": "Ada"}
        assert (await client.post("/api/auth/register", json=body)).status_code == 201
        answer = await client.get(PATH)
        assert answer.json() == nothing | {"first_run": False, "signup": "closed"}
        assert answer.headers["cache-control"] == "public, max-age=60"


async def test_sign_up_open(client: httpx.AsyncClient, ada: Tenant) -> None:
    assert (await client.get(PATH)).json()["signup"] == "open"


async def test_openid_connect(settings: Settings, keys: Keys, app_dsn: str) -> None:
    oidc = OidcSettings("https://issuer.example", "our-client-id", "our-client-secret", "Example Inc.")
    app = create_app(replace(settings, oidc=oidc), keys, Database(app_dsn, application="test"))
    async with serve(app) as served, client_of(served) as client:
        answer = await until(lambda: answered(client))
        assert answer.json()["oidc"] == {"label": "Example Inc.", "start_url": "/api/auth/oidc/login"}
        for inner in ("our-client", "issuer.example"):
            assert inner not in answer.text


def test_the_label_of_the_button() -> None:
    variables = {
        "VUTLER_OIDC_ISSUER": "https://issuer.example/realms/x",
        "VUTLER_OIDC_CLIENT_ID": "id",
        "VUTLER_OIDC_CLIENT_SECRET": "secret",
    }
    found = [core_settings.load(variables | more).oidc for more in ({}, {"VUTLER_OIDC_LABEL": "Example Inc."})]
    assert [each and each.label for each in found] == ["issuer.example", "Example Inc."]
