"""What steps cost beyond their price, payloads by plan, and fewer statements for who pays."""

from core.migrations.run import run_sql

revision = "0020_money"
down_revision = "0019_doors"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0020_money")
