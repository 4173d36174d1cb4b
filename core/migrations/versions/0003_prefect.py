"""What Prefect has been told of each run, which deployments are ours, how far schedules are planned."""

from core.migrations.run import run_sql

revision = "0003_prefect"
down_revision = "0002_adopt"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0003_prefect")
