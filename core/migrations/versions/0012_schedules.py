"""What Prefect knows of schedules, who switched an automation, indexes for ten thousand of them."""

from core.migrations.run import run_sql

revision = "0012_schedules"
down_revision = "0011_replay"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0012_schedules")
