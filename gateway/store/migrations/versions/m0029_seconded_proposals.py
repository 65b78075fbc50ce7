"""A proposal remembers whether a second administrator agreed to it: the link that comes of it does too."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark; nobody has agreed to any proposal yet."""
    op.add_column(
        "guardian_proposal", sa.Column("is_seconded", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    """Take it away: what nobody answered yet is an ordinary proposal, which an administrator cannot say yes to."""
    op.drop_column("guardian_proposal", "is_seconded")
