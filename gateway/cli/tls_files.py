"""Checking our certificate and its key before anything listens, with faults in plain words."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from gateway.cli.terminal import CommandFault, say
from gateway.kit.clock import Clock, system_clock

LEAST_DAYS = 14


def check_tls(certificate: Path | None, key: Path | None, clock: Clock = system_clock) -> None:
    """Make sure that the files are there, can be read, belong together and are good today.

    Raises:
        Fault: with the file and what to do about it.
    """
    if certificate is None:
        if key is not None:
            raise CommandFault(f"--tls-key {key} has no --tls-certificate beside it: name both, or neither.")
        return
    _check_readable("--tls-certificate", certificate)
    if key is not None:
        _check_readable("--tls-key", key)
    _check_pair(certificate, key)
    _check_time(certificate, clock())


def _check_readable(option: str, file: Path) -> None:
    try:
        file.read_bytes()
    except FileNotFoundError:
        raise CommandFault(
            f"{option}: there is no file {file}. Correct the name, or put the file there."
        ) from None
    except OSError as error:
        raise CommandFault(
            f"{option}: {file} cannot be read ({error.strerror}). Let the gateway's user read it."
        ) from None


def _check_pair(certificate: Path, key: Path | None) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, _ask_nobody)
    except ssl.SSLError as error:
        raise CommandFault(_words(error, certificate, key)) from None


def _ask_nobody() -> str:
    raise CommandFault(
        "the private key is under a password, and nobody is there to type it: write it without one."
    )


def _words(error: ssl.SSLError, certificate: Path, key: Path | None) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return (
            f"{key or certificate} is not the key of the certificate in {certificate}: name the right pair."
        )
    if key is None:
        return f"{certificate} holds no private key beside the certificate: name its file with --tls-key."
    return (
        f"{certificate} and {key} are not a certificate and its key in PEM ({error.reason}): make them anew."
    )


def _check_time(certificate: Path, now: int) -> None:
    own = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    left = own.not_valid_after_utc - datetime.fromtimestamp(now, UTC)
    if left.total_seconds() <= 0:
        raise CommandFault(
            f"the certificate in {certificate} ended on {own.not_valid_after_utc:%Y-%m-%d}: renew it."
        )
    if left.days < LEAST_DAYS:
        say(
            f"the certificate in {certificate} ends in {left.days} days, on {own.not_valid_after_utc:%Y-%m-%d}."
        )
