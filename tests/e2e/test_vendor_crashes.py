"""A worker is killed at a step that acts at somebody else's: before it acted, or between the act and its record.

What may be done twice is done again. Of everything else the vendor has seen nothing, or one; the run waits and asks,
and whichever of the answers is the true one leaves the vendor with one.
"""

import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from core import keys as core_keys
from core import settings as core_settings
from core.caller import Caller
from core.connections.opening import Door
from core.connections.service import Connections, Given
from core.connections.signed import Tokens
from core.files.service import Files
from core.ids import new_id
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.runs import queue
from core.seal import Sealer
from tests.e2e.installation import Installation
from tests.vendors.google import Google
from tests.vendors.mcp import TOKEN, Tickets, tickets
from tests.vendors.resend import Resend
from tests.vendors.sendgrid import SendGrid
from tests.vendors.slack import Slack
from tests.vendors.smtp import SmtpServer

pytest_plugins = ("tests.e2e.installation",)
pytestmark = pytest.mark.e2e

HERE = "127.0.0.1"
LETTER = {"to": "ada@example.org", "subject": "One", "text": "Hello"}
FILM = random.Random(5).randbytes(300_000)
SENT_BEFORE = {"before_effect": 0, "after_effect": 1}
TRUTH = {"before_effect": "repeat", "after_effect": "done"}  # what a person finds at the vendor's


@dataclass
class Vendors:
    """Servers of vendors with an account at each, and what stands there of the step's act."""

    slack: Slack
    google: Google
    tickets: Tickets
    mail: SmtpServer
    resend: Resend
    sendgrid: SendGrid
    sheet: str
    film: str

    def step(self, action: str) -> dict[str, Any]:
        sheet = {"connection": "Robot", "spreadsheet": self.sheet, "sheet": "Leads", "values": ["Ada"]}
        configs: dict[str, tuple[str, dict[str, Any]]] = {
            "slack": ("slack", {"connection": "Chat", "channel": "#general", "text": "hello"}),
            "add_row": ("sheets", sheet),
            "update_cell": ("sheets", {**sheet, "operation": "update_cell", "cell": "A1"}),
            "youtube": ("youtube", {"connection": "Ada", "file": {"$file": self.film}, "title": "One"}),
            "mcp": ("mcp", {"connection": "Tickets", "tool": "create_issue", "arguments": {"title": "Printer"}}),
            "email": ("email", {"connection": "Mail", **LETTER}),
            "resend": ("email", {"connection": "Resend", **LETTER}),
            "sendgrid": ("email", {"connection": "SendGrid", **LETTER}),
        }
        kind, config = configs[action]
        return {"id": "act", "type": kind, "config": config}

    def seen(self, action: str) -> int:
        of: dict[str, Callable[[], int]] = {
            "slack": lambda: sum(len(each.messages) for each in self.slack.channels.values()),
            "add_row": lambda: len(self.google.sheets.files[self.sheet]["Leads"]),
            "update_cell": lambda: len(self.google.sheets.files[self.sheet]["Leads"]),
            "youtube": lambda: len(self.google.youtube.videos),
            "mcp": lambda: len(self.tickets.issues),
            "email": lambda: len(self.mail.delivered),
            "resend": lambda: len(self.resend.sent),
            "sendgrid": lambda: len(self.sendgrid.sent),
        }
        return of[action]()


@pytest.fixture
async def vendors(installation: Installation) -> AsyncIterator[Vendors]:
    installation.environment["VUTLER_HTTP_ALLOW_HOSTS"] = HERE
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(Slack())
        google = await stack.enter_async_context(Google())
        server = await stack.enter_async_context(tickets())
        mail = await stack.enter_async_context(SmtpServer())
        resend = await stack.enter_async_context(Resend())
        sendgrid = await stack.enter_async_context(SendGrid())
        slack.channel("general")
        sheet = google.sheets.make("Leads")
        google.sheets.shared[sheet][google.key_file()["client_email"]] = "writer"
        made = Vendors(slack, google, server, mail, resend, sendgrid, sheet, "")
        await connect(installation, made)
        yield made


