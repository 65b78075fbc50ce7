"""A session remembers that partners were told of its end, so that each end is told once, whatever ended it."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

PARTIAL = {
    "ix_session_untold_ended": ("ended_at", "ended_at IS NOT NULL AND told_at IS NULL"),
    "ix_session_untold_seen": ("last_seen_at", "told_at IS NULL"),
    "ix_session_untold_created": ("created_at", "told_at IS NULL"),
}


def upgrade() -> None:
    """Add the mark: what ended was told where it had to be, and what began over a week ago is too old a story."""
    op.add_column("session", sa.Column("told_at", sa.BigInteger(), nullable=True))
    op.execute("UPDATE session SET told_at = ended_at WHERE ended_at IS NOT NULL")
    op.execute(
        "UPDATE session SET told_at = created_at WHERE told_at IS NULL "
        "AND created_at < (SELECT max(created_at) FROM session) - 604800"
    )
    for name, (column, where) in PARTIAL.items():
        op.create_index(
            op.f(name), "session", [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )


def downgrade() -> None:
    """Take it away."""
    for name in reversed(PARTIAL):
        op.drop_index(op.f(name), table_name="session")
    op.drop_column("session", "told_at")
