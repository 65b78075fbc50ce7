"""A code names the session that it opened, so that the same form sent twice leads to the same place."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_CODES = ("one_time_password", "recovery_code")


def upgrade() -> None:
    """Add the column; codes that were used before name none, and a second press of theirs is not right, as before."""
    for table in _CODES:
        op.add_column(table, sa.Column("opened", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Take it away."""
    for table in _CODES:
        op.drop_column(table, "opened")
