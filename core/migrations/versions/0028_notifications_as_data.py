"""What notifications say, as data."""

from core.migrations.run import run_sql

revision = "0028_notifications_as_data"
down_revision = "0027_provider_codes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0028_notifications_as_data")
