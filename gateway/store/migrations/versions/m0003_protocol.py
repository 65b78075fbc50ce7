"""Proof of possession: keys that codes and tokens are bound to, and the replay memory of DPoP proofs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BOUND = {"authorization_code": "dpop_jkt", "access_token": "bound_to", "refresh_token": "bound_to"}
"""Where a code or token names what it is bound to: a code always a key, a token a key or a certificate."""


def upgrade() -> None:
    """Add the table and the columns."""
    op.create_table(
        "dpop_proof",
        sa.Column("proof_digest", sa.LargeBinary(), nullable=False),
        sa.Column("use_id", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("proof_digest", name=op.f("pk_dpop_proof")),
    )
    op.create_index(op.f("ix_dpop_proof_expires_at"), "dpop_proof", ["expires_at"], unique=False)
    for table, column in BOUND.items():
        op.add_column(table, sa.Column(column, sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    for table, column in BOUND.items():
        op.drop_column(table, column)
    op.drop_index(op.f("ix_dpop_proof_expires_at"), table_name="dpop_proof")
    op.drop_table("dpop_proof")
