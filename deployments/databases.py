"""Which databases are used: Vutler's own and Prefect's, embedded or on somebody's server."""

from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from core.settings import BadSetting, Settings
from deployments.postgres import Embedded

_SCHEMES = ("postgresql", "postgres")


def vutler_dsn(settings: Settings) -> str:
    """A libpq URL. Raises `BadSetting`."""
    if settings.database_url is None:
        return Embedded(settings.home).dsn("vutler")
    parts = urlsplit(settings.database_url)
    if parts.scheme not in _SCHEMES or not parts.path.strip("/"):
        raise BadSetting(
            "VUTLER_DATABASE_URL must look like postgresql://user:password@host:5432/database and name a database."
        )
    return urlunsplit(parts._replace(scheme="postgresql"))


def dsn_as(settings: Settings, role: str) -> str:
    """The same database as one of the roles of core/tenancy.py. Raises `BadSetting`.

    On the embedded server it is the role that logs in. On somebody's server the user of VUTLER_DATABASE_URL logs in, is
    a member of the role, and each session takes it on before anything else.
    """
    if settings.database_url is None:
        return Embedded(settings.home).dsn("vutler", user=role)
    parts = urlsplit(vutler_dsn(settings))
    return urlunsplit(parts._replace(query=f"{parts.query}&role={role}".lstrip("&")))


def prefect_database(settings: Settings) -> str:
    """The name of Prefect's database: `prefect`, or on somebody's server ours with `_prefect` behind it."""
    if settings.database_url is None:
        return "prefect"
    return unquote(urlsplit(vutler_dsn(settings)).path.strip("/")) + "_prefect"


def prefect_dsn(settings: Settings) -> str:
    """The libpq URL of Prefect's database, on the same server as ours."""
    if settings.database_url is None:
        return Embedded(settings.home).dsn("prefect")
    parts = urlsplit(vutler_dsn(settings))
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + "_prefect"))


def prefect_sqlalchemy_url(settings: Settings) -> str:
    return prefect_dsn(settings).replace("postgresql://", "postgresql+asyncpg://", 1)


def shown(dsn: str) -> str:
    """The URL without its password, for people."""
    parts = urlsplit(dsn)
    if parts.password is None:
        return dsn
    return urlunsplit(parts._replace(netloc=f"{parts.username}:***@{parts.netloc.rpartition('@')[2]}"))


async def create_prefect_database(settings: Settings) -> None:
    """Make Prefect's database when it is missing. Raises what asyncpg raises."""
    name = prefect_database(settings)
    connection = await asyncpg.connect(vutler_dsn(settings), timeout=10)
    try:
        if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name) is None:
            quoted = name.replace('"', '""')
            await connection.execute(f'CREATE DATABASE "{quoted}"')
    except asyncpg.DuplicateDatabaseError:  # another process made it at the same moment
        pass
    finally:
        await connection.close()
