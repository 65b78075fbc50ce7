"""What partners are asked to delete when somebody stops a service."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "deletion_request",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("done_by", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("outcome IN ('done', 'refused')", name=op.f("ck_deletion_request_outcome")),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["consent_grant.grant_id"], name=op.f("fk_deletion_request_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partner.partner_id"], name=op.f("fk_deletion_request_partner_id")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_deletion_request")),
        sa.UniqueConstraint("grant_id", name=op.f("uq_deletion_request_grant_id")),
    )
    op.create_index(op.f("ix_deletion_request_due_at"), "deletion_request", ["due_at"], unique=False)
    op.create_index(
        op.f("ix_deletion_request_partner_id_asked_at"),
        "deletion_request",
        ["partner_id", "asked_at"],
        unique=False,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index(op.f("ix_deletion_request_partner_id_asked_at"), table_name="deletion_request")
    op.drop_index(op.f("ix_deletion_request_due_at"), table_name="deletion_request")
    op.drop_table("deletion_request")
