"""Capture the next request, and deliver a kept one again."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from core.db import Database
from core.ids import new_id
from tests.api.automations import HAND, HOOK, made
from tests.api.conftest import Served, Tenant, problem, until
from tests.api.rows import data_of, ledger, run_count
from tests.api.signing import document, send, signed


@pytest.fixture
async def automation(api: httpx.AsyncClient) -> dict[str, Any]:
    return await made(api, HOOK)


async def armed(api: httpx.AsyncClient, automation: dict[str, Any]) -> None:
    answer = await api.post(f"/api/automations/{automation['id']}/capture")
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "armed"
    until_ = datetime.fromisoformat(answer.json()["armed_until"])
    assert timedelta(minutes=4) < until_ - datetime.now(UTC) <= timedelta(minutes=5)


async def state(api: httpx.AsyncClient, automation: dict[str, Any]) -> dict[str, Any]:
    answer = await api.get(f"/api/automations/{automation['id']}/capture")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def post(api: httpx.AsyncClient, automation: dict[str, Any], body: bytes, **headers: str) -> httpx.Response:
    webhook = automation["webhook"]
    return await send(api, webhook, body, {"X-Webhook-Secret": webhook["secret"]} | headers)


async def test_the_next_request_is_a_sample_and_the_one_after_a_run(
    api: httpx.AsyncClient, db: Database, ada: Tenant, automation: dict[str, Any]
) -> None:
    assert await state(api, automation) == {"state": "idle", "armed_until": None, "sample": None}
    await armed(api, automation)
    answer = await post(api, automation, b'{"lead": {"name": "Ada"}}', **{"X-Thing": "t"})
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["run_id"]) == ("captured", None)
    assert await run_count(db) == 0
    found = await state(api, automation)
    sample = found["sample"]
    assert found["state"] == "captured"
    assert (sample["data"], sample["authentic"], sample["problem"]) == ({"lead": {"name": "Ada"}}, True, None)
    assert sample["delivery_id"] == answer.json()["delivery_id"]
    assert sample["headers"]["x-thing"] == "t"
    assert sample["headers"]["x-webhook-secret"] == "***"

    async def is_a_run() -> bool:
        return bool((await post(api, automation, b'{"n": 2}')).json()["status"] == "accepted")

    await until(is_a_run)
    assert (await state(api, automation))["sample"] == sample
    (captured,) = await ledger(api, ada, verdict="captured")
    assert captured["id"] == sample["delivery_id"]


async def test_only_one_of_many_is_the_sample(api: httpx.AsyncClient, db: Database, automation: dict[str, Any]) -> None:
    await armed(api, automation)
    answers = await asyncio.gather(*(post(api, automation, b"{}") for _ in range(8)))
    assert sorted(each.json()["status"] for each in answers) == ["accepted"] * 7 + ["captured"]
    await armed(api, automation)  # the older sample is let go
    assert (await state(api, automation))["sample"] is None


async def test_a_wrong_secret_is_kept_and_marked(
    api: httpx.AsyncClient, db: Database, ada: Tenant, automation: dict[str, Any]
) -> None:
    await armed(api, automation)
    webhook = automation["webhook"]
    problem(await send(api, webhook, b'{"n": 1}', {"X-Webhook-Secret": "wrong"}), 401, "wrong_secret")
    sample = (await state(api, automation))["sample"]
    assert (sample["data"], sample["authentic"]) == ({"n": 1}, False)
    assert "secret is missing or wrong" in sample["problem"]
    assert [each["verdict"] for each in await ledger(api, ada)] == ["captured"]
    assert await run_count(db) == 0


async def test_of_a_draft_that_was_never_published(api: httpx.AsyncClient, db: Database) -> None:
    found = await made(api, document("github"), as_draft=True)
    webhook = found["webhook"]
    body = b'{"zen": "Design for failure."}'
    headers = signed("github", webhook["secret"], body)
    problem(await send(api, webhook, body, headers), 404, "automation_disabled")
    await armed(api, found)
    assert (await send(api, webhook, body, headers)).json()["status"] == "captured"
    assert (await state(api, found))["sample"]["authentic"] is True
    problem(await send(api, webhook, body, headers), 404, "automation_disabled")


async def test_after_five_minutes_it_is_over(
    served: Served, api: httpx.AsyncClient, db: Database, automation: dict[str, Any]
) -> None:
    await armed(api, automation)
    cached = await served.app.state.services.hooks.get(automation["webhook"]["id"])
    assert cached.is_armed(datetime.now(UTC))
    async with db.connection() as connection:
        await connection.execute("UPDATE webhook_captures SET armed_until = now() - interval '1 s'")
    assert (await state(api, automation))["state"] == "idle"
    assert (await post(api, automation, b"{}")).json()["status"] == "accepted"  # the cache thinks it is armed still


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"{not json", "application/json", "not valid JSON"),
        (b"\x89PNG", "image/png", "image/png"),
    ],
)
async def test_bodies_that_give_no_data(
    api: httpx.AsyncClient, automation: dict[str, Any], body: bytes, kind: str, words: str
) -> None:
    await armed(api, automation)
    answer = await post(api, automation, body, **{"Content-Type": kind})
    assert answer.json()["status"] == "captured"
    sample = (await state(api, automation))["sample"]
    assert sample["data"] is None
    assert words in sample["problem"]


async def test_without_a_webhook(api: httpx.AsyncClient) -> None:
    hand = await made(api, HAND)
    problem(await api.post(f"/api/automations/{hand['id']}/capture"), 409, "no_webhook")
    problem(await api.get(f"/api/automations/{hand['id']}/capture"), 409, "no_webhook")


# once more -----------------------------------------------------------------------------------------------------------

FILTERED = HOOK | {"trigger_config": {"filter": {"path": "trigger.data.n", "op": "at_least", "value": 10}}}


async def again(api: httpx.AsyncClient, delivery_id: str, **headers: str) -> httpx.Response:
    return await api.post(f"/api/deliveries/{delivery_id}/redeliver", headers=headers)


async def test_what_a_filter_held_back_is_delivered_once_the_filter_is_mended(
    api: httpx.AsyncClient, db: Database, ada: Tenant
) -> None:
    found = await made(api, FILTERED)
    old = (await post(api, found, b'{"n": 5}', **{"X-Event-Id": "e1", "X-Thing": "t"})).json()
    assert old["status"] == "filtered"
    still = await again(api, old["delivery_id"])
    assert still.status_code == 202
    assert (still.json()["status"], still.json()["run_id"]) == ("filtered", None)
    mended = {"trigger_config": {"filter": None, "rate_per_min": 1}}
    assert (await api.patch(f"/api/automations/{found['id']}", json=mended)).status_code == 200
    answers = [(await again(api, old["delivery_id"])).json() for _ in range(3)]  # neither rate nor key stand in the way
    assert [each["status"] for each in answers] == ["accepted"] * 3
    assert len({each["run_id"] for each in answers}) == 3
    assert await data_of(db, answers[0]["run_id"]) == {"n": 5}
    newest = next(each for each in await ledger(api, ada) if each["id"] == answers[0]["delivery_id"])
    assert newest["redelivery_of"] == old["delivery_id"]
    assert newest["headers"]["x-thing"] == "t"


async def test_what_a_wrong_secret_brought_is_taken_on_its_owners_word(
    api: httpx.AsyncClient, db: Database, ada: Tenant, automation: dict[str, Any]
) -> None:
    await send(api, automation["webhook"], b'{"n": 1}', {"X-Webhook-Secret": "wrong"})
    (refused,) = await ledger(api, ada, verdict="refused")
    answer = await again(api, refused["id"])
    assert answer.json()["status"] == "accepted"
    assert await data_of(db, answer.json()["run_id"]) == {"n": 1}


async def test_once_only_with_a_key(api: httpx.AsyncClient, db: Database, automation: dict[str, Any]) -> None:
    await armed(api, automation)
    sample = (await post(api, automation, b'{"n": 1}')).json()["delivery_id"]
    answers = [(await again(api, sample, **{"Idempotency-Key": "k"})).json() for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert await run_count(db) == 1


async def test_a_file_is_delivered_again(api: httpx.AsyncClient, db: Database, automation: dict[str, Any]) -> None:
    await armed(api, automation)
    sample = (await post(api, automation, b"\x89PNG", **{"Content-Type": "image/png"})).json()["delivery_id"]
    data = await data_of(db, (await again(api, sample)).json()["run_id"])
    blob = await api.get(f"/api/blobs/{data['$blob']}")
    assert blob.content == b"\x89PNG"


async def test_what_can_not_be_delivered_again(
    api: httpx.AsyncClient, db: Database, ada: Tenant, automation: dict[str, Any]
) -> None:
    ran = (await post(api, automation, b'{"n": 1}')).json()
    body = problem(await again(api, ran["delivery_id"]), 409, "body_not_kept")
    assert "run the automation" in body["detail"]
    webhook = automation["webhook"]
    await send(api, webhook, b'"' + b"x" * 20_000 + b'"', {"X-Webhook-Secret": "wrong"})
    (stranger,) = await ledger(api, ada, verdict="refused")
    body = problem(await again(api, stranger["id"]), 409, "body_not_kept")
    assert "too large" in body["detail"]
    await post(api, automation, b"{not json")
    broken = next(each for each in await ledger(api, ada, verdict="refused") if each["reason"] == "invalid_body")
    problem(await again(api, broken["id"]), 422, "invalid_body")
    problem(await again(api, str(new_id())), 404, "delivery_not_found")
    await armed(api, automation)
    sample = (await post(api, automation, b'{"n": 1}')).json()["delivery_id"]
    await api.patch(f"/api/automations/{automation['id']}", json={"enabled": False})
    problem(await again(api, sample), 409, "automation_disabled")
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT redelivery_of FROM deliveries WHERE rule_id = $1", UUID(automation["id"]))
    assert all(row["redelivery_of"] is None for row in rows)
