"""Signed webhooks, captured samples, redeliveries, agent events, automations that start automations."""

from core.migrations.run import run_sql

revision = "0005_triggers"
down_revision = "0004_graph"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0005_triggers")
