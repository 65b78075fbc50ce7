"""docs/operate, walked from an empty machine to a live partner and on to its end: every command, as it stands."""

import re
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.cli.browser import Browser, Page
from tests.deploy.machine import ROOT, Machine, chapters
from tests.deploy.proxies import NGINX, program
from tests.interop.certificate_clients import Certificates
from tests.patience import until
from tests.ports import free_port
from tests.world import CHALLENGE, VERIFIER

BOOK = chapters(ROOT / "docs" / "operate")
PASSWORD = "seven quiet green boats"
PARTNER = "https://reader.example.org/oauth/callback"


class Letters:
    """A mail server that takes whatever comes."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self._lock = threading.Lock()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Keep the newest letter to each address that has a link for a first password."""
        assert isinstance(envelope.content, bytes)
        letter: Any = message_from_bytes(envelope.content, policy=policy.default)
        text = letter.get_body().get_content()
        if "/invitation/" in text:
            with self._lock:
                self.texts[envelope.rcpt_tos[0]] = text
        return "250 OK"


class Walk:
    """One walk through the book: what is typed, and what people do in between."""

    def __init__(self, machine: Machine, letters: Letters, certificates: Certificates, issuer: str) -> None:
        self.machine, self.letters, self.certificates, self.issuer = machine, letters, certificates, issuer
        self.walked: set[tuple[str, str]] = set()

    def types(self, chapter: str, heading: str) -> str:
        """Type what one section has."""
        self.walked.add((chapter, heading))
        return self.machine.type(BOOK[chapter, heading])

    def client(self) -> httpx2.Client:
        return self.certificates.client(None, "nobody")

    def accepts(self, browser: Browser, email: str) -> Page:
        """Follow the invitation, choose a password, and sign in."""
        until(lambda: email in self.letters.texts, f"no invitation for {email}")
        found = re.search(rf"{self.issuer}(/invitation/\S+)", self.letters.texts[email])
        assert found is not None
        page = browser.open(self.issuer + found[1])
        browser.submit(page, found[1], {"new_password": PASSWORD})
        page = browser.open(f"{self.issuer}/login")
        return browser.submit(page, "/login", {"email": email, "password": PASSWORD})


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    """An empty machine with a mail server, and nobody on it."""
    nginx, letters = program("nginx"), Letters()
    for name in ("curl", "shred"):
        program(name)
    ports = {name: free_port() for name in ("gateway", "metrics", "https", "http", "smtp")}
    certificates = Certificates(tmp_path, "localhost")
    certificates.server.write(tmp_path, "server")
    issuer = f"https://localhost:{ports['https']}"
    names = {
        "gateway.school.example\n": f"gateway.school.example:{ports['https']}\n",
        "https://gateway.lakeside.example.org": issuer,
        r"gateway\.lakeside\.example\.org": "localhost",
        "gateway.lakeside.example.org": "localhost",
        "consent.lakeside.example.org": "ip6-localhost",
        "127.0.0.1:8000": f"127.0.0.1:{ports['gateway']}",
        "127.0.0.1:9464": f"127.0.0.1:{ports['metrics']}",
        "GATEWAY_PORT=8000": f"GATEWAY_PORT={ports['gateway']}",
        "smtp://127.0.0.1:25": f"smtp://127.0.0.1:{ports['smtp']}",
        "listen 443": f"listen 127.0.0.1:{ports['https']}",
        "listen 80": f"listen 127.0.0.1:{ports['http']}",
        "    listen [::]": "    #listen [::]",
    }
    machine = Machine(tmp_path, nginx, names)
    for folder in (
        "etc/nginx/sites-available",
        "etc/nginx/sites-enabled",
        "var/log/nginx",
        "mnt/safe",
        "mnt/moving",
    ):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/nginx/nginx.conf").write_text(
        NGINX.format(folder=tmp_path)
        .replace("daemon off;", "")
        .replace("/sites/*", "/etc/nginx/sites-enabled/*")
    )
    server = Controller(letters, hostname="127.0.0.1", port=ports["smtp"])
    server.start()
    try:
        yield Walk(machine, letters, certificates, issuer)
    finally:
        machine.close()
        server.stop()


