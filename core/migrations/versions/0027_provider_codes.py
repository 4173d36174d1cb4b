"""Why a provider fails, as a code."""

from core.migrations.run import run_sql

revision = "0027_provider_codes"
down_revision = "0026_onboarding"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0027_provider_codes")
