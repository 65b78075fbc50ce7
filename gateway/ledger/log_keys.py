"""The keys that sign the log's checkpoints: Ed25519, sealed in the database like every signing key."""

import json
from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.kit.ids import Ids, Kind
from gateway.kit.secrets.digests import base64url, from_base64url
from gateway.kit.secrets.sealing import seal, unseal
from gateway.ledger.notes import NoteKey
from gateway.model.registry import LOG_ALG, SigningKey


class NoLogKey(Exception):
    """No key of the log is active; the sequencer makes one when it first runs."""


def new_log_key(sealing_key: bytes, *, now: int, ids: Ids) -> SigningKey:
    """Make a key; its public part is a JWK (RFC 8037 §2)."""
    kid, private = ids(Kind.KEY), Ed25519PrivateKey.generate()
    public = base64url(private.public_key().public_bytes_raw())
    return SigningKey(
        kid=kid,
        alg=LOG_ALG,
        public_jwk=json.dumps({"crv": "Ed25519", "kid": kid, "kty": "OKP", "x": public}),
        private_sealed=seal(sealing_key, private.private_bytes_raw(), f"signing_key:{kid}"),
        created_at=now,
        retired_at=None,
    )


def current_log_key(sealing_key: bytes, keys: Iterable[SigningKey]) -> Ed25519PrivateKey:
    """Open the key that signs now.

    Raises:
        NoLogKey: there is none.
    """
    for key in keys:
        if key.retired_at is None:
            private = unseal(sealing_key, key.private_sealed, f"signing_key:{key.kid}")
            return Ed25519PrivateKey.from_private_bytes(private)
    raise NoLogKey


def note_keys(origin: str, keys: Iterable[SigningKey]) -> list[NoteKey]:
    """Give the verifier keys of a log, retired ones too."""
    return [NoteKey(origin, from_base64url(json.loads(key.public_jwk)["x"])) for key in keys]
