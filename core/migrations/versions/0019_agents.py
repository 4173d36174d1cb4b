"""Agents, their turns and what their models cost."""

from core.migrations.run import run_sql

revision = "0019_agents"
down_revision = "0018_tenancy"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0019_agents")
