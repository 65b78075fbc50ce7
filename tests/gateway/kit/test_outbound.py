"""SSRF: wherever a partner's address leads, nothing but a public server is asked, and little is believed of it."""

import asyncio
import http.server
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509 import DNSName

from gateway.kit.outbound import MAX_BYTES, Outbound, OutboundFault, is_public, resolve
from partners.redirects import url_fault
from tests.certificates import issue

LOOPBACK = (ip_network("127.0.0.0/8"),)
HOST = "keys.partner.example.org"
Reply = Callable[[http.server.BaseHTTPRequestHandler], None]


def says(body: bytes = b"{}", status: int = 200, **headers: str) -> Reply:
    """Make a reply."""

    def reply(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        given = {"Content_Type": "application/json", **headers}
        for name, value in given.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return reply


class Server(http.server.ThreadingHTTPServer):
    """A partner's server on the loopback, with a certificate for its name."""

    daemon_threads = True
    reply: Reply = staticmethod(says())

    def handle_error(self, *_: Any) -> None:
        """A client that does not like the certificate goes away; that is what is tested."""


@contextmanager
def serving(folder: Path, name: str = HOST) -> Iterator[tuple[Server, ssl.SSLContext, list[Any]]]:
    """Serve; gives the server, what a client has to trust, and the requests that came."""
    authority = issue("CN=Authority", time.time(), is_authority=True)
    own = issue(f"CN={name}", time.time(), authority, names=(DNSName(name),))
    seen: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            seen.append((self.path, self.headers["Host"], self.rfile.read(length)))
            server.reply(self)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*own.write(folder, "server"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server, ssl.create_default_context(cadata=authority.pem), seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def leading(*addresses: str) -> Callable[[str, int], Any]:
    """Make a resolver."""

    async def found(host: str, port: int) -> Sequence[str]:
        return addresses

    return found


def fetch(outbound: Outbound, url: str) -> bytes:
    return asyncio.run(outbound.get(url, "application/json"))


@pytest.fixture
def partner(tmp_path: Path) -> Iterator[tuple[Server, Outbound, str, list[Any]]]:
    with serving(tmp_path) as (server, context, seen):
        outbound = Outbound(LOOPBACK, context, leading("127.0.0.1"))
        yield server, outbound, f"https://{HOST}:{server.server_port}", seen


def test_a_document_is_fetched(partner: Any) -> None:
    """From the address that was checked, under the name that was asked for."""
    server, outbound, url, seen = partner
    server.reply = says(b'{"keys": []}')
    assert fetch(outbound, f"{url}/a/jwks.json?x=1#part") == b'{"keys": []}'
    assert seen == [("/a/jwks.json?x=1", f"{HOST}:{server.server_port}", b"")]


def test_a_form_is_posted(partner: Any) -> None:
    server, outbound, url, seen = partner
    server.reply = says(b"", 204)
    assert asyncio.run(outbound.post(f"{url}/out", b"logout_token=x")) == 204
    assert seen == [("/out", f"{HOST}:{server.server_port}", b"logout_token=x")]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (says(b"", 302, Location="https://127.0.0.1/"), "status 302"),
        (says(b"", 500), "status 500"),
        (says(b"<p>", 200, Content_Type="text/html"), "media type"),
        (says(b"x" * (MAX_BYTES + 1)), "too large"),
        (says(b"x", 200, Content_Encoding="gzip"), "encoded"),
    ],
)
def test_what_comes_back_is_held_against_limits(partner: Any, reply: Reply, reason: str) -> None:
    """No redirect is followed, nothing large is kept, nothing is unpacked."""
    server, outbound, url, seen = partner
    server.reply = reply
    with pytest.raises(OutboundFault, match=reason):
        fetch(outbound, url)
    assert len(seen) == 1


