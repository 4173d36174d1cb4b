"""What a worker does beside its runs, without anybody asking for it."""

import pytest

from core import keys as core_keys
from core import settings as core_settings
from core.accounts import repository as people
from core.mail.posting import ByMail
from core.seal import Sealer
from tests import questions
from tests.e2e.installation import Installation
from tests.e2e.test_agent_crashes import models
from tests.vendors.openai import OpenAIServer
from tests.vendors.smtp import SmtpServer
from tests.waiting import until

__all__ = ["models"]

pytest_plugins = ("tests.e2e.installation",)
pytestmark = pytest.mark.e2e


async def test_providers_are_looked_at(installation: Installation, models: OpenAIServer) -> None:
    async with installation.workshop.db.connection() as connection:
        await connection.execute(
            "INSERT INTO provider_health (connection_id, workspace_id, checked_at)"
            " SELECT id, workspace_id, now() - interval '1 hour' FROM connections"
        )
    installation.worker()

    async def looked() -> bool:
        async with installation.workshop.db.connection() as connection:
            return bool(await connection.fetchval("SELECT checked_at > used_at FROM provider_health"))

    await until(looked, seconds=60)
    assert models.script.asked == []


async def test_mails_of_accounts_are_sent(installation: Installation) -> None:
    async with SmtpServer() as server:
        installation.environment |= {
            "VUTLER_SMTP_URL": f"smtp://127.0.0.1:{server.port}?tls=none", "VUTLER_HTTP_ALLOW_HOSTS": "127.0.0.1",
            "VUTLER_MAIL_FROM": "Vutler <bot@vutler.test>",
        }  # fmt: skip
        settings = core_settings.load(installation.environment)
        sealer = Sealer(core_keys.sealing(settings, core_keys.load(settings)))
        shop = installation.workshop
        lab = await questions.add_workspace(shop.db)
        ada = await questions.add_member(shop.db, lab, "owner", "Ada")
        async with shop.db.transaction() as connection:
            user = await people.user(connection, ada)
            assert user is not None
            await ByMail(sealer).wanted(connection, "email", user)
        installation.worker()

        async def sent() -> bool:
            return len(server.delivered) == 1

        await until(sent, seconds=60)
