"""`serve --tls-certificate`: what OpenSSL has to know before a client may show its certificate."""

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from gateway.cli.serve import CIPHERS, write_trust
from gateway.kit.secrets.key_ring import write_key_ring
from gateway.kit.settings import Settings
from gateway.model.registry import Registry
from gateway.store.engine.registry import look_at_registry
from gateway.web.oauth.certificates import TlsProtocol, Trust
from tests.certificates import Issued, issue
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
        protocol.transport = cast(asyncio.Transport, Transport(certificate))
        protocol.asgi_version, protocol.server, protocol.client = "3.0", None, None
        protocol.scheme, protocol.root_path, protocol.app_state = "https", "", {}
        protocol.on_message_begin()
        return protocol.scope["extensions"]["tls"]["client_cert_chain"]

    assert chain(OWN.der) == [ssl.DER_cert_to_PEM_cert(OWN.der)]
    assert chain(None) == chain(b"plain") == []


def handshake(server: ssl.SSLContext, folder: Path, shown: Issued) -> bytes | None:
    """Let a client that shows a certificate connect, in memory; give what the server saw."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.load_cert_chain(*map(str, shown.write(folder, "client")))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        server.wrap_bio(to_server, to_client, server_side=True),
        client.wrap_bio(to_client, to_server, server_side=False),
    ]
    for _ in range(4):
        for end in ends:
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
    return ends[0].getpeercert(binary_form=True)


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """A server that was started when nobody had a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*map(str, issue("CN=localhost", time.time(), CA).write(tmp_path, "server")))
    return context


def test_a_certificate_that_is_registered_later_is_let_through(
    world: World, tls: ssl.SSLContext, tmp_path: Path
) -> None:
    """Without a restart; another one is still none of ours."""
    own, stranger = issue("CN=own", time.time()), issue("CN=own", time.time())
    trust = Trust(lambda: world.services.registry)
    trust.teach(tls)
    assert handshake(tls, tmp_path, own) is None
    keys = {"keys": [own.jwk]}
    Shop(world).register(method="self_signed_tls_client_auth", jwks=json.loads(json.dumps(keys)))
    world.store(look_at_registry, None)
    for _ in range(2):
        trust.teach(tls)
    assert handshake(tls, tmp_path, own) == own.der
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        handshake(tls, tmp_path, stranger)
    trust.teach(None)


def test_every_connection_looks_before_its_handshake() -> None:
    """uvicorn makes the protocol of a connection first."""
    taught: list[object] = []
    config = Config("gateway.app:make_app", http=TlsProtocol)
    config.load()
    config.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    class Taught(Trust):
        def teach(self, context: ssl.SSLContext | None) -> None:
            taught.append(context)

    async def connect() -> None:
        TlsProtocol(config, ServerState(), {"trust": Taught(lambda: Registry(0))})

    asyncio.run(connect())
    assert taught == [config.ssl]


def test_the_lifespan_hands_the_registry_to_connections(world: World) -> None:
    """The state that uvicorn gives to each protocol."""
    assert isinstance(world.http.app_state["trust"], Trust)


def test_bcp195_only_ciphers_with_forward_secrecy_and_authenticated_encryption() -> None:
    """FAPI 2.0 §5.2.2: of TLS 1.2 no CBC and no RSA key exchange, which a scanner of partners would find."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(CIPHERS)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    old = [each["name"] for each in context.get_ciphers() if each["protocol"] == "TLSv1.2"]
    assert old
    for name in old:
        assert name.startswith("ECDHE-")
        assert "GCM" in name or "CHACHA20" in name
