"""OpenID Connect Discovery 1.0: the module of the certification plan for the configuration, by its name."""

from urllib.parse import urlsplit

from joserfc.jwk import KeySet

from tests.protocol.oidc_plans import CONFIG
from tests.world import ISSUER, World


def test_every_module_of_the_plan_is_mirrored() -> None:
    """A module that the suite gains has to be written here."""
    mirrored = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {each.replace("-", "_") for each in CONFIG} <= mirrored


def test_discovery_endpoint_verification(world: World) -> None:
    """§3, §4.3, §7.2: what has to be there is, by https; each key can be read, under a name of its own."""
    client = world.client()
    found = client.get("/.well-known/openid-configuration").json()
    assert found["issuer"] == ISSUER
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
        address = urlsplit(found[name])
        assert (address.scheme, address.fragment) == ("https", "")
    assert "code" in found["response_types_supported"]
    assert set(found["subject_types_supported"]) <= {"pairwise", "public"}
    assert "RS256" in found["id_token_signing_alg_values_supported"]
    assert "openid" in found["scopes_supported"]
    assert "sub" in found["claims_supported"]
    keys = client.get(urlsplit(found["jwks_uri"]).path).json()
    assert KeySet.import_key_set(keys).keys
    names = [key["kid"] for key in keys["keys"]]
    assert len(set(names)) == len(names)
    # RFC 8414 §2: nothing is left empty; a client may take an empty list for anything.
    assert not [name for name, value in found.items() if value in ([], {}, "", None)]
