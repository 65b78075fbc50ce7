"""Addresses as proxies spell them, and the networks that attempts are counted by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.addresses import counted_networks, read_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("198.51.100.7", "198.51.100.7"),
        (" 198.51.100.7\t", "198.51.100.7"),
        ("198.51.100.7:4711", "198.51.100.7"),
        ("198.51.100.7:65535", "198.51.100.7"),
        ('"198.51.100.7:4711"', "198.51.100.7"),
        ("[198.51.100.7]", "198.51.100.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("2001:DB8:0:0::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("[::ffff:198.51.100.7]:443", "198.51.100.7"),
        ("::ffff:c633:6407", "198.51.100.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
        ("", None),
        ("unknown", None),
        ("_hidden", None),
        ("198.51.100", None),
        ("198.51.100.256", None),
        ("198.51.100.7:", None),
        ("198.51.100.7:http", None),
        ("198.51.100.7:4711:1", None),
        ("198.51.100.7:123456", None),
        ("198.51.100.7 ", "198.51.100.7"),
        ("198.51.100.07", None),
        ("[2001:db8::7", None),
        ("[2001:db8::7]x", None),
        ("2001:db8::7]:443", None),
        ("2001:db8::7:4711:::", None),
        ("१९८.51.100.7", None),
        ("0x7f000001", None),
    ],
)
def test_an_address_is_read_however_a_proxy_spells_it(text: str, address: str | None) -> None:
    assert read_address(text) == (None if address is None else read_address(address))
    assert str(read_address(text)) == str(address)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading(text: str) -> None:
    assert counted_networks(text)


def test_whoever_has_an_ipv6_connection_is_counted_as_one() -> None:
    """A household has 2^64 addresses at least; many have a /48, which gets ten times as much and no more."""
    one, near, far = map(counted_networks, ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"))
    assert one == near == (("2001:db8:1:2::/64", 1), ("2001:db8:1::/48", 10))
    assert one[0] != far[0]
    assert one[1] == far[1]
    assert counted_networks("198.51.100.7:1") == counted_networks("::ffff:198.51.100.7")
    assert counted_networks("198.51.100.7") == (("198.51.100.7/32", 1),)
    assert counted_networks("garbage") == counted_networks("") == (("", 1),)
