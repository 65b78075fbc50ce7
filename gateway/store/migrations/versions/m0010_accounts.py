"""Accounts: passkeys, one-time passwords, recovery codes, links in mail, and the mail's outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = ("letter", "mail_link", "spent_challenge", "recovery_code", "one_time_password", "passkey")


def upgrade() -> None:
    """Make the tables and the column."""
    op.create_table(
        "passkey",
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        _whose("passkey"),
        sa.PrimaryKeyConstraint("credential_id", name=op.f("pk_passkey")),
    )
    op.create_table(
        "one_time_password",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        _whose("one_time_password"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_one_time_password")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        _whose("recovery_code"),
        sa.PrimaryKeyConstraint("code_digest", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "spent_challenge",
        sa.Column("challenge_digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("challenge_digest", name=op.f("pk_spent_challenge")),
    )
    op.create_table(
        "mail_link",
        sa.Column("link_digest", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('recovery', 'verification')", name=op.f("ck_mail_link_kind")),
        _whose("mail_link"),
        sa.PrimaryKeyConstraint("link_digest", name=op.f("pk_mail_link")),
    )
    op.create_table(
        "letter",
        sa.Column("letter_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'dead')", name=op.f("ck_letter_state")),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_letter")),
    )
    for table in ("passkey", "recovery_code", "mail_link"):
        op.create_index(op.f(f"ix_{table}_person_id"), table, ["person_id"], unique=False)
    op.create_index(op.f("ix_spent_challenge_expires_at"), "spent_challenge", ["expires_at"], unique=False)
    op.create_index(op.f("ix_letter_state_next_at"), "letter", ["state", "next_at"], unique=False)
    op.add_column("session", sa.Column("agent", sa.Text(), nullable=True))


def _whose(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f(f"fk_{table}_person_id"))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("session", "agent")
    for table in TABLES:
        op.drop_table(table)
