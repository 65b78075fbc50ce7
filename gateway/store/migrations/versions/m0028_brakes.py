"""What the brake counts: since when a partner is open, and which complaints pull at it."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

SERVED = """
UPDATE complaint SET brakes = true WHERE kind = 'advertising' AND EXISTS (
    SELECT 1 FROM partner WHERE partner.partner_id = complaint.partner_id AND partner.state = 'live'
        AND complaint.opened_at > partner.opened_at
) AND EXISTS (
    SELECT 1 FROM handoff JOIN partner ON partner.partner_id = handoff.partner_id
        WHERE handoff.person_id = complaint.person_id AND handoff.partner_id = complaint.partner_id
        AND handoff.at > partner.opened_at
)
"""


def upgrade() -> None:
    """Add both; a partner is taken to be open since its last change, and complaints since then go on counting."""
    op.add_column("partner", sa.Column("opened_at", sa.BigInteger()))
    op.execute("UPDATE partner SET opened_at = changed_at WHERE state IN ('live', 'paused')")
    op.add_column("complaint", sa.Column("brakes", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("complaint", sa.Column("marks", sa.Text(), nullable=False, server_default=""))
    op.execute(SERVED)
    op.create_index(
        op.f("ix_complaint_brakes"),
        "complaint",
        ["partner_id"],
        sqlite_where=sa.text("brakes"),
        postgresql_where=sa.text("brakes"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_index(op.f("ix_complaint_brakes"), table_name="complaint")
    op.drop_column("complaint", "marks")
    op.drop_column("complaint", "brakes")
    op.drop_column("partner", "opened_at")
