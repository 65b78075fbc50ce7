"""What every table is made of: one `metadata`, and columns by their kind."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def id_column(name: str) -> Column[str]:
    """Make a key that is text."""
    return Column(name, Text, primary_key=True)


def digest_column(name: str) -> Column[bytes]:
    """Make a key that is a digest."""
    return Column(name, LargeBinary, primary_key=True)


def text_column(name: str, *, nullable: bool = False) -> Column[str]:
    """Make a column of text."""
    return Column(name, Text, nullable=nullable)


def at_column(name: str, *, nullable: bool = False) -> Column[int]:
    """Make a column of seconds UTC."""
    return Column(name, BigInteger, nullable=nullable)


def reference(name: str, target: str, *, nullable: bool = False) -> Column[str]:
    """Make a reference to another table's column."""
    return Column(name, Text, ForeignKey(target), nullable=nullable)


def partial_index(name: str, where: str, *columns: str) -> Index:
    """Make an index over the rows that a condition holds for."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


def one_of(column: str, *values: str) -> CheckConstraint:
    """Let a column hold one of some values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)
