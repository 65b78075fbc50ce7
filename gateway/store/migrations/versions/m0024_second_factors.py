"""Since when somebody with powers may do without a second factor for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

NOW = {
    "sqlite": "CAST(strftime('%s', 'now') AS INTEGER)",
    "postgresql": "CAST(extract(epoch FROM now()) AS BIGINT)",
}
# The roles that had powers when this was written: a migration does not change when the program does.
BEGIN = """
UPDATE person SET factor_grace_from = {now} WHERE state = 'active' AND role IN (
    'school_admin', 'platform_admin', 'privacy_officer', 'support', 'auditor', 'partner_manager'
) AND NOT EXISTS (SELECT 1 FROM passkey p WHERE p.person_id = person.person_id)
AND NOT EXISTS (SELECT 1 FROM one_time_password o WHERE o.person_id = person.person_id)
"""


def upgrade() -> None:
    """Add the column. The grace of administrators who have only a password begins with the new version."""
    op.add_column("person", sa.Column("factor_grace_from", sa.BigInteger(), nullable=True))
    op.execute(BEGIN.format(now=NOW[op.get_context().dialect.name]))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("person", "factor_grace_from")
