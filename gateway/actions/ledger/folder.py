"""The log in a folder: tiles, entries and checkpoint as files, laid out as they are served (C2SP tlog-tiles).

A folder is whatever is mounted there: a disk, or object storage. Any web server can serve it as it is.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from gateway.ledger.notes import NoteError
from gateway.ledger.own_log import OwnLog
from gateway.ledger.tiles import WIDTH, TileError, TilePath, unbundle
from gateway.store.ledger.archive import Archive

HEAD = "consent-gateway/log-archive/v1"


class ArchiveFault(Exception):
    """An archive is not what it should be; the text says which file, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class LogFolder:
    """A folder that holds archives of one log."""

    path: Path

    def write(self, name: str, content: bytes) -> None:
        """Write a file so that it is there whole or not at all, also after a power cut."""
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f"{target.name}.new")
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def read(self, name: str) -> bytes:
        """Read a file.

        Raises:
            ArchiveFault: it is not there or cannot be read.
        """
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise ArchiveFault(f"{name} cannot be read ({error.strerror})") from None

    def has(self, path: TilePath) -> bool:
        """Whether a tile is there."""
        return (self.path / tile_name(path)).exists()

    def bundle(self, index: int) -> bytes:
        """Read a full bundle of entries."""
        return self.read(tile_name(TilePath(None, index)))

    def find_entries(self, index: int) -> list[bytes] | None:
        """Read the entries of a full bundle; None where the file is missing or is not one."""
        try:
            found = unbundle(self.bundle(index))
        except (ArchiveFault, TileError):
            return None
        return found if len(found) == WIDTH else None


def tile_name(path: TilePath) -> str:
    """Name a tile's file."""
    return f"tile/{path}"


def manifest_name(first: int, end: int) -> str:
    """Name the file of an archive's signed manifest."""
    return f"archives/{first}-{end}"


def manifest_text(origin: str, first: int, end: int, before_at: int, bundles: bytes) -> str:
    """Spell what is signed over an archive.

    Args:
        bundles: SHA-256 of the archive's entry bundles, one after the other.
    """
    return f"{HEAD}\n{origin}\nleaves {first} {end}\nbefore {before_at}\nsha256 {bundles.hex()}\n"


def find_fault(folder: LogFolder, archive: Archive, own: OwnLog) -> ArchiveFault | None:
    """Find why a folder does not hold the very archive that is on record, byte for byte; None when it does."""
    try:
        _check(folder, archive, own)
    except ArchiveFault as fault:
        return fault
    return None


def _check(folder: LogFolder, archive: Archive, own: OwnLog) -> None:
    name = manifest_name(archive.first_leaf, archive.end_leaf)
    note = folder.read(name)
    if hashlib.sha256(note).digest() != archive.manifest_digest:
        raise ArchiveFault(f"{name} is not the manifest that is on record")
    bundles = hashlib.sha256()
    for index in range(archive.first_leaf // WIDTH, archive.end_leaf // WIDTH):
        bundles.update(folder.bundle(index))
    try:
        text, origin = own.check_text(note.decode())
    except (NoteError, UnicodeDecodeError) as error:
        raise ArchiveFault(f"{name}: {error}") from None
    expected = manifest_text(
        origin, archive.first_leaf, archive.end_leaf, archive.before_at, bundles.digest()
    )
    if text != expected:
        raise ArchiveFault(f"{name}: the entries are not those that were signed")
