"""Private addresses, and what came through each: counts, no content."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "relay_address",
        sa.Column("address_digest", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_relay_address_person_id")),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partner.partner_id"], name=op.f("fk_relay_address_partner_id")
        ),
        sa.PrimaryKeyConstraint("address_digest", name=op.f("pk_relay_address")),
        sa.UniqueConstraint("person_id", "partner_id", name=op.f("uq_relay_address_person_id")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("relay_address")
