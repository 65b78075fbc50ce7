"""Tables of who answers for a child."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    false,
)

from gateway.store.tables.columns import at_column, id_column, metadata, one_of, reference, text_column

guardian_link = Table(
    "guardian_link",
    metadata,
    reference("child_id", "person.person_id"),
    reference("guardian_id", "person.person_id"),
    text_column("method"),
    text_column("evidence"),
    text_column("state"),
    at_column("created_at"),
    Column("is_seconded", Boolean, nullable=False, server_default=false()),
    PrimaryKeyConstraint("child_id", "guardian_id"),
    CheckConstraint("child_id <> guardian_id", name="distinct"),
    Index(None, "guardian_id"),
)

guardian_proposal = Table(
    "guardian_proposal",
    metadata,
    id_column("proposal_id"),
    reference("organisation_id", "organisation.organisation_id"),
    reference("child_id", "person.person_id"),
    Column("guardian_index", LargeBinary, nullable=False),
    text_column("method"),
    text_column("evidence"),
    text_column("state"),
    at_column("created_at"),
    at_column("expires_at"),
    Column("is_seconded", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("child_id", "guardian_index"),
    Index(None, "guardian_index"),
    Index(None, "organisation_id", "created_at"),
    Index(None, "created_at"),
    one_of("state", "open", "confirmed", "declined", "withdrawn"),
)

approval = Table(
    "approval",
    metadata,
    id_column("approval_id"),
    text_column("kind"),
    text_column("target_id"),
    text_column("decision"),
    text_column("decided_by"),
    at_column("decided_at"),
    UniqueConstraint("kind", "target_id", "decided_by"),
    Index(None, "decided_by"),
)
