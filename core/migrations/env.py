"""Alembic's environment: plain SQL files in the schema `tenant_vutler`, all in one transaction.

An upgrade that fails leaves the database as it was, also one that adopts the tables of an older Vutler.
"""

import asyncio

import sqlalchemy as sa
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from core.db import SCHEMA
from core.migrations import roles

# One migration at a time over all processes: "vutler" in ASCII.
LOCK = 0x7675746C6572


def _run(connection: sa.Connection) -> None:
    connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
    connection.execute(sa.text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    connection.execute(sa.text(f"SET search_path = {SCHEMA}"))
    roles.become_owner(connection)
    connection.commit()
    context.configure(connection=connection, version_table_schema=SCHEMA)
    with context.begin_transaction():
        context.run_migrations()
        roles.guard(connection)
    connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})
    connection.commit()


async def _main() -> None:
    engine = create_async_engine(context.config.get_main_option("sqlalchemy.url") or "", poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


asyncio.run(_main())
