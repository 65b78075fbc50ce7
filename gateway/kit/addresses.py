"""Network addresses, as sockets and proxies spell them, and the networks that attempts are counted by."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_COUNTED = {4: ((32, 1),), 6: ((64, 1), (48, 10))}
"""Prefix lengths by version, with how many times the attempts of one household a network may make.

Whoever has an IPv6 connection chooses freely among 2^64 addresses, and many have a whole /48 (RFC 6177).
"""


def read_address(text: str) -> Address | None:
    """Read an address; None for what is none, such as RFC 7239's ``unknown``.

    A port, brackets and a zone are left out, and an IPv4 address in IPv6's clothes is one of IPv4 (RFC 4291 §2.5.5.2).
    """
    text = text.strip().strip('"')
    if text.startswith("["):
        text, bracket, port = text[1:].partition("]")
        if not bracket or not _is_port(port):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not _is_port(f":{port}"):
            return None
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _is_port(text: str) -> bool:
    return not text or (text[0] == ":" and text[1:].isascii() and text[1:].isdigit() and len(text) <= 6)


def counted_networks(text: str) -> tuple[tuple[str, int], ...]:
    """Name the networks of an address, the narrowest first, each with how many times the attempts it has.

    What cannot be read is one network of its own.
    """
    found = read_address(text)
    if found is None:
        return (("", 1),)
    return tuple(
        (str(ip_network((found, length), strict=False)), times) for length, times in _COUNTED[found.version]
    )
