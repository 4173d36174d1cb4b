"""Webhooks that are signed: by whom, with which secrets, and what makes two of them the same."""

import json
import time
from typing import Any
from uuid import UUID

import httpx
import pytest

from core.db import Database
from tests.api.automations import HOOK, made
from tests.api.conftest import Tenant, problem, until
from tests.api.rows import data_of, ledger, run_count
from tests.api.signing import GIVEN, document, send, signed

STYLES = ["standard", "github", "slack", "stripe"]
EACH = pytest.mark.parametrize("style", STYLES)
BODY = b'{"id": "evt_1", "event_id": "Ev1",  "n": 1}'


async def hook(api: httpx.AsyncClient, style: str, **config: Any) -> tuple[dict[str, Any], str]:
    """The webhook of a new automation, and the secret to sign with."""
    found = await made(api, document(style, **config))
    webhook = found["webhook"]
    assert found["findings"] == []
    assert webhook["secret"] == GIVEN.get(style, webhook["secret"])
    return webhook, webhook["secret"]


@EACH
async def test_a_signed_event_is_a_run(api: httpx.AsyncClient, db: Database, ada: Tenant, style: str) -> None:
    webhook, secret = await hook(api, style)
    answer = await send(api, webhook, BODY, signed(style, secret, BODY))
    assert answer.status_code == 202, answer.text
    assert await data_of(db, answer.json()["run_id"]) == json.loads(BODY)
    (delivery,) = await ledger(api, ada)
    shown = [name for name, value in delivery["headers"].items() if "signature" in name and value != "***"]
    assert shown == []


@EACH
async def test_a_wrong_or_missing_signature_is_refused_and_recorded(
    api: httpx.AsyncClient, db: Database, ada: Tenant, style: str
) -> None:
    webhook, secret = await hook(api, style)
    problem(await send(api, webhook, BODY, {}), 401, "wrong_signature")
    problem(await send(api, webhook, BODY, {"X-Webhook-Secret": secret}), 401, "wrong_signature")
    problem(await send(api, webhook, BODY + b" ", signed(style, secret, BODY)), 401, "wrong_signature")
    other = "whsec_" + "A" * 44 if style == "standard" else "another secret"
    problem(await send(api, webhook, BODY, signed(style, other, BODY)), 401, "wrong_signature")
    assert await run_count(db) == 0
    refused = await ledger(api, ada, verdict="refused")
    assert [each["reason"] for each in refused] == ["wrong_signature"] * 4


@pytest.mark.parametrize("style", ["standard", "slack", "stripe"])
@pytest.mark.parametrize("off", [-400, 400])
async def test_an_old_signature_is_refused(api: httpx.AsyncClient, style: str, off: int) -> None:
    webhook, secret = await hook(api, style)
    old = signed(style, secret, BODY, at=int(time.time()) + off)
    body = problem(await send(api, webhook, BODY, old), 401, "wrong_signature")
    assert "5 minutes" in body["detail"]


@EACH
async def test_the_senders_own_name_of_an_event_makes_one_run(api: httpx.AsyncClient, db: Database, style: str) -> None:
    webhook, secret = await hook(api, style)
    first = await send(api, webhook, BODY, signed(style, secret, BODY))
    again = {"X-Slack-Retry-Num": "1", "Idempotency-Key": "of a stranger"}
    second = await send(api, webhook, BODY, signed(style, secret, BODY, at=int(time.time()) - 5) | again)
    assert second.json()["status"] == "duplicate"
    assert second.json()["run_id"] == first.json()["run_id"]
    other = BODY.replace(b"evt_1", b"evt_2").replace(b"Ev1", b"Ev2")
    third = await send(api, webhook, other, signed(style, secret, other, name="msg_2"))
    assert third.json()["status"] == "accepted"
    assert await run_count(db) == 2


async def test_a_rule_of_its_own_comes_before_the_styles(api: httpx.AsyncClient) -> None:
    webhook, secret = await hook(api, "github", dedupe={"from": "path", "path": "trigger.data.n"})
    first = await send(api, webhook, BODY, signed("github", secret, BODY, name="one"))
    second = await send(api, webhook, BODY, signed("github", secret, BODY, name="two"))
    assert second.json() | {"delivery_id": ""} == first.json() | {"status": "duplicate", "delivery_id": ""}


