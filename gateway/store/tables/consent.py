"""Tables of what was served and decided, and what stands."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)

from gateway.store.tables.columns import (
    at_column,
    id_column,
    metadata,
    one_of,
    partial_index,
    reference,
    text_column,
)

_ACTIVE = "state = 'active'"
_LIVE = "state IN ('waiting', 'active', 'paused')"

reminder = Table(
    "reminder",
    metadata,
    reference("person_id", "person.person_id"),
    text_column("kind"),
    text_column("about"),
    text_column("letter_id", nullable=True),
    at_column("at"),
    PrimaryKeyConstraint("person_id", "kind", "about"),
    one_of("kind", "digest", "unused", "ending"),
    Index(None, "letter_id"),
    partial_index("ix_reminder_digest", "kind = 'digest'", "at", "person_id"),
)

org_policy = Table(
    "org_policy",
    metadata,
    reference("organisation_id", "organisation.organisation_id"),
    reference("partner_id", "partner.partner_id"),
    text_column("decision"),
    text_column("decided_by"),
    at_column("decided_at"),
    PrimaryKeyConstraint("organisation_id", "partner_id"),
    one_of("decision", "allow", "deny", "ask"),
)

school_request = Table(
    "school_request",
    metadata,
    reference("organisation_id", "organisation.organisation_id"),
    reference("partner_id", "partner.partner_id"),
    reference("person_id", "person.person_id"),
    at_column("asked_at"),
    PrimaryKeyConstraint("organisation_id", "partner_id", "person_id"),
    Index(None, "person_id"),
)

notice_served = Table(
    "notice_served",
    metadata,
    id_column("served_id"),
    reference("person_id", "person.person_id"),
    reference("notice_id", "notice_version.notice_id"),
    text_column("client_id"),
    text_column("surface"),
    text_column("language"),
    Column("screen_digest", LargeBinary, nullable=False),
    at_column("served_at"),
    Index(None, "person_id", "served_at"),
)

consent_grant = Table(
    "consent_grant",
    metadata,
    id_column("grant_id"),
    reference("person_id", "person.person_id"),
    reference("partner_id", "partner.partner_id"),
    reference("offer_id", "offer.offer_id"),
    Column("offer_version", Integer, nullable=False),
    reference("notice_id", "notice_version.notice_id"),
    text_column("state"),
    text_column("legal_basis"),
    text_column("jurisdiction"),
    Column("version", Integer, nullable=False),
    text_column("event_id"),
    at_column("created_at"),
    at_column("valid_from"),
    at_column("valid_until"),
    at_column("last_user_activity_at"),
    at_column("ended_at", nullable=True),
    text_column("end_reason", nullable=True),
    Column("use_limit", Integer),
    # Hand-offs that were spent under limits of earlier decisions: this decision's own are counted from there.
    Column("uses_before", Integer, nullable=False, server_default="0"),
    text_column("paused_for", nullable=True),
    # The newest version of the offer that the person has decided about: older terms may have been kept.
    Column("decided_version", Integer, nullable=False, server_default="0"),
    # What was asked for and is not granted, with the second in which that was decided, as JSON: names, no values.
    text_column("left_out", nullable=True),
    # Whether the time until the person's first digest has begun. Every new row says that it has not; the default is
    # for rows from before there were such rows.
    Column("digest_begun", Boolean, nullable=False, server_default=true()),
    # The person's account is deactivated. It stands here too because a release locks this row and no other.
    Column("is_held", Boolean, nullable=False, server_default=false()),
    one_of("state", "waiting", "active", "paused", "refused", "ended"),
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
    partial_index("ix_consent_grant_over", _LIVE, "valid_until", "grant_id"),
    partial_index("ix_consent_grant_unused", _LIVE, "last_user_activity_at", "grant_id"),
    partial_index("ix_consent_grant_guarded", f"{_LIVE} AND legal_basis = 'guardian_consent'", "grant_id"),
    partial_index("ix_consent_grant_outdated", _ACTIVE, "offer_id", "decided_version", "grant_id"),
    partial_index("ix_consent_grant_undigested", f"{_ACTIVE} AND NOT digest_begun", "grant_id"),
)

grant_item = Table(
    "grant_item",
    metadata,
    reference("grant_id", "consent_grant.grant_id"),
    text_column("field"),
    text_column("purpose"),
    text_column("form"),
    Column("needed", Boolean, nullable=False),
    Column("retention_days", Integer, nullable=False),
    PrimaryKeyConstraint("grant_id", "field", "purpose"),
)

consent_event = Table(
    "consent_event",
    metadata,
    id_column("event_id"),
    reference("grant_id", "consent_grant.grant_id"),
    Column("seq", Integer, nullable=False),
    text_column("type"),
    text_column("dpv_status"),
    text_column("actor_kind"),
    text_column("actor_id"),
    text_column("on_behalf_of", nullable=True),
    text_column("method"),
    text_column("language", nullable=True),
    text_column("acr", nullable=True),
    at_column("auth_time", nullable=True),
    Column("served_id", Text, ForeignKey("notice_served.served_id"), unique=True),
    text_column("items"),
    text_column("reason", nullable=True),
    at_column("at"),
    at_column("valid_until", nullable=True),
    Column("use_limit", Integer),
    UniqueConstraint("grant_id", "seq"),
)

grant_use = Table(
    "grant_use",
    metadata,
    reference("grant_id", "consent_grant.grant_id"),
    Column("use_number", Integer, nullable=False),
    text_column("handoff_id"),
    PrimaryKeyConstraint("grant_id", "use_number"),
)

receipt = Table(
    "receipt",
    metadata,
    Column("event_id", Text, ForeignKey("consent_event.event_id"), primary_key=True),
    reference("grant_id", "consent_grant.grant_id"),
    text_column("schema_version"),
    text_column("jws"),
    at_column("issued_at"),
    Index(None, "grant_id"),
)

complaint = Table(
    "complaint",
    metadata,
    id_column("complaint_id"),
    reference("grant_id", "consent_grant.grant_id"),
    reference("person_id", "person.person_id"),
    reference("partner_id", "partner.partner_id"),
    text_column("kind"),
    at_column("opened_at"),
    Column("answer", Text),
    at_column("answered_at", nullable=True),
    Column("brakes", Boolean, nullable=False, server_default=false()),
    Column("marks", Text, nullable=False, server_default=""),
    one_of("kind", "advertising", "too_much", "not_stopped", "wrong_use", "other"),
    Index(None, "opened_at"),
    Index(None, "partner_id", "opened_at"),
    Index(None, "person_id"),
    Index(None, "grant_id"),
    partial_index("ix_complaint_brakes", "brakes", "partner_id"),
)
