"""Keys that a partner publishes itself: fetched, kept, looked up anew, and never more often than once a minute."""

import base64
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from gateway.actions.client_keys import INTERVAL, KEEP, LIMIT
from gateway.kit.ids import Kind
from gateway.kit.outbound import OutboundFault
from tests.certificates import issue
from tests.protocol.campuspress import REQUEST
from tests.world import CAMPUSPRESS_KEY, NOW, PARTNERS, World, campuspress_jwks, publish

ADDRESS = "https://campuspress.example.org/jwks.json"
NEW_KEY = ECKey.generate_key("P-256", {"kid": "campuspress-2", "alg": "ES256", "use": "sig"}, private=True)


class Site:
    """The partner's web site."""

    def __init__(self, world: World, *lines: str, method: str = "private_key_jwt") -> None:
        self.world, self.asked = world, 0
        self.text: str | Exception = campuspress_jwks()
        text = (PARTNERS / "campuspress.toml").read_text().replace("private_key_jwt", method)
        new = "\n".join([f'jwks_uri = "{ADDRESS}"', *lines])
        text = text.replace('jwks_file = "campuspress.jwks.json"', new)
        world.run(lambda: publish(world.services, text, version=2, manifest_version=2))
        # The services are frozen; the world stands on them already.
        object.__setattr__(world.services, "outbound", self)

    async def get(self, url: str, media_type: str) -> bytes:
        assert url == ADDRESS
        self.asked += 1
        if isinstance(self.text, Exception):
            raise self.text
        return self.text.encode()

    def publish(self, *keys: Any) -> None:
        self.text = json.dumps({"keys": [each.as_dict(private=False) for each in keys]})

    def status(self, key: Any = CAMPUSPRESS_KEY) -> int:
        """Authenticate with a key."""
        now = self.world.clock()
        claims = {
            "iss": "campuspress-shop", "sub": "campuspress-shop", "aud": "https://gateway.example", "exp": now + 60,
            "jti": self.world.services.ids(Kind.REQUEST),
        }  # fmt: skip
        data = {
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode(
                {"alg": "ES256"} | ({"kid": key.kid} if key.kid else {}), claims, key
            ),
            "token": "x",
        }
        return self.world.client().post("/introspect", data=data).status_code


@pytest.fixture
def site(world: World) -> Site:
    return Site(world)


def test_keys_are_fetched_once_and_kept(site: Site) -> None:
    assert [site.status() for _ in range(3)] == [200, 200, 200]
    assert site.asked == 1
    site.world.clock.pass_by(KEEP)
    assert site.status() == 200
    assert site.asked == 2


def test_an_unknown_kid_makes_us_look_again(site: Site) -> None:
    """A rotated key works with its first use; a minute after a look, not before."""
    assert site.status() == 200
    site.publish(NEW_KEY)
    assert site.status(NEW_KEY) == 401
    assert site.asked == 1
    site.world.clock.pass_by(INTERVAL)
    assert site.status(NEW_KEY) == 200
    assert site.status(CAMPUSPRESS_KEY) == 401
    assert site.asked == 2


def test_nobody_makes_us_hammer_a_site(site: Site) -> None:
    """Whatever `kid` is sent, by whomever."""
    for _ in range(5):
        assert site.status(ECKey.generate_key("P-256", {"kid": "x"}, private=True)) == 401
    assert site.asked == 1


def test_a_site_that_is_down_does_not_lock_the_partner_out(site: Site) -> None:
    """For a day; and while we never got anything, nobody gets in."""
    assert site.status() == 200
    site.text = OutboundFault("down")
    site.world.clock.pass_by(KEEP)
    assert site.status() == 200
    site.world.clock.pass_by(LIMIT)
    assert site.status() == 401


