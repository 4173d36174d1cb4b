"""Who wants which notifications by mail."""

from core.migrations.run import run_sql

revision = "0021_mail"
down_revision = "0018_tenancy"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0021_mail")
