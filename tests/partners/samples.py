"""Sample manifests and keys; a failing case takes a good one and changes one thing."""

import base64
import json
from pathlib import Path

from partners import ManifestError, parse_manifest

MANIFESTS = Path(__file__).parents[2] / "deploy" / "partners.d"
QUIZCO = (MANIFESTS / "quizco.toml").read_text(encoding="utf-8")
CAMPUSPRESS = (MANIFESTS / "campuspress.toml").read_text(encoding="utf-8")


def b64(value, length=32):
    raw = value if isinstance(value, bytes) else value.to_bytes(length)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


# The base point of P-256 (NIST SP 800-186 §3.2.1.3) is as good a public key as any.
EC_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "kid": "ec-1",
    "alg": "ES256",
    "use": "sig",
    "x": b64(0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296),
    "y": b64(0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5),
}
RSA_KEY = {"kty": "RSA", "kid": "rsa-1", "n": b64(2**2047 + 1, 256), "e": "AQAB"}
OKP_KEY = {"kty": "OKP", "crv": "Ed25519", "kid": "okp-1", "x": b64(bytes(range(32)))}
JWKS = {"keys": [EC_KEY]}


def edited(text, *changes):
    """Replace the first occurrence of each; a change that finds nothing is a fault of the test."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def read_quizco(*changes, **options):
    return parse_manifest(edited(QUIZCO, *changes), file="quizco.toml", **{"allow_loopback": True, **options})


def read_campuspress(*changes, jwks=None):
    files = {"campuspress.jwks.json": json.dumps(JWKS if jwks is None else jwks)}
    text = edited(CAMPUSPRESS, *changes)
    return parse_manifest(text, file="campuspress.toml", allow_loopback=True, files=files)


def faults_of(read, *changes, **options):
    """Give the faults as key → message; a second fault at the same key stands below it."""
    try:
        read(*changes, **options)
    except ManifestError as error:
        found: dict[str, str] = {}
        for fault in error.faults:
            found[fault.key] = "\n".join(filter(None, [found.get(fault.key), fault.message]))
        return found
    return {}
