"""The first schema: people, partners, consent, the hand-off log, codes and tokens."""

import sqlalchemy as sa
from alembic import op

from gateway.store.guards import add_guards, drop_guards

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

GUARDED = (
    "manifest_version",
    "offer_version",
    "notice_version",
    "notice_served",
    "consent_event",
    "handoff",
    "admin_action",
)


def upgrade() -> None:
    """Make every table, its guards and the registry's version."""
    op.create_table(
        "admin_action",
        sa.Column("action_id", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("action_id", name=op.f("pk_admin_action")),
    )
    op.create_index(op.f("ix_admin_action_at"), "admin_action", ["at"], unique=False)
    op.create_index(
        op.f("ix_admin_action_target_kind_target_id_at"),
        "admin_action",
        ["target_kind", "target_id", "at"],
        unique=False,
    )
    op.create_table(
        "approval",
        sa.Column("approval_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("approval_id", name=op.f("pk_approval")),
        sa.UniqueConstraint("kind", "target_id", "decided_by", name=op.f("uq_approval_kind")),
    )
    op.create_table(
        "client_assertion",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("jti_digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "jti_digest", name=op.f("pk_client_assertion")),
    )
    op.create_index(op.f("ix_client_assertion_expires_at"), "client_assertion", ["expires_at"], unique=False)
    op.create_table(
        "organisation",
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_organisation")),
    )
    op.create_table(
        "partner",
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("live_manifest", sa.Integer(), nullable=True),
        sa.Column("pending_manifest", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'review', 'live', 'paused', 'ended')", name=op.f("ck_partner_state")
        ),
        sa.PrimaryKeyConstraint("partner_id", name=op.f("pk_partner")),
    )
    op.create_table(
        "pushed_request",
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("request_digest", name=op.f("pk_pushed_request")),
    )
    op.create_index(op.f("ix_pushed_request_expires_at"), "pushed_request", ["expires_at"], unique=False)
    op.create_table(
        "registry_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_registry_version_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_version")),
    )
    op.create_table(
        "signing_key",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("alg", sa.Text(), nullable=False),
        sa.Column("public_jwk", sa.Text(), nullable=False),
        sa.Column("private_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_key")),
    )
    op.create_table(
        "throttle",
        sa.Column("bucket", sa.LargeBinary(), nullable=False),
        sa.Column("tokens_milli", sa.BigInteger(), nullable=False),
        sa.Column("filled_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_throttle")),
    )
    op.create_table(
        "client",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("secret_digest", sa.LargeBinary(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.partner_id"], name=op.f("fk_client_partner_id")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client")),
    )
    op.create_index(op.f("ix_client_partner_id"), "client", ["partner_id"], unique=False)
    op.create_table(
        "manifest_version",
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("submitted_by", sa.Text(), nullable=False),
        sa.Column("submitted_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partner.partner_id"], name=op.f("fk_manifest_version_partner_id")
        ),
        sa.PrimaryKeyConstraint("partner_id", "version", name=op.f("pk_manifest_version")),
    )
    op.create_table(
        "offer",
        sa.Column("offer_id", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("live_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.partner_id"], name=op.f("fk_offer_partner_id")),
        sa.PrimaryKeyConstraint("offer_id", name=op.f("pk_offer")),
    )
    op.create_index(op.f("ix_offer_partner_id"), "offer", ["partner_id"], unique=False)
    op.create_table(
        "org_policy",
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("decision IN ('allow', 'deny', 'ask')", name=op.f("ck_org_policy_decision")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.organisation_id"], name=op.f("fk_org_policy_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partner.partner_id"], name=op.f("fk_org_policy_partner_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "partner_id", name=op.f("pk_org_policy")),
    )
    op.create_table(
        "person",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("login_index", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state IN ('invited', 'active', 'closed')", name=op.f("ck_person_state")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.organisation_id"], name=op.f("fk_person_organisation_id")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person")),
        sa.UniqueConstraint("login_index", name=op.f("uq_person_login_index")),
    )
    op.create_index(op.f("ix_person_organisation_id"), "person", ["organisation_id"], unique=False)
    op.create_table(
        "credential",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_credential_person_id")),
        sa.PrimaryKeyConstraint("person_id", "kind", name=op.f("pk_credential")),
    )
    op.create_table(
        "guardian_link",
        sa.Column("child_id", sa.Text(), nullable=False),
        sa.Column("guardian_id", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("child_id <> guardian_id", name=op.f("ck_guardian_link_distinct")),
        sa.ForeignKeyConstraint(["child_id"], ["person.person_id"], name=op.f("fk_guardian_link_child_id")),
        sa.ForeignKeyConstraint(
            ["guardian_id"], ["person.person_id"], name=op.f("fk_guardian_link_guardian_id")
        ),
        sa.PrimaryKeyConstraint("child_id", "guardian_id", name=op.f("pk_guardian_link")),
    )
    op.create_index(op.f("ix_guardian_link_guardian_id"), "guardian_link", ["guardian_id"], unique=False)
    op.create_table(
        "invitation",
        sa.Column("invitation_digest", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("invited_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_invitation_person_id")),
        sa.PrimaryKeyConstraint("invitation_digest", name=op.f("pk_invitation")),
    )
    op.create_index(op.f("ix_invitation_person_id"), "invitation", ["person_id"], unique=False)
    op.create_table(
        "notice_version",
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("offer_id", sa.Text(), nullable=False),
        sa.Column("offer_version", sa.Integer(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("effective_from", sa.BigInteger(), nullable=False),
        sa.Column("material", sa.Boolean(), nullable=False),
        sa.Column("diff", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.offer_id"], name=op.f("fk_notice_version_offer_id")),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_notice_version")),
        sa.UniqueConstraint("offer_id", "offer_version", "language", name=op.f("uq_notice_version_offer_id")),
    )
    op.create_table(
        "offer_version",
        sa.Column("offer_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("material", sa.Boolean(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.offer_id"], name=op.f("fk_offer_version_offer_id")),
        sa.PrimaryKeyConstraint("offer_id", "version", name=op.f("pk_offer_version")),
    )
    op.create_table(
        "person_field",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("source IN ('self', 'school')", name=op.f("ck_person_field_source")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_person_field_person_id")),
        sa.PrimaryKeyConstraint("person_id", "field", name=op.f("pk_person_field")),
    )
    op.create_table(
        "person_key",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("master", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_person_key_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person_key")),
    )
    op.create_index(op.f("ix_person_key_master"), "person_key", ["master"], unique=False)
    op.create_table(
        "session",
        sa.Column("session_digest", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("acr", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_session_person_id")),
        sa.PrimaryKeyConstraint("session_digest", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_person_id"), "session", ["person_id"], unique=False)
    op.create_table(
        "consent_grant",
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("offer_id", sa.Text(), nullable=False),
        sa.Column("offer_version", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.Column("last_user_activity_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'active', 'paused', 'refused', 'ended')",
            name=op.f("ck_consent_grant_state"),
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice_version.notice_id"], name=op.f("fk_consent_grant_notice_id")
        ),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.offer_id"], name=op.f("fk_consent_grant_offer_id")),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partner.partner_id"], name=op.f("fk_consent_grant_partner_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_consent_grant_person_id")),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_consent_grant")),
    )
    op.create_index(op.f("ix_consent_grant_created_at"), "consent_grant", ["created_at"], unique=False)
    op.create_index(
        op.f("ix_consent_grant_partner_id_created_at"),
        "consent_grant",
        ["partner_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_consent_grant_person_id_created_at"),
        "consent_grant",
        ["person_id", "created_at"],
        unique=False,
    )
    op.create_index(
        "uq_consent_grant_live",
        "consent_grant",
        ["person_id", "offer_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('waiting', 'active', 'paused')"),
        postgresql_where=sa.text("state IN ('waiting', 'active', 'paused')"),
    )
    op.create_table(
        "notice_served",
        sa.Column("served_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("screen_digest", sa.LargeBinary(), nullable=False),
        sa.Column("served_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice_version.notice_id"], name=op.f("fk_notice_served_notice_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_notice_served_person_id")),
        sa.PrimaryKeyConstraint("served_id", name=op.f("pk_notice_served")),
    )
    op.create_index(
        op.f("ix_notice_served_person_id_served_at"),
        "notice_served",
        ["person_id", "served_at"],
        unique=False,
    )
    op.create_table(
        "access_token",
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("family_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["consent_grant.grant_id"], name=op.f("fk_access_token_grant_id")
        ),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_access_token")),
        sa.UniqueConstraint("token_id", name=op.f("uq_access_token_token_id")),
    )
    op.create_index(op.f("ix_access_token_family_id"), "access_token", ["family_id"], unique=False)
    op.create_index(op.f("ix_access_token_grant_id"), "access_token", ["grant_id"], unique=False)
    op.create_table(
        "authorization_code",
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("asked_scope", sa.Text(), nullable=False),
        sa.Column("code_challenge", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("acr", sa.Text(), nullable=False),
        sa.Column("family_id", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("redemption_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["consent_grant.grant_id"], name=op.f("fk_authorization_code_grant_id")
        ),
        sa.PrimaryKeyConstraint("code_digest", name=op.f("pk_authorization_code")),
    )
    op.create_index(op.f("ix_authorization_code_grant_id"), "authorization_code", ["grant_id"], unique=False)
    op.create_table(
        "consent_event",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("dpv_status", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("acr", sa.Text(), nullable=True),
        sa.Column("auth_time", sa.BigInteger(), nullable=True),
        sa.Column("served_id", sa.Text(), nullable=True),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["consent_grant.grant_id"], name=op.f("fk_consent_event_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["served_id"], ["notice_served.served_id"], name=op.f("fk_consent_event_served_id")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_consent_event")),
        sa.UniqueConstraint("grant_id", "seq", name=op.f("uq_consent_event_grant_id")),
        sa.UniqueConstraint("served_id", name=op.f("uq_consent_event_served_id")),
    )
    op.create_table(
        "grant_item",
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("needed", sa.Boolean(), nullable=False),
        sa.Column("retention_days", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["consent_grant.grant_id"], name=op.f("fk_grant_item_grant_id")
        ),
        sa.PrimaryKeyConstraint("grant_id", "field", "purpose", name=op.f("pk_grant_item")),
    )
    op.create_table(
        "refresh_token",
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("family_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("asked_scope", sa.Text(), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("successor_digest", sa.LargeBinary(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["consent_grant.grant_id"], name=op.f("fk_refresh_token_grant_id")
        ),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_refresh_token")),
        sa.UniqueConstraint("token_id", name=op.f("uq_refresh_token_token_id")),
    )
    op.create_index(op.f("ix_refresh_token_family_id"), "refresh_token", ["family_id"], unique=False)
    op.create_index(op.f("ix_refresh_token_grant_id"), "refresh_token", ["grant_id"], unique=False)
    op.create_table(
        "handoff",
        sa.Column("handoff_id", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("entry_digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["consent_event.event_id"], name=op.f("fk_handoff_event_id")),
        sa.ForeignKeyConstraint(["grant_id"], ["consent_grant.grant_id"], name=op.f("fk_handoff_grant_id")),
        sa.PrimaryKeyConstraint("handoff_id", name=op.f("pk_handoff")),
    )
    op.create_index(op.f("ix_handoff_at"), "handoff", ["at"], unique=False)
    op.create_index(op.f("ix_handoff_grant_id_at"), "handoff", ["grant_id", "at"], unique=False)
    op.create_index(op.f("ix_handoff_partner_id_at"), "handoff", ["partner_id", "at"], unique=False)
    op.create_index(op.f("ix_handoff_person_id_at"), "handoff", ["person_id", "at"], unique=False)
    op.execute("INSERT INTO registry_version (id, version) VALUES (1, 1)")
    add_guards(op.get_bind(), GUARDED)


def downgrade() -> None:
    """Take everything away."""
    drop_guards(op.get_bind(), GUARDED)
    op.drop_index(op.f("ix_handoff_person_id_at"), table_name="handoff")
    op.drop_index(op.f("ix_handoff_partner_id_at"), table_name="handoff")
    op.drop_index(op.f("ix_handoff_grant_id_at"), table_name="handoff")
    op.drop_index(op.f("ix_handoff_at"), table_name="handoff")
    op.drop_table("handoff")
    op.drop_index(op.f("ix_refresh_token_grant_id"), table_name="refresh_token")
    op.drop_index(op.f("ix_refresh_token_family_id"), table_name="refresh_token")
    op.drop_table("refresh_token")
    op.drop_table("grant_item")
    op.drop_table("consent_event")
    op.drop_index(op.f("ix_authorization_code_grant_id"), table_name="authorization_code")
    op.drop_table("authorization_code")
    op.drop_index(op.f("ix_access_token_grant_id"), table_name="access_token")
    op.drop_index(op.f("ix_access_token_family_id"), table_name="access_token")
    op.drop_table("access_token")
    op.drop_index(op.f("ix_notice_served_person_id_served_at"), table_name="notice_served")
    op.drop_table("notice_served")
    op.drop_index(
        "uq_consent_grant_live",
        table_name="consent_grant",
        sqlite_where=sa.text("state IN ('waiting', 'active', 'paused')"),
        postgresql_where=sa.text("state IN ('waiting', 'active', 'paused')"),
    )
    op.drop_index(op.f("ix_consent_grant_person_id_created_at"), table_name="consent_grant")
    op.drop_index(op.f("ix_consent_grant_partner_id_created_at"), table_name="consent_grant")
    op.drop_index(op.f("ix_consent_grant_created_at"), table_name="consent_grant")
    op.drop_table("consent_grant")
    op.drop_index(op.f("ix_session_person_id"), table_name="session")
    op.drop_table("session")
    op.drop_index(op.f("ix_person_key_master"), table_name="person_key")
    op.drop_table("person_key")
    op.drop_table("person_field")
    op.drop_table("offer_version")
    op.drop_table("notice_version")
    op.drop_index(op.f("ix_invitation_person_id"), table_name="invitation")
    op.drop_table("invitation")
    op.drop_index(op.f("ix_guardian_link_guardian_id"), table_name="guardian_link")
    op.drop_table("guardian_link")
    op.drop_table("credential")
    op.drop_index(op.f("ix_person_organisation_id"), table_name="person")
    op.drop_table("person")
    op.drop_table("org_policy")
    op.drop_index(op.f("ix_offer_partner_id"), table_name="offer")
    op.drop_table("offer")
    op.drop_table("manifest_version")
    op.drop_index(op.f("ix_client_partner_id"), table_name="client")
    op.drop_table("client")
    op.drop_table("throttle")
    op.drop_table("signing_key")
    op.drop_table("registry_version")
    op.drop_index(op.f("ix_pushed_request_expires_at"), table_name="pushed_request")
    op.drop_table("pushed_request")
    op.drop_table("partner")
    op.drop_table("organisation")
    op.drop_index(op.f("ix_client_assertion_expires_at"), table_name="client_assertion")
    op.drop_table("client_assertion")
    op.drop_table("approval")
    op.drop_index(op.f("ix_admin_action_target_kind_target_id_at"), table_name="admin_action")
    op.drop_index(op.f("ix_admin_action_at"), table_name="admin_action")
    op.drop_table("admin_action")
