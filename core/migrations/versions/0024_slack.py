"""Questions to people in a channel of a chat service."""

from core.migrations.run import run_sql

revision = "0024_slack"
down_revision = "0023_mail"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0024_slack")
