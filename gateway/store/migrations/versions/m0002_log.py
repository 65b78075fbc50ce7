"""The Merkle log: what waits for its place, leaves, tiles, checkpoints, and leases; what is there already waits."""

import sqlalchemy as sa
from alembic import op

from gateway.store.guards import add_guards, drop_triggers

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

GUARDED = ("log_leaf", "log_checkpoint")
WAITING = (
    ("handoff", "grant_id", "handoff_id"),
    ("consent_event", "grant_id", "event_id"),
    ("admin_action", "''", "action_id"),
)


def upgrade() -> None:
    """Make the tables, and let every row that exists wait for its place."""
    op.create_table(
        "log_pending",
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('handoff', 'consent_event', 'admin_action')", name=op.f("ck_log_pending_kind")
        ),
        sa.PrimaryKeyConstraint("grant_id", "source_id", name=op.f("pk_log_pending")),
    )
    op.create_table(
        "log_leaf",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_log_leaf")),
        sa.UniqueConstraint("source_id", name=op.f("uq_log_leaf_source_id")),
    )
    op.create_table(
        "log_tile",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("tile_index", sa.BigInteger(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "tile_index", name=op.f("pk_log_tile")),
    )
    op.create_table(
        "log_checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_log_checkpoint")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    for table, grant, source in WAITING:
        op.execute(
            f"INSERT INTO log_pending (grant_id, source_id, kind) SELECT {grant}, {source}, '{table}' FROM {table}"  # noqa: S608 - our own names
        )
    add_guards(op.get_bind(), GUARDED)


def downgrade() -> None:
    """Take the log away; the rows that it was made of stay."""
    drop_triggers(op.get_bind(), GUARDED)
    for table in ("lease", "log_checkpoint", "log_tile", "log_leaf", "log_pending"):
        op.drop_table(table)
