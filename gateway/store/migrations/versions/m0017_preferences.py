"""People's own choices: news by mail, being counted in statistics."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table: nobody has chosen yet."""
    op.create_table(
        "preference",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("name IN ('promotional_mail', 'statistics')", name=op.f("ck_preference_name")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_preference_person_id")),
        sa.PrimaryKeyConstraint("person_id", "name", name=op.f("pk_preference")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("preference")
