"""Bring a database up to date: `vutler migrate`, the supervisor and the tests call this."""

from pathlib import Path

from alembic import command, op
from alembic.config import Config
from alembic.script import ScriptDirectory

FOLDER = Path(__file__).parent


def run_sql(name: str) -> None:
    """Execute `sql/<name>.sql` as it stands, inside the migration's transaction."""
    connection = op.get_bind().connection.driver_connection
    script = (FOLDER / "sql" / f"{name}.sql").read_text()
    assert connection is not None
    op.get_bind().connection.dbapi_connection.run_async(lambda raw: raw.execute(script))  # type: ignore[union-attr]


def _config(dsn: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    url = dsn.replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+asyncpg://", 1)
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def migrate(dsn: str) -> None:
    """Upgrade to the newest schema. `dsn` is a libpq URL. Must not be called from a running event loop."""
    command.upgrade(_config(dsn), "head")


def head() -> str:
    """The newest revision that this code knows."""
    return ScriptDirectory.from_config(_config("postgresql:///")).get_current_head() or ""
