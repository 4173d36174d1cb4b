"""Channels, their members and messages, and what listens to accounts."""

from core.migrations.run import run_sql

revision = "0020_channels"
down_revision = "0018_tenancy"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0020_channels")