async def test_slack_asks_whether_the_address_is_ours(api: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    """https://docs.slack.dev/reference/events/url_verification"""
    body = (
        b'{"token": "Jhj5dZrVaK7ZwHHjRyZWjbDl", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P",'
        b' "type": "url_verification"}'
    )
    webhook, secret = await hook(api, "slack")
    answer = await send(api, webhook, body, signed("slack", secret, body))
    assert answer.status_code == 200
    assert answer.json() == {"challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}
    assert await run_count(db) == 0
    (delivery,) = await ledger(api, ada)
    assert (delivery["verdict"], delivery["reason"], delivery["has_body"]) == ("confirmed", "url_verification", False)
    stranger = await send(api, webhook, body, signed("slack", "somebody else", body))
    problem(stranger, 401, "wrong_signature")
    assert "3eZbrw1aBm2r" not in stranger.text
    github, other = await hook(api, "github")
    assert (await send(api, github, body, signed("github", other, body))).json()["status"] == "accepted"


@pytest.mark.parametrize("style", ["slack", "stripe"])
async def test_a_secret_that_comes_later(api: httpx.AsyncClient, style: str) -> None:
    """The sender shows its secret only when it knows the address."""
    found = await made(api, document(style, secret=None))
    assert "secret" not in found["webhook"]
    (finding,) = found["findings"]
    assert (finding["severity"], finding["at"]) == ("warning", "trigger_config.secret")
    problem(await send(api, found["webhook"], BODY, signed(style, GIVEN[style], BODY)), 401, "wrong_signature")
    problem(await send(api, found["webhook"], BODY, signed(style, "", BODY)), 401, "wrong_signature")
    changed = await api.patch(f"/api/automations/{found['id']}", json={"trigger_config": {"secret": GIVEN[style]}})
    assert changed.status_code == 200, changed.text
    assert changed.json()["findings"] == []

    async def opens() -> bool:
        answer = await send(api, found["webhook"], BODY, signed(style, GIVEN[style], BODY))
        return answer.status_code == 202

    await until(opens)


@EACH
async def test_the_secret_is_nowhere_in_clear(api: httpx.AsyncClient, db: Database, style: str) -> None:
    webhook, secret = await hook(api, style)
    await send(api, webhook, BODY, signed(style, secret, BODY))
    async with db.connection() as connection:
        for table in (
            "webhook_secrets",
            "automation_triggers",
            "automation_versions",
            "automation_rules",
            "deliveries",
        ):
            text = await connection.fetchval(f"SELECT coalesce(jsonb_agg(to_jsonb(t))::text, '') FROM {table} t")
            assert secret not in text, table
            assert secret.encode().hex() not in text, table
    detail = await api.get("/api/automations")
    assert secret not in detail.text


async def test_a_copied_row_opens_nothing(api: httpx.AsyncClient, db: Database) -> None:
    """The sealed secret belongs to its webhook."""
    first, secret = await hook(api, "github")
    second, _ = await hook(api, "github")
    async with db.connection() as connection:
        await connection.execute(
            """UPDATE webhook_secrets SET sealed = (
                   SELECT s.sealed FROM webhook_secrets s JOIN automation_triggers t ON t.id = s.trigger_id
                   WHERE t.webhook_id = $1)
               WHERE trigger_id = (SELECT id FROM automation_triggers WHERE webhook_id = $2)""",
            first["id"], second["id"],
        )  # fmt: skip
    problem(await send(api, second, BODY, signed("github", secret, BODY)), 401, "wrong_signature")


async def test_from_a_secret_to_signatures_and_back(api: httpx.AsyncClient, db: Database) -> None:
    found = await made(api, HOOK)
    path, webhook = f"/api/automations/{found['id']}", found["webhook"]
    changed = await api.patch(path, json={"trigger_config": {"auth": "hmac", "style": "standard"}})
    secret = changed.json()["webhook"]["secret"]
    assert secret.startswith("whsec_")
    assert changed.json()["webhook"]["id"] == webhook["id"]

    async def signature_opens() -> bool:
        return (await send(api, webhook, BODY, signed("standard", secret, BODY))).status_code == 202

    await until(signature_opens)
    problem(await send(api, webhook, BODY, {"X-Webhook-Secret": webhook["secret"]}), 401, "wrong_signature")
    other = await api.patch(path, json={"trigger_config": {"style": "github"}})
    assert other.json()["webhook"]["secret"].startswith("whs_")  # of another style, so another secret
    back = await api.patch(path, json={"trigger_config": {"auth": "secret", "style": None}})
    assert back.status_code == 200, back.text
    assert "secret" not in back.json()["webhook"]

    async def secret_opens() -> bool:
        return (await send(api, webhook, BODY, {"X-Webhook-Secret": webhook["secret"]})).status_code == 202

    await until(secret_opens)
    async with db.connection() as connection:
        rows = await connection.fetch(
            "SELECT webhook_id FROM automation_triggers WHERE rule_id = $1", UUID(found["id"])
        )
    assert len(rows) == 1


@pytest.mark.parametrize(
    ("config", "at"),
    [
        ({"auth": "hmac"}, "trigger_config"),
        ({"style": "github"}, "trigger_config"),
        ({"auth": "hmac", "style": "gitlab"}, "trigger_config.style"),
        ({"auth": "none"}, "trigger_config.auth"),
        ({"auth": "hmac", "style": "standard", "secret": "whsec_not base64"}, "trigger_config.secret"),
        ({"auth": "hmac", "style": "standard", "secret": "whsec_AAAA"}, "trigger_config.secret"),
    ],
)
async def test_what_is_refused_at_save(api: httpx.AsyncClient, config: dict[str, Any], at: str) -> None:
    answer = await api.post("/api/automations", json=HOOK | {"trigger_config": config})
    assert answer.status_code == 422, answer.text
    assert [each["at"] for each in answer.json()["errors"]] == [at]
