"""Where there are a million people: indexes for what is asked all day, and for what time does to consents."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

INDEXES = (
    ("approval", "decided_by"),
    ("complaint", "opened_at"),
    ("complaint", "person_id"),
    ("school_request", "person_id"),
)
LIVE = "state IN ('waiting', 'active', 'paused')"
PARTIAL = {
    "ix_consent_grant_over": ("consent_grant", ("valid_until", "grant_id"), LIVE),
    "ix_consent_grant_unused": ("consent_grant", ("last_user_activity_at", "grant_id"), LIVE),
    "ix_consent_grant_guarded": (
        "consent_grant",
        ("grant_id",),
        f"{LIVE} AND legal_basis = 'guardian_consent'",
    ),
    "ix_consent_grant_outdated": (
        "consent_grant",
        ("offer_id", "decided_version", "grant_id"),
        "state = 'active'",
    ),
    "ix_consent_grant_undigested": (
        "consent_grant",
        ("grant_id",),
        "state = 'active' AND NOT digest_begun",
    ),
    "ix_person_field_birthdate": ("person_field", ("changed_at", "person_id"), "field = 'birthdate'"),
    "ix_reminder_digest": ("reminder", ("at", "person_id"), "kind = 'digest'"),
}
UNDIGESTED = """
UPDATE consent_grant SET digest_begun = false WHERE state IN ('waiting', 'active', 'paused') AND NOT EXISTS (
    SELECT 1 FROM reminder r WHERE r.person_id = consent_grant.person_id AND r.kind = 'digest'
)
"""


def upgrade() -> None:
    """Add the indexes, and the mark of consents that no digest counts yet: with a default, no row is rewritten."""
    mark: sa.Column[bool] = sa.Column("digest_begun", sa.Boolean(), nullable=False, server_default=sa.true())
    op.add_column("consent_grant", mark)
    op.execute(UNDIGESTED)
    op.execute(
        "UPDATE consent_grant SET decided_version = offer_version WHERE decided_version < offer_version"
    )
    for table, column in INDEXES:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    for name, (table, columns, where) in PARTIAL.items():
        op.create_index(
            op.f(name), table, list(columns), sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )


def downgrade() -> None:
    """Take them away."""
    for name, (table, *_) in reversed(PARTIAL.items()):
        op.drop_index(op.f(name), table_name=table)
    for table, column in reversed(INDEXES):
        op.drop_index(op.f(f"ix_{table}_{column}"), table_name=table)
    op.drop_column("consent_grant", "digest_begun")
