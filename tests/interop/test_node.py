"""openid-client 6 and oauth4webapi 3: FAPI 2.0 as its strictest readers speak it; and one that keeps no secret."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.interop.stage import HERE, PLACE, Script, Stage, private_jwk

pytestmark = pytest.mark.usefixtures("node")

SIGNED = [pytest.param(True, id="message-signing"), pytest.param(False, id="security-profile")]


def walk(stage: Stage, script: str, signed: bool, **more: Any) -> dict[str, Any]:
    """Let a script be the partner; Asha says yes."""
    name = "fapi" if signed else "dpop"
    config = {
        "issuer": stage.issuer,
        "client_id": f"interop-{name}",
        "redirect_uri": f"{PLACE}/{name}/callback",
        "scope": "openid profile email",
        "jwk": private_jwk(),
        "signed": signed,
        **more,
    }
    partner = Script(HERE / "npm" / script, config, stage.folder)
    return partner.goes_on(stage.share(partner.asks(), ticked=["email.service_provision"]))


@pytest.mark.parametrize("signed", SIGNED)
def test_openid_client(stage: Stage, signed: bool) -> None:
    """It pushes, proves, verifies, reads, refreshes, and what it gives back is dead."""
    found = walk(stage, "openid_client.mjs", signed)
    assert found["callback"] == (["response"] if signed else ["code", "state", "iss"])
    assert found["tokens"]["token_type"] == "dpop"
    assert found["first"]["name"] == "Asha Rao"
    assert found["first"]["email"] == "asha@lakeside.example"
    assert found["first"] == found["second"]
    assert "name" not in found["id_token"]
    assert found["alive"]["active"] is True
    assert "jkt" in found["alive"]["cnf"]
    assert found["dead"] == {"active": False}
    assert found["refused"] == "invalid_token"


@pytest.mark.parametrize("signed", SIGNED)
def test_oauth4webapi(stage: Stage, signed: bool) -> None:
    """The same, by hand; and without a proof of who it is, it is told that public clients are not served."""
    found = walk(stage, "oauth4webapi.mjs", signed)
    assert found["first"]["name"] == "Asha Rao"
    assert found["dead"] == {"active": False}
    assert found["public_client"]["status"] == 401
    assert found["public_client"]["error"] == "invalid_client"
    assert "public clients" in found["public_client"]["error_description"]


DETAILS = {
    "type": "combined_service",
    "offer": "interop",
    "items": [{"field": "email", "purpose": "service_provision", "form": "full"}],
}


@pytest.mark.parametrize("script", ["openid_client.mjs", "oauth4webapi.mjs"])
def test_items_are_asked_for_by_name(stage: Stage, script: str) -> None:
    """RFC 9396, pushed and signed: what was granted comes back with the tokens, and is what userinfo gives."""
    more = {"authorization_details": json.dumps([DETAILS])}
    found = walk(stage, script, True, scope="openid", more=more)
    [granted] = found["tokens"]["authorization_details"]
    assert {item["field"] for item in granted["items"]} == {"name", "email"}
    assert found["first"]["email"] == "asha@lakeside.example"


def test_nonces_are_understood(interop_nonce_stage: Stage) -> None:
    """Where every proof must hold our nonce, both libraries send it as soon as they were told."""
    assert walk(interop_nonce_stage, "openid_client.mjs", True)["first"]["name"] == "Asha Rao"
    assert walk(interop_nonce_stage, "oauth4webapi.mjs", True)["first"]["name"] == "Asha Rao"


def test_oidc_client_ts_is_told_that_public_clients_are_not_served(stage: Stage) -> None:
    """A program in the browser keeps no secret: its code buys nothing, and the answer says why (RFC 6749 §5.2).

    Node.js stands for a page of our own origin here. One of another origin cannot even read the answer, for nothing but
    discovery and keys has CORS: `test_nothing_else_has_cors` in `tests/protocol/test_rfc8414.py`.
    """
    config = {
        "issuer": stage.issuer,
        "client_id": "interop-post",
        "redirect_uri": f"{PLACE}/post/callback",
        "scope": "openid profile email",
    }
    partner = Script(HERE / "npm" / "oidc_client_ts.mjs", config, stage.folder)
    refused = partner.goes_on(stage.share(partner.asks()))
    assert refused["name"] == "ErrorResponse"
    assert refused["error"] == "invalid_client"
    assert "public clients are not served" in refused["error_description"]


def test_the_lock_names_no_registry() -> None:
    """The lock pins by digest; where it is fetched from is the business of whoever fetches."""
    lock = (Path(HERE) / "npm" / "package-lock.json").read_text()
    assert "integrity" in lock
    assert "resolved" not in lock
