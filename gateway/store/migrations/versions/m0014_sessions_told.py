"""Which session a code and what followed it came from (``sid``), and clients that send a nonce instead of PKCE."""

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


def downgrade() -> None:
    """Drop them."""
    for table, column in reversed(ADDED):
        op.drop_column(table, column)
