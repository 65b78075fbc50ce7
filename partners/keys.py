"""Public keys that a client may register (RFC 7517, RFC 7518 §6, RFC 8037 §2, FAPI 2.0 §5.4)."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from cryptography.x509 import load_der_x509_certificate

from partners.faults import did_you_mean, join, shown

# Where a fault stands below the key set, and what it says.
KeyFault = tuple[str, str]

_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k", "r", "t")
_REMOTE = ("x5u", "jku")
_KEPT = ("kty", "kid", "use", "key_ops", "alg", "n", "e", "crv", "x", "y", "x5c")
_ALGORITHMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"RSA": ("PS256",), "EC": ("ES256",), "OKP": ("Ed25519", "EdDSA")}
)
_MOST_KEYS = 10
_MOST_CERTIFICATES = 5
_MOST_KID_CHARACTERS = 128
_FEWEST_RSA_BITS = 2048
# A verification with a longer modulus costs more than an attacker's request.
_MOST_RSA_BITS = 8192
_SMALLEST_EXPONENT = 65537
_COORDINATE_BYTES = 32
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")

# The curve P-256: y² = x³ - 3x + b modulo p (NIST SP 800-186 §3.2.1.3).
_P256_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


def parse_jwks(text: str) -> object:
    """Read the text of a JWKS file; a member that is written twice is refused (RFC 7517 §4).

    Raises:
        ValueError: the text is not JSON; its message says where.
    """
    try:
        return json.loads(text, object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is written twice")
    return members


def public_keys(jwks: Mapping[str, object]) -> dict[str, object]:
    """Keep of a checked key set what verification needs, in a stable order."""
    keys = jwks["keys"]
    kept = (
        [{name: key[name] for name in _KEPT if name in key} for key in keys] if isinstance(keys, list) else []
    )
    return {"keys": kept}


def published_keys(jwks: object) -> tuple[Mapping[str, object], ...]:
    """Keep of a key set that its owner publishes the first ten keys that a client could register.

    A set may hold keys for other uses and of other kinds. A name is optional there (RFC 7517 §4.5), and what points
    elsewhere is passed over, for the key itself is there (§4.6).

    Raises:
        ValueError: it is no key set.
    """
    listed = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no key set")
    whole = [
        {name: key[name] for name in key if name not in _REMOTE} for key in listed if isinstance(key, dict)
    ]
    good = [key for key in whole if not list(jwks_faults({"keys": [{"kid": "unnamed", **key}]}))]
    return tuple({name: key[name] for name in _KEPT if name in key} for key in good[:_MOST_KEYS])


def jwks_faults(jwks: object) -> Iterator[KeyFault]:
    """Find everything that is wrong with a key set: private parts, weak keys, algorithms that do not fit."""
    if not isinstance(jwks, dict) or not isinstance(jwks.get("keys"), list):
        yield "", "it is no key set: write an object with a list “keys” (RFC 7517 §5)"
        return
    keys = jwks["keys"]
    if not 1 <= len(keys) <= _MOST_KEYS:
        yield "keys", f"it holds {len(keys)} keys: register 1 to {_MOST_KEYS}"
    kids: set[str] = set()
    for index, key in enumerate(keys[:_MOST_KEYS]):
        path = join("keys", index)
        if not isinstance(key, dict):
            yield path, "it is no key: write an object (RFC 7517 §4)"
            continue
        for name, message in (*_kid_faults(key, kids), *_key_faults(key)):
            yield join(path, name) if name else path, message


def _kid_faults(key: dict[str, object], kids: set[str]) -> Iterator[KeyFault]:
    kid = key.get("kid")
    if not isinstance(kid, str) or not 1 <= len(kid) <= _MOST_KID_CHARACTERS or not kid.isprintable():
        yield "kid", f"every key needs an id of 1 to {_MOST_KID_CHARACTERS} printable characters"
    elif kid in kids:
        yield "kid", f"{shown(kid)} names an earlier key too: give each key its own id"
    else:
        kids.add(kid)


def _key_faults(key: dict[str, object]) -> Iterator[KeyFault]:
    kty = key.get("kty")
    if kty == "oct":
        yield "kty", "a symmetric key is a secret and cannot be registered: make an EC, OKP or RSA key pair"
        return
    if not isinstance(kty, str) or kty not in _ALGORITHMS:
        yield "kty", f"{shown(kty)} is no usable key type; " + did_you_mean(str(kty), _ALGORITHMS)
        return
    for name in _PRIVATE:
        if name in key:
            yield (
                name,
                "this is the private part of the key: replace the key pair and register the public part only",
            )
    for name in _REMOTE:
        if name in key:
            yield name, "keys are not fetched: write the key itself"
    if "use" in key and key["use"] != "sig":
        yield "use", f"{shown(key['use'])} does not fit: the key signs, so write sig or leave it out"
    if "key_ops" in key and key["key_ops"] != ["verify"]:
        yield "key_ops", 'a public signing key does nothing but verify: write ["verify"] or leave it out'
    if "alg" in key and key["alg"] not in _ALGORITHMS[kty]:
        yield (
            "alg",
            f"{shown(key['alg'])} is not accepted for this key; " + did_you_mean("", _ALGORITHMS[kty]),
        )
    if "x5c" in key and not _is_chain(key["x5c"]):
        yield "x5c", f"it must be a list of 1 to {_MOST_CERTIFICATES} certificates in base64 (RFC 7517 §4.7)"
    yield from _MATERIAL[kty](key)


def _is_chain(x5c: object) -> bool:
    """Whether this is a list of certificates; whether they fit the key is of no account: they are compared whole."""
    if not isinstance(x5c, list) or not 1 <= len(x5c) <= _MOST_CERTIFICATES:
        return False
    try:
        for each in x5c:
            load_der_x509_certificate(base64.b64decode(each, validate=True))
    except (TypeError, ValueError):
        return False
    return True


def _rsa_faults(key: dict[str, object]) -> Iterator[KeyFault]:
    modulus, exponent = _number(key.get("n")), _number(key.get("e"))
    if modulus is None:
        yield "n", "it is no number in base64url"
    elif not _FEWEST_RSA_BITS <= modulus.bit_length() <= _MOST_RSA_BITS:
        yield "n", f"the key has {modulus.bit_length()} bits: use {_FEWEST_RSA_BITS} to {_MOST_RSA_BITS}"
    elif modulus % 2 == 0:
        yield "n", "the modulus is even, so this is no RSA key"
    if exponent is None or exponent < _SMALLEST_EXPONENT or exponent % 2 == 0 or exponent.bit_length() > 32:
        yield "e", f"the public exponent must be odd and {_SMALLEST_EXPONENT} or a little more: write AQAB"


def _ec_faults(key: dict[str, object]) -> Iterator[KeyFault]:
    if key.get("crv") != "P-256":
        yield "crv", f"{shown(key.get('crv'))} is not accepted: use P-256"
        return
    coordinates = [_bytes(key.get(name)) for name in ("x", "y")]
    for name, value in zip("xy", coordinates, strict=True):
        if value is None or len(value) != _COORDINATE_BYTES:
            yield name, f"it must be {_COORDINATE_BYTES} bytes in base64url"
    x, y = (int.from_bytes(value or b"") for value in coordinates)
    if all(value is not None and len(value) == _COORDINATE_BYTES for value in coordinates) and not _on_p256(
        x, y
    ):
        yield "", "the point does not lie on the curve, so this is no key"


def _on_p256(x: int, y: int) -> bool:
    return max(x, y) < _P256_P and (y * y - (x * x * x - 3 * x + _P256_B)) % _P256_P == 0


def _okp_faults(key: dict[str, object]) -> Iterator[KeyFault]:
    if key.get("crv") != "Ed25519":
        yield "crv", f"{shown(key.get('crv'))} is not accepted: use Ed25519"
        return
    value = _bytes(key.get("x"))
    if value is None or len(value) != _COORDINATE_BYTES:
        yield "x", f"it must be {_COORDINATE_BYTES} bytes in base64url"


_MATERIAL: Mapping[str, Callable[[dict[str, object]], Iterator[KeyFault]]] = MappingProxyType(
    {"RSA": _rsa_faults, "EC": _ec_faults, "OKP": _okp_faults}
)


def _bytes(value: object) -> bytes | None:
    """Decode base64url without padding (RFC 7515 §2); None when it is something else."""
    if not isinstance(value, str) or not _BASE64URL.fullmatch(value):
        return None
    try:
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except binascii.Error:
        return None


def _number(value: object) -> int | None:
    decoded = _bytes(value)
    return None if decoded is None else int.from_bytes(decoded)
