"""Tables of letters and private addresses."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, UniqueConstraint

from gateway.store.tables.columns import (
    at_column,
    digest_column,
    id_column,
    metadata,
    one_of,
    reference,
    text_column,
)

letter = Table(
    "letter",
    metadata,
    id_column("letter_id"),
    text_column("kind"),
    Column("sealed", LargeBinary),
    text_column("state"),
    Column("attempts", Integer, nullable=False),
    at_column("created_at"),
    at_column("next_at"),
    one_of("state", "waiting", "dead"),
    Index(None, "state", "next_at"),
)

relay_address = Table(
    "relay_address",
    metadata,
    digest_column("address_digest"),
    reference("person_id", "person.person_id"),
    reference("partner_id", "partner.partner_id"),
    at_column("created_at"),
    Column("letters", Integer, nullable=False),
    at_column("last_at", nullable=True),
    UniqueConstraint("person_id", "partner_id"),
)
