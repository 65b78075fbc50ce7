"""Signing keys for ID tokens: made here, kept sealed in the database, published as a JWK set (RFC 7517)."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial

from joserfc.jwk import ECKey, RSAKey

from gateway.kit.ids import Ids, Kind
from gateway.kit.sealing import seal, unseal
from gateway.model.registry import SigningKey

OURS = "ES256"
"""Signs whatever is ours to choose."""

ALGORITHMS = (OURS, "RS256")
"""What ID tokens can be signed with; RS256 has to be on offer (OIDC Discovery §3)."""

RSA_BITS = 2048
"""Enough until 2030 (NIST SP 800-57 part 1), and such a key is rotated long before; 3072 sign three times slower."""

Key = ECKey | RSAKey
_MAKERS: Mapping[str, Callable[..., Key]] = {
    OURS: partial(ECKey.generate_key, "P-256"),
    "RS256": partial(RSAKey.generate_key, RSA_BITS),
}


class NoSigningKey(Exception):
    """No signing key is active: run ``consent-gateway keys rotate``."""


def new_signing_key(sealing_key: bytes, *, now: int, ids: Ids, alg: str = OURS) -> SigningKey:
    """Make a key for one of the algorithms."""
    kid = ids(Kind.KEY)
    key: Key = _MAKERS[alg]({"kid": kid, "use": "sig", "alg": alg})
    return SigningKey(
        kid=kid,
        alg=alg,
        public_jwk=json.dumps(key.as_dict(private=False), sort_keys=True),
        private_sealed=seal(
            sealing_key, json.dumps(key.as_dict(private=True)).encode(), f"signing_key:{kid}"
        ),
        created_at=now,
        retired_at=None,
    )


def current_key(sealing_key: bytes, keys: Sequence[SigningKey], alg: str = OURS) -> Key:
    """Open the key that signs now, by an algorithm.

    Raises:
        NoSigningKey: there is none.
    """
    for key in reversed(keys):
        if key.retired_at is None and key.alg == alg:
            return _open(sealing_key, key.kid, key.private_sealed)
    raise NoSigningKey


@lru_cache(maxsize=8)
def _open(sealing_key: bytes, kid: str, private_sealed: bytes) -> Key:
    jwk = json.loads(unseal(sealing_key, private_sealed, f"signing_key:{kid}"))
    return RSAKey.import_key(jwk) if jwk["kty"] == "RSA" else ECKey.import_key(jwk)


def algorithms_of(keys: Sequence[SigningKey]) -> list[str]:
    """Name the algorithms that somebody can be served with now, ours first."""
    active = {key.alg for key in keys if key.retired_at is None}
    return [alg for alg in ALGORITHMS if alg in active]
