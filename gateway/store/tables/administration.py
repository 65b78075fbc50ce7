"""Tables of what administrators ask and did."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, UniqueConstraint

from gateway.store.tables.columns import at_column, id_column, metadata, one_of, text_column

waiting_act = Table(
    "waiting_act",
    metadata,
    id_column("act_id"),
    text_column("kind"),
    text_column("target_kind"),
    text_column("target_id"),
    text_column("organisation_id", nullable=True),
    text_column("content"),
    text_column("content_digest"),
    # Both are emptied when the request ends: personal values under seal, and what only one request may be about.
    Column("sealed", LargeBinary),
    Column("subject", LargeBinary),
    text_column("why"),
    text_column("asked_by"),
    at_column("asked_at"),
    at_column("expires_at"),
    text_column("state"),
    text_column("decided_by", nullable=True),
    at_column("decided_at", nullable=True),
    UniqueConstraint("kind", "subject"),
    one_of("state", "waiting", "approved", "refused", "withdrawn", "expired"),
    Index(None, "state", "asked_at"),
    Index(None, "target_kind", "target_id"),
)

admin_action = Table(
    "admin_action",
    metadata,
    id_column("action_id"),
    text_column("actor_id"),
    text_column("action"),
    text_column("target_kind"),
    text_column("target_id"),
    text_column("reason", nullable=True),
    text_column("detail"),
    at_column("at"),
    Column("entry_version", Integer, nullable=False, server_default="1"),
    Index(None, "at"),
    Index(None, "target_kind", "target_id", "at"),
)
