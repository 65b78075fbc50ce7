"""A kept request remembers whose answer used it up, so that the same person's second press arrives too."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark; what was used up before is nobody's to answer again."""
    op.add_column("pushed_request", sa.Column("used_by", sa.LargeBinary()))


def downgrade() -> None:
    """Take it away: what was used up stays used up."""
    op.drop_column("pushed_request", "used_by")
