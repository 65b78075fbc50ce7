"""Time zones: an organisation has one, and a person may choose another. Until somebody says one there is none."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty."""
    for table in ("organisation", "person"):
        op.add_column(table, sa.Column("timezone", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Take them away: times are shown in UTC again."""
    for table in ("person", "organisation"):
        op.drop_column(table, "timezone")
