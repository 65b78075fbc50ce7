"""Accounts that are deactivated, and the mark on each of their consents that holds it back meanwhile."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_BEFORE = "state IN ('invited', 'active', 'closed')"
_AFTER = "state IN ('invited', 'active', 'deactivated', 'closed')"


def upgrade() -> None:
    """Allow the state, and hold nothing back."""
    _let_be(_BEFORE, _AFTER)
    op.add_column(
        "consent_grant", sa.Column("is_held", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    """Take both away. Whoever is deactivated stays out: such an account waits for an invitation again."""
    op.drop_column("consent_grant", "is_held")
    op.execute("UPDATE person SET state = 'invited' WHERE state = 'deactivated'")
    _let_be(_AFTER, _BEFORE)


def _let_be(before: str, after: str) -> None:
    """Say anew which states there are.

    SQLite cannot change a constraint, and half of all tables refer to this one, so it cannot be made anew beside them
    either. What its manual gives for that is to change the words of the table: https://sqlite.org/lang_altertable.html#otheralter
    """
    if op.get_bind().dialect.name != "sqlite":
        name = op.f("ck_person_state")
        op.drop_constraint(name, "person", type_="check")
        op.create_check_constraint(name, "person", after)
        return
    op.execute("PRAGMA writable_schema = ON")
    words = sa.text(
        "UPDATE sqlite_master SET sql = replace(sql, :before, :after) WHERE type = 'table' AND name = 'person'"
    )
    op.execute(words.bindparams(before=before, after=after))
    op.execute("PRAGMA writable_schema = RESET")
    version = op.get_bind().execute(sa.text("PRAGMA schema_version")).scalar_one()
    op.execute(f"PRAGMA schema_version = {version + 1}")
