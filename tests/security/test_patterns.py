"""Regex bombs through the API: refused when saved, or as harmless as any other pattern when an event comes."""

import httpx
import pytest

from core.db import Database
from tests.api.automations import HOOK, made
from tests.api.conftest import Tenant
from tests.security.bombs import PATTERNS


def test_there_are_enough() -> None:
    assert len(PATTERNS) >= 10


@pytest.mark.parametrize(("pattern", "text"), PATTERNS, ids=range(len(PATTERNS)))
async def test_a_pattern_is_refused_or_harmless(
    api: httpx.AsyncClient, db: Database, ada: Tenant, pattern: str, text: str
) -> None:
    condition = {"path": "trigger.data.text", "op": "matches", "value": pattern}
    document = HOOK | {"trigger_config": {"filter": condition}}
    answer = await api.post("/api/automations", json=document)
    assert answer.status_code in (201, 422), answer.text
    if answer.status_code == 422:
        (finding,) = answer.json()["errors"]
        assert finding["at"].startswith("trigger_config.filter")
        return
    hook = answer.json()["webhook"]
    for _ in range(3):
        sent = await api.post(
            f"/api/webhooks/{hook['id']}",
            json={"text": text * 20},
            headers={"X-Webhook-Secret": hook["secret"]},
            timeout=5,  # a backtracking engine takes years
        )
        assert sent.status_code == 202, sent.text
    assert (await api.get("/api/me")).status_code == 200


@pytest.mark.parametrize("pattern", ["(?=a)", "(a)\\1", "a" * 513, "(", "a{1001}"])
async def test_what_is_no_pattern_is_refused_at_save(api: httpx.AsyncClient, pattern: str) -> None:
    condition = {"path": "trigger.data.text", "op": "matches", "value": pattern}
    answer = await api.post("/api/automations", json=HOOK | {"trigger_config": {"filter": condition}})
    assert answer.status_code == 422, answer.text
    assert await made(api, HOOK)
