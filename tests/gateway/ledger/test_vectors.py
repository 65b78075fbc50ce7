"""The specification's vectors are what the code makes, and they verify."""

import json
from pathlib import Path

from deploy import log_verifier as verifier
from gateway.ledger.checkpoints import check_checkpoint
from gateway.ledger.log_moves import MovesCheck
from gateway.ledger.notes import check_note, parse_key
from tests.gateway.ledger.vectors import text

SPECS = Path(__file__).resolve().parents[3] / "docs" / "specs"
FILE = SPECS / "handoff-log-vectors.json"


def test_the_vectors_are_what_the_code_makes() -> None:
    """To write them anew: ``python -m tests.gateway.ledger.vectors > docs/specs/handoff-log-vectors.json``."""
    command = "python3 dev run python -m tests.gateway.ledger.vectors > docs/specs/handoff-log-vectors.json"
    assert FILE.read_text() == text(), f"run, if the format was to change: {command}"


def test_the_vectors_verify() -> None:
    found = json.loads(FILE.read_text())
    assert check_checkpoint(found["checkpoint"], [parse_key(found["key"])]).root.hex() == found["roots"][-1]
    cosigned = found["checkpoint"] + found["cosignature"]
    (signer,) = check_note(cosigned, [parse_key(found["witness_key"])])[1]
    assert signer.at == 1_795_000_110


def test_the_specification_shows_the_vectors() -> None:
    """The page's examples are the entries and the checkpoint, to the letter."""
    found, page = json.loads(FILE.read_text()), (SPECS / "handoff-log.md").read_text()
    assert all(each in page for each in found["entries"])
    assert found["checkpoint"] in page
    assert found["key"] in page
    assert len(page.splitlines()) < 200


def test_the_page_about_the_order_shows_a_move_and_it_is_followed() -> None:
    """Both verifiers take the move, and the checkpoint after it, from the vectors alone."""
    found = json.loads(FILE.read_text())
    moved, page = found["moved"], (SPECS / "handoff-log-order.md").read_text()
    assert all(each in page for each in moved.values())
    assert len(page.splitlines()) < 200
    entry = json.loads(moved["entry"])
    old = check_checkpoint(moved["old_checkpoint"], [parse_key(found["key"])])
    new = check_checkpoint(moved["new_checkpoint"], [parse_key(moved["new_key"])])
    ours = MovesCheck([parse_key(found["key"])])
    theirs = verifier.Names([verifier.read_key(moved["new_key"])])
    assert list(ours.faults(1, entry, lambda: old.root)) == []
    assert theirs.faults(1, entry, lambda: old.root, True) == []
    assert (ours.moves, new.origin) == ([(1, "consent.example/log")], "consent.example/log")
    theirs.walked = 2
    assert theirs.fits(1, old.origin, new.origin)
    assert theirs.fits(2, new.origin, new.origin)
