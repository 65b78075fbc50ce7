"""Witnesses' cosignatures of the log's checkpoints."""

import sqlalchemy as sa
from alembic import op

from gateway.store.guards import add_guards, drop_triggers

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

GUARDED = ("log_cosignature",)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "log_cosignature",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("witness", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("size", "witness", name=op.f("pk_log_cosignature")),
    )
    add_guards(op.get_bind(), GUARDED)


def downgrade() -> None:
    """Drop it."""
    drop_triggers(op.get_bind(), GUARDED)
    op.drop_table("log_cosignature")
