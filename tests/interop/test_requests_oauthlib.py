"""requests-oauthlib: the web application flow of its documentation, which compares the scope of every answer."""

from typing import Any

import pytest
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from gateway.cli.browser import Browser
from tests.interop.stage import PLACE, SECRET, Stage

CLIENT = "interop-basic"
BASIC = HTTPBasicAuth(CLIENT, SECRET)
EMAIL = {"email": "asha@lakeside.example", "email_verified": False}


@pytest.fixture(autouse=True)
def _plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's own switch for a server without TLS on the same machine."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


class Visit:
    """One attempt of the partner's to sign a person in."""

    def __init__(self, stage: Stage, browser: Browser, scope: list[str], *ticked: str) -> None:
        self.session = OAuth2Session(CLIENT, redirect_uri=f"{PLACE}/basic/callback", scope=scope, pkce="S256")
        self.session.trust_env = False
        stage.ending.callback(self.session.close)
        document = f"{stage.issuer}/.well-known/openid-configuration"
        self.gateway = self.session.get(document, withhold_token=True).json()
        url, _state = self.session.authorization_url(self.gateway["authorization_endpoint"])
        page = browser.open(url, stop_at=PLACE)
        if not page.text.startswith(PLACE):
            page = browser.submit(page, "/consent", {"item": ticked}, button="share", stop_at=PLACE)
        self.callback = page.text

    def tokens(self) -> dict[str, Any]:
        endpoint = self.gateway["token_endpoint"]
        return self.session.fetch_token(endpoint, authorization_response=self.callback, auth=BASIC)

    def read(self) -> dict[str, Any]:
        return self.session.get(self.gateway["userinfo_endpoint"]).json()

    def refresh(self) -> dict[str, Any]:
        return self.session.refresh_token(self.gateway["token_endpoint"], auth=BASIC)


def test_no_scope_has_changed_where_all_was_granted(stage: Stage) -> None:
    """RFC 6749 §5.1: the library raises when the answer's scope is not what it sent, even for less than was granted."""
    browser = stage.person()
    for scope, read in (
        (["openid", "profile", "email"], {"name": "Asha Rao", **EMAIL}),
        (["email", "openid"], {"name": "Asha Rao", **EMAIL}),
        (["profile", "openid"], {"name": "Asha Rao"}),
        (["openid"], {}),
    ):
        visit = Visit(stage, browser, scope, "email.service_provision")
        assert visit.tokens()["scope"] == scope
        first = visit.read()
        assert first == {"sub": first["sub"], **read}
        # It sends its scope again, which may not be wider than what was granted (RFC 6749 §6).
        assert visit.refresh()["scope"] == scope
        assert visit.read() == first


def test_what_was_left_out_is_a_changed_scope(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 6749 §5.1: the answer has to say so, and the library has a switch for partners who live with less."""
    browser = stage.person()
    scope = ["openid", "profile", "email"]
    with pytest.raises(Warning, match="Scope has changed"):
        Visit(stage, browser, scope).tokens()
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")
    visit = Visit(stage, browser, scope)
    assert visit.tokens()["scope"] == ["openid", "profile"]
    assert visit.read().keys() == {"sub", "name"}
