"""RFC 8705: clients that show a certificate, and tokens that are bound to it."""

import base64
import ipaddress
import json
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from cryptography import x509
from starlette.requests import Request

from gateway.app import open_outbound, read_authorities
from gateway.kit.clock import DAY
from gateway.kit.settings import Settings, SettingsError
from gateway.oauth.proofs.certificates import NOBODY, Authorities, carries_name, confirmation
from gateway.web.oauth.certificates import shown
from partners import read_name
from tests.certificates import Issued, issue
from tests.protocol.campuspress import REQUEST, begin, exchange_form
from tests.world import (
    CAMPUSPRESS_REDIRECT,
    ISSUER,
    NOW,
    PARTNERS,
    World,
    answer_of,
    campuspress_jwks,
    publish,
)

CA = issue("CN=Partners' Authority,O=School Trust,C=IE", NOW, is_authority=True)
STRANGE_CA = issue("CN=Partners' Authority,O=School Trust,C=IE", NOW, is_authority=True)
SUBJECT = "CN=shop,O=CampusPress,C=IN"
NAMES = (
    x509.DNSName("shop.campuspress.example.org"),
    x509.UniformResourceIdentifier("urn:campuspress:shop"),
    x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
    x509.RFC822Name("shop@campuspress.example.org"),
)
SHOP = issue(SUBJECT, NOW, CA, names=NAMES)
OTHER_SHOP = issue("CN=other,O=CampusPress,C=IN", NOW, CA)
OWN = issue("CN=self", NOW)
CLIENT = "campuspress-shop"
HEADER = "Client-Cert"


