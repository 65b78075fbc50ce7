"""Controls that ask another machine; each waits a few seconds, and no reply counts as an answer too."""

import asyncio
import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aiosmtplib

from gateway.cli.controls.control import Finding, Sight
from gateway.kit.clock import DAY
from gateway.kit.mail import SmtpMailer, open_mailer

PATIENCE = 5.0
"""Seconds that another machine has for its answer."""
LEAST_DAYS = 14


async def mail_server(sight: Sight) -> Finding:
    """Greet the mail server; no letter is sent."""
    mailer = open_mailer(sight.settings)
    if not isinstance(mailer, SmtpMailer):
        return Finding(True, "none is set")
    place = f"{mailer.host}:{mailer.port}"
    try:
        await mailer.greet(PATIENCE)
    except (OSError, aiosmtplib.SMTPException, ValueError) as error:
        return Finding(
            False,
            f"{place} does not answer as a mail server ({str(error) or error.__class__.__name__})",
            "Start it, or correct CONSENT_GATEWAY_SMTP_URL. Until then letters wait in the outbox.",
        )
    return Finding(True, f"{place} answers")


async def certificate(sight: Sight) -> Finding:
    """Check our own certificate as a browser would; behind a proxy it is the proxy's."""
    parts = urlsplit(sight.settings.issuer)
    if parts.scheme != "https":
        return Finding(True, "no TLS on this machine itself")
    host, port = parts.hostname or "", parts.port or 443
    remedy = "Renew it, with its whole chain, and let the server or the proxy in front read it again."
    try:
        ends_at = await _end_of_certificate(host, port)
    except ssl.SSLError as error:
        return Finding(False, f"browsers refuse {host}:{port} ({_reason(error)})", remedy)
    except (OSError, TimeoutError):
        return Finding(True, f"nobody answers at {host}:{port} yet")
    days = (ends_at - sight.now) // DAY
    until = datetime.fromtimestamp(ends_at, UTC).date()
    return Finding(days >= LEAST_DAYS, f"good until {until}, {days} days", remedy)


async def _end_of_certificate(host: str, port: int) -> int:
    opening = asyncio.open_connection(host, port, ssl=ssl.create_default_context(), server_hostname=host)
    _, writer = await asyncio.wait_for(opening, PATIENCE)
    try:
        found = writer.get_extra_info("peercert")
        return int(ssl.cert_time_to_seconds(found["notAfter"]))
    finally:
        writer.transport.abort()


def _reason(error: ssl.SSLError) -> str:
    return str(getattr(error, "verify_message", "") or error.reason or error.__class__.__name__)