def test_nobody_waits_for_long(partner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers by drops ends the look, not the gateway."""
    server, outbound, url, _ = partner
    monkeypatch.setattr("gateway.kit.outbound.SECONDS", 0.3)
    hurry = threading.Event()
    server.reply = lambda handler: hurry.wait(20)
    try:
        with pytest.raises(OutboundFault, match="Timeout"):
            fetch(outbound, url)
    finally:
        hurry.set()


@pytest.mark.parametrize(
    "url",
    [
        f"http://{HOST}/", "ftp://x/", "file:///etc/passwd", "https://", f"https://user@{HOST}/", "https:///x", "",
    ],
)  # fmt: skip
def test_only_plain_https_is_asked(url: str) -> None:
    with pytest.raises(OutboundFault, match="https"):
        fetch(Outbound(resolve=leading("127.0.0.1")), url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1",
        "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
        "2001:0:1::1",
    ],
)  # fmt: skip
def test_no_address_of_a_network_of_somebodys_own(address: str) -> None:
    """Loopback, private, link-local (metadata of clouds), shared, documentation, multicast, and IPv4 in disguise."""
    assert not is_public(ip_address(address))
    with pytest.raises(OutboundFault, match="not a public address"):
        fetch(Outbound(resolve=leading(address)), f"https://{HOST}/")
    with pytest.raises(OutboundFault, match="not a public address"):
        fetch(Outbound(resolve=leading("93.184.216.34", address)), f"https://{HOST}/")


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(ip_address(address))


def test_an_address_in_the_url_is_checked_as_well() -> None:
    """The system resolves a number to itself, in whatever notation."""
    for host in ("127.0.0.1", "[::1]", "2130706433", "0x7f.1", "localhost"):
        with pytest.raises(OutboundFault):
            fetch(Outbound(), f"https://{host}/")
    assert asyncio.run(resolve("127.0.0.1", 443)) == ["127.0.0.1"]


def test_a_name_that_leads_nowhere_is_a_fault() -> None:
    async def failing(host: str, port: int) -> Sequence[str]:
        raise OSError

    for broken in (failing, leading()):
        with pytest.raises(OutboundFault):
            fetch(Outbound(resolve=broken), f"https://{HOST}/")


def test_a_name_is_resolved_once(partner: Any) -> None:
    """DNS rebinding: the second answer would lead elsewhere, and nobody asks for it."""
    _, trusted, url, _ = partner
    asked = []

    async def changing(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    assert fetch(Outbound(LOOPBACK, trusted.context, changing), url) == b"{}"
    assert asked == [HOST]


def test_the_certificate_has_to_be_the_names(partner: Any) -> None:
    """Not the address's, and not another name's of the same server."""
    server, outbound, _, seen = partner
    for name in ("other.example.org", "127.0.0.1"):
        with pytest.raises(OutboundFault, match="ConnectError"):
            fetch(outbound, f"https://{name}:{server.server_port}/")
    with pytest.raises(OutboundFault, match="ConnectError"):
        fetch(Outbound(LOOPBACK, resolve=leading("127.0.0.1")), f"https://{HOST}:{server.server_port}/")
    assert seen == []


@pytest.mark.parametrize("url", ["https://[::1/", "https://x.example:99999/", f"https://{'a' * 64}.example/"])
def test_what_is_no_address_is_a_fault_like_any_other(url: str) -> None:
    """One unreadable address must not keep the courier from the others."""
    with pytest.raises(OutboundFault):
        fetch(Outbound(), url)


def test_an_address_of_version_6_is_spelt_in_brackets() -> None:
    with pytest.raises(OutboundFault, match="ConnectError"):
        fetch(Outbound((ip_network("::1/128"),), resolve=leading("::1")), f"https://{HOST}:9/")


def test_the_next_address_is_tried_where_nobody_answers(partner: Any) -> None:
    """A host with several addresses is there while one of them is; the request is sent once (RFC 8305)."""
    server, outbound, url, seen = partner
    server.reply = says(b'{"keys": []}')
    several = replace(outbound, resolve=leading("127.0.0.2", "127.0.0.3", "127.0.0.1"))
    assert fetch(several, f"{url}/jwks.json") == b'{"keys": []}'
    assert len(seen) == 1


def test_one_address_that_is_nobodys_business_refuses_them_all(partner: Any) -> None:
    _, outbound, url, seen = partner
    with pytest.raises(OutboundFault, match="not a public address"):
        fetch(replace(outbound, resolve=leading("127.0.0.1", "10.0.0.1")), f"{url}/jwks.json")
    assert seen == []


@pytest.fixture
def own_server() -> Iterator[int]:
    """A developer's partner on this machine, without TLS; gives its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_development_reaches_what_a_manifest_may_name_there_and_production_does_not(own_server: int) -> None:
    """One rule for both ends: http for this machine's own hosts only (RFC 8252 §7.3)."""
    developing = Outbound(allow_loopback=True)
    for host in ("127.0.0.1", "localhost"):
        url = f"http://{host}:{own_server}/out"
        assert url_fault(url, allow_loopback=True) is None
        assert asyncio.run(developing.post(url, b"logout_token=x")) == 204
        assert url_fault(url, allow_loopback=False)
        with pytest.raises(OutboundFault, match="https"):
            asyncio.run(Outbound().post(url, b"logout_token=x"))


@pytest.mark.parametrize(
    ("url", "address", "reason"),
    [
        (f"http://{HOST}/", "127.0.0.1", "https"),
        (f"https://{HOST}/", "127.0.0.1", "not a public address"),
        ("http://localhost/", "10.0.0.1", "not a public address"),
        ("http://localhost/", "93.184.216.34", "not a public address"),
        ("http://127.0.0.2/", "127.0.0.2", "https"),
        ("ftp://localhost/", "127.0.0.1", "https"),
    ],
)
def test_development_reaches_nothing_else_without_tls(url: str, address: str, reason: str) -> None:
    """Nor does a name of this machine lead anywhere but to it."""
    with pytest.raises(OutboundFault, match=reason):
        fetch(Outbound(resolve=leading(address), allow_loopback=True), url)
