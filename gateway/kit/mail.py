"""Service mail: by SMTP, or kept as files where no server is configured."""

import os
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiosmtplib

from gateway.kit.ids import Kind, random_ids
from gateway.kit.settings import Settings

TIMEOUT = 20
"""Seconds that a mail server has for each answer."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a letter; `kind` is its media type."""

    name: str
    kind: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """One message in plain text; `unsubscribe` is the address that ends mail of its kind by one press."""

    to: str
    subject: str
    text: str
    attachment: Attachment | None = None
    unsubscribe: str = ""


class Mailer(Protocol):
    """Sends letters."""

    async def send(self, letter: Letter) -> None:
        """Send one letter."""
        ...

    async def forward(self, to: str, mail: bytes) -> None:
        """Hand on somebody else's mail as it came. Nothing comes back: there is no return path (RFC 5321 §4.5.5)."""
        ...


_PERSONAL = frozenset({"to", "subject"})
_kind_of = lru_cache(maxsize=64)(HeaderRegistry().__getitem__)


class _Headers:
    """Reads headers as the library does, but once where they are the same in every letter: half of a letter's cost.

    Nobody's address is kept.
    """

    def __getitem__(self, name: str) -> Any:
        """Give the class of a header, which the library would make anew each time."""
        return _kind_of(name)

    def __call__(self, name: str, value: str) -> Any:
        """Read a header."""
        return (_read if name.lower() in _PERSONAL else _read_once)(name, value)


def _read(name: str, value: str) -> Any:
    return _kind_of(name)(name, value)


_read_once = lru_cache(maxsize=64)(_read)
_POLICY = policy.default.clone(header_factory=_Headers())


def _message(sender: str, letter: Letter) -> EmailMessage:
    message = EmailMessage(_POLICY)
    message["From"] = sender
    message["To"] = letter.to
    message["Subject"] = letter.subject
    # Nobody's holiday note answers a machine (RFC 3834 §5).
    message["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe:
        message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        # RFC 8058 §3.1: the reader's mail program posts this to the address above.
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.text)
    if letter.attachment:
        # The library would look for one that stands nowhere in the letter; nobody can foresee this one.
        message.make_mixed(boundary=random_ids(Kind.REQUEST))
        main, _, sub = letter.attachment.kind.partition("/")
        message.add_attachment(
            letter.attachment.content, maintype=main, subtype=sub, filename=letter.attachment.name
        )
    return message


@dataclass(frozen=True, slots=True)
class FileMailer:
    """Keeps letters as files that only their owner can read: the default, until SMTP is configured."""

    folder: Path
    sender: str

    async def send(self, letter: Letter) -> None:
        """Write one file."""
        self._write(bytes(_message(self.sender, letter)))

    async def forward(self, to: str, mail: bytes) -> None:
        """Write one file; the folder is everybody's."""
        self._write(mail)

    def _write(self, mail: bytes) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(self.folder / f"{random_ids(Kind.REQUEST)}.eml", "xb", opener=_for_owner) as file:
            file.write(mail)


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


@dataclass(frozen=True, slots=True)
class SmtpMailer:
    """Hands letters to an SMTP server (RFC 5321)."""

    host: str
    port: int
    use_tls: bool
    sender: str

    async def send(self, letter: Letter) -> None:
        """Hand one letter over."""
        await aiosmtplib.send(
            _message(self.sender, letter),
            hostname=self.host,
            port=self.port,
            use_tls=self.use_tls,
            timeout=TIMEOUT,
        )

    async def greet(self, patience: float) -> None:
        """See whether the server answers, and say good-bye.

        Raises:
            OSError, aiosmtplib.SMTPException: it does not.
        """
        client = aiosmtplib.SMTP(hostname=self.host, port=self.port, use_tls=self.use_tls, timeout=patience)
        async with client:
            await client.noop()

    async def forward(self, to: str, mail: bytes) -> None:
        """Hand over mail for one recipient, with an empty return path."""
        client = aiosmtplib.SMTP(hostname=self.host, port=self.port, use_tls=self.use_tls, timeout=TIMEOUT)
        async with client:
            await client.sendmail("", [to], mail)


def open_mailer(settings: Settings) -> Mailer:
    """Choose the mailer by the settings."""
    if not settings.smtp_url:
        return FileMailer(settings.data_dir / "mail", settings.mail_from)
    parts = urlsplit(settings.smtp_url)
    use_tls = parts.scheme == "smtps"
    return SmtpMailer(
        parts.hostname or "", parts.port or (465 if use_tls else 25), use_tls, settings.mail_from
    )


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A letter that was kept as a file; `links` are the addresses of ours in it, `files` the names of what hangs on."""

    to: str
    subject: str
    text: str
    at: int
    links: tuple[str, ...]
    files: tuple[str, ...] = ()


MOST_SHOWN = 50


def read_folder(folder: Path, issuer: str) -> tuple[KeptLetter, ...]:
    """Read the newest letters of a `FileMailer`'s folder."""
    files = sorted(folder.glob("*.eml"), key=lambda file: (file.stat().st_mtime_ns, file.name), reverse=True)
    return tuple(_kept(file, issuer) for file in files[:MOST_SHOWN])


def _kept(file: Path, issuer: str) -> KeptLetter:
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    text = _plain_text(message)
    links = tuple(line for line in text.splitlines() if line.startswith(f"{issuer}/"))
    files = tuple(each.get_filename() or "" for each in message.iter_attachments())
    at = int(file.stat().st_mtime)
    return KeptLetter(str(message["To"]), str(message["Subject"]), text, at, links, files)


def _plain_text(message: EmailMessage) -> str:
    """Read a message's text; empty where it has none."""
    body = message.get_body(("plain",))
    return str(body.get_content()) if body else ""
