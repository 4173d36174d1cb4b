"""Jobs of isolated lanes."""

from core.migrations.run import run_sql

revision = "0013_isolated"
down_revision = "0012_schedules"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0013_isolated")
