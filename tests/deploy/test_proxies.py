"""nginx and Caddy as deploy/machine has them, before a served gateway: the longest heads, certificates, addresses."""

import os
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from gateway.cli.browser import Browser, Page
from gateway.oauth.parameters import MAX_BYTES, MAX_STATE, MAX_VALUE
from tests.deploy.proxies import COMMANDS, MTLS_NAME, NAME, Files, Ports, program, proxied, three_ports
from tests.interop.certificate_clients import Certificates
from tests.interop.stage import PLACE, SECRET, prepare, served
from tests.patience import PATIENCE
from tests.protocol.campuspress import exchange_form
from tests.world import CHALLENGE, PASSWORD, VERIFIER, copy_sqlite


@dataclass(frozen=True)
class Front:
    """A proxy with a gateway behind it, seen from outside."""

    name: str
    issuer: str
    mtls: str
    certificates: Certificates
    folder: Path

    def client(self, shown: str = "") -> httpx2.Client:
        """Open a client, which shows one of the certificates, or none."""
        issued = getattr(self.certificates, shown) if shown else None
        return self.certificates.client(issued, shown)

    def port(self) -> int:
        return int(self.issuer.rpartition(":")[2])


@dataclass(frozen=True)
class Behind:
    """The gateway behind the proxies."""

    ports: Ports
    certificates: Certificates
    folder: Path


