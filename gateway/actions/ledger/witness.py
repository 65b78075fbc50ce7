"""A witness: remembers the last checkpoint of each log, in files of its own, and cosigns what continues it."""

import fcntl
import hashlib
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.kit.clock import Clock
from gateway.ledger.checkpoints import Checkpoint, parse_checkpoint
from gateway.ledger.notes import COSIGNATURE, NoteKey, cosign, parse_note
from gateway.ledger.witness import consider, parse_addition


class WitnessIsBusy(Exception):
    """Another process is the witness of this folder."""


class Witness:
    """The keeper of a folder: its key, and for each log the checkpoint that it cosigned last."""

    def __init__(self, folder: Path, name: str, logs: Sequence[NoteKey], clock: Clock) -> None:
        """Open the folder; the first time, a key is made."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._name = name
        self._logs = logs
        self._clock = clock
        self._private = self._open_key(folder / "key")

    @staticmethod
    def _open_key(path: Path) -> Ed25519PrivateKey:
        if not path.exists():
            made = Ed25519PrivateKey.generate().private_bytes_raw()
            _write(path, b64encode(made).decode() + "\n")
        return Ed25519PrivateKey.from_private_bytes(b64decode(path.read_text()))

    @property
    def key(self) -> NoteKey:
        """The key by which its cosignatures are checked."""
        return NoteKey(self._name, self._private.public_key().public_bytes_raw(), COSIGNATURE)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only process that cosigns for this folder.

        Raises:
            WitnessIsBusy: another one is.
        """
        with (self._folder / "lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise WitnessIsBusy(str(self._folder)) from None
            yield

    def add(self, text: str) -> str:
        """Take an ``add-checkpoint`` request (C2SP tlog-witness).

        Returns:
            The cosignature's line; what was cosigned is on the disk before.

        Raises:
            NotCosigned: it is refused.
        """
        addition = parse_addition(text)
        checkpoint = consider(addition, self._logs, self._latest)
        body = parse_note(addition.note).text
        _write(self._file(checkpoint.origin), addition.note)
        return cosign(body, self._name, self._private, self._clock())

    def _latest(self, origin: str) -> Checkpoint | None:
        file = self._file(origin)
        return parse_checkpoint(file.read_text()) if file.exists() else None

    def _file(self, origin: str) -> Path:
        return self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()}.checkpoint"


def _write(path: Path, text: str) -> None:
    """Replace a file, durably and at once: after a power cut there is the old one or the new one."""
    fresh = path.with_suffix(".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
