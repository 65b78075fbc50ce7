"""Signing keys for ID tokens: made here, kept sealed in the database, published as a JWK set (RFC 7517)."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial

from joserfc.jwk import ECKey, RSAKey

from gateway.kit.ids import Ids, Kind
from gateway.kit.secrets.sealing import seal, unseal
from gateway.model.registry import SigningKey

OURS = "ES256"
"""The algorithm for everything that we may choose ourselves."""

ALGORITHMS = (OURS, "RS256")
"""Algorithms for ID tokens; RS256 has to be on offer (OIDC Discovery §3)."""

RSA_BITS = 2048
"""Bits of an RSA key: enough until 2030 (NIST SP 800-57 part 1); 3072 bits sign three times slower."""

PrivateKey = ECKey | RSAKey
_MAKERS: Mapping[str, Callable[..., PrivateKey]] = {
    OURS: partial(ECKey.generate_key, "P-256"),
    "RS256": partial(RSAKey.generate_key, RSA_BITS),
}


class NoSigningKey(Exception):
    """No signing key is active: run ``consent-gateway keys rotate``."""


def new_signing_key(sealing_key: bytes, *, now: int, ids: Ids, alg: str = OURS) -> SigningKey:
    """Make a key for one of the algorithms."""
    kid = ids(Kind.KEY)
    key: PrivateKey = _MAKERS[alg]({"kid": kid, "use": "sig", "alg": alg})
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


def current_key(sealing_key: bytes, keys: Sequence[SigningKey], alg: str = OURS) -> PrivateKey:
    """Open the current signing key of an algorithm.

    Raises:
        NoSigningKey: there is none.
    """
    for key in reversed(keys):
        if key.retired_at is None and key.alg == alg:
            return _open(sealing_key, key.kid, key.private_sealed)
    raise NoSigningKey


@lru_cache(maxsize=8)
def _open(sealing_key: bytes, kid: str, private_sealed: bytes) -> PrivateKey:
    jwk = json.loads(unseal(sealing_key, private_sealed, f"signing_key:{kid}"))
    return RSAKey.import_key(jwk) if jwk["kty"] == "RSA" else ECKey.import_key(jwk)


def algorithms_of(keys: Sequence[SigningKey]) -> list[str]:
    """Name the algorithms that have a key now, our own choice first."""
    active = {key.alg for key in keys if key.retired_at is None}
    return [alg for alg in ALGORITHMS if alg in active]
