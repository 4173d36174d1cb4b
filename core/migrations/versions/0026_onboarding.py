"""When a person was done with the first steps."""

from core.migrations.run import run_sql

revision = "0026_onboarding"
down_revision = "0025_listeners"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0026_onboarding")
