"""Tables of the gateway. Records hold field names; a personal value stands nowhere in the clear.

Ids are text made by us, digests are bytes, times are whole seconds UTC, lists of items are canonical JSON.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _id(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True)


def _digest(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, primary_key=True)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _to(name: str, target: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, ForeignKey(target), nullable=nullable)


def _partial(name: str, where: str, *columns: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


def _one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


registry_version = Table(
    "registry_version",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="single"),
)

# People

organisation = Table(
    "organisation", metadata, _id("organisation_id"), _text("name"), _text("country"), _at("created_at")
)

person = Table(
    "person",
    metadata,
    _id("person_id"),
    _to("organisation_id", "organisation.organisation_id"),
    _text("role"),
    _text("state"),
    _text("language"),
    Column("login_index", LargeBinary, nullable=False, unique=True),
    _at("created_at"),
    Column("needs_guardian", Boolean, nullable=False, server_default=false()),
    _one_of("state", "invited", "active", "closed"),
    Index(None, "organisation_id", "created_at"),
    Index(None, "created_at"),
)

person_key = Table(
    "person_key",
    metadata,
    Column("person_id", Text, ForeignKey("person.person_id"), primary_key=True),
    _text("master"),
    Column("wrapped", LargeBinary, nullable=False),
    Index(None, "master"),
)

person_field = Table(
    "person_field",
    metadata,
    _to("person_id", "person.person_id"),
    _text("field"),
    Column("sealed", LargeBinary, nullable=False),
    _text("source"),
    _at("verified_at", nullable=True),
    _at("changed_at"),
    PrimaryKeyConstraint("person_id", "field"),
    _one_of("source", "self", "school"),
    _partial("ix_person_field_birthdate", "field = 'birthdate'", "changed_at", "person_id"),
)

credential = Table(
    "credential",
    metadata,
    _to("person_id", "person.person_id"),
    _text("kind"),
    _text("secret_hash"),
    _at("changed_at"),
    PrimaryKeyConstraint("person_id", "kind"),
)

passkey = Table(
    "passkey",
    metadata,
    Column("credential_id", LargeBinary, primary_key=True),
    _to("person_id", "person.person_id"),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    _at("created_at"),
    _at("used_at", nullable=True),
    Column("sealed_name", LargeBinary),
    Index(None, "person_id"),
)

one_time_password = Table(
    "one_time_password",
    metadata,
    Column("person_id", Text, ForeignKey("person.person_id"), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    # The step of the last code that was taken: no code of it or before it is taken again (RFC 6238 §5.2).
    Column("last_step", BigInteger, nullable=False),
    _at("created_at"),
)

recovery_code = Table(
    "recovery_code",
    metadata,
    _digest("code_digest"),
    _to("person_id", "person.person_id"),
    _at("used_at", nullable=True),
    Index(None, "person_id"),
)

spent_challenge = Table(
    "spent_challenge", metadata, _digest("challenge_digest"), _at("expires_at"), Index(None, "expires_at")
)

mail_link = Table(
    "mail_link",
    metadata,
    _digest("link_digest"),
    _to("person_id", "person.person_id"),
    _text("kind"),
    _at("created_at"),
    _at("expires_at"),
    # Of the field that is verified: a link proves the value that it was sent to and no later one.
    _at("changed_at", nullable=True),
    _at("used_at", nullable=True),
    _one_of("kind", "recovery", "verification"),
    Index(None, "person_id"),
)

letter = Table(
    "letter",
    metadata,
    _id("letter_id"),
    _text("kind"),
    Column("sealed", LargeBinary),
    _text("state"),
    Column("attempts", Integer, nullable=False),
    _at("created_at"),
    _at("next_at"),
    _one_of("state", "waiting", "dead"),
    Index(None, "state", "next_at"),
)

relay_address = Table(
    "relay_address",
    metadata,
    _digest("address_digest"),
    _to("person_id", "person.person_id"),
    _to("partner_id", "partner.partner_id"),
    _at("created_at"),
    Column("letters", Integer, nullable=False),
    _at("last_at", nullable=True),
    UniqueConstraint("person_id", "partner_id"),
)

reminder = Table(
    "reminder",
    metadata,
    _to("person_id", "person.person_id"),
    _text("kind"),
    _text("about"),
    _text("letter_id", nullable=True),
    _at("at"),
    PrimaryKeyConstraint("person_id", "kind", "about"),
    _one_of("kind", "digest", "unused", "ending"),
    Index(None, "letter_id"),
    _partial("ix_reminder_digest", "kind = 'digest'", "at", "person_id"),
)

session = Table(
    "session",
    metadata,
    _digest("session_digest"),
    _to("person_id", "person.person_id"),
    _at("created_at"),
    _at("auth_time"),
    _at("last_seen_at"),
    _text("acr"),
    _at("ended_at", nullable=True),
    _text("agent", nullable=True),
    _text("sid", nullable=True),
    Index(None, "person_id"),
)

registration_token = Table(
    "registration_token",
    metadata,
    _digest("token_digest"),
    _to("partner_id", "partner.partner_id"),
    _text("client_id", nullable=True),
    _at("created_at"),
    _at("expires_at", nullable=True),
)

device_authorization = Table(
    "device_authorization",
    metadata,
    _digest("device_digest"),
    Column("user_code_index", LargeBinary, nullable=False, unique=True),
    _text("client_id"),
    Column("sealed", LargeBinary, nullable=False),
    _at("created_at"),
    _at("expires_at"),
    Column("interval", Integer, nullable=False),
    _text("state"),
    _at("polled_at", nullable=True),
    Column("sealed_code", LargeBinary),
    _one_of("state", "pending", "approved", "refused", "used"),
    Index(None, "expires_at"),
)

logout_delivery = Table(
    "logout_delivery",
    metadata,
    _id("delivery_id"),
    _text("client_id"),
    _text("subject"),
    _at("created_at"),
    _at("due_at", nullable=True),
    Column("attempts", Integer, nullable=False),
    _at("delivered_at", nullable=True),
    _text("sid", nullable=True),
    Index(None, "due_at"),
)

deletion_request = Table(
    "deletion_request",
    metadata,
    _id("request_id"),
    Column("grant_id", Text, ForeignKey("consent_grant.grant_id"), nullable=False, unique=True),
    _to("partner_id", "partner.partner_id"),
    _at("asked_at"),
    _at("done_by"),
    _at("due_at", nullable=True),
    Column("attempts", Integer, nullable=False),
    _at("received_at", nullable=True),
    _text("outcome", nullable=True),
    _at("answered_at", nullable=True),
    _one_of("outcome", "done", "refused"),
    Index(None, "due_at"),
    Index(None, "partner_id", "asked_at"),
)

invitation = Table(
    "invitation",
    metadata,
    _digest("invitation_digest"),
    _to("person_id", "person.person_id"),
    _text("invited_by"),
    _at("created_at"),
    _at("expires_at"),
    _at("used_at", nullable=True),
    Index(None, "person_id"),
)

throttle = Table(
    "throttle",
    metadata,
    _digest("bucket"),
    Column("tokens_milli", BigInteger, nullable=False),
    _at("filled_at"),
)

guardian_link = Table(
    "guardian_link",
    metadata,
    _to("child_id", "person.person_id"),
    _to("guardian_id", "person.person_id"),
    _text("method"),
    _text("evidence"),
    _text("state"),
    _at("created_at"),
    PrimaryKeyConstraint("child_id", "guardian_id"),
    CheckConstraint("child_id <> guardian_id", name="distinct"),
    Index(None, "guardian_id"),
)

org_policy = Table(
    "org_policy",
    metadata,
    _to("organisation_id", "organisation.organisation_id"),
    _to("partner_id", "partner.partner_id"),
    _text("decision"),
    _text("decided_by"),
    _at("decided_at"),
    PrimaryKeyConstraint("organisation_id", "partner_id"),
    _one_of("decision", "allow", "deny", "ask"),
)

school_request = Table(
    "school_request",
    metadata,
    _to("organisation_id", "organisation.organisation_id"),
    _to("partner_id", "partner.partner_id"),
    _to("person_id", "person.person_id"),
    _at("asked_at"),
    PrimaryKeyConstraint("organisation_id", "partner_id", "person_id"),
    Index(None, "person_id"),
)

# Partners

partner = Table(
    "partner",
    metadata,
    _id("partner_id"),
    _text("state"),
    _text("content"),
    Column("live_manifest", Integer),
    Column("pending_manifest", Integer),
    _at("changed_at"),
    _one_of("state", "draft", "review", "live", "paused", "ended"),
)

manifest_version = Table(
    "manifest_version",
    metadata,
    _to("partner_id", "partner.partner_id"),
    Column("version", Integer, nullable=False),
    _text("content"),
    Column("sha256", LargeBinary, nullable=False),
    _text("submitted_by"),
    _at("submitted_at"),
    PrimaryKeyConstraint("partner_id", "version"),
)

client = Table(
    "client",
    metadata,
    _id("client_id"),
    _to("partner_id", "partner.partner_id"),
    _text("content"),
    Column("secret_digest", LargeBinary),
    _at("changed_at"),
    _text("nonce_reason", nullable=True),
    _at("left_at", nullable=True),
    Index(None, "partner_id"),
)

offer = Table(
    "offer",
    metadata,
    _id("offer_id"),
    _to("partner_id", "partner.partner_id"),
    Column("live_version", Integer, nullable=False),
    Index(None, "partner_id"),
)

offer_version = Table(
    "offer_version",
    metadata,
    _to("offer_id", "offer.offer_id"),
    Column("version", Integer, nullable=False),
    _text("content"),
    Column("sha256", LargeBinary, nullable=False),
    Column("material", Boolean, nullable=False),
    _at("published_at"),
    PrimaryKeyConstraint("offer_id", "version"),
)

notice_version = Table(
    "notice_version",
    metadata,
    _id("notice_id"),
    _to("offer_id", "offer.offer_id"),
    Column("offer_version", Integer, nullable=False),
    _text("language"),
    _text("text"),
    Column("sha256", LargeBinary, nullable=False),
    _at("effective_from"),
    Column("material", Boolean, nullable=False),
    _text("diff"),
    UniqueConstraint("offer_id", "offer_version", "language"),
)

signing_key = Table(
    "signing_key",
    metadata,
    _id("kid"),
    _text("alg"),
    _text("public_jwk"),
    Column("private_sealed", LargeBinary, nullable=False),
    _at("created_at"),
    _at("retired_at", nullable=True),
)

# Consent

notice_served = Table(
    "notice_served",
    metadata,
    _id("served_id"),
    _to("person_id", "person.person_id"),
    _to("notice_id", "notice_version.notice_id"),
    _text("client_id"),
    _text("surface"),
    _text("language"),
    Column("screen_digest", LargeBinary, nullable=False),
    _at("served_at"),
    Index(None, "person_id", "served_at"),
)

_ACTIVE = "state = 'active'"
_LIVE = "state IN ('waiting', 'active', 'paused')"
consent_grant = Table(
    "consent_grant",
    metadata,
    _id("grant_id"),
    _to("person_id", "person.person_id"),
    _to("partner_id", "partner.partner_id"),
    _to("offer_id", "offer.offer_id"),
    Column("offer_version", Integer, nullable=False),
    _to("notice_id", "notice_version.notice_id"),
    _text("state"),
    _text("legal_basis"),
    _text("jurisdiction"),
    Column("version", Integer, nullable=False),
    _text("event_id"),
    _at("created_at"),
    _at("valid_from"),
    _at("valid_until"),
    _at("last_user_activity_at"),
    _at("ended_at", nullable=True),
    _text("end_reason", nullable=True),
    Column("use_limit", Integer),
    # Hand-offs that were spent under limits of earlier decisions: this decision's own are counted from there.
    Column("uses_before", Integer, nullable=False, server_default="0"),
    _text("paused_for", nullable=True),
    # The newest version of the offer that the person has decided about: older terms may have been kept.
    Column("decided_version", Integer, nullable=False, server_default="0"),
    # Whether the time until the person's first digest has begun. Every new row says that it has not; the default is
    # for rows from before there were such rows.
    Column("digest_begun", Boolean, nullable=False, server_default=true()),
    _one_of("state", "waiting", "active", "paused", "refused", "ended"),
    Index(
        "uq_consent_grant_live",
        "person_id",
        "offer_id",
        unique=True,
        sqlite_where=text(_LIVE),
        postgresql_where=text(_LIVE),
    ),
    Index(None, "person_id", "created_at"),
    Index(None, "partner_id", "created_at"),
    Index(None, "partner_id", "state", "created_at"),
    Index(None, "created_at"),
    _partial("ix_consent_grant_over", _LIVE, "valid_until", "grant_id"),
    _partial("ix_consent_grant_unused", _LIVE, "last_user_activity_at", "grant_id"),
    _partial("ix_consent_grant_guarded", f"{_LIVE} AND legal_basis = 'guardian_consent'", "grant_id"),
    _partial("ix_consent_grant_outdated", _ACTIVE, "offer_id", "decided_version", "grant_id"),
    _partial("ix_consent_grant_undigested", f"{_ACTIVE} AND NOT digest_begun", "grant_id"),
)

grant_item = Table(
    "grant_item",
    metadata,
    _to("grant_id", "consent_grant.grant_id"),
    _text("field"),
    _text("purpose"),
    _text("form"),
    Column("needed", Boolean, nullable=False),
    Column("retention_days", Integer, nullable=False),
    PrimaryKeyConstraint("grant_id", "field", "purpose"),
)

consent_event = Table(
    "consent_event",
    metadata,
    _id("event_id"),
    _to("grant_id", "consent_grant.grant_id"),
    Column("seq", Integer, nullable=False),
    _text("type"),
    _text("dpv_status"),
    _text("actor_kind"),
    _text("actor_id"),
    _text("on_behalf_of", nullable=True),
    _text("method"),
    _text("language", nullable=True),
    _text("acr", nullable=True),
    _at("auth_time", nullable=True),
    Column("served_id", Text, ForeignKey("notice_served.served_id"), unique=True),
    _text("items"),
    _text("reason", nullable=True),
    _at("at"),
    _at("valid_until", nullable=True),
    Column("use_limit", Integer),
    UniqueConstraint("grant_id", "seq"),
)

approval = Table(
    "approval",
    metadata,
    _id("approval_id"),
    _text("kind"),
    _text("target_id"),
    _text("decision"),
    _text("decided_by"),
    _at("decided_at"),
    UniqueConstraint("kind", "target_id", "decided_by"),
    Index(None, "decided_by"),
)

preference = Table(
    "preference",
    metadata,
    _to("person_id", "person.person_id"),
    _text("name"),
    Column("is_on", Boolean, nullable=False),
    _at("changed_at"),
    PrimaryKeyConstraint("person_id", "name"),
    _one_of("name", "promotional_mail", "statistics"),
)

grant_use = Table(
    "grant_use",
    metadata,
    _to("grant_id", "consent_grant.grant_id"),
    Column("use_number", Integer, nullable=False),
    _text("handoff_id"),
    PrimaryKeyConstraint("grant_id", "use_number"),
)

receipt = Table(
    "receipt",
    metadata,
    Column("event_id", Text, ForeignKey("consent_event.event_id"), primary_key=True),
    _to("grant_id", "consent_grant.grant_id"),
    _text("schema_version"),
    _text("jws"),
    _at("issued_at"),
    Index(None, "grant_id"),
)

complaint = Table(
    "complaint",
    metadata,
    _id("complaint_id"),
    _to("grant_id", "consent_grant.grant_id"),
    _to("person_id", "person.person_id"),
    _to("partner_id", "partner.partner_id"),
    _text("kind"),
    _at("opened_at"),
    Column("answer", Text),
    _at("answered_at", nullable=True),
    _one_of("kind", "advertising", "too_much", "not_stopped", "wrong_use", "other"),
    Index(None, "opened_at"),
    Index(None, "partner_id", "opened_at"),
    Index(None, "person_id"),
    Index(None, "grant_id"),
)

handoff = Table(
    "handoff",
    metadata,
    _id("handoff_id"),
    _to("grant_id", "consent_grant.grant_id"),
    _to("event_id", "consent_event.event_id"),
    _text("person_id"),
    _text("partner_id"),
    _text("client_id"),
    Column("token_digest", LargeBinary, nullable=False),
    _text("endpoint"),
    _text("items"),
    _at("at"),
    Column("entry_digest", LargeBinary, nullable=False),
    Index(None, "grant_id", "at"),
    Index(None, "person_id", "at"),
    Index(None, "partner_id", "at"),
    Index(None, "at"),
)

admin_action = Table(
    "admin_action",
    metadata,
    _id("action_id"),
    _text("actor_id"),
    _text("action"),
    _text("target_kind"),
    _text("target_id"),
    _text("reason", nullable=True),
    _text("detail"),
    _at("at"),
    Index(None, "at"),
    Index(None, "target_kind", "target_id", "at"),
)

# Contacts between people

contact = Table(
    "contact",
    metadata,
    _id("contact_id"),
    _to("asker_id", "person.person_id"),
    # Nobody where the wish reached nobody.
    _to("asked_id", "person.person_id", nullable=True),
    # What the asker wrote, while it waits: for finding the same wish again, and sealed under the asker's key.
    Column("asked_index", LargeBinary),
    Column("asked_address", LargeBinary),
    # Names, each sealed under the key of the person whose it is.
    Column("asker_name", LargeBinary, nullable=False),
    Column("asked_name", LargeBinary),
    _text("state"),
    Column("version", Integer, nullable=False),
    _text("event_id"),
    _at("asked_at"),
    _at("valid_until"),
    _at("changed_at"),
    _text("asker_items"),
    _text("asked_items"),
    # Both people's ids while it is live: two are in contact once.
    Column("pair", Text, unique=True),
    Index(None, "asker_id"),
    Index(None, "asked_id"),
    _one_of("state", "waiting", "live", "refused", "ended"),
)

contact_event = Table(
    "contact_event",
    metadata,
    _id("event_id"),
    _to("contact_id", "contact.contact_id"),
    Column("seq", Integer, nullable=False),
    _text("type"),
    _text("side"),
    _text("items"),
    Column("is_erasure", Boolean, nullable=False),
    _text("language", nullable=True),
    _text("acr", nullable=True),
    _at("auth_time", nullable=True),
    _at("valid_until", nullable=True),
    _at("at"),
    UniqueConstraint("contact_id", "seq"),
    _one_of("side", "asker", "asked"),
)

contact_view = Table(
    "contact_view",
    metadata,
    _id("view_id"),
    _to("contact_id", "contact.contact_id"),
    _to("event_id", "contact_event.event_id"),
    _text("giver"),
    _text("giver_id"),
    _text("viewer_id"),
    _text("items"),
    _at("at"),
    Column("entry_digest", LargeBinary, nullable=False),
    Index(None, "contact_id", "at"),
    _one_of("giver", "asker", "asked"),
)

# The Merkle log

log_pending = Table(
    "log_pending",
    metadata,
    _text("grant_id"),
    _text("source_id"),
    _text("kind"),
    # The grant comes first, so that what waits of one grant is one stretch of one index.
    PrimaryKeyConstraint("grant_id", "source_id"),
    _one_of("kind", "handoff", "consent_event", "admin_action", "contact_event", "contact_view"),
)

log_leaf = Table(
    "log_leaf",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    _text("kind"),
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
    _text("note"),
    _at("signed_at"),
)

log_cosignature = Table(
    "log_cosignature",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    _id("witness"),
    _text("line"),
    _at("signed_at"),
)

log_archive = Table(
    "log_archive",
    metadata,
    Column("first_leaf", BigInteger, primary_key=True, autoincrement=False),
    Column("end_leaf", BigInteger, nullable=False),
    _at("before_at"),
    Column("manifest_digest", LargeBinary, nullable=False),
    _at("archived_at"),
    CheckConstraint("end_leaf > first_leaf", name="range"),
    CheckConstraint("length(manifest_digest) = 32", name="digest"),
)

lease = Table("lease", metadata, _id("name"), _text("holder"), _at("expires_at"))

# Protocol

pushed_request = Table(
    "pushed_request",
    metadata,
    _digest("request_digest"),
    _text("client_id"),
    Column("sealed", LargeBinary, nullable=False),
    _at("created_at"),
    _at("expires_at"),
    _at("used_at", nullable=True),
    Index(None, "expires_at"),
)

authorization_code = Table(
    "authorization_code",
    metadata,
    _digest("code_digest"),
    _text("client_id"),
    _to("grant_id", "consent_grant.grant_id"),
    _text("person_id"),
    _text("redirect_uri"),
    _text("scope"),
    _text("asked_scope"),
    _text("code_challenge"),
    _text("nonce", nullable=True),
    _at("auth_time"),
    _text("acr"),
    _text("family_id"),
    _at("issued_at"),
    _at("expires_at"),
    _text("redemption_id", nullable=True),
    _text("dpop_jkt", nullable=True),
    _text("details", nullable=True),
    _text("sid", nullable=True),
    Index(None, "grant_id"),
)

access_token = Table(
    "access_token",
    metadata,
    _digest("token_digest"),
    Column("token_id", Text, nullable=False, unique=True),
    _text("client_id"),
    _to("grant_id", "consent_grant.grant_id"),
    _text("family_id"),
    _text("scope"),
    _at("issued_at"),
    _at("expires_at"),
    _at("revoked_at", nullable=True),
    _text("bound_to", nullable=True),
    _text("details", nullable=True),
    _at("auth_time", nullable=True),
    _text("acr", nullable=True),
    Index(None, "grant_id"),
    Index(None, "family_id"),
)

client_token = Table(
    "client_token",
    metadata,
    _digest("token_digest"),
    _text("token_id"),
    _text("client_id"),
    _text("scope"),
    _at("issued_at"),
    _at("expires_at"),
    _at("revoked_at", nullable=True),
    _text("bound_to", nullable=True),
)

refresh_token = Table(
    "refresh_token",
    metadata,
    _digest("token_digest"),
    Column("token_id", Text, nullable=False, unique=True),
    _text("client_id"),
    _to("grant_id", "consent_grant.grant_id"),
    _text("family_id"),
    _text("scope"),
    _text("asked_scope"),
    _at("auth_time"),
    _at("issued_at"),
    _at("expires_at"),
    _at("used_at", nullable=True),
    Column("successor_digest", LargeBinary),
    _at("revoked_at", nullable=True),
    _text("bound_to", nullable=True),
    _text("details", nullable=True),
    _text("acr", nullable=True),
    _text("sid", nullable=True),
    Index(None, "grant_id"),
    Index(None, "family_id"),
)

client_assertion = Table(
    "client_assertion",
    metadata,
    _text("client_id"),
    Column("jti_digest", LargeBinary, nullable=False),
    _at("expires_at"),
    PrimaryKeyConstraint("client_id", "jti_digest"),
    Index(None, "expires_at"),
)

dpop_proof = Table(
    "dpop_proof",
    metadata,
    _digest("proof_digest"),
    _text("use_id"),
    _at("expires_at"),
    Index(None, "expires_at"),
)

APPEND_ONLY = (
    manifest_version,
    offer_version,
    notice_version,
    notice_served,
    consent_event,
    handoff,
    grant_use,
    receipt,
    admin_action,
    contact_event,
    contact_view,
    log_leaf,
    log_checkpoint,
    log_archive,
)
"""Tables that only grow; triggers on both databases refuse to change or delete a row.

Two of them let a row go under one condition: `handoff` and `log_leaf`, once it is archived and its grant is over
(`gateway/store/guards.py`).
"""
