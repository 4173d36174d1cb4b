"""A Slack that is connected to Ada's workspace, as fixtures: what it sends goes to the served API."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from blocks.listening import Heard
from core import settings as core_settings
from core.connections.model import ConnectionRow
from core.db import Connection
from core.settings import Settings
from tests.api.conftest import Served, Tenant
from tests.vendors.slack import Slack
from tests.vendors.slack_channels import Channel
from tests.vendors.slack_sender import Hooks, Sender, pressed
from tests.waiting import until

ADA, EVE, GRACE = "U0ADA00001", "U0EVE00001", "U0GRACE001"
OUTSIDER = "grace@elsewhere.example"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return core_settings.load(
        {
            "VUTLER_HOME": str(tmp_path),
            "VUTLER_SIGNUP": "open",
            "VUTLER_PREFECT_PORT": "1",
            "VUTLER_HTTP_ALLOW_HOSTS": "127.0.0.1",
        }
    )


@dataclass
class Arrivals:
    """Stands where channels are: keeps what arrived, each message once."""

    heard: dict[tuple[UUID, str, str], Heard] = field(default_factory=dict)
    repeats: int = 0
    own: str | None = None
    workspaces: list[str] = field(default_factory=list)

    async def __call__(
        self, connection: Connection, account: ConnectionRow, heard: Sequence[Heard], *, own_id: str | None = None
    ) -> object:
        self.own = own_id
        self.workspaces.append(await connection.fetchval("SELECT current_setting('app.workspace')"))
        for each in heard:
            key = (account.id, each.channel, each.id)
            self.repeats += key in self.heard
            self.heard[key] = each
        return None


@dataclass
class Room:
    """Ada's Slack: the app, a connection to it, the channel, and what it sends."""

    slack: Slack
    sender: Sender
    connection_id: UUID
    channel: Channel
    arrivals: Arrivals
    hooks: Hooks
    client: httpx.AsyncClient
    ada: Tenant

    async def press(self, message: dict[str, Any], choice: str, user: str = ADA, team: str = "") -> str:
        """Press a button; gives what whoever pressed is told besides."""
        buttons = {each["action_id"]: each for each in message["blocks"][-1].get("elements", [])}
        action = {"action_id": f"vutler:{choice}", "value": buttons[f"vutler:{choice}"]["value"]}
        payload = pressed(self.slack.team, user, self.channel.id, message, action)
        payload["user"]["team_id"] = team or self.slack.team
        payload["response_url"] = self.hooks.response_url()
        assert await self.sender.press(payload) == (200, "{}")
        told = list(self.hooks.responses.values())[-1]
        return str(told[0]["text"]) if told else ""

    async def whispered(self) -> str:
        async def there() -> bool:
            return bool(list(self.hooks.responses.values())[-1])

        await until(there)
        return str(list(self.hooks.responses.values())[-1][0]["text"])


@pytest.fixture
async def room(served: Served, client: httpx.AsyncClient, ada: Tenant) -> AsyncIterator[Room]:
    async def post(url: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        answer = await client.post(url, headers=headers, content=body)
        return answer.status_code, dict(answer.headers), answer.content

    async with Slack() as slack, Hooks() as hooks:
        sender = Sender("", post, retry_s=(0.0, 0.0))
        slack.user(ADA, "Ada", ada.email)
        body = {
            "name": "Slack", "kind": "slack", "allowed_hosts": ["127.0.0.1"],
            "fields": {"bot_token": slack.bot_token, "signing_secret": sender.secret, "api_url": slack.api_url},
        }  # fmt: skip
        answer = await client.post("/api/connections", json=body, headers=ada.headers)
        assert answer.status_code == 201, answer.text
        assert "canary" not in answer.text
        connection_id = UUID(answer.json()["id"])
        sender.url = f"/api/inbound/slack/{connection_id}"
        arrivals = Arrivals()
        served.app.state.services.inbound.arrive = arrivals
        yield Room(slack, sender, connection_id, slack.channel("approvals"), arrivals, hooks, client, ada)
