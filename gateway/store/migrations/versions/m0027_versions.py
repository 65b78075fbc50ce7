"""Versions instead of seconds for what dies with a password or an address, and an end for what strangers count up."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

VERSIONS = {"person": ("password", "address", "device"), "mail_link": ("password", "address")}
SWEPT_BY = (
    ("throttle", "ends_at"),
    ("mail_link", "expires_at"),
    ("client_token", "expires_at"),
    ("session", "created_at"),
)
# A link that was made in the second in which its address was written could be an earlier address's of that second.
OUTDATED = """
DELETE FROM mail_link WHERE kind = 'verification' AND NOT EXISTS (
    SELECT 1 FROM person_field f WHERE f.person_id = mail_link.person_id
        AND f.field = 'alternate_email' AND f.changed_at = mail_link.changed_at
        AND f.changed_at < mail_link.created_at
)
"""


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def upgrade() -> None:
    """Add the numbers; everything begins at nought, and links that wait are of that version."""
    for table, names in VERSIONS.items():
        for name in names:
            op.add_column(table, _number(f"{name}_version"))
    op.execute(OUTDATED)
    op.drop_column("mail_link", "changed_at")
    op.add_column("throttle", _number("taken"))
    op.add_column("throttle", sa.Column("ends_at", sa.BigInteger(), nullable=False, server_default="0"))
    # What was counted before goes on counting for a day: longer than any bucket of then took to fill.
    op.execute("UPDATE throttle SET ends_at = filled_at + 86400")
    for table, column in SWEPT_BY:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def downgrade() -> None:
    """Take them away; links that verify an address cannot say any more which one."""
    for table, column in reversed(SWEPT_BY):
        op.drop_index(op.f(f"ix_{table}_{column}"), table_name=table)
    for name in ("ends_at", "taken"):
        op.drop_column("throttle", name)
    op.execute("DELETE FROM mail_link WHERE kind = 'verification'")
    op.add_column("mail_link", sa.Column("changed_at", sa.BigInteger(), nullable=True))
    for table, names in VERSIONS.items():
        for name in names:
            op.drop_column(table, f"{name}_version")
