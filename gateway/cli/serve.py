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

from gateway.actions.operation.seals import check_masters, check_ring
from gateway.app import build_services, opened
from gateway.cli.terminal import CommandFault, say
from gateway.cli.tls_files import check_tls
from gateway.kit.secrets.key_ring import read_key_ring
from gateway.kit.settings import Settings, read_settings
from gateway.store.engine.revision import check_schema
from gateway.web.oauth.certificates import self_signed

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""TLS 1.2 ciphers with forward secrecy and authenticated encryption only (BCP 195, FAPI 2.0 §5.2.2).

None with DHE, though FAPI lets servers have it: RFC 9325 §4.1 advises against it, and it takes parameters of ours.
"""

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
    asyncio.run(check_seals(settings))
    check_tls(tls_certificate, tls_key)
    if settings.is_production:
        check_production(settings)
    trust = asyncio.run(write_trust(settings)) if tls_certificate else None
    check_port(host, port, "--port")
    if workers > 1:
        let_workers_fork()
    # Once everything is closed, uvicorn raises the signal that ended it again, and this handles it.
    _end_on_sigterm()
    uvicorn.run(
        "gateway.app:app_from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http="gateway.web.oauth.certificates:TlsProtocol"
        if tls_certificate
        else "gateway.web.server.head_limits:PatientProtocol",
        ssl_certfile=tls_certificate,
        ssl_keyfile=tls_key,
        ssl_ca_certs=trust,
        ssl_ciphers=CIPHERS,
        # A certificate is optional, because browsers show none, but one that is shown has to be good.
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

    A fork is safe because no thread, loop or connection exists yet. Imported modules are shared, also those
    that uvicorn imports late. The collector leaves them alone, or each worker would soon have its own copy.
    On macOS the system's libraries do not survive a fork.
    """
    if sys.platform != "linux":
        return
    for name in ("uvicorn.lifespan.on", "uvicorn.loops.uvloop"):
        import_module(name)
    gc.freeze()
    os.register_at_fork(before=_hold_ends, after_in_parent=_take_ends, after_in_child=begin_afresh)
    # uvicorn has no setting for this; a test would notice if it renamed the function.
    _subprocess.spawn = multiprocessing.get_context("fork")  # type: ignore[assignment]  # both make processes


_ENDS = (signal.SIGINT, signal.SIGTERM)


def _hold_ends() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)


def _take_ends() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)


def begin_afresh() -> None:
    """Restore handlers that end a worker told to stop before it serves; the supervisor's only take note."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _end_on_sigterm()
    _take_ends()


def _end_on_sigterm() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


async def check_seals(settings: Settings) -> None:
    """Make sure, before anything else, that this key ring is the one that sealed what the database holds."""
    async with opened(build_services(settings)) as services:
        await check_ring(services)
        await check_masters(services)


async def write_trust(settings: Settings) -> str | None:
    """Write the file of certificates that TLS accepts: authorities, and self-signed ones of clients.

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
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = settings.data_dir / "client-certificates.pem"
    file.write_text("".join(pem))
    return str(file)


def check_production(settings: Settings) -> None:
    """Refuse to serve in production while a required control is missing (promise P3); say what is advised."""
    # Serving outside production needs no controls, nor Alembic, which compares the tables.
    from gateway.cli.controls import check_controls

    failed = [control for control in asyncio.run(check_controls(settings)) if not control.ok]
    missing = [control for control in failed if control.is_missing]
    for control in failed:
        if not control.is_missing:
            say(f"{control.name}: {control.detail}. {control.remedy}")
    if missing:
        listed = "\n".join(f"  {control.name}: {control.remedy}" for control in missing)
        raise CommandFault(f"not fit for production; 'consent-gateway doctor' shows everything:\n{listed}")


def check_port(host: str, port: int, option: str) -> None:
    """Make sure that the port is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandFault(
                f"{host} port {port} cannot be used ({error.strerror}). Is something else running there? "
                f"Stop it, or choose another port with {option}."
            ) from None