def test_every_command_of_the_book(walk: Walk) -> None:
    """From an empty machine to the first consent, and through everything that comes later."""
    machine = walk.machine
    for heading in ("The program", "Settings", "Keys and tables", "The proxy in front", "Start"):
        walk.types("install", heading)
    with walk.client() as first, walk.client() as second, walk.client() as third:
        priya, omar, asha = Browser(first), Browser(second), Browser(third)
        people_come(walk, priya, omar, asha)
        secret = partner_goes_live(walk, omar)
        assert reads(walk, asha, secret)["name"] == "Asha Rao"
        walk.types("upgrade", "Bring it")
        walk.types("upgrade", "Change over")
        walk.types("upgrade", "Go back")
        for heading in ("The embedded database", "The log's checkpoint"):
            walk.types("backup", heading)
        assert '"ready"' in machine.type("curl -fsS https://gateway.lakeside.example.org/ready")
        for heading in ("Put it back", "Look, before you go on", "Go on"):
            walk.types("restore", heading)
            if heading == "Put it back":
                assert "Paused, so that nothing is released before you have looked: reader" in machine.said
        walk.types("metrics", "Look at them")
        for chapter, heading in BOOK:
            if chapter == "runbooks":
                walk.types(chapter, heading)
        for heading in ("Keys that sign", "The key that seals", "A partner's secret", "The certificate"):
            walk.types("rotate", heading)
        assert reads(
            walk, asha, machine_secret(machine.type("sudo consent-gateway partner secret reader-web"))
        )
    for heading in ("To another machine", "To another name"):
        walk.types("move", heading)
    for heading in ("Old hand-offs", "A partner", "The whole installation"):
        walk.types("retire", heading)
    assert walk.walked == set(BOOK)


def people_come(walk: Walk, priya: Browser, omar: Browser, asha: Browser) -> None:
    """Chapter 2: two administrators, who accept, and people."""
    walk.types("first-school", "A folder for lists")
    assert "2 made" in walk.types("first-school", "Administrators")
    for browser, login in ((priya, "priya.nair"), (omar, "omar.haddad")):
        page = walk.accepts(browser, f"{login}@lakeside.example.org")
        assert page.url.startswith(f"{walk.issuer}/second-factor"), page.text
    walk.types("first-school", "The school and its people")
    assert "3 made" in walk.machine.said
    assert "1 with powers: each waits for a second administrator" in walk.machine.said
    assert walk.accepts(asha, "asha.rao@lakeside.example.org").status == 200
    assert "2 people can approve, 2 are needed" in " ".join(walk.types("first-school", "Look").split())


def partner_goes_live(walk: Walk, omar: Browser) -> str:
    """Chapter 3; what `show` ends with is typed, and the second person agrees on the page."""
    walk.types("first-partner", "The manifest")
    shown = walk.types("first-partner", "Review")
    [command] = re.findall(r"(?m)^Next: (consent-gateway partner approve .+)$", shown)
    assert "somebody else has to approve manifest 1 too" in walk.machine.type(f"sudo {command}")
    page = omar.open(f"{walk.issuer}/admin/partners/reader")
    form = page.form("/approve")
    ticks = [(name, value) for name, value in form.choices]
    changes: dict[str, Any] = {}
    for name, value in ticks:
        changes.setdefault(name, []).append(value)
    page = omar.submit(page, "/approve", changes)
    if "/reauthenticate" in page.url:
        page = omar.submit(page, "/reauthenticate", {"password": PASSWORD})
    assert "live" in walk.machine.type("sudo consent-gateway partner list"), page.text
    return machine_secret(walk.types("first-partner", "Live"))


def machine_secret(said: str) -> str:
    """Take the client's secret out of what a command printed."""
    [secret] = re.findall(r"cg_cs_[\w-]+", said)
    return secret


def reads(walk: Walk, person: Browser, secret: str) -> dict[str, Any]:
    """A person shares, and the partner reads."""
    query = {
        "client_id": "reader-web",
        "response_type": "code",
        "redirect_uri": PARTNER,
        "scope": "openid profile",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "state": "s",
    }
    page = person.open(str(httpx2.URL(f"{walk.issuer}/authorize", params=query)), stop_at=PARTNER)
    if not page.text.startswith(PARTNER):
        page = person.submit(page, "/consent", button="share", stop_at=PARTNER)
    code = httpx2.URL(page.text).params["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": PARTNER,
        "code_verifier": VERIFIER,
    }
    with walk.client() as partner:
        tokens = partner.post(f"{walk.issuer}/token", data=form, auth=("reader-web", secret))
        assert tokens.status_code == 200, tokens.json()["error"]
        headers = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
        claims: dict[str, Any] = partner.get(f"{walk.issuer}/userinfo", headers=headers).json()
    return claims
