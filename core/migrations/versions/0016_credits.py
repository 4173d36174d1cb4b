"""Plans, credits, and what a run may spend."""

from core.migrations.run import run_sql

revision = "0016_credits"
down_revision = "0015_connections"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0016_credits")
