"""A new secret for a webhook, with the old one live for a while."""

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from core.db import Database
from tests.api.automations import HAND, HOOK, made
from tests.api.conftest import Tenant, problem, until
from tests.api.signing import GIVEN, document, send, signed

BODY = b'{"n": 1}'


async def rotated(api: httpx.AsyncClient, automation: dict[str, Any], **body: Any) -> dict[str, Any]:
    answer = await api.post(f"/api/automations/{automation['id']}/webhook/rotate", json=body or None)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def status(api: httpx.AsyncClient, webhook: dict[str, str], style: str | None, secret: str) -> int:
    headers = {"X-Webhook-Secret": secret} if style is None else signed(style, secret, BODY, name=f"m{id(object())}")
    return (await send(api, webhook, BODY, headers)).status_code


async def until_status(
    api: httpx.AsyncClient,
    webhook: dict[str, str],
    style: str | None,
    secret: str,
    wanted: int,
    *,
    seconds: float = 10,
) -> None:
    async def reached() -> bool:
        return await status(api, webhook, style, secret) == wanted

    await until(reached, seconds=seconds)


@pytest.mark.parametrize("style", [None, "standard", "github"])
async def test_two_secrets_are_live_and_then_one(api: httpx.AsyncClient, db: Database, style: str | None) -> None:
    found = await made(api, HOOK if style is None else document(style))
    webhook = found["webhook"]
    assert await status(api, webhook, style, webhook["secret"]) == 202
    new = await rotated(api, found)
    assert new["id"] == webhook["id"]
    assert new["url"] == webhook["url"]
    assert new["old_until"] is not None
    assert new["secret"] != webhook["secret"]
    await until_status(api, webhook, style, new["secret"], 202)
    assert await status(api, webhook, style, webhook["secret"]) == 202
    async with db.connection() as connection:  # the day is over
        await connection.execute("UPDATE automation_triggers SET previous_secret_until = now() - interval '1 s'")
        await connection.execute(
            "UPDATE webhook_secrets SET live_until = now() - interval '1 s' WHERE live_until > now()"
        )
        await connection.execute("SELECT pg_notify('vutler_config', $1)", found["id"])
    await until_status(api, webhook, style, webhook["secret"], 401)
    assert await status(api, webhook, style, new["secret"]) == 202


@pytest.mark.parametrize("style", [None, "github"])
async def test_at_once(api: httpx.AsyncClient, style: str | None) -> None:
    found = await made(api, HOOK if style is None else document(style))
    assert await status(api, found["webhook"], style, found["webhook"]["secret"]) == 202  # now it is cached
    new = await rotated(api, found, keep_old_s=0)
    assert new["old_until"] is None
    await until_status(api, found["webhook"], style, found["webhook"]["secret"], 401, seconds=3)
    assert await status(api, found["webhook"], style, new["secret"]) == 202


@pytest.mark.parametrize("style", [None, "standard"])
async def test_never_three(api: httpx.AsyncClient, style: str | None) -> None:
    found = await made(api, HOOK if style is None else document(style))
    second, third = await rotated(api, found), await rotated(api, found)
    await until_status(api, found["webhook"], style, found["webhook"]["secret"], 401)
    for secret in (second["secret"], third["secret"]):
        assert await status(api, found["webhook"], style, secret) == 202


async def test_a_secret_that_the_sender_makes(api: httpx.AsyncClient) -> None:
    found = await made(api, document("slack"))
    path = f"/api/automations/{found['id']}/webhook/rotate"
    body = problem(await api.post(path), 422, "webhook_secret_missing")
    assert body["errors"][0]["at"] == "secret"
    new = await rotated(api, found, secret="another one of Slack")
    assert new["secret"] is None
    await until_status(api, found["webhook"], "slack", "another one of Slack", 202)
    assert await status(api, found["webhook"], "slack", GIVEN["slack"]) == 202


