"""Private addresses, with counts of what came through each, and what people were reminded of."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
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
    op.create_table(
        "reminder",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("letter_id", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('digest', 'unused', 'ending')", name=op.f("ck_reminder_kind")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_reminder_person_id")),
        sa.PrimaryKeyConstraint("person_id", "kind", "about", name=op.f("pk_reminder")),
    )
    op.create_index(op.f("ix_reminder_letter_id"), "reminder", ["letter_id"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("reminder")
    op.drop_table("relay_address")
