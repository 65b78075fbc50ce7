"""The hand-off log's own name, and in which version of the format an administrator's act is an entry."""

import sqlalchemy as sa
from alembic import op

from gateway.store.guards import add_guards, drop_triggers

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

GUARDED = ("log_origin",)
FIRST_CHECKPOINT = "SELECT note, signed_at FROM log_checkpoint ORDER BY size LIMIT 1"
FIRST_NAME = "INSERT INTO log_origin (number, origin, start, since) VALUES (1, :origin, 0, :since)"
WAITING = "UPDATE admin_action SET entry_version = 2 WHERE action_id IN (SELECT source_id FROM log_pending)"
# After a way down and up again: an entry's own last key says its version.
PLACED = """
UPDATE admin_action SET entry_version = 2 WHERE action_id IN (
    SELECT source_id FROM log_leaf WHERE kind = 'admin_action' AND {entry} LIKE '%"v"_2}}'
)
"""
TEXT = {"sqlite": "CAST(entry AS TEXT)", "postgresql": "convert_from(entry, 'UTF8')"}


def upgrade() -> None:
    """Make the table, with the name that the first checkpoint is signed under; an empty log gets one when it begins.

    Acts that have a place stay as their entries are: of version 1, which does not say so. Those that wait become
    entries of version 2, so that none of version 1 comes after one of version 2.
    """
    connection = op.get_bind()
    op.create_table(
        "log_origin",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_log_origin")),
    )
    first = connection.execute(sa.text(FIRST_CHECKPOINT)).first()
    if first is not None:
        known = {"origin": first.note.partition("\n")[0], "since": first.signed_at}
        connection.execute(sa.text(FIRST_NAME), known)
    # The names are part of the registry's snapshot.
    connection.execute(sa.text("UPDATE registry_version SET version = version + 1"))
    add_guards(connection, GUARDED)
    version: sa.Column[int] = sa.Column("entry_version", sa.Integer(), nullable=False, server_default="1")
    op.add_column("admin_action", version)
    drop_triggers(connection, ("admin_action",))
    connection.execute(sa.text(WAITING))
    connection.execute(sa.text(PLACED.format(entry=TEXT[connection.dialect.name])))
    add_guards(connection, ("admin_action",))


def downgrade() -> None:
    """Take both away."""
    connection = op.get_bind()
    drop_triggers(connection, ("admin_action",))
    op.drop_column("admin_action", "entry_version")
    add_guards(connection, ("admin_action",))
    drop_triggers(connection, GUARDED)
    op.drop_table("log_origin")
