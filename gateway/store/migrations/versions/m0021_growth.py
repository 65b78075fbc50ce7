"""Indexes for what is asked all day where there are a million people."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

INDEXES = (
    ("approval", "decided_by"),
    ("complaint", "opened_at"),
    ("complaint", "person_id"),
    ("school_request", "person_id"),
)


def upgrade() -> None:
    """Add the indexes."""
    for table, column in INDEXES:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def downgrade() -> None:
    """Take them away."""
    for table, column in reversed(INDEXES):
        op.drop_index(op.f(f"ix_{table}_{column}"), table_name=table)
