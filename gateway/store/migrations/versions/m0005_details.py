"""Items that tokens reach by name (RFC 9396), and how recently and strongly the person authenticated (RFC 9470)."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TOKENS = ("authorization_code", "access_token", "refresh_token")


def upgrade() -> None:
    """Add the columns."""
    for table in TOKENS:
        op.add_column(table, sa.Column("details", sa.Text(), nullable=True))
    op.add_column("access_token", sa.Column("auth_time", sa.BigInteger(), nullable=True))
    for table in ("access_token", "refresh_token"):
        op.add_column(table, sa.Column("acr", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    for table in ("access_token", "refresh_token"):
        op.drop_column(table, "acr")
    op.drop_column("access_token", "auth_time")
    for table in TOKENS:
        op.drop_column(table, "details")
