"""`receipt verify`: without the gateway, with the published keys."""

import json
from pathlib import Path

from tests.gateway.cli.conftest import Cli
from tests.gateway.web.test_receipts import keys, signed
from tests.world import World


def test_the_command_verifies_a_file(world: World, empty: Cli, tmp_path: Path) -> None:
    world.tokens()
    receipt, published = tmp_path / "receipt.jws", tmp_path / "jwks.json"
    receipt.write_text(signed(world.signed_in()))
    published.write_text(json.dumps(keys(world)))
    assert "genuine: given" in empty("receipt", "verify", str(receipt), "--keys", str(published))
    whole = empty("receipt", "verify", str(receipt), "--keys", str(published), "--json")
    assert json.loads(whole)["event"] == "given"
    receipt.write_text("a.b.c")
    empty("receipt", "verify", str(receipt), "--keys", str(published), status=1)
    assert "NOT genuine" in empty.said
    published.write_text("{")
    empty("receipt", "verify", str(receipt), "--keys", str(published), status=1)
    assert "cannot read it" in empty.said
