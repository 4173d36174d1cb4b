"""Sessions, API tokens, invitations, one-time links, identities of other issuers."""

from core.migrations.run import run_sql

revision = "0014_accounts"
down_revision = "0013_isolated"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0014_accounts")
