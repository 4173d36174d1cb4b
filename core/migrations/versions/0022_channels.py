"""Channels, their members and messages, and what listens to accounts."""

from core.migrations.run import run_sql

revision = "0022_channels"
down_revision = "0021_agents"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0022_channels")
