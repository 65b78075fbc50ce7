"""Tables of codes, tokens, and what is used once."""

from sqlalchemy import Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text

from gateway.store.tables.columns import (
    at_column,
    digest_column,
    id_column,
    metadata,
    one_of,
    reference,
    text_column,
)

device_authorization = Table(
    "device_authorization",
    metadata,
    digest_column("device_digest"),
    Column("user_code_index", LargeBinary, nullable=False, unique=True),
    text_column("client_id"),
    Column("sealed", LargeBinary, nullable=False),
    at_column("created_at"),
    at_column("expires_at"),
    Column("interval", Integer, nullable=False),
    text_column("state"),
    at_column("polled_at", nullable=True),
    Column("sealed_code", LargeBinary),
    one_of("state", "pending", "approved", "refused", "used"),
    Index(None, "expires_at"),
)

logout_delivery = Table(
    "logout_delivery",
    metadata,
    id_column("delivery_id"),
    text_column("client_id"),
    text_column("subject"),
    at_column("created_at"),
    at_column("due_at", nullable=True),
    Column("attempts", Integer, nullable=False),
    at_column("delivered_at", nullable=True),
    text_column("sid", nullable=True),
    Index(None, "due_at"),
)

pushed_request = Table(
    "pushed_request",
    metadata,
    digest_column("request_digest"),
    text_column("client_id"),
    Column("sealed", LargeBinary, nullable=False),
    at_column("created_at"),
    at_column("expires_at"),
    at_column("used_at", nullable=True),
    # A digest of the request with whoever answered it: the same person may answer again, and nobody else.
    Column("used_by", LargeBinary),
    Index(None, "expires_at"),
)

authorization_code = Table(
    "authorization_code",
    metadata,
    digest_column("code_digest"),
    text_column("client_id"),
    reference("grant_id", "consent_grant.grant_id"),
    text_column("person_id"),
    text_column("redirect_uri"),
    text_column("scope"),
    text_column("asked_scope"),
    text_column("code_challenge"),
    text_column("nonce", nullable=True),
    at_column("auth_time"),
    text_column("acr"),
    text_column("family_id"),
    at_column("issued_at"),
    at_column("expires_at"),
    text_column("redemption_id", nullable=True),
    text_column("dpop_jkt", nullable=True),
    text_column("details", nullable=True),
    text_column("asked_items", nullable=True),
    text_column("asked_forms", nullable=True),
    text_column("sid", nullable=True),
    Index(None, "grant_id"),
)

access_token = Table(
    "access_token",
    metadata,
    digest_column("token_digest"),
    Column("token_id", Text, nullable=False, unique=True),
    text_column("client_id"),
    reference("grant_id", "consent_grant.grant_id"),
    text_column("family_id"),
    text_column("scope"),
    at_column("issued_at"),
    at_column("expires_at"),
    at_column("revoked_at", nullable=True),
    text_column("bound_to", nullable=True),
    text_column("details", nullable=True),
    text_column("asked_items", nullable=True),
    text_column("asked_forms", nullable=True),
    at_column("auth_time", nullable=True),
    text_column("acr", nullable=True),
    Index(None, "grant_id"),
    Index(None, "family_id"),
)

client_token = Table(
    "client_token",
    metadata,
    digest_column("token_digest"),
    text_column("token_id"),
    text_column("client_id"),
    text_column("scope"),
    at_column("issued_at"),
    at_column("expires_at"),
    at_column("revoked_at", nullable=True),
    text_column("bound_to", nullable=True),
    Index(None, "expires_at"),
)

refresh_token = Table(
    "refresh_token",
    metadata,
    digest_column("token_digest"),
    Column("token_id", Text, nullable=False, unique=True),
    text_column("client_id"),
    reference("grant_id", "consent_grant.grant_id"),
    text_column("family_id"),
    text_column("scope"),
    text_column("asked_scope"),
    at_column("auth_time"),
    at_column("issued_at"),
    at_column("expires_at"),
    at_column("used_at", nullable=True),
    Column("successor_digest", LargeBinary),
    at_column("revoked_at", nullable=True),
    text_column("bound_to", nullable=True),
    text_column("details", nullable=True),
    text_column("asked_items", nullable=True),
    text_column("asked_forms", nullable=True),
    text_column("acr", nullable=True),
    text_column("sid", nullable=True),
    Index(None, "grant_id"),
    Index(None, "family_id"),
)

client_assertion = Table(
    "client_assertion",
    metadata,
    text_column("client_id"),
    Column("jti_digest", LargeBinary, nullable=False),
    at_column("expires_at"),
    PrimaryKeyConstraint("client_id", "jti_digest"),
    Index(None, "expires_at"),
)

dpop_proof = Table(
    "dpop_proof",
    metadata,
    digest_column("proof_digest"),
    text_column("use_id"),
    at_column("expires_at"),
    Index(None, "expires_at"),
)
