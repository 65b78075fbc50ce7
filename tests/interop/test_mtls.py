"""Certificates in our own TLS: a client in its own process shows one, and OpenSSL and the gateway both look at it."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from gateway.cli.browser import Browser
from tests.certificates import Issued
from tests.interop.certificate_clients import Certificates
from tests.interop.stage import PLACE, Stage, prepare, served
from tests.protocol.campuspress import exchange_form
from tests.world import CHALLENGE, copy_sqlite


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
