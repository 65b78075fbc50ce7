"""Which certificate a client showed: in our own TLS, or to a proxy that we trust (RFC 8705, RFC 9440)."""

import asyncio
import base64
import ssl
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

from cryptography.x509 import load_der_x509_certificate
from starlette.requests import Request
from uvicorn.config import Config
from uvicorn.server import ServerState

from gateway.kit.errors import Refusal
from gateway.model.registry import Registry
from gateway.web.heads import PatientProtocol
from gateway.web.visit import is_trusted

_LONGEST = 16_384


class Trust:
    """What our own TLS lets through, kept true while we serve: OpenSSL wants to know it before a handshake.

    Which client a certificate stands for is looked at with each request, so one that is no longer registered may
    stay: it opens nothing.
    """

    def __init__(self, registry: Callable[[], Registry]) -> None:
        """Take the registry's newest snapshot as a function."""
        self._registry = registry
        self._version = -1
        self._known: set[bytes] = set()

    def teach(self, context: ssl.SSLContext | None) -> None:
        """Let through what was registered since the last look; without TLS of our own there is nothing to do."""
        registry = self._registry()
        if context is None or registry.version == self._version:
            return
        self._version = registry.version
        new = set(self_signed(registry)) - self._known
        if new:
            context.load_verify_locations(cadata=b"".join(sorted(new)))
            # Where nobody had a certificate when we started, nobody was asked for one.
            context.verify_mode = ssl.CERT_OPTIONAL
            self._known |= new


def self_signed(registry: Registry) -> Iterator[bytes]:
    """Give the self-signed certificates that clients registered, DER (RFC 8705 §2.2)."""
    for client in registry.clients.values():
        for key in client.keys:
            if isinstance(chain := key.get("x5c"), list):
                yield base64.b64decode(chain[0])


class TlsProtocol(PatientProtocol):
    """The protocol of every connection, with the peer's certificate in the scope as ASGI's TLS extension has it."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Begin with a connection, before its handshake: certificates that were registered meanwhile count in it."""
        super().__init__(config, server_state, app_state, _loop)
        trust: Trust = app_state["trust"]
        trust.teach(config.ssl)

    def on_message_begin(self) -> None:
        """Begin a request of this connection."""
        super().on_message_begin()
        tls: Any = self.transport.get_extra_info("ssl_object")
        shown = tls.getpeercert(binary_form=True) if tls is not None else None
        chain = [ssl.DER_cert_to_PEM_cert(shown)] if shown else []
        scope: Any = self.scope
        scope["extensions"] = {"tls": {"client_cert_chain": chain}}


def shown(request: Request) -> bytes | None:
    """Give the certificate that the client showed, DER; None when it showed none.

    Raises:
        Refusal: ``invalid_request`` for a header of a trusted proxy that cannot be read.
    """
    chain = request.scope.get("extensions", {}).get("tls", {}).get("client_cert_chain")
    if chain:
        return ssl.PEM_cert_to_DER_cert(chain[0])
    services = request.app.state.services
    name = services.settings.client_certificate_header
    if not name or request.client is None or not is_trusted(request.client.host, services):
        return None
    found = request.headers.getlist(name)
    if not any(found):
        return None
    try:
        [text] = found
        certificate = _der(text[:_LONGEST])
        load_der_x509_certificate(certificate)
    except ValueError:
        raise Refusal(
            "invalid_request", detail="unreadable certificate header", hint="The certificate cannot be read."
        ) from None
    return certificate


def _der(text: str) -> bytes:
    """Read a header: a byte sequence (RFC 9440 §2.1), or PEM with percent-encoding, as nginx and others send it."""
    if text.startswith(":") and text.endswith(":"):
        return base64.b64decode(text[1:-1], validate=True)
    return ssl.PEM_cert_to_DER_cert(unquote(text).strip())
