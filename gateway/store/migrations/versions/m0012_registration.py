"""Tokens for registering clients (RFC 7591, RFC 7592)."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "registration_token",
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partner.partner_id"], name=op.f("fk_registration_token_partner_id")
        ),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_registration_token")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("registration_token")
