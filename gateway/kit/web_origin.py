"""How browsers spell the origin of an address (URL Standard §4.4, RFC 6454 §6.2): other spellings are other origins."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

import idna

_DEFAULT_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*", re.ASCII)
_LOOKS_LIKE_IPV4 = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.ASCII | re.IGNORECASE)


def check_origin_spelling(url: str) -> None:
    """Refuse an origin that browsers would spell otherwise: it is compared byte by byte, and so is an issuer.

    Raises:
        ValueError: with the spelling that browsers use.
    """
    spelled = browser_spelling(url)
    if url != spelled:
        raise ValueError(
            f"must be spelled as browsers do, or they refuse every form: write {spelled} (lower case, no port that "
            "is the default one, no dot at the end, other scripts as xn--…)"
        )


def browser_spelling(url: str) -> str:
    """Spell an address of scheme, host and port as a browser's ``Origin`` does.

    Raises:
        ValueError: the host or the port is none.
    """
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    # A dot at the end is an origin of its own to a browser, whose certificates and cookies are not those of the name.
    host = _host((parts.hostname or "").rstrip("."), parts)
    port = parts.port
    return f"{scheme}://{host}" + (f":{port}" if port is not None and port != _DEFAULT_PORTS[scheme] else "")


def _host(host: str, parts: SplitResult) -> str:
    if "[" in parts.netloc:
        try:
            return f"[{IPv6Address(host)}]"
        except AddressValueError:
            raise ValueError(f"{host} is no IPv6 address") from None
    if _LOOKS_LIKE_IPV4.fullmatch(host):
        try:
            return str(IPv4Address(host))
        except AddressValueError:
            raise ValueError(f"{host} is no IPv4 address: write four numbers") from None
    if _NAME.fullmatch(host):
        return host
    try:
        return idna.encode(host, uts46=True, std3_rules=True).decode()
    except idna.IDNAError as error:
        raise ValueError(f"{host} is no name of a host: {error}") from None
