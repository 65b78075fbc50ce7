"""``consent-gateway serve``: the server, one process or several."""

import asyncio
import gc
import multiprocessing
import os
import signal
import socket
import ssl
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from cryptography.hazmat.primitives.serialization import Encoding
from uvicorn import _subprocess

from gateway.app import build_services, opened
from gateway.cli.terminal import Fault
from gateway.kit.key_ring import read_key_ring
from gateway.kit.settings import Settings, read_settings
from gateway.store.revision import check_schema
from gateway.web.certificates import self_signed

GRACE = 20
"""Seconds that requests in flight have to finish after SIGTERM."""


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Number of processes.")] = 1,
    tls_certificate: Annotated[
        Path | None, typer.Option(help="PEM file of our certificate and its chain: serve https.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file of its private key.")] = None,
) -> None:
    """Serve the gateway. SIGTERM and Ctrl-C let requests in flight finish.

    In production it does not start while 'consent-gateway doctor' finds a fault.
    """
    settings = read_settings()
    read_key_ring(settings.key_ring_path)
    asyncio.run(check_schema(settings.database))
    if settings.is_production:
        check_production(settings)
    trust = asyncio.run(write_trust(settings)) if tls_certificate else None
    check_port(host, port, "--port")
    if workers > 1:
        let_workers_fork()
    # uvicorn repeats the signal that ended it once everything is closed: then this is the way out.
    _end_on_sigterm()
    uvicorn.run(
        "gateway.app:app_from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http="gateway.web.certificates:TlsProtocol"
        if tls_certificate
        else "gateway.web.heads:PatientProtocol",
        ssl_certfile=tls_certificate,
        ssl_keyfile=tls_key,
        ssl_ca_certs=trust,
        # Whoever shows a certificate is asked for a good one; browsers show none.
        ssl_cert_reqs=ssl.CERT_OPTIONAL if trust else ssl.CERT_NONE,
        loop="uvloop",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
    )


def let_workers_fork() -> None:
    """Let uvicorn fork its workers where it would start each afresh, to import everything again.

    Nothing runs here that a fork would cut in two: no thread, no loop, no connection. What was imported is shared,
    what uvicorn imports late too, and the collector leaves it alone, or each worker would soon have its own copy.
    macOS's own libraries do not bear it.
    """
    if sys.platform != "linux":
        return
    for name in ("uvicorn.lifespan.on", "uvicorn.loops.uvloop"):
        import_module(name)
    gc.freeze()
    os.register_at_fork(before=_hold_ends, after_in_parent=_take_ends, after_in_child=begin_afresh)
    # uvicorn has no setting for it; a test would notice if the name were another's.
    _subprocess.spawn = multiprocessing.get_context("fork")  # type: ignore[assignment]  # both make processes


_ENDS = (signal.SIGINT, signal.SIGTERM)


def _hold_ends() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)


def _take_ends() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)


def begin_afresh() -> None:
    """Let a worker that is told to end before it serves do so: the supervisor only notes that it was told."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _end_on_sigterm()
    _take_ends()


def _end_on_sigterm() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


async def write_trust(settings: Settings) -> str | None:
    """Write the file of what TLS lets through: authorities, and self-signed certificates of clients.

    OpenSSL wants to know them before a connection is made; certificates that are registered later are added while we
    serve. Which client a certificate stands for, and whether an authority vouches for it, is looked at anew with each
    request. None when there is nothing to let through.
    """
    async with opened(build_services(settings)) as services:
        own = list(self_signed(services.registry))
        pem = [each.public_bytes(Encoding.PEM).decode() for each in services.authorities.certificates]
    pem += map(ssl.DER_cert_to_PEM_cert, own)
    if not pem:
        return None
    file = settings.data_dir / "client-certificates.pem"
    file.write_text("".join(pem))
    return str(file)


def check_production(settings: Settings) -> None:
    """Refuse to serve in production while a control is missing (promise P3)."""
    # Serving elsewhere needs none of it, nor Alembic, which compares the tables.
    from gateway.cli.controls import check_controls

    failed = [control for control in asyncio.run(check_controls(settings)) if not control.ok]
    if failed:
        listed = "\n".join(f"  {control.name}: {control.remedy}" for control in failed)
        raise Fault(f"not fit for production; 'consent-gateway doctor' shows everything:\n{listed}")


def check_port(host: str, port: int, option: str) -> None:
    """Make sure that nobody listens there yet."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Fault(
                f"{host} port {port} cannot be used ({error.strerror}). Is something else running there? "
                f"Stop it, or choose another port with {option}."
            ) from None
