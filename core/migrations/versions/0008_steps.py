"""Loops, called automations and questions: what a step's record may bring with it."""

from core.migrations.run import run_sql

revision = "0008_steps"
down_revision = "0007_claiming"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0008_steps")
