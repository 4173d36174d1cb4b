"""Agents, their turns and what their models cost."""

from core.migrations.run import run_sql

revision = "0021_agents"
down_revision = "0020_money"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0021_agents")
