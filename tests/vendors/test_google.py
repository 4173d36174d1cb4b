"""The Google of these tests holds a session with clients that are not ours before it meets ours: Authlib gets the
tokens, httpx asks as the vendor's pages write it."""

import hashlib
import os
import time
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncAssertionClient, AsyncOAuth2Client
from authlib.oauth2.rfc7523 import JWTBearerGrant
from joserfc.jwk import RSAKey

from tests.vendors.google import AUDIENCE, SCOPES, Google, private_key
from tests.vendors.google_sheets import Formula

UNIT = 256 * 1024


@pytest.fixture
async def google() -> AsyncIterator[Google]:
    async with Google() as found:
        yield found


def robot(google: Google, scope: str = SCOPES + "spreadsheets", **claims: Any) -> AsyncAssertionClient:
    """As https://docs.authlib.org/en/latest/client/oauth2.html#client-oauth2-assertion has it for Google."""
    key = google.key_file()
    given = {"issuer": key["client_email"], "audience": AUDIENCE} | claims
    times = {name: given.pop(name) for name in ("issued_at", "expires_at") if name in given}
    return AsyncAssertionClient(
        token_endpoint=f"{google.url}/token", subject=None, header={"alg": "RS256", "kid": key["private_key_id"]},
        key=RSAKey.import_key(key["private_key"]), grant_type=JWTBearerGrant.GRANT_TYPE, base_url=google.url,
        claims={"scope": scope}, **given, **times,
    )  # fmt: skip


def person(google: Google, refresh_token: str | None = None) -> AsyncOAuth2Client:
    token = refresh_token or google.refresh_token("ada@example.org", "youtube.upload", "youtube.readonly")
    return AsyncOAuth2Client(
        google.client_id, google.client_secret, token_endpoint=f"{google.url}/token", base_url=google.url,
        token_endpoint_auth_method="client_secret_post",
        token={"refresh_token": token, "access_token": "old", "expires_at": 1, "token_type": "Bearer"},
    )  # fmt: skip


async def test_a_service_account_and_a_spreadsheet(google: Google) -> None:
    sheet = google.sheets.make("Leads", "Bob's sheet")
    google.sheets.shared[sheet][google.key_file()["client_email"]] = "writer"
    values = f"/v4/spreadsheets/{sheet}/values"
    async with robot(google) as client:
        about = (await client.get(f"/v4/spreadsheets/{sheet}")).json()
        assert [each["properties"]["title"] for each in about["sheets"]] == ["Leads", "Bob's sheet"]
        raw = {"valueInputOption": "RAW", "insertDataOption": "INSERT_ROWS"}
        first = (await client.post(f"{values}/Leads:append", params=raw, json={"values": [["Ada", "=1+1"]]})).json()
        assert first["updates"]["updatedRange"] == "Leads!A1:B1"
        assert "tableRange" not in first
        second = (await client.post(f"{values}/'Leads'!A1:append", params=raw, json={"values": [["Bob", None]]})).json()
        assert (second["tableRange"], second["updates"]["updatedCells"]) == ("Leads!A1:B1", 1)
        typed = {"valueInputOption": "USER_ENTERED"}
        done = await client.put(f"{values}/%27Bob%27%27s%20sheet%27!C2", params=typed, json={"values": [["=1+1"]]})
        assert done.json()["updatedRange"] == "'Bob''s sheet'!C2"
        assert google.sheets.files[sheet]["Leads"] == [["Ada", "=1+1"], ["Bob", None]]
        assert isinstance(google.sheets.files[sheet]["Bob's sheet"][1][2], Formula)
        got = (await client.get(f"{values}/Leads!A1:B2")).json()
        assert got["values"][0] == ["Ada", "=1+1"]


