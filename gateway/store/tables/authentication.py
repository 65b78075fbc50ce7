"""Tables of how people sign in."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from gateway.store.tables.columns import (
    at_column,
    digest_column,
    metadata,
    partial_index,
    reference,
    text_column,
)

credential = Table(
    "credential",
    metadata,
    reference("person_id", "person.person_id"),
    text_column("kind"),
    text_column("secret_hash"),
    at_column("changed_at"),
    PrimaryKeyConstraint("person_id", "kind"),
)

passkey = Table(
    "passkey",
    metadata,
    Column("credential_id", LargeBinary, primary_key=True),
    reference("person_id", "person.person_id"),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    at_column("created_at"),
    at_column("used_at", nullable=True),
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
    # The session that it opened, so that the same form sent twice opens it once (decision 71).
    Column("opened", LargeBinary),
    at_column("created_at"),
)

recovery_code = Table(
    "recovery_code",
    metadata,
    digest_column("code_digest"),
    reference("person_id", "person.person_id"),
    at_column("used_at", nullable=True),
    Column("opened", LargeBinary),
    Index(None, "person_id"),
)

spent_challenge = Table(
    "spent_challenge",
    metadata,
    digest_column("challenge_digest"),
    at_column("expires_at"),
    Index(None, "expires_at"),
)

session = Table(
    "session",
    metadata,
    digest_column("session_digest"),
    reference("person_id", "person.person_id"),
    at_column("created_at"),
    at_column("auth_time"),
    at_column("last_seen_at"),
    text_column("acr"),
    at_column("ended_at", nullable=True),
    text_column("agent", nullable=True),
    text_column("sid", nullable=True),
    # When partners were owed their notices of its end; or when it went on under another secret, and none are owed.
    at_column("told_at", nullable=True),
    Index(None, "person_id"),
    Index(None, "created_at"),
    partial_index("ix_session_untold_ended", "ended_at IS NOT NULL AND told_at IS NULL", "ended_at"),
    partial_index("ix_session_untold_seen", "told_at IS NULL", "last_seen_at"),
    partial_index("ix_session_untold_created", "told_at IS NULL", "created_at"),
)

throttle = Table(
    "throttle",
    metadata,
    digest_column("bucket"),
    Column("tokens_milli", BigInteger, nullable=False),
    at_column("filled_at"),
    # Tokens taken since somebody last proved who they are.
    Column("taken", Integer, nullable=False, server_default="0"),
    # From then on the row says as much as no row.
    Column("ends_at", BigInteger, nullable=False, server_default="0"),
    Index(None, "ends_at"),
)
