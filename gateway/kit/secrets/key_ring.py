"""The key ring: the few secrets of this installation, in one file outside the database."""

import fcntl
import json
import os
import re
import stat
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.kit.ids import random_key
from gateway.kit.secrets.digests import keyed_digest

_MASTER_NAME = re.compile(r"m([1-9][0-9]{0,8})(?:-([0-9a-f]{12}))?", re.ASCII)
_SINGLE_KEYS = ("index", "pairwise", "transient", "successor", "signing")
RESTORE = (
    "Restore the key ring that belongs to this database from your backup; no new one opens what it sealed."
)


class KeyRingError(Exception):
    """The key ring is missing or damaged; the message says what to do."""


def fingerprint_of(master: bytes) -> str:
    """Derive 12 hexadecimal digits from a master key: two installations' keys never share a name by accident."""
    return keyed_digest(master, "fingerprint").hex()[:12]


def number_of(name: str) -> int:
    """Tell which master key of its ring a name is: ``m2-0f3c…`` is the second one."""
    found = _MASTER_NAME.fullmatch(name)
    if found is None:
        raise ValueError("a master key is called m1-, m2- and so on, then its fingerprint")
    return int(found[1])


def has_fingerprint(name: str) -> bool:
    """Whether a name tells one key from every other; those of earlier versions are a number alone."""
    return "-" in name


@dataclass(frozen=True, slots=True, repr=False)
class KeyRing:
    """Symmetric keys, 32 bytes each.

    Attributes:
        current: name of the master key that wraps new person keys.
        masters: every master key that unwraps something, or will, by name.
        index: blind index over log-ins and e-mail addresses; never rotated without re-indexing.
        pairwise: pairwise subject identifiers (OIDC Core §8.1); rotating it renames everyone.
        transient: tickets of screens in progress and pushed requests, minutes long.
        successor: derives a refresh token's single successor.
        signing: seals the private signing keys that the database holds.
    """

    current: str
    masters: Mapping[str, bytes]
    index: bytes
    pairwise: bytes
    transient: bytes
    successor: bytes
    signing: bytes

    @property
    def newest(self) -> str:
        """The master key that was added last: current already, or announced."""
        return max(self.masters, key=_order)

    def with_next(self) -> "KeyRing":
        """Announce a master key: it opens from now on, and seals nothing before `using`."""
        key = random_key()
        name = f"m{number_of(self.newest) + 1}-{fingerprint_of(key)}"
        return replace(self, masters={**self.masters, name: key})

    def using(self, name: str) -> "KeyRing":
        """Seal with a key that was announced, never with an older one than before; those open what they sealed."""
        return replace(self, current=max(self.current, name, key=_order))

    def with_masters(self, masters: Mapping[str, bytes]) -> "KeyRing":
        """Take master keys in again."""
        return replace(self, masters={**masters, **self.masters})

    def without(self, *retired: str) -> "KeyRing":
        """Drop master keys that wrap nothing any more."""
        return replace(self, masters={name: key for name, key in self.masters.items() if name not in retired})

    def why_not_after(self, before: "KeyRing") -> str:
        """Say why a running gateway must not go on with this ring in place of another; empty when it can."""
        singles = (getattr(self, name) == getattr(before, name) for name in _SINGLE_KEYS)
        if not all(singles) or any(
            before.masters.get(name, key) != key for name, key in self.masters.items()
        ):
            return "it is the ring of another installation"
        if before.newest not in self.masters:
            return f"it is an older copy, without the master key {before.newest}"
        return ""


def new_key_ring() -> KeyRing:
    """Make a ring of fresh keys."""
    single = {name: random_key() for name in _SINGLE_KEYS}
    first = random_key()
    name = f"m1-{fingerprint_of(first)}"
    return KeyRing(current=name, masters={name: first}, **single)


def read_key_ring(path: Path) -> KeyRing:
    """Read the ring.

    Raises:
        KeyRingError: the file is missing, unreadable or not a key ring.
    """
    try:
        content = json.loads(path.read_text())
        masters = {name: _master(name, text) for name, text in content["masters"].items()}
        ring = KeyRing(
            current=content["current"],
            masters=masters,
            **{name: _key(content[name]) for name in _SINGLE_KEYS},
        )
    except FileNotFoundError:
        raise KeyRingError(
            f"no key ring at {path}: restore it from your backup. Only a new installation, whose database is empty, "
            "makes one with 'consent-gateway keys create'"
        ) from None
    except OSError as error:
        raise KeyRingError(
            f"the key ring at {path} cannot be read ({error.strerror}): let the gateway's user own the file and its "
            "folder, and read it"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeyRingError(
            f"the key ring at {path} cannot be read: it is damaged ({error.__class__.__name__}). {RESTORE}"
        ) from None
    if ring.current not in ring.masters:
        raise KeyRingError(f"the key ring at {path} lacks its current master key {ring.current!r}. {RESTORE}")
    return ring


def write_key_ring(path: Path, ring: KeyRing) -> None:
    """Write the ring, readable by its owner only; the old file stays whole until the new one is durable.

    Where there is a ring already, its owner and mode stay: root may rotate what the gateway's user reads.

    Raises:
        KeyRingError: it cannot be written; nothing was changed.
    """
    content = {
        "current": ring.current,
        "masters": {name: b64encode(key).decode() for name, key in ring.masters.items()},
        **{name: b64encode(getattr(ring, name)).decode() for name in _SINGLE_KEYS},
    }
    # A link stays one: what it leads to is replaced.
    place = path.resolve()
    fresh = place.with_name(place.name + ".new")
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            _dress_like(place, file.fileno())
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(place)
        make_durable(place.parent)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise KeyRingError(
            f"the key ring at {path} cannot be written ({error.strerror}); it is as it was. Look at the folder's "
            "owner, its mode and its free space"
        ) from None


def _dress_like(place: Path, descriptor: int) -> None:
    """Give a new file the owner and the mode of the one that it will replace."""
    if not place.exists():
        return
    old = place.stat()
    os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def make_durable(path: Path) -> None:
    """Wait until a file's content, or a folder's entries, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def change_key_ring(path: Path, change: Callable[[KeyRing], KeyRing]) -> KeyRing:
    """Read the ring, change it and write it; of two commands that do so at once, one waits for the other.

    Raises:
        KeyRingError: as reading and writing do.
    """
    with _alone_in(path.resolve().parent):
        ring = change(read_key_ring(path))
        write_key_ring(path, ring)
    return ring


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        # Reading the ring says what is wrong with the folder.
        descriptor = None
    try:
        if descriptor is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _order(name: str) -> tuple[int, str]:
    return number_of(name), name


def _master(name: str, text: str) -> bytes:
    key = _key(text)
    number_of(name)
    if has_fingerprint(name) and not name.endswith(fingerprint_of(key)):
        raise ValueError("a master key stands under another one's name")
    return key


def _key(text: str) -> bytes:
    key = b64decode(text, validate=True)
    if len(key) != 32:
        raise ValueError("a key must have 32 bytes")
    return key
