"""Indexes for the lists of administrators where there are a million people."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the indexes; one of them stands in for an older one."""
    op.create_index(op.f("ix_person_organisation_id_created_at"), "person", ["organisation_id", "created_at"])
    op.create_index(op.f("ix_person_created_at"), "person", ["created_at"])
    op.drop_index(op.f("ix_person_organisation_id"), table_name="person")
    op.create_index(
        op.f("ix_consent_grant_partner_id_state_created_at"),
        "consent_grant",
        ["partner_id", "state", "created_at"],
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_index(op.f("ix_consent_grant_partner_id_state_created_at"), table_name="consent_grant")
    op.create_index(op.f("ix_person_organisation_id"), "person", ["organisation_id"])
    op.drop_index(op.f("ix_person_created_at"), table_name="person")
    op.drop_index(op.f("ix_person_organisation_id_created_at"), table_name="person")
