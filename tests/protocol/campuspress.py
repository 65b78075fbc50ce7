"""CampusPress as a partner: pushes its requests, signs its assertions, keeps its refresh token."""

from typing import Any
from urllib.parse import urlencode

from tests.world import CAMPUSPRESS_REDIRECT, CHALLENGE, VERIFIER, World, answer_of

REQUEST = {
    "response_type": "code",
    "redirect_uri": CAMPUSPRESS_REDIRECT,
    "scope": "openid address",
    "state": "st-2",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def push(world: World, **changes: str) -> str:
    """Push a request; give its request_uri."""
    pushed = world.post_signed("/par", {**REQUEST, **changes})
    assert pushed.status_code == 201, pushed.text
    request_uri: str = pushed.json()["request_uri"]
    return request_uri


def begin(request_uri: str, **changes: str) -> str:
    """Make the address that begins a pushed request."""
    return f"/authorize?{urlencode({'client_id': 'campuspress-shop', 'request_uri': request_uri, **changes})}"


def exchange_form(code: str) -> dict[str, str]:
    """Make the form that exchanges a code."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CAMPUSPRESS_REDIRECT,
        "code_verifier": VERIFIER,
    }


def campuspress_tokens(world: World, email: str = "asha@lakeside.example") -> dict[str, Any]:
    """Opt in to CampusPress and exchange."""
    browser = world.signed_in(email)
    page = browser.open(begin(push(world)), stop_at=CAMPUSPRESS_REDIRECT)
    back = answer_of(browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT))
    tokens: dict[str, Any] = world.post_signed("/token", exchange_form(back["code"])).json()
    return tokens
