"""Runs that wait: what a step waits for, what woke it, and how long a run has worked."""

from core.migrations.run import run_sql

revision = "0004_graph"
down_revision = "0003_prefect"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0004_graph")
