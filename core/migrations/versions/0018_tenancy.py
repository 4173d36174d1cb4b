"""Roles, and row-level security as the second wall between workspaces."""

from core.migrations.run import run_sql

revision = "0018_tenancy"
down_revision = "0017_limits"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0018_tenancy")
