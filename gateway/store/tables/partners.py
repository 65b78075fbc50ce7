"""Tables of partners, clients, offers, notices and what partners are owed."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from gateway.store.tables.columns import (
    at_column,
    digest_column,
    id_column,
    metadata,
    one_of,
    reference,
    text_column,
)

registry_version = Table(
    "registry_version",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="single"),
)

registration_token = Table(
    "registration_token",
    metadata,
    digest_column("token_digest"),
    reference("partner_id", "partner.partner_id"),
    text_column("client_id", nullable=True),
    at_column("created_at"),
    at_column("expires_at", nullable=True),
)

deletion_request = Table(
    "deletion_request",
    metadata,
    id_column("request_id"),
    Column("grant_id", Text, ForeignKey("consent_grant.grant_id"), nullable=False, unique=True),
    reference("partner_id", "partner.partner_id"),
    at_column("asked_at"),
    at_column("done_by"),
    at_column("due_at", nullable=True),
    Column("attempts", Integer, nullable=False),
    at_column("received_at", nullable=True),
    text_column("outcome", nullable=True),
    at_column("answered_at", nullable=True),
    one_of("outcome", "done", "refused"),
    Index(None, "due_at"),
    Index(None, "partner_id", "asked_at"),
)

partner = Table(
    "partner",
    metadata,
    id_column("partner_id"),
    text_column("state"),
    text_column("content"),
    Column("live_manifest", Integer),
    Column("pending_manifest", Integer),
    at_column("changed_at"),
    at_column("opened_at", nullable=True),
    # While its end can be called off: when it is due, who wants it and why, and the state that calling it off restores.
    at_column("ends_at", nullable=True),
    text_column("end_by", nullable=True),
    text_column("end_reason", nullable=True),
    text_column("state_before_end", nullable=True),
    one_of("state", "draft", "review", "live", "paused", "ended"),
)

manifest_version = Table(
    "manifest_version",
    metadata,
    reference("partner_id", "partner.partner_id"),
    Column("version", Integer, nullable=False),
    text_column("content"),
    Column("sha256", LargeBinary, nullable=False),
    text_column("submitted_by"),
    at_column("submitted_at"),
    PrimaryKeyConstraint("partner_id", "version"),
)

client = Table(
    "client",
    metadata,
    id_column("client_id"),
    reference("partner_id", "partner.partner_id"),
    text_column("content"),
    Column("secret_digest", LargeBinary),
    at_column("changed_at"),
    text_column("nonce_reason", nullable=True),
    at_column("left_at", nullable=True),
    text_column("neither_reason", nullable=True),
    Index(None, "partner_id"),
)

offer = Table(
    "offer",
    metadata,
    id_column("offer_id"),
    reference("partner_id", "partner.partner_id"),
    Column("live_version", Integer, nullable=False),
    Index(None, "partner_id"),
)

offer_version = Table(
    "offer_version",
    metadata,
    reference("offer_id", "offer.offer_id"),
    Column("version", Integer, nullable=False),
    text_column("content"),
    Column("sha256", LargeBinary, nullable=False),
    Column("material", Boolean, nullable=False),
    at_column("published_at"),
    PrimaryKeyConstraint("offer_id", "version"),
)

notice_version = Table(
    "notice_version",
    metadata,
    id_column("notice_id"),
    reference("offer_id", "offer.offer_id"),
    Column("offer_version", Integer, nullable=False),
    text_column("language"),
    text_column("text"),
    Column("sha256", LargeBinary, nullable=False),
    at_column("effective_from"),
    Column("material", Boolean, nullable=False),
    text_column("diff"),
    UniqueConstraint("offer_id", "offer_version", "language"),
)

signing_key = Table(
    "signing_key",
    metadata,
    id_column("kid"),
    text_column("alg"),
    text_column("public_jwk"),
    Column("private_sealed", LargeBinary, nullable=False),
    at_column("created_at"),
    at_column("retired_at", nullable=True),
)