@pytest.mark.parametrize(
    "text", ["x", "[]", "{}", '{"keys": 7}', '{"keys": [7]}', '{"a": 1, "a": 2}', "[" * 9999]
)
def test_what_is_no_key_set_opens_nothing(site: Site, text: str) -> None:
    site.text = text
    assert site.status() == 401


def test_only_keys_that_could_be_registered_count(site: Site) -> None:
    """One for encryption beside it does no harm; a private part makes a key unusable."""
    mine = CAMPUSPRESS_KEY.as_dict(private=False)
    site.text = json.dumps({"keys": [{**mine, "kid": "enc", "use": "enc"}, {"kty": "oct"}, mine]})
    assert site.status() == 200
    site.world.clock.pass_by(KEEP)
    site.text = json.dumps({"keys": [{**mine, "x5u": "https://campuspress.example.org/chain.pem"}]})
    assert site.status() == 200
    site.world.clock.pass_by(KEEP)
    site.text = json.dumps({"keys": [CAMPUSPRESS_KEY.as_dict(private=True)]})
    assert site.status() == 401


def test_rfc7517_4_5_a_key_needs_no_name(site: Site) -> None:
    """Those that fit are tried in turn; a name that no key has may be meant for one without."""
    nameless = [
        {name: value for name, value in key.as_dict(private=False).items() if name != "kid"}
        for key in (RSAKey.generate_key(2048, private=True), NEW_KEY, CAMPUSPRESS_KEY)
    ]
    site.text = json.dumps({"keys": nameless})
    assert site.status() == 200
    stranger = ECKey.generate_key("P-256", {"kid": "campuspress-1"}, private=True)
    assert site.status(stranger) == 401


def test_rfc7515_4_1_4_an_assertion_need_not_name_its_key(site: Site) -> None:
    site.publish(NEW_KEY, CAMPUSPRESS_KEY)
    unnamed = ECKey.import_key(
        {name: value for name, value in CAMPUSPRESS_KEY.as_dict(private=True).items() if name != "kid"}
    )
    assert site.status(unnamed) == 200


def test_request_objects_are_verified_with_them_too(world: World) -> None:
    """RFC 9101 §6.2."""
    site = Site(world, "message_signing = true")
    now = world.clock()
    claims = {
        **REQUEST, "response_mode": "jwt", "iss": "campuspress-shop", "client_id": "campuspress-shop",
        "aud": "https://gateway.example", "nbf": now, "exp": now + 600,
    }  # fmt: skip

    def pushed(key: Any) -> int:
        request = jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key)
        answer = world.post_signed("/par", {"request": request})
        assert answer.status_code == 201 or answer.json()["error"] == "invalid_request_object", answer.text
        return answer.status_code

    assert pushed(CAMPUSPRESS_KEY) == 201
    assert pushed(NEW_KEY) == 400
    site.publish(CAMPUSPRESS_KEY, NEW_KEY)
    world.clock.pass_by(INTERVAL)
    assert pushed(NEW_KEY) == 201


def test_a_renewed_certificate_is_looked_up(make_world: Any) -> None:
    """RFC 8705 §2.2: a self-signed one is found by itself; there is no kid in TLS."""
    world = make_world(client_certificate_header="Client-Cert", trusted_proxies="10.0.0.0/8")
    site = Site(world, method="self_signed_tls_client_auth")
    world.asgi.client = ("10.0.0.1", 443)
    first, second = issue("CN=one", NOW), issue("CN=two", NOW)

    def status(shown: Any) -> int:
        header = {"Client-Cert": f":{base64.b64encode(shown.der).decode()}:"}
        form = {"client_id": "campuspress-shop", "token": "x"}
        return int(world.client().post("/introspect", data=form, headers=header).status_code)

    site.text = json.dumps({"keys": [first.jwk]})
    assert (status(first), status(first), site.asked) == (200, 200, 1)
    site.text = json.dumps({"keys": [second.jwk]})
    world.clock.pass_by(INTERVAL)
    assert (status(second), status(first), site.asked) == (200, 401, 2)
