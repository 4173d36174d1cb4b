"""Who listens to a channel, told by a function that keeps its plan."""

from core.migrations.run import run_sql

revision = "0025_listeners"
down_revision = "0024_slack"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0025_listeners")
