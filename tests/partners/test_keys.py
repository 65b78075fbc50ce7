"""Only the public part of a strong signing key is registered (RFC 7517, RFC 7518, FAPI 2.0 §5.4)."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from partners import parse_manifest
from partners.keys import jwks_faults
from tests.certificates import issue
from tests.partners.samples import (
    CAMPUSPRESS,
    EC_KEY,
    JWKS,
    OKP_KEY,
    RSA_KEY,
    b64,
    faults_of,
    read_campuspress,
    read_quizco,
)


def faults(*keys):
    return dict(jwks_faults({"keys": list(keys)}))


@pytest.mark.parametrize(
    "key", [EC_KEY, RSA_KEY, OKP_KEY, {**OKP_KEY, "alg": "Ed25519", "key_ops": ["verify"]}]
)
def test_good_keys(key):
    assert faults(key) == {}


def test_a_generated_key_is_good():
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    assert faults({"kty": "EC", "crv": "P-256", "kid": "1", "x": b64(numbers.x), "y": b64(numbers.y)}) == {}


@pytest.mark.parametrize(
    ("key", "at", "part"),
    [
        *((EC_KEY | {name: "AQAB"}, name, "private part") for name in ("d", "p", "q", "dp", "dq", "qi", "k")),
        (RSA_KEY | {"oth": []}, "oth", "private part"),
        (EC_KEY | {"kty": "oct"}, "kty", "symmetric"),
        (EC_KEY | {"kty": "AKP"}, "kty", "no usable key type"),
        (EC_KEY | {"kty": None}, "kty", "no usable key type"),
        (EC_KEY | {"kid": ""}, "kid", "needs an id"),
        (EC_KEY | {"kid": 7}, "kid", "needs an id"),
        (EC_KEY | {"kid": "a\nb"}, "kid", "needs an id"),
        (EC_KEY | {"use": "enc"}, "use", "sig"),
        (EC_KEY | {"key_ops": ["sign"]}, "key_ops", "verify"),
        (EC_KEY | {"alg": "HS256"}, "alg", "ES256"),
        (EC_KEY | {"alg": "none"}, "alg", "ES256"),
        (EC_KEY | {"alg": ["ES256"]}, "alg", "ES256"),
        (EC_KEY | {"x5u": "https://a.example.org/c"}, "x5u", "not fetched"),
        (EC_KEY | {"crv": "secp256k1"}, "crv", "P-256"),
        (EC_KEY | {"x": b64(1, 31)}, "x", "32 bytes"),
        (EC_KEY | {"y": None}, "y", "32 bytes"),
        (EC_KEY | {"y": "+" * 43}, "y", "32 bytes"),
        (EC_KEY | {"y": "A"}, "y", "32 bytes"),
        (EC_KEY | {"x": b64(7)}, "", "curve"),
        (EC_KEY | {"x": b64(2**256 - 1)}, "", "curve"),
        (RSA_KEY | {"alg": "RS256"}, "alg", "PS256"),
        (RSA_KEY | {"n": b64(2**1023 + 1, 128)}, "n", "1024 bits"),
        (RSA_KEY | {"n": b64(2**16000 + 1, 2001)}, "n", "16001 bits"),
        (RSA_KEY | {"n": b64(2**2047, 256)}, "n", "even"),
        (RSA_KEY | {"n": "not base64url!"}, "n", "no number"),
        (RSA_KEY | {"e": "Aw"}, "e", "AQAB"),
        (RSA_KEY | {"e": b64(65538, 3)}, "e", "AQAB"),
        (RSA_KEY | {"e": b64(2**40 + 1, 6)}, "e", "AQAB"),
        (RSA_KEY | {"e": None}, "e", "AQAB"),
        (OKP_KEY | {"crv": "X25519"}, "crv", "Ed25519"),
        (OKP_KEY | {"x": b64(bytes(31))}, "x", "32 bytes"),
    ],
)
def test_a_bad_key_has_one_fault_at_the_member(key, at, part):
    found = faults(key)
    assert found.keys() == {f"keys[0].{at}" if at else "keys[0]"}
    assert part in found.popitem()[1]


@pytest.mark.parametrize("jwks", [None, [], "x", {}, {"keys": {}}, {"keys": "x"}])
def test_what_is_no_key_set(jwks):
    assert [key for key, _ in jwks_faults(jwks)] == [""]


def test_a_key_set_holds_1_to_10_keys_with_their_own_ids():
    assert "0 keys" in faults()["keys"]
    assert "11 keys" in faults(*({**EC_KEY, "kid": str(number)} for number in range(11)))["keys"]
    assert "earlier key" in faults(EC_KEY, {**RSA_KEY, "kid": "ec-1"})["keys[1].kid"]
    assert "no key" in faults(EC_KEY, "x")["keys[1]"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from([EC_KEY, RSA_KEY, OKP_KEY]), st.data())
def test_any_change_of_a_member_gets_an_answer(key, data):
    name = data.draw(st.sampled_from(sorted(key)))
    list(jwks_faults({"keys": [key | {name: data.draw(json_values)}]}))


def test_only_what_verification_needs_is_kept():
    (client,) = read_campuspress(jwks={"keys": [EC_KEY | {"note": "x", "x5t": "y"}]}).clients
    assert client.jwks == JWKS


FILE = 'jwks_file = "campuspress.jwks.json"'


def test_the_faults_of_a_key_file_are_faults_of_the_manifest():
    found = faults_of(read_campuspress, jwks={"keys": [EC_KEY | {"d": "AQAB"}]})
    assert found.keys() == {"client[0].jwks_file.keys[0].d"}


def test_keys_can_stand_in_the_manifest():
    inline = (
        "jwks = { keys = [{ " + ", ".join(f'{name} = "{value}"' for name, value in EC_KEY.items()) + " }] }"
    )
    assert read_campuspress((FILE, inline)).clients[0].jwks == JWKS
    found = faults_of(read_campuspress, (FILE, inline.replace('kty = "EC"', 'kty = "oct"')))
    assert found.keys() == {"client[0].jwks.keys[0].kty"}
    assert faults_of(read_campuspress, (FILE, inline + "\n" + FILE)).keys() == {"client[0].jwks_file"}


def test_private_key_jwt_needs_keys_and_secrets_need_none():
    assert "needs the public keys" in faults_of(read_campuspress, (FILE, ""))["client[0].jwks_file"]
    method = 'auth_method = "client_secret_basic"'
    found = faults_of(
        read_quizco, (method, method + '\njwks_file = "x.json"'), files={"x.json": json.dumps(JWKS)}
    )
    assert found == {
        "client[0].jwks_file": "keys are for private_key_jwt only, or self_signed_tls_client_auth: "
        "leave them out or change auth_method"
    }


@pytest.mark.parametrize(
    "name", ["../x.json", "/etc/x.json", "a/b.json", ".x.json", "x.pem", "x..json", "C:x.json", ""]
)
def test_a_key_file_lies_beside_the_manifest(name):
    found = faults_of(read_campuspress, ("campuspress.jwks.json", name))
    assert "no plain file name" in found["client[0].jwks_file"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (None, "is missing"),
        ("{", "is no JSON"),
        ('{"keys": [], "keys": []}', "written twice"),
        ("[" * 90_000, "nested"),
    ],
)
def test_a_key_file_that_cannot_be_read(text, part):
    files = {} if text is None else {"campuspress.jwks.json": text}
    found = faults_of(lambda: parse_manifest(CAMPUSPRESS, file="c.toml", allow_loopback=True, files=files))
    assert part in found["client[0].jwks_file"]


METHOD = 'auth_method = "private_key_jwt"'
CERTIFICATE = issue("CN=self", 1_795_000_000)


@pytest.mark.parametrize(
    ("line", "key", "part"),
    [
        ('tls_client_auth_subject_dn = "CN=shop,C=IN"', None, None),
        ('tls_client_auth_san_dns = "shop.example.org"', None, None),
        ('tls_client_auth_san_ip = "192.0.2.1"', None, None),
        ('tls_client_auth_san_uri = "urn:shop"', None, None),
        ('tls_client_auth_san_email = "shop@example.org"', None, None),
        ("", "auth_method", "needs exactly one of"),
        ('tls_client_auth_subject_dn = "shop"', "tls_client_auth_subject_dn", "no distinguished name"),
        ('tls_client_auth_subject_dn = ""', "tls_client_auth_subject_dn", "empty"),
        ("tls_client_auth_subject_dn = 7", "tls_client_auth_subject_dn", "text in quotes"),
        ('tls_client_auth_san_ip = "192.0.2"', "tls_client_auth_san_ip", "no IP address"),
        ('tls_client_auth_san_email = "shop"', "tls_client_auth_san_email", "no e-mail"),
        ('tls_client_auth_san_dns = ""', "tls_client_auth_san_dns", "empty"),
        (
            'tls_client_auth_san_ip = "192.0.2.1"\ntls_client_auth_san_dns = "a.example.org"',
            "auth_method",
            "needs exactly one of",
        ),
    ],
)
def test_a_certificate_is_known_by_one_name(line, key, part):
    """RFC 8705 §2.1.2."""
    changes = (METHOD, METHOD.replace("private_key_jwt", "tls_client_auth")), (FILE, line)
    if key is None:
        name, value = line.replace('"', "").split(" = ")
        assert read_campuspress(*changes).clients[0].tls_client_auth_subject == (name, value)
    else:
        assert part in faults_of(read_campuspress, *changes)[f"client[0].{key}"]


def test_a_certificates_name_is_for_its_own_method():
    found = faults_of(read_campuspress, (METHOD, METHOD + '\ntls_client_auth_san_dns = "a.example.org"'))
    assert "leave it out" in found["client[0].tls_client_auth_san_dns"]


def test_a_self_signed_certificate_stands_in_the_keys():
    """RFC 8705 §2.2.2, RFC 7517 §4.7."""
    changes = [(METHOD, METHOD.replace("private_key_jwt", "self_signed_tls_client_auth"))]
    assert "no key has an x5c" in faults_of(read_campuspress, *changes)["client[0].jwks_file"]
    (client,) = read_campuspress(*changes, jwks={"keys": [CERTIFICATE.jwk]}).clients
    assert client.jwks["keys"][0]["x5c"] == CERTIFICATE.jwk["x5c"]
    inline = 'jwks = { keys = [{ kty = "oct" }] }'
    assert faults_of(read_campuspress, *changes, (FILE, inline)).keys() == {
        "client[0].jwks.keys[0].kid",
        "client[0].jwks.keys[0].kty",
    }


@pytest.mark.parametrize("x5c", ["x", [], [7], ["x"], ["AAAA"], CERTIFICATE.jwk["x5c"] * 6])
def test_a_certificate_that_is_none_is_refused(x5c):
    assert [name for name, _ in jwks_faults({"keys": [EC_KEY | {"x5c": x5c}]})] == ["keys[0].x5c"]


def test_whoever_signs_messages_needs_keys_besides_a_certificate():
    """RFC 9101 §6.2."""
    changes = (METHOD, METHOD.replace("private_key_jwt", "tls_client_auth")), (FILE, "message_signing = true")
    found = faults_of(read_campuspress, *changes)
    assert "message_signing needs the public keys" in found["client[0].jwks_file"]


def test_keys_can_be_fetched_instead():
    """RFC 7591 §2: jwks_uri, https only, and not beside keys of the manifest."""
    address = 'jwks_uri = "https://campuspress.example.org/jwks.json"'
    (client,) = read_campuspress((FILE, address)).clients
    assert (client.jwks, client.jwks_uri) == (None, "https://campuspress.example.org/jwks.json")
    assert "keep one" in faults_of(read_campuspress, (FILE, f"{FILE}\n{address}"))["client[0].jwks_uri"]
    for wrong in ("http://campuspress.example.org/j", "https://127.0.0.2/j", "file:///etc/passwd"):
        line = f'jwks_uri = "{wrong}"'
        assert faults_of(read_campuspress, (FILE, line)).keys() == {"client[0].jwks_uri"}
