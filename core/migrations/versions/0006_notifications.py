"""What people are told; answers to steps in doubt."""

from core.migrations.run import run_sql

revision = "0006_notifications"
down_revision = "0005_triggers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0006_notifications")
