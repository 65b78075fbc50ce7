"""Authlib's own client: the ordinary relying party, as its documentation shows it."""

from typing import Any

import pytest
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.interop.stage import PLACE, SECRET, Stage
from tests.world import CAMPUSPRESS_KEY, VERIFIER

METHODS = {"basic": "client_secret_basic", "post": "client_secret_post", "key": "private_key_jwt"}


def client_of(stage: Stage, name: str) -> tuple[Any, dict[str, Any]]:
    """Make Authlib's client, and read what the gateway says about itself."""
    client = OAuth2Client(
        client_id=f"interop-{name}",
        client_secret=CAMPUSPRESS_KEY if name == "key" else SECRET,
        token_endpoint_auth_method=METHODS[name],
        revocation_endpoint_auth_method=METHODS[name],
        scope="openid profile email",
        redirect_uri=f"{PLACE}/{name}/callback",
        code_challenge_method="S256",
        trust_env=False,
    )
    stage.ending.callback(client.close)
    metadata = client.get(f"{stage.issuer}/.well-known/openid-configuration", auth=None).json()
    if name == "key":
        # As Authlib does it: the endpoint's address in `aud`, an hour of life unless told otherwise.
        method = PrivateKeyJWT(metadata["token_endpoint"], alg="ES256", headers={"kid": CAMPUSPRESS_KEY.kid})
        client.register_client_auth_method(method)
    return client, metadata


@pytest.mark.parametrize("name", sorted(METHODS))
def test_the_whole_way(stage: Stage, name: str) -> None:
    """Authorization, code, ID token, userinfo, refresh, revocation."""
    client, metadata = client_of(stage, name)
    url, state = client.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=VERIFIER, nonce="n-1"
    )
    callback = stage.share(url)
    tokens = client.fetch_token(
        metadata["token_endpoint"], authorization_response=callback, state=state, code_verifier=VERIFIER
    )
    keys = KeySet.import_key_set(client.get(metadata["jwks_uri"], auth=None).json())
    claims = jwt.decode(tokens["id_token"], keys).claims
    assert (claims["aud"], claims["nonce"], claims["iss"]) == (f"interop-{name}", "n-1", stage.issuer)
    read = client.get(metadata["userinfo_endpoint"]).json()
    assert read == {"sub": claims["sub"], "name": "Asha Rao"}
    fresh = client.refresh_token(metadata["token_endpoint"], refresh_token=tokens["refresh_token"])
    assert fresh["refresh_token"] != tokens["refresh_token"]
    assert client.get(metadata["userinfo_endpoint"]).json() == read
    given_back = client.revoke_token(metadata["revocation_endpoint"], token=fresh["refresh_token"])
    assert given_back.status_code == 200
    assert client.get(metadata["userinfo_endpoint"]).status_code == 401
