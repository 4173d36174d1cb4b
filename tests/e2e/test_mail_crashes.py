"""A worker is killed while it takes a mail out of a mailbox: the mail is taken once, and answered once.

Nothing is marked in the mailbox. What was taken is known by the cursor, which is committed with the mail and its runs.
"""

from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from core import keys as core_keys
from core import settings as core_settings
from core.caller import Caller
from core.connections.opening import Door
from core.connections.service import Connections, Given
from core.connections.signed import Tokens
from core.ids import new_id
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.seal import Sealer
from tests.e2e.installation import Installation
from tests.e2e.test_crash_points import LISTENS
from tests.vendors.certificates import Authority
from tests.vendors.dovecot import PASSWORD, Dovecot, dovecot
from tests.waiting import until

pytest_plugins = ("tests.e2e.installation",)
pytestmark = pytest.mark.e2e

HOSTS = ["127.0.0.1", "localhost"]


@pytest.fixture
async def mailbox(installation: Installation, tmp_path: Path) -> AsyncIterator[Dovecot]:
    """With an automation that acts on each mail that comes."""
    authority = Authority(tmp_path)
    installation.environment |= {"VUTLER_HTTP_ALLOW_HOSTS": ",".join(HOSTS), "SSL_CERT_FILE": str(authority.root)}
    settings = core_settings.load(installation.environment)
    shop, policy = installation.workshop, Policy.of(HOSTS)
    async with dovecot(authority) as made, Outgoing(policy) as out:
        await made.deliver(letter(0))  # before anybody listens
        door = Door(Sealer(core_keys.sealing(settings, core_keys.load(settings))))
        fields = {"host": "localhost", "port": made.implicit, "user": "ada", "password": PASSWORD}
        async with shop.db.connection() as connection:
            await connection.execute("INSERT INTO workspaces (id, name) VALUES ($1, 'Test')", shop.workspace)
        service = Connections(shop.db, door, out, Tokens(), policy)
        await service.create(Caller(new_id(), shop.workspace, "owner"), "imap", Given("Inbox", fields))
        config = {"method": "POST", "url": f"{installation.echo.url}/act", "json": "{{ trigger.data.subject }}"}
        rule = await shop.automation({"id": "act", "type": "http", "config": config})
        async with shop.db.transaction() as connection:
            await connection.execute("UPDATE automation_rules SET enabled = true WHERE id = $1", rule)
            await connection.execute(
                "INSERT INTO automation_triggers (id, rule_id, workspace_id, type, config, position, active)"
                " VALUES ($1, $2, $3, 'email', $4, 0, true)",
                new_id(), rule, shop.workspace, {"connection": "Inbox"},
            )  # fmt: skip
        yield made


def letter(number: int) -> bytes:
    mail = EmailMessage()
    for name, value in {"From": "Bob <bob@example.net>", "To": "ada@example.org", "Subject": f"Order {number}"}.items():
        mail[name] = value
    mail["Message-ID"] = f"<{number}@example.net>"
    mail.set_content("Where is it?")
    return bytes(mail)


async def listening(installation: Installation) -> None:
    async def stands() -> bool:
        async with installation.workshop.db.connection() as connection:
            state = await connection.fetchval("SELECT state FROM listening WHERE cursor IS NOT NULL")
        return bool(state == "listening")

    await until(stands, seconds=60)


@pytest.mark.parametrize("point", LISTENS)
async def test_a_worker_dies_over_a_mail(installation: Installation, mailbox: Dovecot, point: str) -> None:
    dying = installation.worker(VUTLER_CRASH_AT=point)
    await listening(installation)
    await mailbox.deliver(letter(1))
    await installation.dies(dying, point)
    async with installation.workshop.db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM messages") == (0 if point == "heard" else 1)
    await mailbox.deliver(letter(2))
    installation.worker()

    async def both() -> bool:
        async with installation.workshop.db.connection() as connection:
            ended = await connection.fetchval("SELECT count(*) FROM automation_logs WHERE status = 'success'")
        return bool(ended >= 2)

    await until(both, seconds=60)
    async with installation.workshop.db.connection() as connection:
        runs = await connection.fetch("SELECT status, trigger_data->>'subject' AS subject FROM automation_logs")
        texts = await connection.fetch("SELECT external_id FROM messages")
    assert sorted((run["status"], run["subject"]) for run in runs) == [("success", "Order 1"), ("success", "Order 2")]
    assert len(texts) == 2
    assert len(installation.echo.hits) == 2
