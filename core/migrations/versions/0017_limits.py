"""The audit log, and the files of a workspace."""

from core.migrations.run import run_sql

revision = "0017_limits"
down_revision = "0016_credits"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0017_limits")
