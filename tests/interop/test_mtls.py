"""Certificates in our own TLS: a client in its own process shows one, and OpenSSL and the gateway both look at it."""

import json
import ssl
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from cryptography.x509 import DNSName

from gateway.cli.browser import Browser
from tests.certificates import Issued, issue
from tests.interop.stage import PLACE, Stage, prepare, served
from tests.protocol.campuspress import exchange_form
from tests.world import CHALLENGE, copy_sqlite

CLIENT = """
[[client]]
client_id = "interop-{name}"
name = "A certificate, {name}"
profile = "fapi2"
auth_method = "{method}"
{line}
tls_client_certificate_bound_access_tokens = true
redirect_uris = ["PLACE/{name}/callback"]
offer_id = "interop"

[[offer]]
"""
SUBJECT = "CN=interop,O=Interop,C=IE"


class Certificates:
    """An authority, and what it issued."""

    def __init__(self, folder: Path) -> None:
        now = time.time()
        self.authority = issue("CN=Authority,O=School Trust,C=IE", now, is_authority=True)
        names = (DNSName("localhost"),)
        self.server = issue("CN=localhost", now, self.authority, names=names)
        self.issued = issue(SUBJECT, now, self.authority)
        self.own = issue("CN=own", now)
        self.stranger = issue(SUBJECT, now)
        self.folder = folder
        self.authority.write(folder, "ca")

    def manifest(self) -> Path:
        """Write a manifest with a client of each method."""
        keys = {"keys": [self.own.jwk]}
        (self.folder / "own.json").write_text(json.dumps(keys))
        key = ", ".join(f"{name} = {json.dumps(value)}" for name, value in self.own.jwk.items())
        clients = [
            CLIENT.format(
                name="issued", method="tls_client_auth", line=f'tls_client_auth_subject_dn = "{SUBJECT}"'
            ),
            CLIENT.format(
                name="own",
                method="self_signed_tls_client_auth",
                line=f"jwks = {{ keys = [{{ {key} }}] }}",
            ),
        ]
        text = (Path(__file__).parent / "partner.toml").read_text()
        for client in clients:
            text = text.replace("\n[[offer]]\n", client, 1)
        file = self.folder / "partner.toml"
        file.write_text(text)
        return file

    def client(self, shown: Issued | None, name: str) -> httpx2.Client:
        """Open a client that shows a certificate."""
        context = ssl.create_default_context(cadata=self.authority.pem)
        if shown is not None:
            context.load_cert_chain(*map(str, shown.write(self.folder, name)))
        return httpx2.Client(verify=context, trust_env=False)


def opt_in(stage: Stage, certificates: Certificates, name: str, shown: Issued) -> tuple[Any, dict[str, Any]]:
    """Push, share, exchange."""
    client = certificates.client(shown, name)
    stage.ending.callback(client.close)
    pushed = client.post(
        f"{stage.issuer}/par",
        data={
            "client_id": f"interop-{name}",
            "response_type": "code",
            "redirect_uri": f"{PLACE}/{name}/callback",
            "scope": "openid profile",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        },
    )
    assert pushed.status_code == 201, pushed.text
    query = urlencode({"client_id": f"interop-{name}", "request_uri": pushed.json()["request_uri"]})
    browser = Browser(certificates.client(None, name))
    callback = stage.share(f"{stage.issuer}/authorize?{query}", browser=browser)
    code = httpx2.URL(callback).params["code"]
    form = {**exchange_form(code), "client_id": f"interop-{name}", "redirect_uri": f"{PLACE}/{name}/callback"}
    tokens = client.post(f"{stage.issuer}/token", data=form)
    assert tokens.status_code == 200, tokens.text
    return client, tokens.json()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_certificates_in_our_own_tls(sqlite_template: Path, tmp_path: Path, workers: str) -> None:
    """Issued or self-signed: the whole way; another certificate, or none, opens nothing."""
    certificates = Certificates(tmp_path)
    url = copy_sqlite(sqlite_template, tmp_path)
    prepare(url, tmp_path, certificates.manifest())
    certificate, key = certificates.server.write(tmp_path, "server")
    words = ("--tls-certificate", str(certificate), "--tls-key", str(key), "--workers", workers)
    with served(url, tmp_path, *words, client_ca=str(tmp_path / "ca.pem"), mtls=True) as stage:
        for name, shown in (("issued", certificates.issued), ("own", certificates.own)):
            client, tokens = opt_in(stage, certificates, name, shown)
            headers = {"Authorization": f"Bearer {tokens['access_token']}"}
            assert client.get(f"{stage.issuer}/userinfo", headers=headers).json()["name"] == "Asha Rao"
            with certificates.client(None, name) as nobody:
                assert nobody.get(f"{stage.issuer}/userinfo", headers=headers).status_code == 401
        stranger = certificates.client(certificates.stranger, "stranger")
        # OpenSSL refuses what neither an authority nor a registration stands behind.
        with stranger, pytest.raises(httpx2.TransportError):
            stranger.get(f"{stage.issuer}/userinfo")


def test_a_certificate_that_is_registered_while_we_serve(sqlite_template: Path, tmp_path: Path) -> None:
    """No restart: TLS that asked nobody asks from then on, and the new client goes the whole way."""
    certificates = Certificates(tmp_path)
    url = copy_sqlite(sqlite_template, tmp_path)
    certificate, key = certificates.server.write(tmp_path, "server")
    words = ("--tls-certificate", str(certificate), "--tls-key", str(key))
    with served(url, tmp_path, *words, mtls=True) as stage:
        prepare(url, tmp_path, certificates.manifest())
        # Any transaction tells the server that the registry has changed.
        stage.person(browser=Browser(certificates.client(None, "person")))
        client, tokens = opt_in(stage, certificates, "own", certificates.own)
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert client.get(f"{stage.issuer}/userinfo", headers=headers).json()["name"] == "Asha Rao"
