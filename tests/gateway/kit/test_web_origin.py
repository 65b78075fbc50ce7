"""An issuer that browsers spell otherwise is refused with the right spelling: every form would be answered 403."""

import pytest

from gateway.kit.web_origin import browser_spelling, check_origin_spelling


@pytest.mark.parametrize(
    ("url", "spelled"),
    [
        ("https://gateway.example:443", "https://gateway.example"),
        ("https://gateway.example:0443", "https://gateway.example"),
        ("https://gateway.example:", "https://gateway.example"),
        ("http://localhost:80", "http://localhost"),
        ("https://Gateway.Example", "https://gateway.example"),
        ("HTTPS://gateway.example", "https://gateway.example"),
        ("https://gateway.example.", "https://gateway.example"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://विद्यालय.भारत:8443", "https://xn--j2bsalm0de7i.xn--h2brj9c:8443"),
        ("https://GATEWAY。example", "https://gateway.example"),
        ("https://[0:0::1]:443", "https://[::1]"),
    ],
)
def test_rfc6454_6_2_each_other_spelling_is_told_with_the_right_one(url: str, spelled: str) -> None:
    with pytest.raises(ValueError, match="every form") as caught:
        check_origin_spelling(url)
    assert f"write {spelled} " in str(caught.value)
    check_origin_spelling(spelled)


@pytest.mark.parametrize(
    "url",
    [
        "https://gateway.example",
        "https://gateway.example:8443",
        "http://localhost:8000",
        "http://127.0.0.1:8000",
        "http://[::1]:8000",
        "https://consent_gateway",
        "https://xn--bcher-kva.example",
    ],
)
def test_what_browsers_spell_so_stays(url: str) -> None:
    assert browser_spelling(url) == url
    check_origin_spelling(url)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://127.1", "no IPv4 address"),
        ("https://0x7f.1", "no IPv4 address"),
        ("https://[::zz]", "IPv6|IPv4 or IPv6|does not appear"),
        ("https://[v1.fe]", "no IPv6 address"),
        ("https://a b.example", "no name of a host"),
        ("https://gate%77ay.example", "no name of a host"),
        ("https://gateway.example:99999", "[Pp]ort"),
    ],
)
def test_what_is_no_host_is_refused(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        browser_spelling(url)
