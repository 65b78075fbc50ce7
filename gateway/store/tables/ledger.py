"""Tables of hand-offs and the Merkle log."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from gateway.store.tables.columns import at_column, id_column, metadata, one_of, reference, text_column

handoff = Table(
    "handoff",
    metadata,
    id_column("handoff_id"),
    reference("grant_id", "consent_grant.grant_id"),
    reference("event_id", "consent_event.event_id"),
    text_column("person_id"),
    text_column("partner_id"),
    text_column("client_id"),
    Column("token_digest", LargeBinary, nullable=False),
    text_column("endpoint"),
    text_column("items"),
    at_column("at"),
    Column("entry_digest", LargeBinary, nullable=False),
    Index(None, "grant_id", "at"),
    Index(None, "person_id", "at"),
    Index(None, "partner_id", "at"),
    Index(None, "at"),
)

log_pending = Table(
    "log_pending",
    metadata,
    text_column("grant_id"),
    text_column("source_id"),
    text_column("kind"),
    # The grant comes first, so that the waiting rows of one grant lie together in one index.
    PrimaryKeyConstraint("grant_id", "source_id"),
    one_of("kind", "handoff", "consent_event", "admin_action", "contact_event", "contact_view"),
)

log_leaf = Table(
    "log_leaf",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    text_column("kind"),
    Column("source_id", Text, nullable=False, unique=True),
    Column("entry", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
)

log_tile = Table(
    "log_tile",
    metadata,
    Column("level", Integer, nullable=False),
    Column("tile_index", BigInteger, nullable=False),
    Column("hashes", LargeBinary, nullable=False),
    PrimaryKeyConstraint("level", "tile_index"),
)

log_checkpoint = Table(
    "log_checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    text_column("note"),
    at_column("signed_at"),
)

log_origin = Table(
    "log_origin",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    text_column("origin"),
    Column("start", BigInteger, nullable=False),
    at_column("since"),
)

log_cosignature = Table(
    "log_cosignature",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    id_column("witness"),
    text_column("line"),
    at_column("signed_at"),
)

log_archive = Table(
    "log_archive",
    metadata,
    Column("first_leaf", BigInteger, primary_key=True, autoincrement=False),
    Column("end_leaf", BigInteger, nullable=False),
    at_column("before_at"),
    Column("manifest_digest", LargeBinary, nullable=False),
    at_column("archived_at"),
    CheckConstraint("end_leaf > first_leaf", name="range"),
    CheckConstraint("length(manifest_digest) = 32", name="digest"),
)
