"""Forged, foreign and expired tokens: 401, always, with nothing learned."""

import base64
import json
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from core.accounts.tokens import LIFETIME, AccessTokens
from core.db import Database
from core.ids import new_id
from core.keys import Keys
from tests.api.conftest import Tenant, problem

Claims = dict[str, Any]


def claims_of(tenant: Tenant) -> Claims:
    now = int(datetime.now(UTC).timestamp())
    return {
        "iss": "vutler", "aud": "vutler-api", "sub": str(tenant.user_id), "ws": str(tenant.workspace_id),
        "sid": str(tenant.session_id),
        "iat": now, "exp": now + 600, "jti": str(uuid4()), "typ": "access",
    }  # fmt: skip


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed(key: bytes, claims: Claims, **header: object) -> str:
    return jwt.encode(claims, key, algorithm="HS256", headers=header or None)


def _by(key: bytes, claims: Claims, algorithm: str) -> str:
    """With our own key, by another algorithm of its family."""
    with warnings.catch_warnings(action="ignore", category=jwt.InsecureKeyLengthWarning):
        return jwt.encode(claims, key, algorithm=algorithm)


def _bringing_its_key(claims: Claims, header: str) -> str:
    """Signed by a key that the header itself brings or points to."""
    key = rsa.generate_private_key(65537, 2048)
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    value = jwk if header == "jwk" else "https://example.org/keys"
    return jwt.encode(claims, key, algorithm="RS256", headers={header: value})


def without(name: str) -> Callable[[bytes, Claims], str]:
    return lambda key, claims: signed(key, {each: value for each, value in claims.items() if each != name})


def having(**more: object) -> Callable[[bytes, Claims], str]:
    return lambda key, claims: signed(key, claims | more)


FORGERIES: dict[str, Callable[[bytes, Claims], str]] = {
    "no algorithm": lambda key, claims: f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}.",
    "NONE": lambda key, claims: f"{part({'alg': 'NONE'})}.{part(claims)}.",
    "another key": lambda key, claims: signed(b"another key of 32 bytes and more", claims),
    "an empty key": lambda key, claims: jwt.encode(claims, "x" * 32, algorithm="HS256"),
    "HS512": lambda key, claims: _by(key, claims, "HS512"),
    "HS384": lambda key, claims: _by(key, claims, "HS384"),
    "RS256": lambda key, claims: jwt.encode(claims, rsa.generate_private_key(65537, 2048), algorithm="RS256"),
    "unknown crit": lambda key, claims: signed(key, claims, crit=["exp2"], exp2=1),
    "another purpose": having(typ="refresh"),
    "no purpose": without("typ"),
    "another issuer": having(iss="elsewhere"),
    "another audience": having(aud="elsewhere"),
    "no end": without("exp"),
    "no subject": without("sub"),
    "no id": without("jti"),
    "no issue time": without("iat"),
    "no issuer": without("iss"),
    "no audience": without("aud"),
    "no workspace": without("ws"),
    "no session": without("sid"),
    "a session that is no id": having(sid=7),
    "not yet": lambda key, claims: signed(key, claims | {"nbf": claims["iat"] + 300}),
    "a key id of a file": lambda key, claims: signed(b"\0" * 32, claims, kid="../../../../dev/null"),
    "a key of its own": lambda key, claims: _bringing_its_key(claims, "jwk"),
    "a key elsewhere": lambda key, claims: _bringing_its_key(claims, "jku"),
    "a certificate elsewhere": lambda key, claims: _bringing_its_key(claims, "x5u"),
    "encrypted": lambda key, claims: ".".join([part({"alg": "dir", "enc": "A256GCM"}), "", "x", "y", "z"]),
    "a subject that is no id": having(sub="1 OR 1=1"),
    "a workspace that is no id": having(ws=["x"]),
    "an end that is no number": having(exp="never"),
    "an end beyond time": having(exp=10**30),
    "an unknown user": lambda key, claims: signed(key, claims | {"sub": str(new_id())}),
    "changed claims": lambda key, claims: ".".join(
        [signed(key, claims).split(".")[0], part(claims | {"sub": str(uuid4())}), signed(key, claims).split(".")[2]]
    ),
    "cut": lambda key, claims: signed(key, claims)[:-4],
    "two parts": lambda key, claims: ".".join(signed(key, claims).split(".")[:2]),
    "garbage": lambda key, claims: "garbage",
    "endless": lambda key, claims: "a" * 20_000,
    "not ASCII": lambda key, claims: "t\xf6ken",
}  # fmt: skip


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
async def test_forged_tokens(
    client: httpx.AsyncClient, keys: Keys, ada: Tenant, forgery: Callable[[bytes, Claims], str]
) -> None:
    token = forgery(keys.jwt, claims_of(ada))
    answer = await client.get("/api/me", headers={"Authorization": f"Bearer {token}".encode("latin-1")})
    problem(answer, 401, "token_invalid")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_claims_of_these_tests_would_be_good(client: httpx.AsyncClient, keys: Keys, ada: Tenant) -> None:
    """Else the forgeries above would prove nothing."""
    token = signed(keys.jwt, claims_of(ada))
    assert (await client.get("/api/me", headers={"Authorization": f"Bearer {token}"})).status_code == 200


async def test_an_expired_token(client: httpx.AsyncClient, keys: Keys, ada: Tenant) -> None:
    for age, status in ((LIFETIME + timedelta(seconds=1), 401), (LIFETIME - timedelta(seconds=30), 200)):
        issued = datetime.now(UTC) - age
        token = AccessTokens(keys.jwt, clock=lambda issued=issued: issued).issue(
            ada.user_id, ada.workspace_id, ada.session_id
        )
        answer = await client.get("/api/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status
        if status == 401:
            problem(answer, 401, "token_expired")


@pytest.mark.parametrize("header", ["", "Bearer", "Basic dXNlcjpwYXNz", "bearer", "Token x"])
async def test_other_headers(client: httpx.AsyncClient, header: str) -> None:
    answer = await client.get("/api/me", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["code"] in ("token_missing", "token_invalid")


async def test_tokens_live_ten_minutes(ada: Tenant) -> None:
    claims = jwt.decode(ada.token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 600
    assert {"iss", "aud", "sub", "iat", "exp", "jti", "typ"} <= set(claims)


async def test_a_user_who_is_gone(client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant) -> None:
    async with db.connection() as connection:
        await connection.execute("DELETE FROM users WHERE id = $1", eve.user_id)
    problem(await client.get("/api/workspaces", headers=eve.headers), 401, "token_invalid")
