"""Tables of organisations and people."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    false,
    text,
)

from gateway.store.tables.columns import (
    at_column,
    digest_column,
    id_column,
    metadata,
    one_of,
    partial_index,
    reference,
    text_column,
)

organisation = Table(
    "organisation",
    metadata,
    id_column("organisation_id"),
    text_column("name"),
    text_column("country"),
    # A zone of the IANA database; empty where nobody has said it.
    Column("timezone", Text, nullable=False, server_default=""),
    at_column("created_at"),
)

person = Table(
    "person",
    metadata,
    id_column("person_id"),
    reference("organisation_id", "organisation.organisation_id"),
    text_column("role"),
    text_column("state"),
    text_column("language"),
    # Their own choice; empty: their organisation's.
    Column("timezone", Text, nullable=False, server_default=""),
    Column("login_index", LargeBinary, nullable=False, unique=True),
    at_column("created_at"),
    Column("needs_guardian", Boolean, nullable=False, server_default=false()),
    Column("is_adult", Boolean, nullable=False, server_default=false()),
    # For somebody with powers and without a second factor: when the time in which that is allowed began.
    at_column("factor_grace_from", nullable=True),
    # From when on this account counts as a second person; with fresh powers nobody approves anything.
    Column("approves_from", BigInteger, nullable=False, server_default=text("0")),
    # What waits for this person dies when the number it was made under is no longer the present one
    # (`gateway/model/versions.py`). They count up and never go back.
    *(
        Column(f"{name}_version", Integer, nullable=False, server_default="0")
        for name in ("password", "address", "device")
    ),
    one_of("state", "invited", "active", "deactivated", "closed"),
    Index(None, "organisation_id", "created_at"),
    Index(None, "created_at"),
    Index(None, "role"),
)

person_key = Table(
    "person_key",
    metadata,
    Column("person_id", Text, ForeignKey("person.person_id"), primary_key=True),
    text_column("master"),
    Column("wrapped", LargeBinary, nullable=False),
    Index(None, "master"),
)

person_field = Table(
    "person_field",
    metadata,
    reference("person_id", "person.person_id"),
    text_column("field"),
    Column("sealed", LargeBinary, nullable=False),
    text_column("source"),
    at_column("verified_at", nullable=True),
    at_column("changed_at"),
    PrimaryKeyConstraint("person_id", "field"),
    one_of("source", "self", "school"),
    partial_index("ix_person_field_birthdate", "field = 'birthdate'", "changed_at", "person_id"),
)

mail_link = Table(
    "mail_link",
    metadata,
    digest_column("link_digest"),
    reference("person_id", "person.person_id"),
    text_column("kind"),
    at_column("created_at"),
    at_column("expires_at"),
    # The person's, as they were before it was looked up where the link is sent to.
    Column("password_version", Integer, nullable=False, server_default="0"),
    Column("address_version", Integer, nullable=False, server_default="0"),
    at_column("used_at", nullable=True),
    one_of("kind", "recovery", "verification"),
    Index(None, "person_id"),
    Index(None, "expires_at"),
)

invitation = Table(
    "invitation",
    metadata,
    digest_column("invitation_digest"),
    reference("person_id", "person.person_id"),
    text_column("invited_by"),
    at_column("created_at"),
    at_column("expires_at"),
    at_column("used_at", nullable=True),
    Index(None, "person_id"),
)

preference = Table(
    "preference",
    metadata,
    reference("person_id", "person.person_id"),
    text_column("name"),
    Column("is_on", Boolean, nullable=False),
    at_column("changed_at"),
    PrimaryKeyConstraint("person_id", "name"),
    one_of("name", "promotional_mail", "statistics"),
)
