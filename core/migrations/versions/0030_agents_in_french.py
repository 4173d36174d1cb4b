"""The agents that a workspace begins with, described in French."""

from core.migrations.run import run_sql

revision = "0030_agents_in_french"
down_revision = "0029_said_as_data"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0030_agents_in_french")