class Shop:
    """CampusPress behind a proxy that ends the TLS and passes the certificate on."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.asgi.client = ("10.0.0.1", 443)

    def register(self, *lines: str, method: str = "tls_client_auth", jwks: Any = None) -> None:
        """Register CampusPress anew with another method."""
        text = (PARTNERS / "campuspress.toml").read_text()
        text = text.replace('auth_method = "private_key_jwt"', f'auth_method = "{method}"')
        keys = f"jwks = {toml(jwks)}\n" if jwks else ""
        text = text.replace('jwks_file = "campuspress.jwks.json"\n', keys + "\n".join(lines) + "\n")
        self.world.run(lambda: publish(self.world.services, text, version=2, manifest_version=2))

    def post(self, path: str, data: dict[str, str], shown: Issued | None = SHOP, **headers: str) -> Any:
        """Post as the client that the certificate is of."""
        certificate = {HEADER: spelt(shown)} if shown else {}
        return self.world.client().post(
            path, data={"client_id": CLIENT, **data}, headers={**certificate, **headers}
        )

    def code(self) -> str:
        """Push a request and opt in."""
        pushed = self.post("/par", dict(REQUEST))
        assert pushed.status_code == 201, pushed.text
        browser = self.world.signed_in()
        page = browser.open(begin(pushed.json()["request_uri"]), stop_at=CAMPUSPRESS_REDIRECT)
        page = browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT)
        return answer_of(page)["code"]

    def tokens(self) -> dict[str, Any]:
        """Opt in and exchange."""
        answer = self.post("/token", exchange_form(self.code()))
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    def read(self, token: str, shown: Issued | None = SHOP, scheme: str = "Bearer") -> httpx2.Response:
        """Read what the person shares."""
        headers = {"Authorization": f"{scheme} {token}"} | ({HEADER: spelt(shown)} if shown else {})
        return self.world.client().get("/userinfo", headers=headers)


def spelt(certificate: Issued) -> str:
    """Spell a certificate as RFC 9440 does."""
    return f":{base64.b64encode(certificate.der).decode()}:"


def toml(value: Any) -> str:
    """Spell a key set in TOML."""
    return "{ keys = [" + ", ".join(
        "{ " + ", ".join(f"{name} = {json.dumps(each)}" for name, each in key.items()) + " }"
        for key in value["keys"]
    ) + "] }"  # fmt: skip


DN = f'tls_client_auth_subject_dn = "{SUBJECT}"'
BOUND = "tls_client_certificate_bound_access_tokens = true"


@pytest.fixture
def make_shop(make_world: Callable[..., World], tmp_path: Path) -> Callable[..., Shop]:
    (tmp_path / "ca.pem").write_text(CA.pem)

    def make(**changes: Any) -> Shop:
        own: dict[str, Any] = {
            "client_ca": tmp_path / "ca.pem",
            "client_certificate_header": HEADER,
            "trusted_proxies": "10.0.0.0/8",
            "mtls_url": "https://mtls.gateway.example",
        }
        return Shop(make_world(**{**own, **changes}))

    return make


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    found = make_shop()
    found.register(DN, BOUND)
    return found


def test_2_1_a_client_is_who_its_certificate_names(shop: Shop) -> None:
    """Issued by an authority that we know, with the registered subject."""
    assert shop.post("/introspect", {"token": "x"}).json() == {"active": False}
    strange = issue(SUBJECT, NOW, STRANGE_CA)
    for wrong in (OTHER_SHOP, strange, issue(SUBJECT, NOW), OWN, None):
        answer = shop.post("/introspect", {"token": "x"}, wrong)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), wrong


@pytest.mark.parametrize("days", [(-9, -1), (1, 9)])
def test_2_1_a_certificate_has_its_time(shop: Shop, days: tuple[int, int]) -> None:
    """Not before, and no longer (RFC 5280 §4.1.2.5), by our own clock."""
    assert shop.post("/introspect", {"token": "x"}, issue(SUBJECT, NOW, CA, days=days)).status_code == 401


def test_2_1_an_authority_is_no_client(shop: Shop) -> None:
    """Its certificate is for issuing."""
    inner = issue(SUBJECT, NOW, CA, is_authority=True)
    assert shop.post("/introspect", {"token": "x"}, inner).status_code == 401


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("subject_dn", SUBJECT, "CN=shop,O=CampusPress,C=IE"),
        ("san_dns", "shop.campuspress.example.org", "campuspress.example.org"),
        ("san_uri", "urn:campuspress:shop", "urn:campuspress"),
        ("san_ip", "192.0.2.7", "192.0.2.8"),
        ("san_email", "shop@campuspress.example.org", "shop@example.org"),
    ],
)
def test_2_1_2_one_registered_name_counts(name: str, value: str, wrong: str) -> None:
    """Subject, or one kind of alternative name; whatever else the certificate says is of no account."""
    assert carries_name(SHOP.der, (f"tls_client_auth_{name}", value))
    assert not carries_name(SHOP.der, (f"tls_client_auth_{name}", wrong))
    assert not carries_name(OTHER_SHOP.der, (f"tls_client_auth_{name}", value))


def test_2_1_2_a_subject_is_compared_as_a_name() -> None:
    """Not as text: how a letter is escaped is of no account (RFC 4514 §2.4); the order is."""
    assert carries_name(SHOP.der, ("tls_client_auth_subject_dn", r"CN=sh\6fp,O=CampusPress,C=IN"))
    assert not carries_name(SHOP.der, ("tls_client_auth_subject_dn", "C=IN,O=CampusPress,CN=shop"))


@pytest.mark.parametrize(
    "value",
    [
        "cn=shop,o=CampusPress,c=IN",
        "CN=SHOP,O=Campuspress,C=in",
        "CN=shop,2.5.4.10=CampusPress,C=IN",
        "CN=shop,2.5.4.10=#0c0b43616d7075735072657373,C=IN",
        "CN=shop,2.5.4.10=#130b43616d7075735072657373,C=IN",
    ],
)
def test_2_1_2_types_know_no_case_and_values_may_be_in_hexadecimal(value: str) -> None:
    """RFC 4512 §1.4, RFC 4514 §2.4; as Open Banking's certificates have it."""
    assert carries_name(SHOP.der, ("tls_client_auth_subject_dn", value))


def test_2_1_2_an_organisations_identifier_is_found_in_both_spellings() -> None:
    """eIDAS certificates name the company by 2.5.4.97."""
    company = issue("CN=pay,2.5.4.97=PSDIE-CBI-123456,C=IE", NOW, CA)
    for value in (
        "2.5.4.97=PSDIE-CBI-123456",
        "2.5.4.97=#0c105053444945-".replace("-", "") + b"-CBI-123456".hex(),
    ):
        assert carries_name(company.der, ("tls_client_auth_subject_dn", f"CN=pay,{value},C=IE"))


