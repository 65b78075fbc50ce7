"""idpyoidc: the three calls that its documentation asks its users to keep to, with PKCE as it does by default."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptojwt import KeyJar
from idpyoidc.client.defaults import DEFAULT_OIDC_SERVICES
from idpyoidc.client.oidc.end_session import EndSession
from idpyoidc.client.rp_handler import RPHandler

from gateway.cli.browser import Browser, local_client
from tests.interop.stage import PLACE, SECRET, Stage

PKCE = {
    "function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
    "kwargs": {"code_challenge_length": 64, "code_challenge_method": "S256"},
}


def partner(stage: Stage) -> RPHandler:
    """Configure it as somebody does who was given a client by hand."""
    config = {
        "client_type": "oidc",
        "issuer": stage.issuer,
        "client_id": "interop-basic",
        "client_secret": SECRET,
        "redirect_uris": [f"{PLACE}/basic/callback"],
        "token_endpoint_auth_method": "client_secret_basic",
        "client_authn_methods": ["client_secret_basic"],
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "profile", "email"],
        "allow": {"http_links": True},
        "add_ons": {"pkce": PKCE},
    }
    services = {**DEFAULT_OIDC_SERVICES, "end_session": {"class": EndSession}}
    return RPHandler(PLACE, client_configs={stage.issuer: config}, services=services, keyjar=KeyJar())


def test_the_whole_way(stage: Stage) -> None:
    """Discovery, authorization, ID token, userinfo, refresh, and out again."""
    handler, browser = partner(stage), Browser(local_client())
    url = handler.begin(stage.issuer)
    callback = stage.share(url, ticked=["email.service_provision"], browser=browser)
    answer: dict[str, Any] = dict(parse_qsl(urlsplit(callback).query))
    found = handler.finalize(stage.issuer, answer)
    assert "error" not in found, found
    assert found["userinfo"]["name"] == "Asha Rao"
    assert found["userinfo"]["email"] == "asha@lakeside.example"
    fresh = handler.refresh_access_token(found["state"])
    assert fresh["access_token"] != found["token"]
    again = handler.get_user_info(found["state"], access_token=fresh["access_token"])
    assert again["name"] == found["userinfo"]["name"]
    page = browser.open(handler.logout(found["state"])["url"])
    assert "Interop" in page.text
    browser.submit(page, "/session/end/confirmed")
    assert "/login" in browser.open(f"{stage.issuer}/connected").url
