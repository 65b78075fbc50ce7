"""What waits for a second administrator, from when on an account counts as one, and ends that can be called off."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

END = ("end_by", "end_reason", "state_before_end")


def upgrade() -> None:
    """Add the table and the column; whoever administers already goes on at once."""
    op.create_table(
        "waiting_act",
        sa.Column("act_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_digest", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("subject", sa.LargeBinary(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'refused', 'withdrawn', 'expired')",
            name=op.f("ck_waiting_act_state"),
        ),
        sa.PrimaryKeyConstraint("act_id", name=op.f("pk_waiting_act")),
        sa.UniqueConstraint("kind", "subject", name=op.f("uq_waiting_act_kind")),
    )
    op.create_index(op.f("ix_waiting_act_state_asked_at"), "waiting_act", ["state", "asked_at"])
    op.create_index(op.f("ix_waiting_act_target_kind_target_id"), "waiting_act", ["target_kind", "target_id"])
    at_once: sa.Column[int] = sa.Column(
        "approves_from", sa.BigInteger(), nullable=False, server_default=sa.text("0")
    )
    op.add_column("person", at_once)
    op.create_index(op.f("ix_person_role"), "person", ["role"])
    op.add_column("partner", sa.Column("ends_at", sa.BigInteger(), nullable=True))
    for name in END:
        op.add_column("partner", sa.Column(name, sa.Text(), nullable=True))
    # Whoever had approved a manifest alone approves it anew: the request then waits like every other one.
    op.execute("DELETE FROM approval WHERE kind = 'go_live'")


def downgrade() -> None:
    """Take them away; what waits is lost."""
    for name in reversed(END):
        op.drop_column("partner", name)
    op.drop_column("partner", "ends_at")
    op.drop_index(op.f("ix_person_role"), table_name="person")
    op.drop_column("person", "approves_from")
    op.drop_index(op.f("ix_waiting_act_target_kind_target_id"), table_name="waiting_act")
    op.drop_index(op.f("ix_waiting_act_state_asked_at"), table_name="waiting_act")
    op.drop_table("waiting_act")
