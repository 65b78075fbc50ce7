"""One hand-off as bytes: the canonical encoding, its leaf hash, and the commitments to values."""

import hashlib
import json

from gateway.kit.digests import base64url, keyed_digest
from gateway.model.handoffs import Handoff
from scopes import Item

# json.dumps makes an encoder at every call that says how.
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def encode_entry(handoff: Handoff) -> bytes:
    """Encode a hand-off canonically: JSON, keys sorted, no spaces, ASCII; integers are seconds UTC.

    Returns:
        For example ``{"at":1790000000,"client":"quizco-web",...}``.
    """
    content = {
        "kind": "handoff",
        "id": handoff.handoff_id,
        "grant": handoff.grant_id,
        "event": handoff.event_id,
        "person": handoff.person_id,
        "partner": handoff.partner_id,
        "client": handoff.client_id,
        "token": base64url(handoff.token_digest),
        "endpoint": handoff.endpoint,
        "items": [
            [each.item.field, each.item.purpose, str(each.item.form), each.commitment]
            for each in handoff.items
        ],
        "at": handoff.at,
    }
    return _CANONICAL.encode(content).encode("ascii")


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry as a Merkle leaf: SHA-256(0x00 || entry) (RFC 6962 §2.1), 32 bytes."""
    return hashlib.sha256(b"\x00" + entry).digest()


def commitment(person_key: bytes, item: Item, value: object) -> str:
    """Commit to a released value under the person's key: HMAC-SHA-256, base64url.

    The same value gives the same commitment, which shows whether a partner holds an older copy; once the
    person's key is shredded nobody can tell what it was.
    """
    text = _CANONICAL.encode(value)
    return base64url(keyed_digest(person_key, "commitment", item.field, str(item.form), text))
