"""Questions to people in a channel of a chat service."""

from core.migrations.run import run_sql

revision = "0022_slack"
down_revision = "0018_tenancy"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0022_slack")
