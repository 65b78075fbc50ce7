"""RFC 7636: the code belongs to whoever holds the verifier."""

import base64
import hashlib
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.kit.errors import Refusal
from gateway.oauth.parameters import Parameters, read_parameters
from tests.world import CHALLENGE, QUIZCO_REDIRECT, VERIFIER, World, answer_of

UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(verifier=st.text(UNRESERVED, min_size=43, max_size=128))
def test_4_1_any_verifier_of_the_right_shape_works(world: World, verifier: str) -> None:
    """43 to 128 unreserved characters, for any of them."""
    code = approve(world, verifier)
    assert world.exchange(code, code_verifier=verifier).status_code == 200


def approve(world: World, verifier: str) -> str:
    browser = world.signed_in()
    page = world.ask(browser, code_challenge=challenge_of(verifier), prompt="consent")
    return world.share(browser, page)["code"]


@pytest.mark.parametrize("verifier", ["v" * 42, "v" * 129, "v" * 63 + " ", "v" * 63 + "é", "v" * 63 + "+"])
def test_4_1_a_verifier_of_another_shape_is_no_verifier(world: World, verifier: str) -> None:
    """Refused before anything is tried, so the code is not used up."""
    code = world.approve()
    assert world.exchange(code, code_verifier=verifier).json()["error"] == "invalid_request"
    assert world.exchange(code).status_code == 200


@pytest.mark.parametrize("challenge", ["c" * 42, "c" * 44, CHALLENGE + "=", "c" * 42 + "+"])
def test_4_2_a_challenge_of_another_length_is_refused(world: World, challenge: str) -> None:
    """S256 makes exactly 43 characters."""
    page = world.ask(world.browser(), code_challenge=challenge)
    answer = answer_of(page).get("error", "told to the person" if page.status == 400 else "")
    assert answer in ("invalid_request", "told to the person")


def test_4_5_without_a_verifier_there_are_no_tokens(world: World) -> None:
    """And the developer reads what is missing."""
    code = world.approve()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": QUIZCO_REDIRECT}
    answer = world.post("/token", form)
    assert answer.json()["error"] == "invalid_grant"
    assert "code_verifier" in answer.json()["error_description"]


@pytest.mark.parametrize("verifier", [CHALLENGE, VERIFIER[:-1] + "w", VERIFIER + "v", VERIFIER.upper()])
def test_4_6_another_verifier_is_refused(world: World, verifier: str) -> None:
    """The challenge itself included: it was seen by the browser."""
    assert world.exchange(world.approve(), code_verifier=verifier).json()["error"] == "invalid_grant"


@given(st.binary(max_size=300))
def test_hygiene_reads_or_refuses_any_bytes(encoded: bytes) -> None:
    """Whatever comes as parameters is text of the right shape, or refused: nothing else is raised."""
    found: Parameters = {}
    with suppress(Refusal):
        found = read_parameters(encoded)
    assert all(found.values())
    assert not any("\ud800" <= char <= "\udfff" for value in found.values() for char in value)


def test_hygiene_bounds_the_size() -> None:
    """64 KiB, 64 parameters, 8 KiB a value; a state, which answers repeat, 512 characters as an address spells it."""
    for encoded, code in (
        (b"a" * 65_537, "too_large"),
        (b"&".join(b"a%d=1" % number for number in range(65)), "invalid_request"),
        (b"state=" + b"s" * 513, "invalid_request"),
        (b"state=" + b"%25" * 171, "invalid_request"),
        (b"anything=" + b"s" * 8_193, "invalid_request"),
    ):
        with pytest.raises(Refusal) as caught:
            read_parameters(encoded)
        assert caught.value.code == code
    assert read_parameters(b"state=" + b"s" * 512)["state"] == "s" * 512
    assert read_parameters(b"nonce=" + b"n" * 8_192)["nonce"] == "n" * 8_192
