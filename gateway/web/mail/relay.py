"""The relay's door: an SMTP server (RFC 5321) that knows private addresses and nothing else."""

import asyncio
import logging
from typing import cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.actions.mail.relay import may_come, take_letter
from gateway.actions.services import Services
from gateway.kit.logs import log

MOST_BYTES = 5 * 1024 * 1024
MOST_CONNECTIONS = 200
TIMEOUT = 60
"""Seconds without a word after which a connection is closed."""

# Its log lines name senders and recipients.
logging.getLogger("mail.log").setLevel(logging.ERROR)


class SmtpDoor:
    """Answers SMTP clients."""

    def __init__(self, services: Services) -> None:
        """Take the services."""
        self._services = services

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it by the command's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Let a letter come for one private address that is open (RFC 5321 §3.3)."""
        if envelope.rcpt_tos:
            # Each recipient gets a letter of their own: a copy would show who else is a customer.
            return "452 4.5.3 One recipient a letter"
        try:
            answer = await may_come(self._services, envelope.mail_from or "", address)
        except Exception as error:
            return _later(error)
        if answer.is_yes:
            envelope.rcpt_tos.append(address)
        return str(answer)

    async def handle_DATA(  # noqa: N802 - as above
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take the letter, after looking once more whether the consent has ended since the recipient was named."""
        (address,), mail = envelope.rcpt_tos, envelope.content
        content = mail.encode() if isinstance(mail, str) else mail or b""
        try:
            return str(await take_letter(self._services, envelope.mail_from or "", address, content))
        except Exception as error:
            return _later(error)


def _later(error: Exception) -> str:
    """Ask the sender to keep the letter and come again, because the fault is ours."""
    log().error("relay_failed", error=error)
    return "451 4.3.0 Our fault; try later"


class _Counted(SMTP):
    """A connection that counts among the open ones."""

    present: "set[_Counted]"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.present.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.present.discard(self)
        super().connection_lost(error)


class _Full(asyncio.Protocol):
    """Sends away whoever comes while too many are there."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(b"421 4.3.2 Too many connections; try later\r\n")
        transport.close()


async def open_door(services: Services, host: str, port: int) -> asyncio.Server:
    """Listen for mail."""
    loop, door, present = asyncio.get_running_loop(), SmtpDoor(services), set[_Counted]()

    def answer() -> asyncio.Protocol:
        if len(present) >= MOST_CONNECTIONS:
            return _Full()
        connection = _Counted(
            door,
            data_size_limit=MOST_BYTES,
            hostname=services.settings.relay_domain,
            ident="ESMTP",
            timeout=TIMEOUT,
            loop=loop,
        )
        connection.present = present
        return connection

    return await loop.create_server(answer, host, port)
