"""Archives of the log: what was archived, by the digest of its manifest; only that can be pruned."""

import sqlalchemy as sa
from alembic import op

from gateway.store.guards import add_guards, add_prunable_guards, drop_prunable_guards, drop_triggers

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and let the guards of hand-offs and leaves look at it."""
    op.create_table(
        "log_archive",
        sa.Column("first_leaf", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("end_leaf", sa.BigInteger(), nullable=False),
        sa.Column("before_at", sa.BigInteger(), nullable=False),
        sa.Column("manifest_digest", sa.LargeBinary(), nullable=False),
        sa.Column("archived_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("end_leaf > first_leaf", name=op.f("ck_log_archive_range")),
        sa.CheckConstraint("length(manifest_digest) = 32", name=op.f("ck_log_archive_digest")),
        sa.PrimaryKeyConstraint("first_leaf", name=op.f("pk_log_archive")),
    )
    add_guards(op.get_bind(), ("log_archive",))
    add_prunable_guards(op.get_bind())


def downgrade() -> None:
    """Take the table away; what was pruned is in the files alone."""
    drop_prunable_guards(op.get_bind())
    drop_triggers(op.get_bind(), ("log_archive",))
    op.drop_table("log_archive")