@pytest.mark.parametrize(
    ("length", "head"), [(3, "1303"), (64, "0c40"), (127, "0c7f"), (128, "0c8180"), (200, "0c81c8")]
)
def test_2_1_2_a_value_in_hexadecimal_may_be_as_long_as_it_may_be_as_text(length: int, head: str) -> None:
    """Tag and length do not count (RFC 4514 §2.4)."""
    value = f"2.5.4.13=#{head}{b'x'.hex() * length}"
    assert read_name(value) == read_name("2.5.4.13=" + "x" * length)
    assert read_name("C=#13024945,CN=pay") == read_name("C=IE,CN=pay")


@pytest.mark.parametrize("value", ["#13", "#1302", "#0203010203", "#130349", "#0c8103494949ff"])
def test_2_1_2_what_encodes_no_text_is_no_name(value: str) -> None:
    with pytest.raises(ValueError, match="no text"):
        read_name(f"CN=pay,O={value}")


def test_2_2_a_self_signed_certificate_is_one_of_the_registered_ones(make_shop: Callable[..., Shop]) -> None:
    """It is compared whole; no authority is asked."""
    shop = make_shop(client_ca=None)
    shop.register(BOUND, method="self_signed_tls_client_auth", jwks={"keys": [OWN.jwk]})
    assert shop.post("/introspect", {"token": "x"}, OWN).status_code == 200
    for wrong in (issue("CN=self", NOW), SHOP, None):
        assert shop.post("/introspect", {"token": "x"}, wrong).status_code == 401
    shop.world.clock.pass_by(31 * DAY)
    assert shop.post("/introspect", {"token": "x"}, OWN).status_code == 401


def test_2_a_certificate_is_no_other_clients_way_in(shop: Shop) -> None:
    """QuizCo has a secret: no certificate replaces it; and CampusPress has no secret any more."""
    answer = shop.post("/introspect", {"token": "x", "client_id": "quizco-web"})
    assert answer.status_code == 401
    assert shop.world.post_signed("/introspect", {"token": "x"}).status_code == 401


def test_3_tokens_are_bound_and_nobody_else_uses_them(shop: Shop) -> None:
    """§3.1, §3.2: the certificate's digest in introspection, and another certificate opens nothing."""
    tokens = shop.tokens()
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 900
    assert shop.read(tokens["access_token"]).json()["name"] == "Asha Rao"
    for wrong in (OTHER_SHOP, None):
        refused = shop.read(tokens["access_token"], wrong)
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")
    alive = shop.post("/introspect", {"token": tokens["access_token"]}).json()
    assert alive["cnf"] == {"x5t#S256": confirmation(SHOP.der).removeprefix("x5t#S256:")}
    assert alive["token_type"] == "Bearer"


@pytest.mark.parametrize(("path", "method"), [("/release", "POST"), ("/grants/{}", "GET")])
def test_3_bound_tokens_are_bound_at_every_resource(shop: Shop, path: str, method: str) -> None:
    """Typed reading and Grant Management too: without the certificate the token is as good as unknown."""
    tokens = shop.tokens()
    for certificate, status in ((SHOP, (200, 403)), (OTHER_SHOP, (401,)), (None, (401,))):
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        headers |= {HEADER: spelt(certificate)} if certificate else {}
        answer = shop.world.client().request(method, path.format(tokens["grant_id"]), headers=headers)
        assert answer.status_code in status


def test_3_a_proof_of_a_key_does_not_stand_in_for_the_certificate(shop: Shop) -> None:
    """One binding a token (RFC 9449 §7.1)."""
    token = shop.tokens()["access_token"]
    assert shop.world.read_signed(token).status_code == 401


