"""Names of sessions (``sid``), clients that send a nonce instead of PKCE, and clients that left."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ADDED = (
    ("session", "sid"),
    ("authorization_code", "sid"),
    ("refresh_token", "sid"),
    ("logout_delivery", "sid"),
    ("client", "nonce_reason"),
)


def upgrade() -> None:
    """Add the columns."""
    for table, column in ADDED:
        op.add_column(table, sa.Column(column, sa.Text(), nullable=True))
    op.add_column("client", sa.Column("left_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("client", "left_at")
    for table, column in reversed(ADDED):
        op.drop_column(table, column)
