"""Fetching from addresses that a partner names, and only what that partner could reach itself (RFC 9700 §4.8.2).

The host is resolved once, every address is checked, and the connection goes to an address that was checked: a name
that resolves otherwise a moment later leads nowhere else (DNS rebinding).
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

import httpx2

from gateway.kit.addresses import Address, Network
from partners import leads_to_loopback

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

SECONDS = 5.0
"""For all of it: name, connection, answer."""

MAX_BYTES = 65_536
MOST_ADDRESSES = 4
"""Of one host that are tried, one after the other (after RFC 8305 §5)."""

HttpAnswer = tuple[int, bytes, str]
"""Status, body, media type."""

# Addresses with an IPv4 address inside, which translators on the way would unpack (RFC 6052, RFC 3056, RFC 4380).
_WRAPPING = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))


class OutboundFault(Exception):
    """Nothing usable came back; the text names the reason and never the address."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system for a host's addresses.

    Raises:
        OSError: there is none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


@dataclass(frozen=True)
class Outbound:
    """The one way out to partners' servers.

    Attributes:
        networks: that may be reached although they are not public.
        context: checks the server's certificate against the name that was asked for.
        allow_loopback: also ask this machine itself, and there without TLS: for development, where manifests may
            name such addresses.
    """

    networks: tuple[Network, ...] = ()
    context: ssl.SSLContext | bool = True
    resolve: Resolve = resolve
    allow_loopback: bool = False

    async def get(self, url: str, media_type: str) -> bytes:
        """Fetch a document.

        Raises:
            OutboundFault: for anything but a small answer 200 of the expected type.
        """
        status, body, found = await self._send("GET", url, {"Accept": media_type}, b"")
        if status != 200:
            raise OutboundFault(f"status {status}")
        # JSON comes under several names: application/jwk-set+json is one (RFC 7517 §8.5.2).
        if media_type.rpartition("/")[2] not in found:
            raise OutboundFault("another media type")
        return body

    async def post(
        self, url: str, content: bytes, media_type: str = "application/x-www-form-urlencoded"
    ) -> int:
        """Post a form, or what else the type says; gives the status, whatever it is."""
        return (await self._send("POST", url, {"Content-Type": media_type}, content))[0]

    async def _send(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> HttpAnswer:
        try:
            parts = urlsplit(url)
            is_whole = bool(parts.hostname) and parts.port != 0
        except ValueError:
            raise OutboundFault("not a plain https address") from None
        is_own = self.allow_loopback and leads_to_loopback(url)
        is_fit = parts.scheme == "https" or (is_own and parts.scheme == "http")
        if not is_fit or not is_whole or "@" in parts.netloc:
            raise OutboundFault("not a plain https address")
        try:
            async with asyncio.timeout(SECONDS):
                return await self._first_that_answers(method, parts, headers, content)
        except (OSError, ValueError, httpx2.HTTPError, httpx2.InvalidURL) as error:
            # A ValueError is a name that IDNA cannot spell.
            raise OutboundFault(error.__class__.__name__) from None

    async def _first_that_answers(
        self, method: str, parts: SplitResult, headers: Mapping[str, str], content: bytes
    ) -> HttpAnswer:
        """Try a host's addresses in turn until a connection stands; what was sent once is never sent again."""
        host, port = str(parts.hostname), _port(parts)
        is_own = self.allow_loopback and leads_to_loopback(parts.geturl())
        addresses = await self._addresses(host, port, is_own=is_own)
        for address in addresses[:-1]:
            try:
                return await self._ask(address, SECONDS / len(addresses), method, parts, headers, content)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
        return await self._ask(addresses[-1], SECONDS, method, parts, headers, content)

    async def _ask(
        self,
        address: Address,
        patience: float,
        method: str,
        parts: SplitResult,
        headers: Mapping[str, str],
        content: bytes,
    ) -> HttpAnswer:
        spelt = f"[{address}]" if address.version == 6 else str(address)
        target = parts._replace(netloc=f"{spelt}:{_port(parts)}", fragment="").geturl()
        sent = {**headers, "Host": parts.netloc, "Accept-Encoding": "identity"}
        timeout = httpx2.Timeout(SECONDS, connect=patience)
        async with (
            httpx2.AsyncClient(verify=self.context, trust_env=False, timeout=timeout) as client,
            client.stream(
                method,
                target,
                headers=sent,
                content=content,
                # The certificate is the name's, although the connection goes to a number.
                extensions={"sni_hostname": str(parts.hostname)},
                follow_redirects=False,
            ) as answer,
        ):
            return answer.status_code, await _body(answer), answer.headers.get("content-type", "")

    async def _addresses(self, host: str, port: int, *, is_own: bool) -> Sequence[Address]:
        found = [ip_address(each.partition("%")[0]) for each in await self.resolve(host, port)]
        if not found:
            raise OutboundFault("no address")
        for each in found:
            if is_own and each.is_loopback:
                continue
            if is_own or (not is_public(each) and not any(each in network for network in self.networks)):
                raise OutboundFault("not a public address")
        return found[:MOST_ADDRESSES]


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


async def _body(answer: httpx2.Response) -> bytes:
    """Read a body of at most `MAX_BYTES`; one that unpacks to more than it is was not asked for."""
    if "content-encoding" in answer.headers:
        raise OutboundFault("encoded, although identity was asked for")
    body = bytearray()
    async for chunk in answer.aiter_raw():
        body += chunk
        if len(body) > MAX_BYTES:
            raise OutboundFault("too large")
    return bytes(body)


def is_public(address: Address) -> bool:
    """Whether an address is reachable by anybody and is nobody's own network (RFC 6890)."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if any(address in network for network in _WRAPPING):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved
