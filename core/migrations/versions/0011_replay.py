"""Running runs again."""

from core.migrations.run import run_sql

revision = "0011_replay"
down_revision = "0010_alerts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0011_replay")
