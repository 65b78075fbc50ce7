"""Why two administrators let a client go with neither a code challenge nor a nonce; nobody is let off yet."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the reason."""
    op.add_column("client", sa.Column("neither_reason", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take it away: every client is held to one of the two again."""
    op.drop_column("client", "neither_reason")
