"""Service mail: to a server, or into files that only their owner reads."""

import asyncio
import stat
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.kit.mail import Attachment, FileMailer, Letter, SmtpMailer, open_mailer, read_folder
from gateway.kit.settings import Settings
from tests.ports import free_port

LETTER = Letter("aoife@northfield.example", "Your account, Aoife Ní Bhriain", "Choose your password here.\n")


def test_without_a_server_letters_are_files_for_their_owner_only(tmp_path: Path) -> None:
    mailer = open_mailer(Settings(data_dir=tmp_path))
    for _ in range(2):
        asyncio.run(mailer.send(LETTER))
    files = list((tmp_path / "mail").iterdir())
    assert len(files) == 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    message = message_from_bytes(files[0].read_bytes(), policy=policy.default)
    assert message["To"] == LETTER.to
    assert message["Subject"] == LETTER.subject
    assert message.get_content() == LETTER.text


def test_a_line_break_cannot_smuggle_in_a_heading(tmp_path: Path) -> None:
    """Header injection: a name from a people list must not add a recipient."""
    letter = Letter("a@x.example\nBcc: b@x.example", "s", "t")
    with pytest.raises(ValueError):
        asyncio.run(FileMailer(tmp_path, "no-reply@x.example").send(letter))


def test_a_file_hangs_on_a_letter_and_the_text_stays_readable(tmp_path: Path) -> None:
    mailer = FileMailer(tmp_path, "no-reply@x.example")
    hung = Attachment("receipt.jws", "application/jose", b"a.b.c")
    asyncio.run(mailer.send(Letter("a@x.example", "s", "One\nhttps://x.example/stop/1\n", hung)))
    (kept,) = read_folder(tmp_path, "https://x.example")
    assert (kept.text.splitlines()[0], kept.links, kept.files) == (
        "One",
        ("https://x.example/stop/1",),
        ("receipt.jws",),
    )
    (file,) = tmp_path.iterdir()
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert [each.get_content() for each in message.iter_attachments()] == [b"a.b.c"]
    assert message["Auto-Submitted"] == "auto-generated"


def test_mail_that_can_be_ended_says_so_to_the_readers_program(tmp_path: Path) -> None:
    """RFC 8058 §3.1; what cannot be ended, such as a receipt, promises nothing."""
    mailer = FileMailer(tmp_path, "no-reply@x.example")
    link = "https://x.example/unsubscribe/1/2"
    for letter in (Letter("a@x.example", "s", "t", unsubscribe=link), LETTER):
        asyncio.run(mailer.send(letter))
    messages = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in tmp_path.iterdir()]
    assert {(each["List-Unsubscribe"], each["List-Unsubscribe-Post"]) for each in messages} == {
        (f"<{link}>", "List-Unsubscribe=One-Click"),
        (None, None),
    }


def test_mail_without_a_readable_text_shows_none(tmp_path: Path) -> None:
    (tmp_path / "x.eml").write_bytes(b"To: a@x.example\nContent-Type: text/html\n\n<p>x</p>\n")
    (kept,) = read_folder(tmp_path, "https://x.example")
    assert (kept.to, kept.text) == ("a@x.example", "")


class Inbox:
    """Takes what an SMTP server is given."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 OK"


def test_rfc5321_letters_go_to_the_server() -> None:
    inbox, port = Inbox(), free_port()
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        asyncio.run(open_mailer(Settings(smtp_url=f"smtp://127.0.0.1:{port}")).send(LETTER))
    finally:
        controller.stop()
    (envelope,) = inbox.envelopes
    assert envelope.rcpt_tos == [LETTER.to]
    assert b"Choose your password here." in (envelope.content or b"")


def test_rfc5321_4_5_5_forwarded_mail_goes_on_as_it_came_without_a_return_path(tmp_path: Path) -> None:
    inbox, port = Inbox(), free_port()
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    mail = b"To: x7f@relay.example\r\nDKIM-Signature: v=1\r\n\r\n.Hello\r\n"
    controller.start()
    try:
        asyncio.run(open_mailer(Settings(smtp_url=f"smtp://127.0.0.1:{port}")).forward("a@x.example", mail))
    finally:
        controller.stop()
    (envelope,) = inbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos, envelope.content) == ("<>", ["a@x.example"], mail)
    asyncio.run(FileMailer(tmp_path, "no-reply@x.example").forward("a@x.example", mail))
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [mail]


@pytest.mark.parametrize(
    ("url", "port", "use_tls"),
    [
        ("smtp://mail.example", 25, False),
        ("smtps://mail.example", 465, True),
        ("smtp://mail.example:587", 587, False),
    ],
)
def test_the_address_says_how_to_reach_the_server(url: str, port: int, use_tls: bool) -> None:
    mailer = open_mailer(Settings(smtp_url=url))
    assert isinstance(mailer, SmtpMailer)
    assert (mailer.host, mailer.port, mailer.use_tls) == ("mail.example", port, use_tls)


def test_each_letter_has_headers_of_its_own_and_none_can_be_smuggled_in(tmp_path: Path) -> None:
    """RFC 5322 §2.2: what is the same in every letter is read once; address, subject and file are each letter's."""
    mailer = FileMailer(tmp_path / "mail", "no-reply@x.example")
    letters = [
        Letter(f"{name}@x.example", f"For {name}", name, Attachment(f"{name}.jws", "application/jose", b"j"))
        for name in ("asha", "ben", "asha")
    ]
    for letter in letters:
        asyncio.run(mailer.send(letter))
    kept = sorted(read_folder(tmp_path / "mail", "https://x.example"), key=lambda each: each.to)
    assert [(each.to, each.subject, each.text.strip(), each.files) for each in kept] == [
        (f"{name}@x.example", f"For {name}", name, (f"{name}.jws",)) for name in ("asha", "asha", "ben")
    ]
    for _ in range(2):
        with pytest.raises(ValueError, match="linefeed"):
            asyncio.run(mailer.send(Letter("asha@x.example", "Hello\nBcc: eve@x.example", "text")))
