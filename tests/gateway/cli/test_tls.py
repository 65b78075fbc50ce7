"""`serve --tls-certificate`: what OpenSSL has to know before a client may show its certificate."""

import asyncio
import json
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.cli.serve import write_trust
from gateway.kit.key_ring import write_key_ring
from gateway.kit.settings import Settings
from gateway.web.certificates import TlsProtocol
from tests.certificates import issue
from tests.protocol.test_rfc8705 import OWN, Shop
from tests.world import NOW, World, fixed_ring

CA = issue("CN=Authority", NOW, is_authority=True)


def test_authorities_and_self_signed_certificates_are_let_through(
    make_world: Callable[..., World], sqlite_url: str, tmp_path: Path
) -> None:
    """Without either, TLS asks nobody for a certificate."""
    write_key_ring(tmp_path / "key-ring.json", fixed_ring())
    settings = Settings(database_url=sqlite_url, data_dir=tmp_path)
    assert asyncio.run(write_trust(settings)) is None
    (tmp_path / "ca.pem").write_text(CA.pem)
    shop = Shop(make_world())
    keys = {"keys": [OWN.jwk]}
    shop.register(method="self_signed_tls_client_auth", jwks=json.loads(json.dumps(keys)))
    file = asyncio.run(write_trust(settings.model_copy(update={"client_ca": tmp_path / "ca.pem"})))
    assert file is not None
    assert Path(file).read_text().replace("\n", "") == (CA.pem + OWN.pem).replace("\n", "")


class Transport:
    """A connection of which only the peer's certificate is known."""

    def __init__(self, certificate: bytes | None) -> None:
        self._certificate = certificate

    def get_extra_info(self, name: str) -> Any:
        return self if name == "ssl_object" and self._certificate != b"plain" else None

    def getpeercert(self, binary_form: bool) -> bytes | None:
        return self._certificate


def test_the_scope_says_what_was_shown() -> None:
    """ASGI's TLS extension: a chain of PEM, empty where none was shown, or there is no TLS."""

    def chain(certificate: bytes | None) -> Any:
        protocol = TlsProtocol.__new__(TlsProtocol)
        protocol.transport = Transport(certificate)  # type: ignore[assignment]
        protocol.asgi_version, protocol.server, protocol.client = "3.0", None, None  # type: ignore[attr-defined]
        protocol.scheme, protocol.root_path, protocol.app_state = "https", "", {}
        protocol.on_message_begin()
        return protocol.scope["extensions"]["tls"]["client_cert_chain"]  # type: ignore[typeddict-item]

    assert chain(OWN.der) == [ssl.DER_cert_to_PEM_cert(OWN.der)]
    assert chain(None) == chain(b"plain") == []
