"""Codes and tokens keep the forms that their request named."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_HOLDERS = ("authorization_code", "access_token", "refresh_token")


def upgrade() -> None:
    """Add the column; codes and tokens of old hand over the granted form until they run out."""
    for table in _HOLDERS:
        op.add_column(table, sa.Column("asked_forms", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take it away; what was asked for in a narrower form is handed over in the granted one again."""
    for table in _HOLDERS:
        op.drop_column(table, "asked_forms")