@pytest.fixture(scope="module")
def behind(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    """One gateway for all proxies, as `gateway.env` has it. Both names lead to this machine."""
    folder, ports = tmp_path_factory.mktemp("behind"), three_ports()
    certificates = Certificates(folder, NAME, MTLS_NAME)
    url = copy_sqlite(sqlite_template, folder)
    prepare(url, folder, certificates.manifest())
    settings: dict[str, Any] = {
        "issuer": f"https://{NAME}:{ports.https}",
        "mtls_url": f"https://{MTLS_NAME}:{ports.https}",
        "trusted_proxies": "127.0.0.1/32",
        "client_certificate_header": "Client-Cert",
        "client_ca": str(folder / "ca.pem"),
        "address_attempts": "3",
    }
    look = socket.getaddrinfo

    def nearby(host: Any, *rest: Any, **more: Any) -> Any:
        return look("127.0.0.1" if host in (NAME, MTLS_NAME) else host, *rest, **more)

    with pytest.MonkeyPatch.context() as patch, served(url, folder, port=ports.gateway, **settings):
        patch.setattr(socket, "getaddrinfo", nearby)
        yield Behind(ports, certificates, folder)


@pytest.fixture(scope="module", params=COMMANDS)
def front(request: pytest.FixtureRequest) -> Iterator[Front]:
    """One of the proxies before it."""
    program(request.param)
    behind: Behind = request.getfixturevalue("behind")
    ports, shown = behind.ports, behind.certificates.server.write(behind.folder, "server")
    files = Files(behind.folder / request.param, *shown)
    with proxied(request.param, ports, files):
        issuer, mtls = (f"https://{name}:{ports.https}" for name in (NAME, MTLS_NAME))
        yield Front(request.param, issuer, mtls, behind.certificates, files.folder)


def test_log_in_consent_and_tokens_with_the_longest_heads(front: Front) -> None:
    """A request's first line is as long as the gateway takes it, and so is the state in the head of the answer."""
    state = "s" * MAX_STATE
    query = {
        "client_id": "interop-basic",
        "response_type": "code",
        "redirect_uri": f"{PLACE}/basic/callback",
        "scope": "openid profile",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "state": state,
        "nonce": "n" * 100,
        "response_mode": "jwt",
        "prompt": "consent",
    }
    with front.client() as client:
        browser = Browser(client)
        page = log_in(browser, front)
        assert page.status == 200, page.text
        # Nobody knows these two; they make the first line as long as a signed request makes it.
        longest = {**query, "unknown": "u" * MAX_VALUE, "unheard-of": "u" * MAX_VALUE}
        for each in (longest, query):
            page = browser.open(f"{front.issuer}/authorize?{urlencode(each)}", stop_at=PLACE)
            assert page.status == 200
        assert "content-encoding" not in page.response.headers
        page = browser.submit(page, "/consent", button="share", stop_at=PLACE)
        assert page.text.startswith(f"{PLACE}/basic/callback?response=")
        assert len(page.text) > MAX_STATE * 4 / 3
        # The answer is the same signed one that the partner would open; its code is asked for again, unsigned.
        page = browser.open(
            f"{front.issuer}/authorize?{urlencode({**query, 'response_mode': 'query', 'prompt': 'none'})}",
            stop_at=PLACE,
        )
        back = httpx2.URL(page.text).params
        assert (back["state"], back["iss"]) == (state, front.issuer)
        form = {
            **exchange_form(back["code"]),
            "redirect_uri": query["redirect_uri"],
            "code_verifier": VERIFIER,
        }
        tokens = client.post(f"{front.issuer}/token", data=form, auth=("interop-basic", SECRET))
        assert tokens.status_code == 200, tokens.text
        headers = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
        assert client.get(f"{front.issuer}/userinfo", headers=headers).json()["name"] == "Asha Rao"


def log_in(browser: Browser, front: Front, email: str = "asha@lakeside.example") -> Page:
    """Sign in with a password that only one account has."""
    page = browser.open(f"{front.issuer}/login")
    return browser.submit(page, "/login", {"email": email, "password": PASSWORD})


def pushed(client: httpx2.Client, place: str, name: str, **headers: str) -> httpx2.Response:
    """Push a request as a client that shows a certificate."""
    form = {
        "client_id": f"interop-{name}",
        "response_type": "code",
        "redirect_uri": f"{PLACE}/{name}/callback",
        "scope": "openid profile",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return client.post(f"{place}/par", data=form, headers=headers)


@pytest.mark.parametrize("name", ["issued", "own"])
def test_a_certificate_is_passed_on_from_the_handshake_to_the_token(front: Front, name: str) -> None:
    """Issued or self-signed: request, consent, tokens bound to it; another certificate, or none, reads nothing."""
    with front.client(name) as client, front.client() as person, front.client("stranger") as stranger:
        asked = pushed(client, front.mtls, name)
        assert asked.status_code == 201, asked.text
        browser = Browser(person)
        log_in(browser, front)
        query = urlencode({"client_id": f"interop-{name}", "request_uri": asked.json()["request_uri"]})
        page = browser.open(f"{front.issuer}/authorize?{query}", stop_at=PLACE)
        if not page.text.startswith(PLACE):
            page = browser.submit(page, "/consent", button="share", stop_at=PLACE)
        code = httpx2.URL(page.text).params["code"]
        form = {
            **exchange_form(code),
            "client_id": f"interop-{name}",
            "redirect_uri": f"{PLACE}/{name}/callback",
        }
        tokens = client.post(f"{front.mtls}/token", data=form)
        assert tokens.status_code == 200, tokens.text
        headers = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
        assert client.get(f"{front.mtls}/userinfo", headers=headers).json()["name"] == "Asha Rao"
        assert stranger.get(f"{front.mtls}/userinfo", headers=headers).status_code == 401
        assert person.get(f"{front.issuer}/userinfo", headers=headers).status_code == 401


def test_a_certificate_that_only_a_header_shows_is_none(front: Front) -> None:
    """The header is the proxy's: under whichever spelling it comes from outside, at either address, it ends there."""
    pem = front.certificates.issued.pem
    forged = [
        {"Client-Cert": urlencode({"": pem}).removeprefix("=")},
        {"client-cert": f":{pem.split('-----')[2].replace(chr(10), '')}:"},
        {"Client_Cert": urlencode({"": pem}).removeprefix("=")},
    ]
    with front.client() as nobody, front.client("stranger") as stranger:
        for place, client in ((front.issuer, nobody), (front.mtls, nobody), (front.mtls, stranger)):
            for header in forged:
                answer = pushed(client, place, "issued", **header)
                assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), (
                    place,
                    header,
                )


def test_who_asks_is_whom_the_proxy_sees(front: Front) -> None:
    """A header that names another address with each attempt opens no further attempts."""
    # An address of its own: whoever has tried too often from one is refused there, and nowhere else.
    own = f"127.0.0.{2 + list(COMMANDS).index(front.name)}"
    context = ssl.create_default_context(cadata=front.certificates.authority.pem)
    transport = httpx2.HTTPTransport(verify=context, local_address=own, trust_env=False)
    with httpx2.Client(transport=transport, timeout=PATIENCE) as client, front.client() as other:
        said = []
        for attempt in range(5):
            client.headers["X-Forwarded-For"] = f"203.0.113.{attempt}"
            said.append(log_in(Browser(client), front, f"nobody-{attempt}@lakeside.example").status)
        assert said[-1] == 429, said
        assert log_in(Browser(other), front, "nobody@lakeside.example").status != 429
        assert client.get(f"{front.issuer}/metrics").status_code == 404


def test_bodies_have_the_limits_of_the_gateway(front: Front) -> None:
    with front.client() as client:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        longest = b"token=" + b"t" * (MAX_BYTES - 6)
        assert client.post(f"{front.issuer}/revoke", content=longest, headers=kind).status_code == 400
        assert client.post(f"{front.issuer}/revoke", content=longest + b"t", headers=kind).status_code == 413
        list_of_people = client.post(f"{front.issuer}/admin/people/import", content=b"l" * 1_000_000)
        # Nobody is signed in: the gateway answers, which has read the list, or did not want it.
        assert list_of_people.status_code in (303, 403), list_of_people.text


def test_tls_is_what_bcp_195_asks_for(front: Front) -> None:
    """TLS 1.2 with forward secrecy and an AEAD, or 1.3; another name gets no handshake; http leads to https."""

    def shaken(version: ssl.TLSVersion, ciphers: str = "", name: str = NAME) -> tuple[str, str]:
        context = ssl.create_default_context(cadata=front.certificates.authority.pem)
        context.minimum_version = context.maximum_version = version
        if ciphers:
            context.set_ciphers(ciphers)
        with (
            socket.create_connection(("127.0.0.1", front.port()), timeout=PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=name) as secure,
        ):
            cipher: Any = secure.cipher()
            return str(secure.version()), cipher[0]

    assert shaken(ssl.TLSVersion.TLSv1_3)[0] == "TLSv1.3"
    version, cipher = shaken(ssl.TLSVersion.TLSv1_2)
    assert version == "TLSv1.2"
    assert cipher.startswith("ECDHE-")
    assert "GCM" in cipher or "CHACHA20" in cipher
    for weak in ("ECDHE+AES:!AESGCM:!AESCCM:@SECLEVEL=0", "kRSA:@SECLEVEL=0"):
        with pytest.raises(ssl.SSLError):
            shaken(ssl.TLSVersion.TLSv1_2, weak)
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        shaken(ssl.TLSVersion.TLSv1_3, name="other.example")
    with front.client() as client:
        assert "max-age" in client.get(f"{front.issuer}/health").headers["strict-transport-security"]


def test_nothing_that_opens_something_is_written_down(front: Front) -> None:
    """Whatever the proxy has logged of the tests above: no path's end, no query."""
    with front.client() as client:
        client.get(f"{front.issuer}/invitation/cg_in_{'x' * 43}?with=a-query")
    written = "".join(
        path.read_text(errors="replace") for path in front.folder.rglob("*.log") if os.access(path, os.R_OK)
    )
    assert "cg_in_" not in written
    assert "a-query" not in written
