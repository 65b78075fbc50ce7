"""Test vectors of docs/specs/handoff-log.md; printed by ``python -m tests.gateway.ledger.vectors``."""

import hashlib
import json
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.ledger.checkpoints import Checkpoint, sign_checkpoint
from gateway.ledger.entries import encode
from gateway.ledger.merkle import consistency_ranges, inclusion_ranges, leaf_hash
from gateway.ledger.notes import COSIGNATURE, NoteKey, cosign
from gateway.ledger.tiles import TilePath, bundle, grown, hash_of, hashes_of
from gateway.model.administration.actions import MOVE_LOG, AdminAction
from gateway.model.contacts import (
    WAITS,
    ContactEvent,
    ContactEventType,
    ContactView,
    GivenItem,
    SeenItem,
    Side,
)
from gateway.model.grants import ActorKind, ConsentEvent, EventType, ReasonCode
from gateway.model.ledger.handoffs import HandedItem, Handoff
from gateway.model.ledger.rows import LogRow
from gateway.model.people import Acr
from scopes import Form, Item

NOW = 1_795_000_000
EMAIL = Item("email", "results_delivery", Form.MASKED)
ORIGIN = "gateway.example/log"
MOVED = "consent.example/log"
OURS = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"log key of the test vectors").digest())
WITNESS = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"witness of the test vectors").digest())
GIVEN = ConsentEvent(
    event_id="evt_1", grant_id="gra_1", seq=1, type=EventType.GIVEN, actor_kind=ActorKind.SUBJECT,
    actor_id="per_1", method="consent_screen", items=(EMAIL,), at=NOW, served_id="srv_1", auth_time=NOW - 60,
    acr="pwd", valid_until=NOW + 31_536_000, language="en", use_limit=5,
)  # fmt: skip
HANDOFF = Handoff(
    handoff_id="hof_1", grant_id="gra_1", event_id="evt_1", person_id="per_1", partner_id="quizco",
    client_id="quizco-web", token_digest=b"\x00" * 32, endpoint="userinfo",
    items=(HandedItem(EMAIL, "c0mm1tment"),), at=NOW + 5,
)  # fmt: skip
REVOKED = replace(
    GIVEN, event_id="evt_2", seq=2, type=EventType.REVOKED, actor_kind=ActorKind.ADMIN, actor_id="per_admin",
    method="administration", at=NOW + 60, reason=ReasonCode.PHONE_REQUEST, served_id=None, auth_time=None,
    acr=None, language=None, use_limit=None,
)  # fmt: skip
ACT = AdminAction("act_1", "per_admin", "read_log", "log", "all", NOW + 70, detail={"conditions": "email"})
LINK = AdminAction(
    "act_2", "per_admin", "link_guardian", "person", "per_1", NOW + 72,
    detail={"guardian": "per_2", "method": "in_person"},
)  # fmt: skip
PHONE = GivenItem("phone_number", Form.MASKED)
ASKED = ContactEvent(
    event_id="evt_3", contact_id="con_1", seq=1, type=ContactEventType.ASKED, side=Side.ASKER,
    items=(GivenItem("email", Form.FULL),), is_erasure=False, language="kn", acr=Acr.PWD, auth_time=NOW + 30,
    valid_until=NOW + 80 + WAITS, at=NOW + 80,
)  # fmt: skip
ACCEPTED = replace(
    ASKED, event_id="evt_4", seq=2, type=ContactEventType.ACCEPTED, side=Side.ASKED, items=(PHONE,),
    language="en", auth_time=NOW + 85, valid_until=None, at=NOW + 90,
)  # fmt: skip
LOOK = ContactView(
    view_id="view_1", contact_id="con_1", event_id="evt_4", giver=Side.ASKED, giver_id="per_1",
    viewer_id="per_2", items=(SeenItem(PHONE, "c0mm1tment"),), at=NOW + 95,
)  # fmt: skip
ENDED = replace(
    ACCEPTED, event_id="evt_5", seq=3, type=ContactEventType.ENDED, items=(), at=NOW + 99,
)  # fmt: skip
ENTRIES: tuple[LogRow | Handoff, ...] = (GIVEN, HANDOFF, REVOKED, ACT, ASKED, ACCEPTED, LOOK, ENDED)


def vectors() -> dict[str, Any]:
    """Make the vectors."""
    encoded = [encode(each) for each in ENTRIES]
    leaves = [leaf_hash(each) for each in encoded]
    tiles = grown({}, 0, leaves)
    size = len(leaves)
    checkpoint = Checkpoint(ORIGIN, size, hash_of(tiles, (0, size)))
    key = NoteKey(ORIGIN, OURS.public_key().public_bytes_raw())
    witness = NoteKey("witness.example/w1", WITNESS.public_key().public_bytes_raw(), COSIGNATURE)
    return {
        "entries": [each.decode() for each in encoded],
        "leaf_hashes": [each.hex() for each in leaves],
        "roots": [hash_of(tiles, (0, count)).hex() for count in range(size + 1)],
        "tile 0/000.p/8": tiles[0, 0].hex(),
        "tile entries/000.p/8": bundle(encoded).hex(),
        "inclusion": [
            [each.hex() for each in hashes_of(tiles, inclusion_ranges(index, size))] for index in range(size)
        ],
        "consistency": {
            str(old): [each.hex() for each in hashes_of(tiles, consistency_ranges(old, size))]
            for old in range(1, size + 1)
        },
        "paths": {
            f"{level} {index} {width}": str(TilePath(level, index, width))
            for level, index, width in ((0, 0, 4), (0, 255, 256), (1, 1234067, 256), (None, 1000, 8))
        },
        "moved": moved(),
        "marked_detail": encode(LINK).decode(),
        "key": str(key),
        "checkpoint": sign_checkpoint(checkpoint, OURS),
        "witness_key": str(witness),
        "cosignature": cosign(checkpoint.body, witness.name, WITNESS, NOW + 110),
    }


def moved() -> dict[str, Any]:
    """Make a log of one entry that moves on to another name: what it signs before, the entry, what it signs after."""
    first = encode(GIVEN)
    old = sign_checkpoint(Checkpoint(ORIGIN, 1, leaf_hash(first), NOW + 10), OURS)
    act = AdminAction("act_3", "per_admin", MOVE_LOG, "log", MOVED, NOW + 20, detail={"checkpoint": old})
    tiles = grown({}, 0, [leaf_hash(first), leaf_hash(encode(act))])
    new = Checkpoint(MOVED, 2, hash_of(tiles, (0, 2)), NOW + 21)
    return {
        "old_checkpoint": old,
        "entry": encode(act).decode(),
        "new_checkpoint": sign_checkpoint(new, OURS),
        "new_key": str(NoteKey(MOVED, OURS.public_key().public_bytes_raw())),
    }


def text() -> str:
    """Spell them."""
    return json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(text(), end="")
