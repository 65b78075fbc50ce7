"""Addresses that a partner registers, and how a request's redirect_uri is compared with them."""

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from partners.faults import shown

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
_MOST_CHARACTERS = 2000
_MOST_TO_ANSWER = 400
"""Characters of a redirect URI: with the longest answer behind it an address stays under 2,000 (decision 71)."""
_ALLOWED = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%#-]*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MOST_HOST_CHARACTERS = 253
# The WHATWG URL standard reads a host whose last label is one of these as an IPv4 address.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_HIGHEST_PORT = 65535
# Our own answer adds these; a registered one would come twice (RFC 6749 §4.1.2, RFC 9207 §2, JARM §2.3).
_ANSWER_PARAMETERS = frozenset(
    {"code", "state", "iss", "error", "error_description", "error_uri", "response"}
)


def redirect_uri_matches(registered: Iterable[str], uri: str) -> bool:
    """Answer whether a redirect URI is registered, by equality of code points (RFC 9700 §2.1)."""
    return any(each == uri for each in registered)


def redirect_uri_fault(uri: str, *, allow_loopback: bool) -> str | None:
    """Say what is wrong with a redirect URI to be registered (RFC 6749 §3.1.2, RFC 9700 §2.1)."""
    if "*" in uri:
        return f"{shown(uri)} holds a wildcard: register each address in full"
    fault = url_fault(uri, allow_loopback=allow_loopback)
    if fault:
        return fault
    if len(uri) > _MOST_TO_ANSWER:
        return f"{shown(uri)} is longer than {_MOST_TO_ANSWER} characters, and the answer is added to it"
    parts = urlsplit(uri)
    if not parts.path:
        return f"{shown(uri)} needs a path, for some clients add one: write at least a / after the host"
    names = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    clash = sorted(names & _ANSWER_PARAMETERS)
    if clash:
        return f"{shown(uri)} has the query parameter {clash[0]}, which the answer adds: rename it"
    return None


def url_fault(url: str, *, allow_loopback: bool) -> str | None:
    """Say what is wrong with an https address; http is for loopback hosts only, and only when allowed."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"{shown(url)} is no address"
    fault = _characters_fault(url) or _scheme_fault(url) or _authority_fault(parts, allow_loopback)
    fault = fault or _path_fault(parts)
    return f"{shown(url)} {fault}" if fault else None


def leads_to_loopback(url: str) -> bool:
    """Whether an address is one of this machine's own, where development may do without TLS (RFC 8252 §7.3)."""
    return _host_and_port(urlsplit(url).netloc)[0] in LOOPBACK_HOSTS


def host_fault(host: str) -> str | None:
    """Say what is wrong with a host name (RFC 1123 §2.1), which may be no IP address in any notation."""
    labels = host.split(".")
    if len(host) > _MOST_HOST_CHARACTERS or not all(_LABEL.fullmatch(label) for label in labels):
        return "needs a host name in lower-case ASCII; write other scripts in their xn-- form"
    if _NUMBER.fullmatch(labels[-1]):
        return "names a number instead of a host: write the host's name"
    if len(labels) == 1 or labels[-1] == "localhost":
        return "needs a full host name with a domain"
    return None


def _characters_fault(url: str) -> str | None:
    if len(url) > _MOST_CHARACTERS:
        return f"is longer than {_MOST_CHARACTERS} characters"
    if not _ALLOWED.fullmatch(url):
        return "holds a character that RFC 3986 does not allow: percent-encode it"
    if "#" in url:
        return "has a fragment: leave out the # and what follows"
    return None


def _scheme_fault(url: str) -> str | None:
    return None if url.startswith(("https://", "http://")) else "must begin with https://"


def _authority_fault(parts: SplitResult, allow_loopback: bool) -> str | None:
    if "@" in parts.netloc:
        return "holds a user name: leave out what stands before the @"
    host, port = _host_and_port(parts.netloc)
    if port is not None and not (_PORT.fullmatch(port) and int(port) <= _HIGHEST_PORT):
        return f"has the port {shown(port)}: use 1 to {_HIGHEST_PORT}, or leave it out"
    if allow_loopback and host in LOOPBACK_HOSTS:
        return None
    if parts.scheme != "https":
        return "must begin with https://" + (" unless its host is localhost" if allow_loopback else "")
    return host_fault(host)


def _host_and_port(netloc: str) -> tuple[str, str | None]:
    bracket = netloc.rfind("]")
    host, colon, port = netloc[bracket + 1 :].partition(":")
    return netloc[: bracket + 1] + host, port if colon else None


def _path_fault(parts: SplitResult) -> str | None:
    if re.search(r"%(?![0-9A-Fa-f]{2})", parts.path + parts.query):
        return "has a % that does not begin a percent-encoding"
    decoded = unquote(parts.path)
    if any(segment in (".", "..") for segment in decoded.replace("\\", "/").split("/")):
        return "has a . or .. step in its path: write the path that it leads to"
    if re.search(r"%(2f|5c)", parts.path, re.IGNORECASE):
        return "hides a slash in a percent-encoding: write it plainly"
    if re.search(r"%([01]|7f)", parts.path + parts.query, re.IGNORECASE):
        return "holds a control character: leave it out"
    return None