async def test_what_sheets_refuses(google: Google) -> None:
    sheet, foreign, read = google.sheets.make("Leads"), google.sheets.make("Leads"), google.sheets.make("Leads")
    email = google.key_file()["client_email"]
    google.sheets.shared[sheet][email], google.sheets.shared[read][email] = "writer", "reader"
    raw = {"valueInputOption": "RAW"}
    async with robot(google) as client:
        for ident, where, params, row, status, name, says in (
            (sheet, "No", raw, ["x"], 400, "INVALID_ARGUMENT", "Unable to parse range"),
            (sheet, "Leads", {}, ["x"], 400, "INVALID_ARGUMENT", "valueInputOption"),
            (sheet, "Leads", raw, [["x"]], 400, "INVALID_ARGUMENT", "list_value"),
            (sheet, "Leads", raw, ["x" * 50_001], 400, "INVALID_ARGUMENT", "50000"),
            (foreign, "Leads", raw, ["x"], 403, "PERMISSION_DENIED", "does not have permission"),
            (read, "Leads", raw, ["x"], 403, "PERMISSION_DENIED", "does not have permission"),
            ("x" * 44, "Leads", raw, ["x"], 404, "NOT_FOUND", "not found"),
        ):
            url = f"/v4/spreadsheets/{ident}/values/{where}:append"
            answer = await client.post(url, params=params, json={"values": [row]})
            error = answer.json()["error"]
            assert (answer.status_code, error["status"]) == (status, name)
            assert says in error["message"]
        beyond = await client.put(f"/v4/spreadsheets/{sheet}/values/Leads!AB1", params=raw, json={"values": [["x"]]})
        assert "exceeds grid limits" in beyond.json()["error"]["message"]
        wide = await client.put(f"/v4/spreadsheets/{sheet}/values/Leads!A1", params=raw, json={"values": [["x", "y"]]})
        assert "tried writing to column [B]" in wide.json()["error"]["message"]
        google.sheets.burst, google.sheets.retry_after = 0, 7
        slower = await client.put(f"/v4/spreadsheets/{sheet}/values/Leads!A1", params=raw, json={"values": [["x"]]})
        assert (slower.status_code, slower.headers["Retry-After"]) == (429, "7")
        assert slower.json()["error"]["details"][0]["reason"] == "RATE_LIMIT_EXCEEDED"
    async with robot(google, scope=SCOPES + "youtube.upload") as client:
        answer = await client.get(f"/v4/spreadsheets/{sheet}")
        assert answer.json()["error"]["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    async with person(google) as client:
        client.token["expires_at"] = time.time() + 999
        assert (await client.get(f"/v4/spreadsheets/{sheet}")).status_code == 401
    assert google.sheets.writes == []


async def test_what_the_token_address_refuses(google: Google) -> None:
    now = int(time.time())
    for claims, says in (
        ({"audience": google.url}, "audience"),
        ({"expires_at": now + 7200, "issued_at": now}, "short-lived"),
        ({"expires_at": now - 3600, "issued_at": now - 7200}, "short-lived"),
        ({"issuer": "someone@example.org"}, "account not found"),
    ):
        async with robot(google, **claims) as client:
            with pytest.raises(OAuthError, match=says) as error:
                await client.refresh_token()
            assert error.value.error == "invalid_grant"
    async with robot(google, scope="everything") as client:
        with pytest.raises(OAuthError, match="invalid_scope"):
            await client.refresh_token()
        wrong = jwt.encode({"iss": "x"}, "a secret that is long enough for HMAC", algorithm="HS256")
        form = {"grant_type": JWTBearerGrant.GRANT_TYPE, "assertion": wrong}
        assert (await client.request("POST", "/token", withhold_token=True, data=form)).json()[
            "error"
        ] == "invalid_grant"
        answer = await client.request("POST", "/token", withhold_token=True, data={"grant_type": "password"})
        assert answer.json()["error"] == "unsupported_grant_type"
    async with person(google, "1//unknown") as client:
        with pytest.raises(OAuthError, match="invalid_grant"):
            await client.refresh_token()
    async with person(google) as client:
        client.client_secret = "wrong"
        with pytest.raises(OAuthError, match="invalid_client"):
            await client.refresh_token()
    assert private_key() not in str(google.asked)


async def test_a_resumable_upload(google: Google) -> None:
    content = os.urandom(UNIT * 2 + 1000)
    size = len(content)
    video = {"snippet": {"title": "One"}, "status": {"privacyStatus": "private"}}
    headers = {"X-Upload-Content-Length": str(size), "X-Upload-Content-Type": "video/mp4"}
    url = "/upload/youtube/v3/videos?uploadType=resumable&part=snippet,status"
    async with person(google) as client:
        begun = await client.post(url, json=video, headers=headers)
        session = begun.headers["Location"]
        google.youtube.takes = UNIT
        span = f"bytes 0-{2 * UNIT - 1}/{size}"
        half = await client.put(session, content=content[: 2 * UNIT], headers={"Content-Range": span})
        assert (half.status_code, half.headers["Range"]) == (308, f"bytes=0-{UNIT - 1}")
        google.youtube.takes = None
        asked = await client.put(session, headers={"Content-Range": f"bytes */{size}", "Content-Length": "0"})
        assert (asked.status_code, asked.headers["Range"]) == (308, f"bytes=0-{UNIT - 1}")
        odd = await client.put(
            session, content=content[UNIT : UNIT + 9], headers={"Content-Range": f"bytes {UNIT}-{UNIT + 8}/{size}"}
        )
        assert odd.status_code == 400
        rest = {"Content-Range": f"bytes {UNIT}-{size - 1}/{size}"}
        done = await client.put(session, content=content[UNIT:], headers=rest)
        assert done.status_code == 201
        again = await client.put(session, headers={"Content-Range": f"bytes */{size}", "Content-Length": "0"})
        assert again.json()["id"] == done.json()["id"]
        found = (await client.get("/youtube/v3/videos", params={"part": "status", "id": done.json()["id"]})).json()
        assert found["items"][0]["status"]["privacyStatus"] == "private"
        google.youtube.sessions.clear()
        assert (await client.put(session, headers={"Content-Range": f"bytes */{size}"})).status_code == 404
    assert google.youtube.digests[done.json()["id"]] == hashlib.sha256(content).hexdigest()


async def test_what_youtube_refuses(google: Google) -> None:
    headers = {"X-Upload-Content-Length": "9", "X-Upload-Content-Type": "video/mp4"}
    url = "/upload/youtube/v3/videos?uploadType=resumable&part=snippet,status"
    soon = {"publishAt": "2999-01-01T00:00:00Z"}
    async with person(google) as client:
        for snippet, status, reason in (
            ({"title": ""}, {}, "invalidTitle"),
            ({"title": "x" * 101}, {}, "invalidTitle"),
            ({"title": "a<b"}, {}, "invalidTitle"),
            ({"title": "x", "description": "x" * 5001}, {}, "invalidDescription"),
            ({"title": "x", "tags": ["x" * 501]}, {}, "invalidTags"),
            ({"title": "x", "categoryId": "none"}, {}, "invalidCategoryId"),
            ({"title": "x"}, soon | {"privacyStatus": "public"}, "invalidPublishAt"),
            ({"title": "x"}, {"publishAt": "1999-01-01T00:00:00Z", "privacyStatus": "private"}, "invalidPublishAt"),
        ):
            answer = await client.post(url, json={"snippet": snippet, "status": status}, headers=headers)
            assert (answer.status_code, answer.json()["error"]["errors"][0]["reason"]) == (400, reason)
        video = {"snippet": {"title": "x"}, "status": {}}
        assert "mediaBodyRequired" in (await client.post(url, json=video)).text
        google.youtube.uploads = 0
        assert "uploadLimitExceeded" in (await client.post(url, json=video, headers=headers)).text
        google.youtube.quota = 99
        assert "quotaExceeded" in (await client.post(url, json=video, headers=headers)).text
    async with robot(google, scope=SCOPES + "youtube.upload") as client:
        answer = await client.post(url, json=video, headers=headers)
        assert (answer.status_code, answer.json()["error"]["errors"][0]["reason"]) == (401, "youtubeSignupRequired")
    assert google.youtube.sessions == {}
