"""Answers to complaints, and names of passkeys under seal."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("complaint", sa.Column("answer", sa.Text(), nullable=True))
    op.add_column("complaint", sa.Column("answered_at", sa.BigInteger(), nullable=True))
    op.add_column("passkey", sa.Column("sealed_name", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("passkey", "sealed_name")
    op.drop_column("complaint", "answered_at")
    op.drop_column("complaint", "answer")
