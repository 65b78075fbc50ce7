"""Backups of the embedded database: made while everything runs, read back, kept for so many days, put back.

A backup opens nothing without the key ring, which is not in it. PostgreSQL has backups of its own.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway.actions.accounts.erasure import erase_account
from gateway.actions.partners.moves import PartnerMove, can_move, move_partner
from gateway.actions.services import Services
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.kit.progress import Progress
from gateway.kit.secrets.key_ring import make_durable
from gateway.store.operation.copies import (
    CopyFault,
    closed_people,
    copy_database,
    look_at_copy,
    nodes_seen_since,
)
from gateway.store.operation.nodes import forget_nodes, load_nodes
from gateway.store.partners.partners import load_partners

STILL_HERE = 60
"""Seconds: who has said so long ago that it runs, may run. A gateway says so every 15 seconds."""
_COMPANIONS = ("", "-wal", "-shm")
"""What SQLite keeps beside a database that is in use, and what must never be mixed with another one's."""


class BackupFault(Exception):
    """A backup cannot be made, trusted or put back; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What the note beside a backup says.

    Attributes:
        made_at: seconds UTC.
        schema: revision of the database's tables.
        signed: leaves of the hand-off log that its newest checkpoint covers.
        sha256: of the database's file.
    """

    made_at: int
    schema: str | None
    signed: int
    size: int
    sha256: str


def make_backup(
    database: Path,
    folder: Path,
    now: int,
    *,
    keep_days: int,
    progress: Progress = lambda done, total: None,
) -> tuple[Path, Backup, list[Path]]:
    """Copy the database into a folder, read the copy through, and drop the backups that are too old.

    Returns:
        The file, what its note says, and the files that were dropped.

    Raises:
        BackupFault: it cannot be made; older backups are as they were.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"gateway-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}.db"
    fresh = file.with_suffix(".new")
    if file.exists():
        raise BackupFault(f"{file} is there already.")
    try:
        fresh.unlink(missing_ok=True)
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        copy_database(database, fresh, progress)
        facts = look_at_copy(fresh)
        found = Backup(now, facts.schema, facts.signed, fresh.stat().st_size, _sha256(fresh))
        make_durable(fresh)
        _write_note(file, found)
        fresh.replace(file)
        make_durable(folder)
    except CopyFault as fault:
        raise BackupFault(f"no backup was made: {fault}") from None
    finally:
        fresh.unlink(missing_ok=True)
    return file, found, list(_drop_old(folder, now - keep_days * DAY))


def _drop_old(folder: Path, before: int) -> Iterator[Path]:
    """What was erased since lies in old backups: they are kept as long as was promised, and no longer."""
    for file in sorted(folder.glob("gateway-*.db")):
        if note_of(file).is_file() and _read_note(file).made_at < before:
            file.unlink()
            note_of(file).unlink()
            yield file


def read_backup(file: Path) -> Backup:
    """Read a backup through, and hold it against its note.

    Raises:
        BackupFault: it is not what it was when it was made.
    """
    found = _read_note(file)
    try:
        is_same = _sha256(file) == found.sha256
    except OSError as error:
        raise BackupFault(f"{file} cannot be read ({error.strerror}).") from None
    if not is_same:
        raise BackupFault(
            f"{file} is not what it was when it was made: take another copy of it, or an older one."
        )
    try:
        look_at_copy(file)
    except CopyFault as fault:
        raise BackupFault(f"{fault} Take an older one.") from None
    return found


def note_of(file: Path) -> Path:
    """Name the note beside a backup."""
    return file.with_suffix(".json")


def _write_note(file: Path, found: Backup) -> None:
    with os.fdopen(os.open(note_of(file), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as note:
        json.dump(asdict(found), note, indent=1)
        note.flush()
        os.fsync(note.fileno())


def _read_note(file: Path) -> Backup:
    try:
        return Backup(**json.loads(note_of(file).read_text()))
    except OSError as error:
        raise BackupFault(
            f"{note_of(file)} cannot be read ({error.strerror}): a backup is the .db and the .json beside it."
        ) from None
    except (ValueError, TypeError):
        raise BackupFault(f"{note_of(file)} is not the note of a backup.") from None


def check_nobody_runs(database: Path, now: int) -> None:
    """Make sure that no gateway works on the database that a backup is to replace.

    Raises:
        BackupFault: one has said within a minute that it runs.
    """
    try:
        running = nodes_seen_since(database, now - STILL_HERE) if database.exists() else []
    except CopyFault:
        # What cannot be read is served by nobody, and is why somebody restores.
        running = []
    if running:
        raise BackupFault(
            f"a gateway is at work ({', '.join(running)}): stop every one of them, and the relay. One that was killed "
            f"is forgotten after {STILL_HERE} seconds."
        )


@contextmanager
def laid_out(file: Path, database: Path) -> Iterator[Path]:
    """Copy a backup beside the database, to be made ready there; whatever fails, the present one is as it was."""
    fresh = database.with_name(f"{database.name}.restoring")
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _discard(fresh)
    try:
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        copy_database(file, fresh, lambda done, total: None)
        yield fresh
    finally:
        _discard(fresh)


def _discard(database: Path) -> None:
    for end in _COMPANIONS:
        Path(f"{database}{end}").unlink(missing_ok=True)


def put_in_place(fresh: Path, database: Path, now: int) -> Path | None:
    """Let a prepared database take the place of the present one, which is kept beside it under another name.

    Returns:
        The present one's new name; None where there was none.
    """
    aside = database.with_name(f"{database.name}.before-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}")
    was_there = database.exists()
    for end in _COMPANIONS:
        if (part := Path(f"{database}{end}")).exists():
            part.replace(f"{aside}{end}")
    make_durable(fresh)
    fresh.replace(database)
    make_durable(database.parent)
    return aside if was_there else None


def erased_since(present: Path, fresh: Path) -> list[str] | None:
    """Name who was erased after the backup was made, as far as the present database tells; None where it does not."""
    if not present.exists():
        return None
    try:
        return sorted(closed_people(present) - closed_people(fresh))
    except CopyFault:
        return None


async def make_safe(services: Services, actor_id: str, erased: Iterable[str]) -> list[str]:
    """Before anybody is served: erase again who was erased, and pull the brake on every partner.

    Of what was stopped or narrowed after the backup the restored database knows nothing: until somebody has looked,
    nothing is released.

    Returns:
        The partners that are paused now.
    """
    for person_id in erased:
        try:
            await erase_account(services, actor_id, person_id)
        except Refusal:
            # The account was made after the backup, so it is not here.
            continue
    # Who ran when the backup was made runs no more: a rotation of keys would wait for them.
    nodes = await services.store.read(load_nodes, None)
    await services.store.run_all(forget_nodes, [each.node_id for each in nodes])
    records = await services.store.read(load_partners, None)
    paused = [each.partner_id for each in records if can_move(each, PartnerMove.PAUSE)]
    for partner_id in paused:
        await move_partner(services, actor_id, partner_id, PartnerMove.PAUSE, None)
    return paused


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
