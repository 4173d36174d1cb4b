"""`/api/agents` with a mailbox: which automation it carries then."""

from typing import Any

import httpx
import pytest

from tests.agents.served import settings
from tests.api.test_agents import ACTIONS, made

__all__ = ["settings"]


async def _mail_accounts(api: httpx.AsyncClient) -> tuple[dict[str, Any], dict[str, Any]]:
    """A mailbox and two accounts that send."""
    inbox = {"host": "imap.example.org", "user": "help@example.org", "password": "x"}
    sends = {"host": "smtp.example.org", "sender": "Help <help@example.org>"}
    bodies = [("imap", "Inbox", inbox), ("smtp", "Out", sends), ("smtp", "Other", sends)]
    for kind, name, fields in bodies:
        answer = await api.post("/api/connections", json={"kind": kind, "name": name, "fields": fields})
        assert answer.status_code == 201, answer.text
    return {"inbox": "Inbox", "account": "Out", "from": "Help <help@example.org>"}, {"inbox": "Inbox"}


async def _carried(api: httpx.AsyncClient, agent: dict[str, Any]) -> tuple[str, dict[str, Any], list[str]]:
    """Trigger, its configuration, and the steps."""
    rule = (await api.get(f"/api/automations/{agent['automation_id']}")).json()
    assert rule["status"] == "active", rule["findings"]
    return rule["trigger_type"], rule["trigger_config"], [each["id"] for each in rule["actions"]]


@pytest.mark.proves("S6.5 (3)")
async def test_an_agent_with_a_mailbox_answers_mails(api: httpx.AsyncClient) -> None:
    mail, reads = await _mail_accounts(api)
    agent = await made(api, email=mail)
    assert await _carried(api, agent) == ("email", {"agent": "support"}, ["answer_mail", "reply_mail"])
    rule = (await api.get(f"/api/automations/{agent['automation_id']}")).json()
    assert rule["actions"][1]["config"] == {
        "connection": "Out", "from": mail["from"], "reply_to_message": "{{ trigger.data.more }}",
        "text": "{{ steps.answer_mail.output.text }}",
    }  # fmt: skip

    async def change(**body: Any) -> tuple[str, dict[str, Any], list[str]]:
        answer = await api.patch(f"/api/agents/{agent['id']}", json=body)
        assert answer.status_code == 200, answer.text
        return await _carried(api, agent)

    room = (await api.post("/api/channels", json={"name": "leads"})).json()["id"]
    both = ["which", "answer", "reply", "answer_mail", "reply_mail"]
    assert await change(channels=[room]) == ("message", {"agent": "support", "mail": True}, both)
    assert await change(email=mail | {"account": "Other"}) == ("message", {"agent": "support", "mail": True}, both)
    rule = (await api.get(f"/api/automations/{agent['automation_id']}")).json()
    assert rule["actions"][4]["config"]["connection"] == "Other"
    assert await change(email=reads, slug="help") == ("message", {"agent": "help", "mail": True}, both[:4])
    assert await change(email=None) == ("message", {"agent": "help"}, ["answer", "reply"])
    assert await change(email=mail, channels=[]) == ("email", {"agent": "help"}, ["answer_mail", "reply_mail"])


async def test_the_steps_that_its_owner_gave_stay_when_the_mailbox_changes(api: httpx.AsyncClient) -> None:
    mail, reads = await _mail_accounts(api)
    agent = await made(api, email=mail, trigger_type="email", trigger_config={"agent": "support"}, actions=ACTIONS)
    assert await _carried(api, agent) == ("email", {"agent": "support"}, ["say"])
    await api.patch(f"/api/agents/{agent['id']}", json={"email": reads, "slug": "help"})
    assert await _carried(api, agent) == ("email", {"agent": "help"}, ["say"])


@pytest.mark.parametrize(
    ("wrong", "at"),
    [({"inbox": "Out"}, "email.inbox"), ({"account": "Inbox"}, "email.account"), ({"inbox": "none"}, "email.inbox"),
     ({"inbox": "Inbox", "account": "Out", "from": "Help <help@example.org>\r\nBcc: eve@example.org"}, "email.from")],
)  # fmt: skip
async def test_a_mailbox_that_is_none(api: httpx.AsyncClient, wrong: dict[str, Any], at: str) -> None:
    await _mail_accounts(api)
    told = (await api.post("/api/agents", json={"name": "Support", "email": wrong})).json()
    assert (told["status"], [each["at"] for each in told["errors"]]) == (422, [at]), told
    listed = (await api.get("/api/agents", params={"search": "Support"})).json()["items"]
    assert listed == []