async def test_of_a_draft(api: httpx.AsyncClient, db: Database) -> None:
    found = await made(api, document("github"), as_draft=True)
    new = await rotated(api, found, keep_old_s=0)
    published = await api.post(f"/api/automations/{found['id']}/publish")
    assert published.status_code == 200, published.text
    await until_status(api, found["webhook"], "github", new["secret"], 202)


async def test_what_is_refused(api: httpx.AsyncClient, ada: Tenant, db: Database) -> None:
    hand, hook = await made(api, HAND), await made(api, document("standard"))
    problem(await api.post(f"/api/automations/{hand['id']}/webhook/rotate"), 409, "no_webhook")
    path = f"/api/automations/{hook['id']}/webhook/rotate"
    for body in ({"keep_old_s": -1}, {"keep_old_s": 10**7}, {"secret": "short"}, {"secret": "with a\nline"}, {"x": 1}):
        problem(await api.post(path, json=body), 422, "invalid_request")
    bad = problem(await api.post(path, json={"secret": "whsec_%%%%%%"}), 422, "webhook_secret_invalid")
    assert bad["errors"][0]["at"] == "secret"
    async with db.connection() as connection:
        await connection.execute("UPDATE workspace_members SET role = 'viewer' WHERE user_id = $1", ada.user_id)

    async def is_viewer() -> bool:
        return (await api.post(path)).status_code == 403

    await until(is_viewer)


async def test_it_leaves_a_line_without_the_secret(api: httpx.AsyncClient, ada: Tenant, capsys: Any) -> None:
    found = await made(api, HOOK)
    new = await rotated(api, found)
    printed = capsys.readouterr().out
    lines = [line for line in printed.splitlines() if "webhook.rotated" in line]
    assert len(lines) == 1
    assert found["id"] in lines[0]
    assert str(ada.user_id) in lines[0]
    assert new["secret"] not in printed
    assert json.dumps(found["webhook"]["secret"]) not in printed


async def test_a_rotated_secret_is_kept_sealed(api: httpx.AsyncClient, db: Database) -> None:
    found = await made(api, document("github"))
    new = await rotated(api, found)
    async with db.connection() as connection:
        rows = await connection.fetch(
            """SELECT s.sealed, s.live_until FROM webhook_secrets s JOIN automation_triggers t ON t.id = s.trigger_id
               WHERE t.rule_id = $1 ORDER BY s.id""",
            UUID(found["id"]),
        )
    assert [row["live_until"] is None for row in rows] == [False, True]
    assert all(new["secret"].encode() not in row["sealed"] for row in rows)


async def test_nobody_else_turns_the_secret(client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant) -> None:
    client.headers.update(ada.headers)
    found = await made(client, HOOK)
    path = f"/api/automations/{found['id']}"
    for answer in (
        await client.post(f"{path}/webhook/rotate", headers=eve.headers),
        await client.post(f"{path}/capture", headers=eve.headers),
        await client.get(f"{path}/capture", headers=eve.headers),
    ):
        problem(answer, 404, "automation_not_found")
    assert await status(client, found["webhook"], None, found["webhook"]["secret"]) == 202
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM webhook_captures") == 0


@pytest.mark.parametrize("style", [None, "github"])
async def test_since_when_a_secret_is_the_one(api: httpx.AsyncClient, style: str | None) -> None:
    found = await made(api, HOOK if style is None else document(style))
    path = f"/api/automations/{found['id']}/webhook"
    before = (await api.get(path)).json()
    assert (before["url"], before["old_until"]) == (found["webhook"]["url"], None)
    assert before["secret_set_at"] is not None or style
    new = await rotated(api, found)
    after = (await api.get(path)).json()
    assert after["secret_set_at"] > (before["secret_set_at"] or "")
    assert (after["old_until"], "secret" in after) == (new["old_until"], False)
    hand = await made(api, HAND)
    problem(await api.get(f"/api/automations/{hand['id']}/webhook"), 409, "no_webhook")
    problem(await api.get(f"/api/automations/{new['id']}/webhook"), 404, "not_found")
