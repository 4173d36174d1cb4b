"""The product's own questions and reasons, as data."""

from core.migrations.run import run_sql

revision = "0029_said_as_data"
down_revision = "0028_notifications_as_data"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0029_said_as_data")
