"""Contacts between people: who gives whom which contact detail, and every look at one."""

import sqlalchemy as sa
from alembic import op

from gateway.store.guards import add_guards, add_view_guard, drop_triggers, drop_view_guard

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_GUARDED = ("contact_event", "contact_view")
_BEFORE = ("handoff", "consent_event", "admin_action")


def upgrade() -> None:
    """Add the tables with their guards, and let the log take their rows."""
    op.create_table(
        "contact",
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("asker_id", sa.Text(), nullable=False),
        sa.Column("asked_id", sa.Text(), nullable=True),
        sa.Column("asked_index", sa.LargeBinary(), nullable=True),
        sa.Column("asked_address", sa.LargeBinary(), nullable=True),
        sa.Column("asker_name", sa.LargeBinary(), nullable=False),
        sa.Column("asked_name", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("asker_items", sa.Text(), nullable=False),
        sa.Column("asked_items", sa.Text(), nullable=False),
        sa.Column("pair", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'live', 'refused', 'ended')", name=op.f("ck_contact_state")),
        sa.ForeignKeyConstraint(["asker_id"], ["person.person_id"], name=op.f("fk_contact_asker_id")),
        sa.ForeignKeyConstraint(["asked_id"], ["person.person_id"], name=op.f("fk_contact_asked_id")),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_contact")),
        sa.UniqueConstraint("pair", name=op.f("uq_contact_pair")),
    )
    op.create_index(op.f("ix_contact_asker_id"), "contact", ["asker_id"])
    op.create_index(op.f("ix_contact_asked_id"), "contact", ["asked_id"])
    op.create_table(
        "contact_event",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("is_erasure", sa.Boolean(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("acr", sa.Text(), nullable=True),
        sa.Column("auth_time", sa.BigInteger(), nullable=True),
        sa.Column("valid_until", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("side IN ('asker', 'asked')", name=op.f("ck_contact_event_side")),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.contact_id"], name=op.f("fk_contact_event_contact_id")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_contact_event")),
        sa.UniqueConstraint("contact_id", "seq", name=op.f("uq_contact_event_contact_id")),
    )
    op.create_table(
        "contact_view",
        sa.Column("view_id", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("giver", sa.Text(), nullable=False),
        sa.Column("giver_id", sa.Text(), nullable=False),
        sa.Column("viewer_id", sa.Text(), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("entry_digest", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("giver IN ('asker', 'asked')", name=op.f("ck_contact_view_giver")),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.contact_id"], name=op.f("fk_contact_view_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["contact_event.event_id"], name=op.f("fk_contact_view_event_id")
        ),
        sa.PrimaryKeyConstraint("view_id", name=op.f("pk_contact_view")),
    )
    op.create_index(op.f("ix_contact_view_contact_id_at"), "contact_view", ["contact_id", "at"])
    add_guards(op.get_bind(), _GUARDED)
    add_view_guard(op.get_bind())
    _let_wait((*_BEFORE, *_GUARDED))


def downgrade() -> None:
    """Drop them, with what waits of them; what has a place in the log stays there."""
    op.execute("DELETE FROM log_pending WHERE kind IN ('contact_event', 'contact_view')")
    _let_wait(_BEFORE)
    drop_view_guard(op.get_bind())
    drop_triggers(op.get_bind(), _GUARDED)
    for table in ("contact_view", "contact_event", "contact"):
        op.drop_table(table)


def _let_wait(kinds: tuple[str, ...]) -> None:
    """Say anew what may wait for its place in the log; SQLite cannot change a table's constraint, only its table."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    name = op.f("ck_log_pending_kind")
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(name, "log_pending", type_="check")
        op.create_check_constraint(name, "log_pending", f"kind IN ({listed})")
        return
    op.rename_table("log_pending", "log_pending_before")
    op.create_table(
        "log_pending",
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.CheckConstraint(f"kind IN ({listed})", name=name),
        sa.PrimaryKeyConstraint("grant_id", "source_id", name=op.f("pk_log_pending")),
    )
    op.execute("INSERT INTO log_pending SELECT grant_id, source_id, kind FROM log_pending_before")
    op.drop_table("log_pending_before")
