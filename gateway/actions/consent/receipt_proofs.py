"""Checking offline that the event on a receipt is the one that was logged."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gateway.actions.consent.receipts import BadReceipt
from gateway.ledger.checkpoints import Checkpoint, check_checkpoint
from gateway.ledger.entries import decode
from gateway.ledger.merkle import ProofError, check_inclusion, leaf_hash
from gateway.ledger.notes import NoteError, NoteKey


def check_logged(receipt: Mapping[str, Any], text: str, key: NoteKey) -> Checkpoint:
    """Check a proof.json against a receipt with a verified signature; give the checkpoint that covers it.

    Args:
        key: of the log, from elsewhere than the proof.

    Raises:
        BadReceipt: the proof does not hold, or is about another event, or the logged event differs.
    """
    try:
        proof = json.loads(text)
        checkpoint = check_checkpoint(proof["checkpoint"], [key])
        path = tuple(bytes.fromhex(each) for each in proof["proof"])
        content = proof["entry"].encode()
        check_inclusion(leaf_hash(content), proof["index"], checkpoint.size, path, checkpoint.root)
        entry = decode(content)
    except (NoteError, ProofError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadReceipt(f"the proof does not hold ({error.__class__.__name__})") from None
    logged, told = _as_logged(entry), _as_told(receipt)
    for name, value in told.items():
        if logged[name] != value:
            raise BadReceipt(f"the log says otherwise: {name}")
    return checkpoint


def _as_logged(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    names = ("id", "grant", "seq", "type", "dpv", "method", "actor", "reason", "at", "valid_until", "items")
    return {name: entry.get(name) for name in names}


def _as_told(receipt: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "id": receipt["dcterms:identifier"],
        "grant": receipt["record"],
        "seq": receipt["sequence"],
        "type": receipt["event"],
        "dpv": receipt["dpv:hasConsentStatus"]["@id"],
        "method": receipt["dpv:hasIndicationMethod"],
        "actor": receipt["decided_by"],
        "reason": receipt["reason"],
        "at": _seconds(receipt["dcterms:issued"]),
        "valid_until": _seconds(receipt["valid_until"]),
        "items": sorted(_item(each) for each in receipt["dpv:hasProcess"]),
    }


def _seconds(time: str | None) -> int | None:
    return None if time is None else int(datetime.fromisoformat(time).timestamp())


def _item(process: Mapping[str, Any]) -> list[str]:
    data = process["dpv:hasPersonalData"]
    return [data["field"], process["dpv:hasPurpose"]["code"], data["form"]]
