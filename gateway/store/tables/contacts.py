"""Tables of contacts between people."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from gateway.store.tables.columns import at_column, id_column, metadata, one_of, reference, text_column

contact = Table(
    "contact",
    metadata,
    id_column("contact_id"),
    reference("asker_id", "person.person_id"),
    # NULL where the wish reaches nobody.
    reference("asked_id", "person.person_id", nullable=True),
    # What the asker wrote, while it waits: for finding the same wish again, and sealed under the asker's key.
    Column("asked_index", LargeBinary),
    Column("asked_address", LargeBinary),
    # Names, each sealed under the key of the person whose it is.
    Column("asker_name", LargeBinary, nullable=False),
    Column("asked_name", LargeBinary),
    text_column("state"),
    Column("version", Integer, nullable=False),
    text_column("event_id"),
    at_column("asked_at"),
    at_column("valid_until"),
    at_column("changed_at"),
    text_column("asker_items"),
    text_column("asked_items"),
    # Both people's ids while it is live: two are in contact once.
    Column("pair", Text, unique=True),
    Index(None, "asker_id"),
    Index(None, "asked_id"),
    one_of("state", "waiting", "live", "refused", "ended"),
)

contact_event = Table(
    "contact_event",
    metadata,
    id_column("event_id"),
    reference("contact_id", "contact.contact_id"),
    Column("seq", Integer, nullable=False),
    text_column("type"),
    text_column("side"),
    text_column("items"),
    Column("is_erasure", Boolean, nullable=False),
    text_column("language", nullable=True),
    text_column("acr", nullable=True),
    at_column("auth_time", nullable=True),
    at_column("valid_until", nullable=True),
    at_column("at"),
    UniqueConstraint("contact_id", "seq"),
    one_of("side", "asker", "asked"),
)

contact_view = Table(
    "contact_view",
    metadata,
    id_column("view_id"),
    reference("contact_id", "contact.contact_id"),
    reference("event_id", "contact_event.event_id"),
    text_column("giver"),
    text_column("giver_id"),
    text_column("viewer_id"),
    text_column("items"),
    at_column("at"),
    Column("entry_digest", LargeBinary, nullable=False),
    Index(None, "contact_id", "at"),
    one_of("giver", "asker", "asked"),
)
