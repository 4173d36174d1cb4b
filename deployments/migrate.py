"""Bring the database up to date: `python -m deployments.migrate`, which `vutler migrate` becomes.

First the schema, then what an older Vutler left in it (core/adoption.py).
"""

import asyncio
import sys
import time

import asyncpg
import sqlalchemy.exc
from alembic.util import CommandError

from blocks import registry
from core import adoption, db
from core import keys as core_keys
from core import settings as core_settings
from core.credits import loading, plans
from core.credits.plans import BadPlans, PlansFile
from core.migrations import run as migrations
from core.outgoing.addresses import Policy
from core.seal import Sealer
from core.settings import VERSION, BadSetting, Settings
from deployments import databases

_DATABASE_WITHIN = 60.0  # seconds


async def _wait_for_database(dsn: str) -> None:
    """Raises what asyncpg raised last."""
    end = time.monotonic() + _DATABASE_WITHIN
    while True:
        try:
            await (await asyncpg.connect(dsn, timeout=10)).close()
        except db.AWAY:
            if time.monotonic() >= end:
                raise
            await asyncio.sleep(0.5)
        else:
            return


async def _load_plans(dsn: str, file: PlansFile) -> None:
    database = db.Database(dsn, application="vutler migrate", size=1)
    await database.open()
    try:
        async with database.transaction() as connection:
            await loading.load(connection, file, registry.actions())
    finally:
        await database.close()


def _sealer(settings: Settings) -> Sealer | None:
    """None when there is no secret key to seal with; who needs one says so."""
    try:
        return Sealer(core_keys.sealing(settings, core_keys.load(settings)))
    except (BadSetting, OSError):
        return None


def main() -> int:
    try:
        settings = core_settings.load()
        dsn = databases.vutler_dsn(settings)
        file = plans.read(settings.plans_file)
    except (BadSetting, BadPlans) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        asyncio.run(_wait_for_database(dsn))
        migrations.migrate(dsn)
        asyncio.run(_load_plans(dsn, file))
        policy = Policy.of(settings.http_allow_hosts, settings.public_url)
        adopted = asyncio.run(adoption.adopt(dsn, _sealer(settings), policy))
    except CommandError as error:
        sys.stderr.write(
            f"The database {databases.shown(dsn)} has a schema that Vutler {VERSION} does not know ({error})."
            " A newer version made it: start that one.\n"
        )
        return 1
    except (OSError, asyncpg.PostgresError, sqlalchemy.exc.SQLAlchemyError) as error:
        sys.stderr.write(f"The database {databases.shown(dsn)} could not be brought up to date: {error}\n")
        return 1
    sys.stdout.writelines(f"{sentence}\n" for sentence in adopted)
    sys.stdout.write(f"The schema is up to date: {migrations.head()}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