def test_3_a_key_bound_token_takes_no_certificate_instead(make_shop: Callable[..., Shop]) -> None:
    """Without the registration's word a fapi2 client proves a DPoP key, whatever its connection shows."""
    shop = make_shop()
    shop.register(DN)
    code = shop.code()
    refused = shop.post("/token", exchange_form(code))
    assert refused.json()["error"] == "invalid_dpop_proof"
    tokens = shop.post("/token", exchange_form(code), DPoP=shop.world.proof("/token")).json()
    assert tokens["token_type"] == "DPoP"
    assert shop.read(tokens["access_token"]).status_code == 401
    assert shop.world.read_signed(tokens["access_token"]).status_code == 200


def test_3_whoever_shows_no_certificate_gets_no_bound_token(make_shop: Callable[..., Shop]) -> None:
    """A client may sign who it is and bind its tokens all the same: then both are needed."""
    shop = make_shop()
    shop.register(BOUND, method="private_key_jwt", jwks=json.loads(campuspress_jwks()))
    assertion = {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": shop.world.assertion(),
    }
    answer = shop.post("/token", {**exchange_form("x"), **assertion}, None)
    assert answer.json()["error"] == "invalid_request"
    assert "certificate" in answer.json()["error_description"]


def test_4_a_refresh_token_outlives_the_certificate(shop: Shop) -> None:
    """It is bound to the client, which authenticates: the renewed certificate gets tokens bound to itself."""
    tokens = shop.tokens()
    renewed = issue(SUBJECT, NOW, CA)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    fresh = shop.post("/token", form, renewed).json()
    assert fresh["refresh_token"] == tokens["refresh_token"]
    assert shop.read(fresh["access_token"], renewed).status_code == 200
    assert shop.read(fresh["access_token"], SHOP).status_code == 401
    assert shop.post("/token", form, OTHER_SHOP).status_code == 401


def test_4_revocation_takes_the_certificate_too(shop: Shop) -> None:
    """As every endpoint where clients authenticate."""
    tokens = shop.tokens()
    form = {"token": tokens["refresh_token"]}
    assert shop.post("/revoke", form, OTHER_SHOP).status_code == 401
    assert shop.post("/revoke", form).status_code == 200
    assert shop.read(tokens["access_token"]).status_code == 401


def test_5_the_metadata_says_where(shop: Shop, world: World) -> None:
    """And says nothing where certificates are not asked for."""
    document = shop.world.client().get("/.well-known/oauth-authorization-server").json()
    assert document["tls_client_certificate_bound_access_tokens"] is True
    for name, address in document["mtls_endpoint_aliases"].items():
        assert address == document[name].replace(ISSUER, "https://mtls.gateway.example")
    assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(
        document["token_endpoint_auth_methods_supported"]
    )
    plain = world.client().get("/.well-known/oauth-authorization-server").json()
    assert "mtls_endpoint_aliases" not in plain
    assert "tls_client_auth" not in plain["token_endpoint_auth_methods_supported"]


def test_5_a_proof_names_either_address_and_is_used_up_at_both(shop: Shop) -> None:
    """Whoever authenticates at the alias writes the alias into its proofs (RFC 9449 §4.2)."""
    proof = shop.world.proof("/par", htu="https://mtls.gateway.example/par")
    assert shop.post("/par", dict(REQUEST), DPoP=proof).status_code == 201
    assert shop.post("/par", dict(REQUEST), DPoP=proof).json()["error"] == "invalid_dpop_proof"
    assert shop.post("/par", dict(REQUEST), DPoP=shop.world.proof("/par")).status_code == 201
    elsewhere = shop.world.proof("/par", htu="https://evil.example/par")
    assert shop.post("/par", dict(REQUEST), DPoP=elsewhere).json()["error"] == "invalid_dpop_proof"


def test_5_without_an_alias_there_is_one_address(world: World) -> None:
    proof = world.proof("/par", htu="/par")
    assert world.post_signed("/par", REQUEST, proof=proof).json()["error"] == "invalid_dpop_proof"


def test_6_5_only_a_trusted_proxy_is_believed(shop: Shop) -> None:
    """From anywhere else the header is somebody's claim."""
    shop.world.asgi.client = ("192.0.2.1", 443)
    assert shop.post("/introspect", {"token": "x"}).status_code == 401
    shop.world.asgi.client = None  # type: ignore[assignment]  # a server on a Unix socket has none
    assert shop.post("/introspect", {"token": "x"}).status_code == 401


