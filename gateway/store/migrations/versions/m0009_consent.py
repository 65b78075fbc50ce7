"""Rules of consent: ages, the school's gate, terms, uses, receipts, complaints, and the guard on hand-offs."""

import sqlalchemy as sa
from alembic import op

from gateway.store.guards import (
    LOCKED_AT_FIRST,
    add_guards,
    add_lock_guard,
    drop_lock_guard,
    drop_triggers,
)

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

GUARDED = ("receipt", "grant_use")


def upgrade() -> None:
    """Add columns and tables; whoever holds a live grant decided alone, other students are asked for their age."""
    op.add_column(
        "person", sa.Column("needs_guardian", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.execute(
        "UPDATE person SET needs_guardian = TRUE WHERE role = 'student' AND person_id NOT IN "
        "(SELECT person_id FROM consent_grant WHERE state IN ('active', 'paused'))"
    )
    for column in (
        sa.Column("use_limit", sa.Integer(), nullable=True),
        sa.Column("paused_for", sa.Text(), nullable=True),
        sa.Column("decided_version", sa.Integer(), nullable=False, server_default="0"),
    ):
        op.add_column("consent_grant", column)
    op.create_table(
        "school_request",
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_school_request_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partner.partner_id"], name=op.f("fk_school_request_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_school_request_person_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "partner_id", "person_id", name=op.f("pk_school_request")),
    )
    op.create_table(
        "grant_use",
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("use_number", sa.Integer(), nullable=False),
        sa.Column("handoff_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["grant_id"], ["consent_grant.grant_id"], name=op.f("fk_grant_use_grant_id")),
        sa.PrimaryKeyConstraint("grant_id", "use_number", name=op.f("pk_grant_use")),
    )
    op.create_table(
        "receipt",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("schema_version", sa.Text(), nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["consent_event.event_id"], name=op.f("fk_receipt_event_id")),
        sa.ForeignKeyConstraint(["grant_id"], ["consent_grant.grant_id"], name=op.f("fk_receipt_grant_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_receipt")),
    )
    op.create_table(
        "complaint",
        sa.Column("complaint_id", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('advertising', 'too_much', 'not_stopped', 'wrong_use', 'other')",
            name=op.f("ck_complaint_kind"),
        ),
        sa.ForeignKeyConstraint(["grant_id"], ["consent_grant.grant_id"], name=op.f("fk_complaint_grant_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.partner_id"], name=op.f("fk_complaint_partner_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_complaint_person_id")),
        sa.PrimaryKeyConstraint("complaint_id", name=op.f("pk_complaint")),
    )
    op.create_index(op.f("ix_complaint_partner_id_opened_at"), "complaint", ["partner_id", "opened_at"])
    op.create_index(op.f("ix_complaint_grant_id"), "complaint", ["grant_id"])
    op.create_index(op.f("ix_receipt_grant_id"), "receipt", ["grant_id"])
    add_guards(op.get_bind(), GUARDED)
    add_lock_guard(op.get_bind(), LOCKED_AT_FIRST)


def downgrade() -> None:
    """Take them away."""
    drop_lock_guard(op.get_bind())
    drop_triggers(op.get_bind(), GUARDED)
    op.drop_index(op.f("ix_receipt_grant_id"), table_name="receipt")
    op.drop_index(op.f("ix_complaint_grant_id"), table_name="complaint")
    op.drop_index(op.f("ix_complaint_partner_id_opened_at"), table_name="complaint")
    for table in ("complaint", "receipt", "grant_use", "school_request"):
        op.drop_table(table)
    for column in ("decided_version", "paused_for", "use_limit"):
        op.drop_column("consent_grant", column)
    op.drop_column("person", "needs_guardian")
