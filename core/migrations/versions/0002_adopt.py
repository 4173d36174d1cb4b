"""The rows of an older Vutler, and the views that speak the words of its agents."""

from core.migrations.run import run_sql

revision = "0002_adopt"
down_revision = "0001_schema"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0002_views")
    run_sql("0002_adopt")
