"""Who wants which notifications by mail."""

from core.migrations.run import run_sql

revision = "0023_mail"
down_revision = "0022_channels"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0023_mail")