async def connect(installation: Installation, vendors: Vendors) -> None:
    settings = core_settings.load(installation.environment)
    door = Door(Sealer(core_keys.sealing(settings, core_keys.load(settings))))
    shop, policy, google = installation.workshop, Policy.of([HERE]), vendors.google
    async with shop.db.connection() as connection:
        await connection.execute("INSERT INTO workspaces (id, name) VALUES ($1, 'Test')", shop.workspace)
    caller = Caller(new_id(), shop.workspace, "owner")
    own = {"client_id": google.client_id, "client_secret": google.client_secret, "base_url": google.url}
    accounts: list[tuple[str, str, dict[str, Any]]] = [
        ("Chat", "slack", {"bot_token": vendors.slack.bot_token, "api_url": vendors.slack.api_url}),
        ("Robot", "google_service_account", {"key": json.dumps(google.key_file()), "base_url": google.url}),
        ("Ada", "google_oauth", own | {"refresh_token": google.refresh_token()}),
        ("Tickets", "mcp", {"url": vendors.tickets.url, "token": TOKEN}),
        ("Mail", "smtp", {"host": HERE, "port": vendors.mail.port, "tls": "none", "sender": "bot@example.org"}),
        ("Resend", "resend", {
            "api_key": vendors.resend.key, "api_url": vendors.resend.url, "sender": "bot@example.org",
        }),
        ("SendGrid", "sendgrid", {
            "api_key": vendors.sendgrid.key, "api_url": vendors.sendgrid.url, "sender": "bot@example.org",
        }),
    ]  # fmt: skip
    async with Outgoing(policy) as out:
        service = Connections(shop.db, door, out, Tokens(), policy)
        for name, kind, fields in accounts:
            hosts = None if kind in ("mcp", "smtp") else [HERE]
            await service.create(caller, kind, Given(name, fields, hosts))

    async def chunks() -> AsyncIterator[bytes]:
        yield FILM

    files = Files(shop.db, quota=10_000_000)
    vendors.film = str((await files.add(caller, "film.mp4", None, chunks(), announced=len(FILM))).id)


@pytest.mark.parametrize("action", ["slack", "add_row", "update_cell", "youtube", "mcp", "email", "sendgrid", "resend"])
@pytest.mark.parametrize("point", ["before_effect", "after_effect"])
async def test_a_worker_dies_at_a_vendors(
    installation: Installation, vendors: Vendors, point: str, action: str
) -> None:
    run_id = await installation.workshop.start(await installation.workshop.automation(vendors.step(action)), {})
    await installation.dies(installation.worker(VUTLER_CRASH_AT=point), point)
    assert vendors.seen(action) == SENT_BEFORE[point]
    installation.worker()
    if action != "update_cell":  # writing a cell twice is writing it once
        run = await installation.run(run_id, "waiting", "success", "failed")
        assert run["status"] == "waiting", run["error"]
        assert run["wait"]["reason"]
        assert (await installation.workshop.steps(run_id))["act"]["status"] == "unknown"
        assert vendors.seen(action) == SENT_BEFORE[point]  # it is asked first, and nothing done meanwhile
        async with installation.workshop.db.connection() as connection:
            assert await queue.wake(connection, run_id, "act", {"decision": TRUTH[point], "by_name": "Ada"})
    run = await installation.run(run_id, "success", "failed", "cancelled")
    assert run["status"] == "success", run["error"]
    assert vendors.seen(action) == 1


async def test_slack_is_searched_before_a_message_is_posted_again(installation: Installation, vendors: Vendors) -> None:
    """A person who says `repeat` of what was done after all gets no second message."""
    run_id = await installation.workshop.start(await installation.workshop.automation(vendors.step("slack")), {})
    await installation.dies(installation.worker(VUTLER_CRASH_AT="after_effect"), "after_effect")
    installation.worker()
    await installation.run(run_id, "waiting")
    async with installation.workshop.db.connection() as connection:
        assert await queue.wake(connection, run_id, "act", {"decision": "repeat", "by_name": "Ada"})
    run = await installation.run(run_id, "success", "failed", "cancelled")
    assert run["status"] == "success", run["error"]
    assert vendors.seen("slack") == 1


async def test_resend_knows_the_mail_again(installation: Installation, vendors: Vendors) -> None:
    """A person who says `repeat` of a mail that Resend has: it goes by the same key, and is not sent twice."""
    run_id = await installation.workshop.start(await installation.workshop.automation(vendors.step("resend")), {})
    await installation.dies(installation.worker(VUTLER_CRASH_AT="after_effect"), "after_effect")
    installation.worker()
    await installation.run(run_id, "waiting")
    async with installation.workshop.db.connection() as connection:
        assert await queue.wake(connection, run_id, "act", {"decision": "repeat", "by_name": "Ada"})
    run = await installation.run(run_id, "success", "failed", "cancelled")
    assert run["status"] == "success", run["error"]
    assert len({key for _, key in vendors.resend.asked}) == 1
    assert (len(vendors.resend.asked), vendors.seen("resend")) == (2, 1)
