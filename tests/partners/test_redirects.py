"""Redirect URIs are registered exactly and compared exactly (RFC 6749 §3.1.2, RFC 9700 §2.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners import redirect_uri_matches
from partners.redirects import redirect_uri_fault, url_fault
from tests.partners.samples import faults_of, read_quizco

GOOD = [
    "https://app.example.org/cb",
    "https://app.example.org/",
    "https://app.example.org:8443/a/b?x=1&next=%2Fhome",
    "https://xn--bcher-kva.example.org/cb",
    "https://localhost.example.org/cb",
    "https://a.co/" + "p" * 387,
]
BAD = [
    ("http://app.example.org/cb", "https://"),
    ("HTTPS://app.example.org/cb", "https://"),
    ("https:app.example.org/cb", "https://"),
    ("//app.example.org/cb", "https://"),
    ("/cb", "https://"),
    ("", "https://"),
    ("javascript:alert(1)", "https://"),
    ("com.example.app:/cb", "https://"),
    ("https://app.example.org", "path"),
    (f"https://app.example.org/{'c' * 400}", "longer than 400"),
    ("https://app.example.org/cb#", "fragment"),
    ("https://app.example.org/cb#top", "fragment"),
    ("https://*.example.org/cb", "wildcard"),
    ("https://app.example.org/*", "wildcard"),
    ("https://user@app.example.org/cb", "user name"),
    ("https://app.example.org@evil.example.net/cb", "user name"),
    ("https://:@app.example.org/cb", "user name"),
    ("https://app.example.org\\@evil.example.net/cb", "RFC 3986"),
    ("https://app.example.org /cb", "RFC 3986"),
    ("https://app.example.org/cb\n", "RFC 3986"),
    ("\thttps://app.example.org/cb", "RFC 3986"),
    ("https://bücher.example.org/cb", "RFC 3986"),
    ("https://APP.example.org/cb", "lower-case"),
    ("https://app.example.org./cb", "lower-case"),
    ("https://-app.example.org/cb", "lower-case"),
    ("https:///cb", "lower-case"),
    ("https://" + "a" * 64 + ".org/cb", "lower-case"),
    ("https://" + ".".join(["abcdefgh"] * 29) + "/cb", "lower-case"),
    ("https://[2001:db8::1]/cb", "lower-case"),
    ("https://[/cb", "no address"),
    ("https://203.0.113.7/cb", "number"),
    ("https://3405803783/cb", "number"),
    ("https://0xcb007107/cb", "number"),
    ("https://127.1/cb", "number"),
    ("https://intranet/cb", "full host name"),
    ("https://app.localhost/cb", "full host name"),
    ("https://localhost/cb", "full host name"),
    ("https://app.example.org:/cb", "port"),
    ("https://app.example.org:0/cb", "port"),
    ("https://app.example.org:0443/cb", "port"),
    ("https://app.example.org:65536/cb", "port"),
    ("https://app.example.org:x/cb", "port"),
    ("https://app.example.org/a/../cb", "step"),
    ("https://app.example.org/a/%2e%2E/cb", "step"),
    ("https://app.example.org/./cb", "step"),
    ("https://app.example.org/a%2fcb", "slash"),
    ("https://app.example.org/a%5Ccb", "slash"),
    ("https://app.example.org/a%00", "control"),
    ("https://app.example.org/cb?x=%0d%0aSet-Cookie:", "control"),
    ("https://app.example.org/a%zz", "percent-encoding"),
    ("https://app.example.org/cb?code=1", "code"),
    ("https://app.example.org/cb?a=1&iss", "iss"),
    ("https://app.example.org/" + "a" * 2000, "longer"),
]


@pytest.mark.parametrize("uri", GOOD)
def test_good_ones(uri):
    assert redirect_uri_fault(uri, allow_loopback=False) is None


@pytest.mark.parametrize(("uri", "part"), BAD)
def test_bad_ones(uri, part):
    fault = redirect_uri_fault(uri, allow_loopback=False)
    assert fault
    assert part in fault


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_rfc8252_7_3_loopback_hosts_are_for_development_only(host):
    for uri in (f"http://{host}:8100/cb", f"https://{host}/cb"):
        assert redirect_uri_fault(uri, allow_loopback=True) is None
        assert redirect_uri_fault(uri, allow_loopback=False)


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost.example.org/cb",
        "http://127.0.0.2/cb",
        "http://127.0.0.1.example.org/cb",
        "http://LOCALHOST/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "http://0/cb",
        "http://user@localhost/cb",
        "http://app.example.org/localhost",
    ],
)
def test_what_only_looks_like_loopback_is_refused_in_development_too(uri):
    assert redirect_uri_fault(uri, allow_loopback=True)


@given(st.text())
def test_any_text_gets_an_answer_that_a_terminal_can_print(text):
    fault = redirect_uri_fault(text, allow_loopback=True)
    assert fault is None or fault.isprintable()


def test_a_policy_needs_no_path():
    assert url_fault("https://quizco.example.org", allow_loopback=False) is None


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example.org/cb/",
        "https://app.example.org/cb?",
        "https://app.example.org/cb?x=1",
        "https://app.example.org:443/cb",
        "https://APP.example.org/cb",
        "https://app.example.org/%63b",
        "https://app.example.org/cb ",
        "http://app.example.org/cb",
        "https://app.example.org/",
        "",
    ],
)
def test_rfc9700_2_1_only_the_same_code_points_match(uri):
    registered = ("https://app.example.org/cb", "http://127.0.0.1:8100/cb")
    assert redirect_uri_matches(registered, registered[0])
    assert not redirect_uri_matches(registered, uri)
    assert not redirect_uri_matches(registered, "http://127.0.0.1:9999/cb")


@given(st.lists(st.text()), st.text())
def test_matching_is_membership(registered, uri):
    assert redirect_uri_matches(registered, uri) == (uri in registered)


URIS = 'redirect_uris = ["http://localhost:8100/quizco/callback"]'


@pytest.mark.parametrize(
    ("uris", "sector", "sector_of_client"),
    [
        (["https://a.example.org/cb"], None, "a.example.org"),
        (["https://a.example.org/cb", "https://a.example.org/other"], None, "a.example.org"),
        (["https://a.example.org/cb", "https://b.example.org/cb"], "example.org", "example.org"),
        (["https://a.example.org/cb", "https://example.org/cb"], "example.org", "example.org"),
        (["http://localhost:1/cb"], "localhost", "localhost"),
    ],
)
def test_oidc_core_8_1_a_client_has_one_sector(uris, sector, sector_of_client):
    line = f"redirect_uris = {uris}" + (f'\nsector_identifier = "{sector}"' if sector else "")
    assert read_quizco((URIS, line)).clients[0].sector == sector_of_client


@pytest.mark.parametrize(
    ("uris", "sector", "part"),
    [
        (["https://a.example.org/cb", "https://b.example.org/cb"], None, "2 hosts"),
        (["https://a.example.org/cb"], "b.example.org", "does not belong"),
        (["https://bexample.org/cb"], "example.org", "does not belong"),
        (["https://a.example.org/cb"], "https://a.example.org", "lower-case"),
        (["https://a.example.org/cb"], "org", "full host name"),
    ],
)
def test_oidc_core_8_1_nobody_claims_the_sector_of_others(uris, sector, part):
    line = f"redirect_uris = {uris}" + (f'\nsector_identifier = "{sector}"' if sector else "")
    found = faults_of(read_quizco, (URIS, line))
    assert part in found["client[0].sector_identifier"]


def test_the_same_redirect_uri_is_registered_once():
    uri = "https://a.example.org/cb"
    found = faults_of(read_quizco, (URIS, f"redirect_uris = {[uri, uri]}"))
    assert "twice" in found["client[0].redirect_uris"]
