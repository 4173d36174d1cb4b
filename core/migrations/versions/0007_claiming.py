"""Overlap of runs, fair claims, the limits of plans."""

from core.migrations.run import run_sql

revision = "0007_claiming"
down_revision = "0006_notifications"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0007_claiming")
