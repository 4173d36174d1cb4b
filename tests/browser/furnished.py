"""A workspace that has some of everything, made through the API: for tests of the frame around the pages."""

from dataclasses import dataclass
from typing import Any, Final

from tests.e2e.person import Person, until
from tests.echo import Echo

LONG: Final = "Send the invoice of the fourth quarter to each customer of the north-western region and its branches"


@dataclass(frozen=True)
class Furnished:
    """What a route's parameters may be filled with."""

    automation: str
    failed_run: str
    approval_link: str
    agent: str
    channel: str
    connection: str
    alert: str
    invitation: str


def _invoice(echo: Echo) -> dict[str, Any]:
    return {
        "name": LONG, "trigger_type": "webhook", "description": "Reads the order, sends the invoice, notes it.",
        "policy": {"on_failure": {"alert_after": 1}},
        "actions": [
            {"id": "read", "type": "transform", "config": {"value": "{{ trigger.data }}"}},
            {"id": "good", "type": "branch", "config": {
                "cases": [{"name": "yes", "when": "{{ trigger.data.path }}"}], "else": "no"}},
            {"id": "send", "type": "http", "needs": ["good:yes"], "retry": {"max_attempts": 1},
             "config": {"method": "PUT", "url": echo.url + "{{ trigger.data.path }}", "json": {"n": 1}}},
        ],
    }  # fmt: skip


CRM: Final = {
    "kind": "http_bearer", "name": "CRM", "fields": {"token": "secret-of-the-crm"},
    "allowed_hosts": ["crm.example.com"],
}  # fmt: skip
ASK: Final[dict[str, Any]] = {
    "name": "Publish the offer", "trigger_type": "schedule",
    "trigger_config": {"cron": "0 9 * * 1", "timezone": "Europe/Paris"},
    "actions": [{"id": "ask", "type": "approval",
                 "config": {"message": "Publish “Spring offer”?", "deadline": "2d"}}],
}  # fmt: skip


def _made(told: tuple[int, Any]) -> Any:
    status, answer = told
    assert status in (200, 201, 202), told
    return answer


async def furnish(person: Person, echo: Echo) -> Furnished:
    automation = (await person.create(_invoice(echo)))["id"]
    wrong, right = {"payload": {"path": "/status/500", "who": "Ada"}}, {"payload": {"path": "/ok"}}
    failed = _made(await person.send("POST", f"/api/automations/{automation}/run?wait=20", wrong))["run_id"]
    _made(await person.send("POST", f"/api/automations/{automation}/run?wait=20", right))
    asking = (await person.create(ASK))["id"]
    _made(await person.send("POST", f"/api/automations/{asking}/run", {"payload": {}}))
    connection = _made(await person.send("POST", "/api/connections", CRM))
    channel = next(each["id"] for each in (await person.get("/api/channels"))["items"] if each["name"] == "general")
    _made(await person.send("POST", f"/api/channels/{channel}/messages", {"text": "Who sends the invoices?"}))
    offer = {"email": "bob@example.com", "role": "viewer"}
    invited = _made(await person.send("POST", f"/api/workspaces/{person.workspace}/invitations", offer))

    async def told() -> bool:
        asked = (await person.get("/api/approvals?state=pending"))["items"]
        return bool(asked and (await person.get("/api/alerts?open=true"))["items"])

    await until("a question and an alert are there", told, 20)
    asked = (await person.get("/api/approvals?state=pending"))["items"][0]
    link = _made(await person.send("POST", f"/api/approvals/{asked['id']}/link", {"for": person.email}))
    return Furnished(
        automation=automation, failed_run=failed, approval_link=link["url"].rpartition("/")[2],
        agent=(await person.get("/api/agents"))["items"][0]["id"], channel=channel, connection=connection["id"],
        alert=(await person.get("/api/alerts?open=true"))["items"][0]["id"],
        invitation=invited["link"].rpartition("/")[2],
    )  # fmt: skip
