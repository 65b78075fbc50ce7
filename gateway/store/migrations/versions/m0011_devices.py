"""Device authorizations (RFC 8628)."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "device_authorization",
        sa.Column("device_digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_code_index", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("interval", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("polled_at", sa.BigInteger(), nullable=True),
        sa.Column("sealed_code", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'approved', 'refused', 'used')", name=op.f("ck_device_authorization_state")
        ),
        sa.PrimaryKeyConstraint("device_digest", name=op.f("pk_device_authorization")),
        sa.UniqueConstraint("user_code_index", name=op.f("uq_device_authorization_user_code_index")),
    )
    op.create_index(
        op.f("ix_device_authorization_expires_at"), "device_authorization", ["expires_at"], unique=False
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index(op.f("ix_device_authorization_expires_at"), table_name="device_authorization")
    op.drop_table("device_authorization")
