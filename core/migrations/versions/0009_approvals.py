"""Questions to people, asked in the commit that records the wait for their answer."""

from core.migrations.run import run_sql

revision = "0009_approvals"
down_revision = "0008_steps"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0009_approvals")
