"""How many hand-offs a decision allows, on the decision itself, and where the grant began to count them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns: what a grant allowed so far it goes on to allow, counted from its first use."""
    op.add_column("consent_event", sa.Column("use_limit", sa.Integer(), nullable=True))
    op.add_column("consent_grant", sa.Column("uses_before", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("consent_grant", "uses_before")
    op.drop_column("consent_event", "use_limit")
