"""Signed notes, Ed25519 (C2SP signed-note), and witnesses' cosignatures (C2SP tlog-cosignature)."""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = 0x01
COSIGNATURE = 0x04
_NAME = re.compile(r"[^\s+]+")
_DASH = "— "
_MOST_SIGNATURES = 64


class NoteError(Exception):
    """A note is malformed, or nobody whom we know signed it."""


@dataclass(frozen=True, slots=True)
class NoteKey:
    """Who may sign: name, kind of signature and public key (32 bytes)."""

    name: str
    public: bytes
    algorithm: int = ED25519

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name || 0x0A || kind || public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + self._typed).digest()[:4]

    @property
    def _typed(self) -> bytes:
        return bytes([self.algorithm]) + self.public

    def __str__(self) -> str:
        """Spell it as a verifier key: ``name+id+key``."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(self._typed).decode()}"


def parse_key(text: str) -> NoteKey:
    """Read a verifier key.

    Raises:
        NoteError: it is none, or of a kind that we do not know.
    """
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    typed = _decode(encoded)
    if len(typed) != 33 or typed[0] not in (ED25519, COSIGNATURE) or not _NAME.fullmatch(name):
        raise NoteError("not an Ed25519 verifier key")
    key = NoteKey(name, typed[1:], typed[0])
    if key.key_id.hex() != key_id:
        raise NoteError("the verifier key's id is not its own")
    return key


@dataclass(frozen=True, slots=True)
class Note:
    """A note: its text with the final newline, and its signature lines (name, key id, signature)."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]


def parse_note(content: str) -> Note:
    """Read a note; nothing in it is believed yet.

    Raises:
        NoteError: it is malformed.
    """
    text, gap, lines = content.rpartition("\n\n")
    if not gap or not lines.endswith("\n") or any(ord(each) < 32 and each != "\n" for each in content):
        raise NoteError("not a signed note")
    signatures = []
    for line in lines[:-1].split("\n"):
        name, space, encoded = line.removeprefix(_DASH).partition(" ")
        data = _decode(encoded)
        if not line.startswith(_DASH) or not space or not _NAME.fullmatch(name) or len(data) < 5:
            raise NoteError("a signature line is malformed")
        signatures.append((name, data[:4], data[4:]))
    if len(signatures) > _MOST_SIGNATURES:
        raise NoteError("too many signatures")
    return Note(text + "\n", tuple(signatures))


def _decode(encoded: str) -> bytes:
    try:
        return b64decode(encoded, validate=True)
    except ValueError:
        raise NoteError("not base64") from None


def check_text(text: str) -> None:
    """Check that a text can be a note's.

    Raises:
        NoteError: it does not end in a newline, or has another control character.
    """
    if not text.endswith("\n") or any(ord(each) < 32 and each != "\n" for each in text):
        raise NoteError("a note's text ends in a newline and has no control characters")


def sign_note(text: str, name: str, private: Ed25519PrivateKey) -> str:
    """Sign a text."""
    check_text(text)
    key = NoteKey(name, private.public_key().public_bytes_raw())
    return f"{text}\n{_line(name, key.key_id + private.sign(text.encode()))}"


def _line(name: str, signature: bytes) -> str:
    return f"{_DASH}{name} {b64encode(signature).decode()}\n"


def cosign(text: str, name: str, private: Ed25519PrivateKey, at: int) -> str:
    """Make a witness's signature line for a checkpoint's text (``cosignature/v1``)."""
    key = NoteKey(name, private.public_key().public_bytes_raw(), COSIGNATURE)
    signature = private.sign(_witnessed(text, at))
    return _line(name, key.key_id + at.to_bytes(8, "big") + signature)


def _witnessed(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class Signer:
    """A known key whose signature holds; `at` is when a witness signed."""

    key: NoteKey
    at: int | None = None


def check_note(content: str, keys: Iterable[NoteKey]) -> tuple[str, tuple[Signer, ...]]:
    """Check a note's signatures; unknown ones are passed over, a known one that fails condemns the note.

    Returns:
        The text, and whose signatures hold: at least one.

    Raises:
        NoteError: malformed, forged, or signed by nobody whom we know.
    """
    note = parse_note(content)
    known = {(key.name, key.key_id): key for key in keys}
    signers = []
    for name, key_id, signature in note.signatures:
        key = known.get((name, key_id))
        if key is not None:
            signers.append(_checked(note.text, key, signature))
    if not signers:
        raise NoteError("no known key has signed this note")
    return note.text, tuple(signers)


def _checked(text: str, key: NoteKey, signature: bytes) -> Signer:
    message, at = text.encode(), None
    if key.algorithm == COSIGNATURE:
        at, signature = int.from_bytes(signature[:8], "big"), signature[8:]
        message = _witnessed(text, at)
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except InvalidSignature:
        raise NoteError(f"the signature of {key.name} does not hold") from None
    return Signer(key, at)
