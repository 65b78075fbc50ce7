"""`receipt verify`: without the gateway, with the published keys."""

import json
from pathlib import Path

from gateway.actions.ledger.proofs import log_key_words
from tests.gateway.cli.conftest import Cli
from tests.gateway.web.consent.test_receipts import keys, proof_of, signed
from tests.ledgers import sequence
from tests.world import World


def test_the_command_verifies_a_file(world: World, empty: Cli, tmp_path: Path) -> None:
    world.tokens()
    receipt, published, proof = (tmp_path / name for name in ("receipt.jws", "jwks.json", "proof.json"))
    sequence(world)
    receipt.write_text(signed(world.signed_in()))
    proof.write_text(proof_of(world.signed_in()))
    published.write_text(json.dumps(keys(world)))
    assert "genuine: given" in empty("receipt", "verify", str(receipt), "--keys", str(published))
    whole = empty("receipt", "verify", str(receipt), "--keys", str(published), "--json")
    assert json.loads(whole)["event"] == "given"
    line = ("receipt", "verify", str(receipt), "--keys", str(published), "--proof", str(proof))
    (key,) = log_key_words(world.services)
    assert "in the log of" in empty(*line, "--log-key", key)
    empty(*line, status=1)
    assert "--log-key" in empty.said
    proof.write_text(proof.read_text().replace("given", "taken"))
    empty(*line, "--log-key", key, status=1)
    assert "NOT genuine" in empty.said
    receipt.write_text("a.b.c")
    empty("receipt", "verify", str(receipt), "--keys", str(published), status=1)
    assert "NOT genuine" in empty.said
    published.write_text("{")
    empty("receipt", "verify", str(receipt), "--keys", str(published), status=1)
    assert "cannot read it" in empty.said
