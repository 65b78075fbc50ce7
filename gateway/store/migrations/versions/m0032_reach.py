"""A token keeps what it was asked for; a grant keeps what its person left out, and when."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_HOLDERS = ("authorization_code", "access_token", "refresh_token")


def upgrade() -> None:
    """Add the columns.

    Codes and tokens of old say nothing there: they reach what their scope and details say until they run out, the
    last refresh tokens in 30 days. What was left out before nobody has written down: it is asked for once more.
    """
    for table in _HOLDERS:
        op.add_column(table, sa.Column("asked_items", sa.Text(), nullable=True))
    op.add_column("consent_grant", sa.Column("left_out", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take them away; tokens that lose their asked items reach less, never more."""
    op.drop_column("consent_grant", "left_out")
    for table in _HOLDERS:
        op.drop_column(table, "asked_items")
