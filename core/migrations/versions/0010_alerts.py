"""Loops and storms are stopped and told; error automations."""

from core.migrations.run import run_sql

revision = "0010_alerts"
down_revision = "0009_approvals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0010_alerts")
