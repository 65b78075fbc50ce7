"""A passkey in software (WebAuthn Level 3 §6): makes keys and signs, and can be told to do it wrong."""

import base64
import hashlib
import json
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def words(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class Authenticator:
    """One passkey on one device."""

    def __init__(self, origin: str, rp_id: str, name: bytes = b"passkey-one-0001") -> None:
        self.origin, self.rp_id, self.name = origin, rp_id, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.count = 0
        self.flags = PRESENT | VERIFIED
        self.user = b""

    def _client_data(self, kind: str, options: dict[str, Any]) -> bytes:
        content = {
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": False,
        }
        return json.dumps(content).encode()

    def _data(self, flags: int, more: bytes = b"") -> bytes:
        self.count += 1
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4) + more

    def _answer(self, client_data: bytes, **response: str) -> str:
        return json.dumps(
            {
                "id": words(self.name),
                "rawId": words(self.name),
                "type": "public-key",
                "response": {"clientDataJSON": words(client_data), **response},
                "clientExtensionResults": {},
            }
        )

    def create(self, options: dict[str, Any]) -> str:
        """Make the passkey (§7.1)."""
        point = self.key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)})
        held = bytes(16) + len(self.name).to_bytes(2) + self.name + cose
        data = self._data(self.flags | ATTESTED, held)
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        self.user = options["user"]["id"].encode()
        return self._answer(self._client_data("webauthn.create", options), attestationObject=words(attested))

    def get(self, options: dict[str, Any]) -> str:
        """Sign a challenge (§7.2)."""
        client_data, data = self._client_data("webauthn.get", options), self._data(self.flags)
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            client_data,
            authenticatorData=words(data),
            signature=words(signature),
            userHandle=self.user.decode(),
        )
