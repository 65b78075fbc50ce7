"""The certificate that a client showed in our own TLS or to a trusted proxy (RFC 8705, RFC 9440)."""

import asyncio
import base64
import re
import ssl
from collections.abc import Callable
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificates
from starlette.requests import Request
from uvicorn.config import Config
from uvicorn.server import ServerState

from gateway.kit.errors import Refusal
from gateway.model.registry import Registry
from gateway.oauth.proofs.certificates import self_signed
from gateway.web.pages.visit import is_trusted, peer_of
from gateway.web.server.head_limits import PatientProtocol

_LONGEST = 16_384


class Trust:
    """The certificates that our own TLS accepts, kept current because OpenSSL needs them before a handshake.

    Each request checks which client its certificate stands for, so one that is no longer registered may
    stay: it opens nothing.
    """

    def __init__(self, registry: Callable[[], Registry]) -> None:
        """Take the registry's newest snapshot as a function."""
        self._registry = registry
        self._version = -1
        self._known: set[bytes] = set()

    def teach(self, context: ssl.SSLContext | None) -> None:
        """Accept certificates registered since the last call; without our own TLS there is nothing to do."""
        registry = self._registry()
        if context is None or registry.version == self._version:
            return
        self._version = registry.version
        new = set(self_signed(registry)) - self._known
        if new:
            context.load_verify_locations(cadata=b"".join(sorted(new)))
            # If no certificate was registered when we started, TLS has not asked clients for one so far.
            context.verify_mode = ssl.CERT_OPTIONAL
            self._known |= new


class TlsProtocol(PatientProtocol):
    """The protocol of every connection, with the peer's certificate in the scope as ASGI's TLS extension has it."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Begin with a connection, and accept newly registered certificates before its handshake."""
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
    if not name or not is_trusted(peer_of(request), services):
        return None
    found = request.headers.getlist(name)
    if not any(found):
        return None
    try:
        [text] = found
        if len(text) > _LONGEST:
            raise ValueError("too long")
        certificate = _der(text)
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
    return _leaf(unquote(text))


_PEM = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----", re.ASCII)


def _leaf(text: str) -> bytes:
    """Read PEM: one certificate, or a chain that begins with the client's own, as AWS ALB passes it on.

    Each certificate of a chain has to name the next one as its issuer: two that merely stand side by side leave open
    which one the client showed.

    Raises:
        ValueError: it is neither.
    """
    if not _PEM.search(text) or _PEM.sub("", text).strip():
        raise ValueError("something else than certificates")
    chain = load_pem_x509_certificates(text.encode())
    if any(each.issuer != above.subject for each, above in pairwise(chain)):
        raise ValueError("certificates that are no chain")
    return chain[0].public_bytes(Encoding.DER)
