"""The schema: accounts, automations, arrivals, runs."""

from core.migrations.run import run_sql

revision = "0001_schema"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0001_move_aside")
    run_sql("0001_schema")