def test_6_5_the_header_comes_as_proxies_write_it(shop: Shop) -> None:
    """RFC 9440, percent-encoded PEM as nginx sends it, or a whole chain as AWS ALB does; nothing that is joined."""
    nginx = quote(SHOP.pem)
    assert shop.post("/introspect", {"token": "x"}, None, **{HEADER: nginx}).status_code == 200
    for unreadable in (":AAAA:", ":#:", "-----BEGIN CERTIFICATE-----", "x", ":" + "A" * 20_000 + ":"):
        answer = shop.post("/introspect", {"token": "x"}, None, **{HEADER: unreadable})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), unreadable
    assert shop.post("/introspect", {"token": "x"}, None, **{HEADER: ""}).status_code == 401
    chain = quote(SHOP.pem + CA.pem, safe="+=/")
    assert shop.post("/introspect", {"token": "x"}, None, **{HEADER: chain}).status_code == 200
    joined = (
        f"{spelt(SHOP)}, {spelt(OTHER_SHOP)}",
        quote(SHOP.pem) + "," + quote(OTHER_SHOP.pem),
        quote(SHOP.pem + OTHER_SHOP.pem),
        quote(CA.pem + SHOP.pem),
        quote(SHOP.pem + "x"),
    )
    for several in joined:
        answer = shop.post("/introspect", {"token": "x"}, None, **{HEADER: several})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), several
    twice = httpx2.Headers([(HEADER, spelt(SHOP)), (HEADER, spelt(SHOP))])
    answer = shop.world.client().post("/introspect", data={"token": "x", "client_id": CLIENT}, headers=twice)
    assert answer.status_code == 400


def test_6_5_our_own_tls_comes_before_any_header(shop: Shop) -> None:
    """What the connection itself showed is known for certain (ASGI's TLS extension)."""
    scope = {
        "type": "http",
        "headers": [(HEADER.lower().encode(), spelt(OTHER_SHOP).encode())],
        "extensions": {"tls": {"client_cert_chain": [SHOP.pem]}},
    }
    assert shown(Request(scope)) == SHOP.der


def test_the_authorities_are_read_at_start(tmp_path: Path) -> None:
    """A file that holds none is told, not passed over."""
    file = tmp_path / "ca.pem"
    for text in (None, "nothing"):
        if text:
            file.write_text(text)
        with pytest.raises(SettingsError, match="client_ca"):
            read_authorities(Settings(client_ca=file))
    file.write_text(CA.pem)
    assert read_authorities(Settings(client_ca=file)).vouch_for(SHOP.der, NOW)
    assert not NOBODY.vouch_for(SHOP.der, NOW)
    assert not Authorities.from_pem(CA.pem.encode()).vouch_for(b"no certificate", NOW)


@pytest.mark.parametrize("url", ["http://mtls.example", "https://", "https://mtls.example/x"])
def test_the_address_for_certificates_is_one(url: str) -> None:
    with pytest.raises(ValueError, match="https://host"):
        Settings(mtls_url=url)


def test_what_partners_servers_are_certified_by_is_read_at_start(tmp_path: Path) -> None:
    """`outbound_ca` adds to the system's authorities; a file that is not there is told."""
    file = tmp_path / "more.pem"
    with pytest.raises(SettingsError, match="outbound_ca"):
        open_outbound(Settings(outbound_ca=file))
    file.write_text(CA.pem)
    opened = open_outbound(Settings(outbound_ca=file, outbound_networks="10.0.0.0/8, fd00::/8"))
    assert isinstance(opened.context, ssl.SSLContext)
    assert [str(each) for each in opened.networks] == ["10.0.0.0/8", "fd00::/8"]
    assert open_outbound(Settings()).context is True
    for settings in (Settings(outbound_ca=file), Settings()):
        assert open_outbound(settings).allow_loopback is not settings.is_production
        assert not open_outbound(settings.model_copy(update={"environment": "production"})).allow_loopback
