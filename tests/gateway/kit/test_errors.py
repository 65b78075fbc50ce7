"""The registry of refusals: complete, public, and speakable on the wire."""

import re

import pytest

from gateway.kit.errors import ERRORS, Refusal, Where

RFC6749 = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+")
STATUS = {400, 401, 403, 404, 405, 408, 409, 413, 415, 429, 500, 503}


@pytest.mark.parametrize("code", ERRORS)
def test_rfc6749_5_2_every_entry_can_be_said_on_the_wire(code: str) -> None:
    """Code and text use the characters that RFC 6749 §4.1.2.1 and §5.2 allow."""
    kind = ERRORS[code]
    assert RFC6749.fullmatch(code)
    assert RFC6749.fullmatch(kind.public)
    assert kind.public.endswith(".")
    assert kind.status in STATUS
    assert kind.where
    assert re.search(r"§|OWASP", kind.clause)


def test_rfc6749_5_2_what_the_token_endpoint_says_is_400_or_401() -> None:
    standard = {
        "invalid_request",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
    assert {ERRORS[code].status for code in standard} == {400}
    assert ERRORS["invalid_client"].status == 401
    assert all(Where.TOKEN in ERRORS[code].where for code in (*standard, "invalid_client"))


def test_the_two_voices_stay_apart() -> None:
    refusal = Refusal("invalid_grant", detail="code 1a2b3c replayed")
    assert "1a2b3c" not in refusal.description
    assert refusal.description == ERRORS["invalid_grant"].public
    assert str(refusal) == "invalid_grant: code 1a2b3c replayed"
    assert Refusal("invalid_scope", detail="x", hint="Leave out email.").description == "Leave out email."
    assert Refusal("temporarily_unavailable", detail="x", retry_after=5).retry_after == 5


def test_nobody_refuses_with_a_code_that_is_not_registered() -> None:
    with pytest.raises(KeyError):
        Refusal("no_such_code", detail="")
