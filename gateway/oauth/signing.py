"""Signing keys for ID tokens: made here, kept sealed in the database, published as a JWK set (RFC 7517)."""

import json
from collections.abc import Sequence
from functools import lru_cache

from joserfc.jwk import ECKey

from gateway.kit.ids import Ids, Kind
from gateway.kit.sealing import seal, unseal
from gateway.model.registry import SigningKey


class NoSigningKey(Exception):
    """No signing key is active: run ``consent-gateway keys rotate``."""


def new_signing_key(sealing_key: bytes, *, now: int, ids: Ids) -> SigningKey:
    """Make an ES256 key."""
    kid = ids(Kind.KEY)
    key = ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"}, private=True)
    return SigningKey(
        kid=kid,
        alg="ES256",
        public_jwk=json.dumps(key.as_dict(private=False), sort_keys=True),
        private_sealed=seal(
            sealing_key, json.dumps(key.as_dict(private=True)).encode(), f"signing_key:{kid}"
        ),
        created_at=now,
        retired_at=None,
    )


def current_key(sealing_key: bytes, keys: Sequence[SigningKey]) -> ECKey:
    """Open the key that signs now.

    Raises:
        NoSigningKey: there is none.
    """
    for key in reversed(keys):
        if key.retired_at is None:
            return _open(sealing_key, key.kid, key.private_sealed)
    raise NoSigningKey


@lru_cache(maxsize=8)
def _open(sealing_key: bytes, kid: str, private_sealed: bytes) -> ECKey:
    return ECKey.import_key(json.loads(unseal(sealing_key, private_sealed, f"signing_key:{kid}")))
