"""A whole copy of the embedded database while others write to it, and what such a copy holds.

Only the driver's own backup can do this: a file that is copied by other means is half of a transaction.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.kit.progress import Progress
from gateway.model.people import PersonState

PAGES = 4096
"""Pages, of 4 KiB, that are copied between two looks at how far it is."""


class CopyFault(Exception):
    """A database cannot be copied, or a copy is not whole; the text says which file and why."""


@dataclass(frozen=True, slots=True)
class CopyFacts:
    """What a copy holds.

    Attributes:
        schema: its revision; None for an empty database.
        signed: leaves of the hand-off log that its newest checkpoint covers.
    """

    schema: str | None
    signed: int


def copy_database(source: Path, target: Path, progress: Progress) -> None:
    """Copy a database as it is at this moment, into a new file that is whole by itself.

    Raises:
        CopyFault: it cannot be read, or the copy cannot be written.
    """
    with _told(source), _opened(source, "ro") as present, closing(sqlite3.connect(target)) as copy:
        # Inside one transaction all pages are of one moment; without it, whoever writes would make it begin again.
        present.execute("BEGIN")
        present.execute("SELECT 1 FROM sqlite_master").fetchone()
        present.backup(copy, pages=PAGES, progress=lambda _, left, total: progress(total - left, total))
        copy.execute("PRAGMA journal_mode=DELETE")


def look_at_copy(copy: Path) -> CopyFacts:
    """Read a copy through: every page, every index.

    Raises:
        CopyFault: it is damaged, or no database.
    """
    with _told(copy), _opened(copy, "ro") as opened:
        [first, *_] = [words for (words,) in opened.execute("PRAGMA integrity_check(1)")]
        if first != "ok":
            raise CopyFault(f"{copy} is damaged ({first}).")
        if not _has(opened, "alembic_version"):
            return CopyFacts(None, 0)
        schema = opened.execute("SELECT max(version_num) FROM alembic_version").fetchone()[0]
        is_signed = _has(opened, "log_checkpoint")
        signed = is_signed and opened.execute("SELECT max(size) FROM log_checkpoint").fetchone()[0]
        return CopyFacts(schema, signed or 0)


def closed_people(database: Path) -> frozenset[str]:
    """Name everybody who was erased.

    Raises:
        CopyFault: the database cannot be read.
    """
    query = "SELECT person_id FROM person WHERE state = ?"
    with _told(database), _opened(database, "ro") as opened:
        return frozenset(row[0] for row in opened.execute(query, [str(PersonState.CLOSED)]))


def nodes_seen_since(database: Path, at: int) -> list[str]:
    """Name the gateways that have said since some second that they run.

    Raises:
        CopyFault: the database cannot be read.
    """
    query = "SELECT place FROM node WHERE seen_at >= ? ORDER BY place"
    with _told(database), _opened(database, "ro") as opened:
        return [row[0] for row in opened.execute(query, [at])] if _has(opened, "node") else []


@contextmanager
def _opened(database: Path, mode: str) -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(f"{database.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)
    with closing(opened):
        yield opened


def _has(opened: sqlite3.Connection, table: str) -> bool:
    return opened.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]).fetchone() is not None


@contextmanager
def _told(database: Path) -> Iterator[None]:
    """Say what the driver says: none of these statements has a value that could be quoted."""
    try:
        yield
    except sqlite3.Error as error:
        raise CopyFault(f"{database}: {error}.") from None
