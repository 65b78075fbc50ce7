"""JSON that is deeper than any reader goes, wherever JSON is taken: a refusal, never a failure (RFC 8259 §9)."""

import pytest

from gateway.kit.secrets.digests import base64url
from tests.protocol.campuspress import REQUEST
from tests.protocol.test_rfc7591 import Registrar
from tests.world import World

DEPTH = 1_500
"""Beyond what Python's own reader follows, and within every limit of size."""
BOMBS = (
    "[" * DEPTH,
    '{"a":' * DEPTH,
    "[" * DEPTH + "]" * DEPTH,
    '{"userinfo":' + "[" * DEPTH + "]" * DEPTH + "}",
)


@pytest.mark.parametrize("bomb", BOMBS, ids=["open", "objects", "closed", "inside"])
def test_rfc8259_9_no_depth_is_a_failure(world: World, bomb: str) -> None:
    """Parameters, registrations, and the parts of every kind of JWT that are read before a signature is."""
    part = base64url(bomb.encode())
    header = base64url(b'{"alg":"ES256","typ":"dpop+jwt"}')
    tokens = (f"{part}.{part}.AA", f"{header}.{part}.AA")
    answers = []
    for name in ("claims", "authorization_details"):
        answers += [
            world.client().get("/authorize", params=world.authorization(**{name: bomb})),
            world.post_signed("/par", {**REQUEST, name: bomb}),
        ]
    for token in tokens:
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        assertion = {**REQUEST, "client_assertion_type": kind, "client_assertion": token}
        answers += [
            world.client().post("/par", data=assertion),
            world.post_signed("/par", {"client_id": "campuspress-shop", "request": token}),
            world.post_signed("/par", REQUEST, proof=token),
            world.client().get("/userinfo", headers={"Authorization": "DPoP x", "DPoP": token}),
            world.client().get("/session/end", params={"id_token_hint": token}),
        ]
    headers = {"Authorization": f"Bearer {Registrar(world).token}", "Content-Type": "application/json"}
    answers.append(world.client().post("/register", content=bomb, headers=headers))
    assert [each.status_code for each in answers if not each.is_client_error and not each.is_redirect] == []
