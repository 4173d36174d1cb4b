"""Connections that people make themselves."""

from core.migrations.run import run_sql

revision = "0015_connections"
down_revision = "0014_accounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0015_connections")
