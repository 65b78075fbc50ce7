"""The key ring: the few secrets of this installation, in one file outside the database."""

import json
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.kit.ids import random_key

_MASTER_NAME = re.compile(r"m[1-9][0-9]{0,8}", re.ASCII)
_SINGLE_KEYS = ("index", "pairwise", "transient", "successor", "signing")


class KeyRingError(Exception):
    """The key ring is missing or damaged; the message says what to do."""


@dataclass(frozen=True, slots=True, repr=False)
class KeyRing:
    """Symmetric keys, 32 bytes each.

    Attributes:
        current: id of the master key that wraps new person keys.
        masters: every master key that still unwraps something, by id.
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

    def rotated(self) -> "KeyRing":
        """Add a master key and make it current; the old ones keep unwrapping."""
        newest = f"m{max(int(name[1:]) for name in self.masters) + 1}"
        return replace(self, current=newest, masters={**self.masters, newest: random_key()})

    def without(self, retired: str) -> "KeyRing":
        """Drop a master key that wraps nothing any more."""
        return replace(self, masters={name: key for name, key in self.masters.items() if name != retired})


def new_key_ring() -> KeyRing:
    """Make a ring of fresh keys."""
    single = {name: random_key() for name in _SINGLE_KEYS}
    return KeyRing(current="m1", masters={"m1": random_key()}, **single)


def read_key_ring(path: Path) -> KeyRing:
    """Read the ring.

    Raises:
        KeyRingError: the file is missing, unreadable or not a key ring.
    """
    try:
        content = json.loads(path.read_text())
        masters = {_name(name): _key(text) for name, text in content["masters"].items()}
        ring = KeyRing(
            current=content["current"],
            masters=masters,
            **{name: _key(content[name]) for name in _SINGLE_KEYS},
        )
    except FileNotFoundError:
        raise KeyRingError(
            f"no key ring at {path}: restore it from your backup, or make one with 'consent-gateway keys create'"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeyRingError(f"the key ring at {path} cannot be read ({error.__class__.__name__})") from None
    if ring.current not in ring.masters:
        raise KeyRingError(f"the key ring at {path} lacks its current master key {ring.current!r}")
    return ring


def write_key_ring(path: Path, ring: KeyRing) -> None:
    """Write the ring, readable by its owner only; the old file stays whole until the new one is durable."""
    content = {
        "current": ring.current,
        "masters": {name: b64encode(key).decode() for name, key in ring.masters.items()},
        **{name: b64encode(getattr(ring, name)).decode() for name in _SINGLE_KEYS},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _name(text: str) -> str:
    if not _MASTER_NAME.fullmatch(text):
        raise ValueError("a master key is called m1, m2 and so on")
    return text


def _key(text: str) -> bytes:
    key = b64decode(text, validate=True)
    if len(key) != 32:
        raise ValueError("a key must have 32 bytes")
    return key
