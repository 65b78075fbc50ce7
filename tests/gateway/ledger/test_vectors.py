"""The specification's vectors are what the code makes, and they verify."""

import json
from pathlib import Path

from gateway.ledger.checkpoints import check_checkpoint
from gateway.ledger.notes import check_note, parse_key
from tests.gateway.ledger.vectors import text

SPECS = Path(__file__).resolve().parents[3] / "docs" / "specs"
FILE = SPECS / "handoff-log-vectors.json"


def test_the_vectors_are_what_the_code_makes() -> None:
    """To write them anew: ``python -m tests.gateway.ledger.vectors > docs/specs/handoff-log-vectors.json``."""
    assert FILE.read_text() == text()


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
