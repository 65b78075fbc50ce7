"""A guardian confirms: proposals, who is of age, and a guard that looks at both."""

import sqlalchemy as sa
from alembic import op

from gateway.store.guards import LOCKED_AT_FIRST, add_lock_guard, drop_lock_guard

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

STATES = "state IN ('open', 'confirmed', 'declined', 'withdrawn')"
INDEXES = (("guardian_index",), ("organisation_id", "created_at"), ("created_at",))
MONTH = 30 * 86_400
NOW = {
    "sqlite": "CAST(strftime('%s', 'now') AS INTEGER)",
    "postgresql": "CAST(extract(epoch FROM now()) AS BIGINT)",
}
PROPOSED = """
INSERT INTO guardian_proposal (
    proposal_id, organisation_id, child_id, guardian_index, method, evidence, state, created_at, expires_at
)
SELECT 'pro_' || l.child_id || '_' || l.guardian_id, c.organisation_id, l.child_id, p.login_index, l.method, l.evidence,
    CASE WHEN EXISTS (
        SELECT 1 FROM approval a WHERE a.kind = 'guardian' AND a.decided_by = l.guardian_id
        AND substr(a.target_id, 1, length(l.child_id) + 1) = l.child_id || ':'
    ) THEN 'confirmed' ELSE 'open' END, l.created_at, {now} + {month}
FROM guardian_link l JOIN person p ON p.person_id = l.guardian_id JOIN person c ON c.person_id = l.child_id
WHERE l.state = 'active'
"""
UNCONFIRMED = """
DELETE FROM guardian_link WHERE state = 'active' AND 'pro_' || child_id || '_' || guardian_id IN (
    SELECT proposal_id FROM guardian_proposal WHERE state = 'open'
)
"""
OF_AGE = """
UPDATE person SET is_adult = TRUE WHERE role <> 'student' AND NOT EXISTS (
    SELECT 1 FROM person_field f WHERE f.person_id = person.person_id AND f.field = 'birthdate'
)
"""


def upgrade() -> None:
    """Ask every guardian who never answered to confirm; whose date of birth is known, the sweep looks at first."""
    drop_lock_guard(op.get_bind())
    for table, name in (("person", "is_adult"), ("guardian_link", "is_seconded")):
        mark: sa.Column[bool] = sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
        op.add_column(table, mark)
    op.create_table(
        "guardian_proposal",
        sa.Column("proposal_id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("child_id", sa.Text(), nullable=False),
        sa.Column("guardian_index", sa.LargeBinary(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(STATES, name=op.f("ck_guardian_proposal_state")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_guardian_proposal_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["child_id"], ["person.person_id"], name=op.f("fk_guardian_proposal_child_id")
        ),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_guardian_proposal")),
        sa.UniqueConstraint("child_id", "guardian_index", name=op.f("uq_guardian_proposal_child_id")),
    )
    for columns in INDEXES:
        op.create_index(op.f(f"ix_guardian_proposal_{'_'.join(columns)}"), "guardian_proposal", list(columns))
    op.execute(OF_AGE)
    op.execute(PROPOSED.format(now=NOW[op.get_bind().dialect.name], month=MONTH))
    op.execute(UNCONFIRMED)
    add_lock_guard(op.get_bind())


def downgrade() -> None:
    """Take it away; what nobody confirmed is no link in the older schema either."""
    drop_lock_guard(op.get_bind())
    for columns in INDEXES:
        op.drop_index(op.f(f"ix_guardian_proposal_{'_'.join(columns)}"), table_name="guardian_proposal")
    op.drop_table("guardian_proposal")
    op.drop_column("guardian_link", "is_seconded")
    op.drop_column("person", "is_adult")
    add_lock_guard(op.get_bind(), LOCKED_AT_FIRST)
