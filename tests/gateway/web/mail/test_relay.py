"""Private addresses: mail for one arrives as long as its consent stands, and nothing else gets through the door."""

import asyncio
import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from gateway.actions.mail import relay
from gateway.actions.operation.postman import Postman
from gateway.kit.mail import SmtpMailer
from gateway.web.mail import relay as door
from gateway.web.mail.relay import SmtpDoor, open_door
from tests.gateway.kit.test_mail import Inbox
from tests.gateway.store.samples import act, rows
from tests.gateway.web.consent.test_consents import detail_of
from tests.gateway.web.guardians.test_requests import EMAIL, LAKSHMI, MEERA, allow, wish
from tests.patience import PATIENCE
from tests.ports import free_port
from tests.world import PARTNERS, World, publish

ASHA, SENDER = "asha@lakeside.example", "scores@quizco.example"
DOMAIN = "relay.example.org"
MAIL = b"From: scores@quizco.example\r\nSubject: Your score\r\n\r\nEight of ten.\r\n"
PLAIN = 'purpose = "results_delivery"\nforms = ["masked", "full"]'
RELAY = PLAIN.replace("masked", "relay")
QUIZCO = (PARTNERS / "quizco.toml").read_text().replace(PLAIN, RELAY)


@pytest.fixture
def relayed(make_world: Callable[..., World]) -> World:
    """A world whose QuizCo offers a private address."""
    return with_relay(make_world(relay_domain=DOMAIN))


@pytest.fixture
def both_relayed(each_world: World) -> World:
    """The same, on either database."""
    object.__setattr__(each_world.services.settings, "relay_domain", DOMAIN)
    return with_relay(each_world)


def with_relay(world: World, *changes: tuple[str, str], version: int = 2) -> World:
    text = QUIZCO
    for before, after in changes:
        text = text.replace(before, after)
    world.run(
        lambda: publish(world.services, text, version=version, manifest_version=version, material=False)
    )
    return world


@contextmanager
def listening(world: World) -> Iterator[int]:
    """Open the relay's door."""
    port = free_port()
    server = world.run(open_door, world.services, "127.0.0.1", port)

    async def close() -> None:
        server.close()

    try:
        yield port
    finally:
        world.run(close)


def address_of(world: World, token: str) -> str:
    found: str = world.userinfo(token).json()["email"]
    return found


def rcpt(port: int, address: str, sender: str = SENDER) -> int:
    """Ask whether a letter may come."""
    with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client:
        client.ehlo("mail.quizco.example")
        client.mail(sender)
        return client.rcpt(address)[0]


def send(port: int, address: str, mail: bytes = MAIL, sender: str = SENDER) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client:
        client.sendmail(sender, [address], mail)


def forwarded(world: World) -> list[tuple[str, bytes]]:
    world.run(Postman(world.services).turn)
    return world.letters.forwarded


def grant_act(world: World, name: str) -> None:
    browser = world.signed_in()
    page = detail_of(browser)
    browser.submit(page, next(form.action for form in page.forms if name in form.action))


def test_the_screen_preselects_the_private_address_inside_an_empty_box(relayed: World) -> None:
    browser = relayed.signed_in()
    form = relayed.ask(browser).form("/consent")
    assert (f"form:{EMAIL}", "relay") in form.fields
    assert not [value for name, value in form.fields if name == "item"]
    assert f"@{DOMAIN}" in relayed.ask(browser).text


def test_a_letter_reaches_the_person_and_the_partner_never_learns_where(both_relayed: World) -> None:
    world = both_relayed
    address = address_of(world, world.tokens(EMAIL)["access_token"])
    assert address.endswith(f"@{DOMAIN}")
    assert "asha" not in address
    with listening(world) as port:
        send(port, address)
    ((to, mail),) = forwarded(world)
    assert to == ASHA
    assert mail.endswith(MAIL)
    assert ASHA.encode() not in mail
    page = detail_of(world.signed_in())
    text = page.text
    assert "through your private address: 1 letter," in text, text[text.find("What it may read") :][:1500]


def test_a_letter_goes_through_to_the_persons_own_mail_server(both_relayed: World) -> None:
    """From door to door over SMTP: the recipient is rewritten, the return path is empty, the letter is as it came."""
    world, inbox, port = both_relayed, Inbox(), free_port()
    address = address_of(world, world.tokens(EMAIL)["access_token"])
    forwarded(world)
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        with listening(world) as door_port:
            send(door_port, address)
        mailer = SmtpMailer("127.0.0.1", port, False, "no-reply@lecturelight.example")
        world.run(Postman(replace(world.services, mailer=mailer)).turn)
    finally:
        controller.stop()
    (envelope,) = inbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("<>", [ASHA])
    assert isinstance(envelope.content, bytes)
    assert envelope.content.endswith(MAIL)
    assert rows(world, "SELECT letters FROM relay_address")[0][0] == 1
    assert rows(world, "SELECT letter_id FROM letter") == []


def test_an_address_is_the_same_after_a_renewal_and_another_for_each_partner_and_person(
    relayed: World,
) -> None:
    first = address_of(relayed, relayed.tokens(EMAIL)["access_token"])
    grant_act(relayed, "/stop")
    assert address_of(relayed, relayed.tokens(EMAIL, prompt="consent")["access_token"]) == first
    name = relayed.services.seal.private_name
    names = [name(partner, person) for partner in ("a", "b") for person in ("c", "d")]
    assert len(set(names)) == len(names)
    assert name("a", "bc") != name("ab", "c")


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("how", ["/stop", "/pause", "/off/email/"])
def test_the_address_is_dead_at_once_also_for_a_letter_on_its_way(both_relayed: World, how: str) -> None:
    """At RCPT, at DATA, and before forwarding."""
    world = both_relayed
    address = address_of(world, world.tokens(EMAIL)["access_token"])
    with listening(world) as port:
        send(port, address)
        with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client:
            client.ehlo()
            client.mail(SENDER)
            assert client.rcpt(address)[0] == 250
            grant_act(world, how)
            assert client.data(MAIL)[0] == 550
        assert rcpt(port, address) == 550
    assert forwarded(world) == []
    assert rows(world, "SELECT letters FROM relay_address")[0][0] == 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE consent_grant SET valid_until = 1",
        "UPDATE partner SET state = 'paused'",
        "UPDATE person SET state = 'closed'",
        "UPDATE person SET needs_guardian = true",
    ],
)
def test_every_lock_of_a_release_locks_the_address_too(relayed: World, change: str) -> None:
    address = address_of(relayed, relayed.tokens(EMAIL)["access_token"])
    with listening(relayed) as port:
        assert rcpt(port, address) == 250
        act(relayed, change)
        assert rcpt(port, address) == 550


def test_a_childs_address_opens_with_the_guardians_yes_and_closes_with_the_no(relayed: World) -> None:
    wish(relayed, EMAIL)
    address = relayed.services.relay_address("quizco", relayed.person_id(MEERA))
    assert address is not None
    with listening(relayed) as port:
        assert rcpt(port, address) == 550
        allow(relayed)
        assert rcpt(port, address) == 250
        send(port, address)
        assert [to for to, _ in forwarded(relayed)] == [MEERA]
        browser = relayed.signed_in(LAKSHMI)
        page = browser.open(browser.open("/guardian").link("/guardian/gra_"))
        browser.submit(page, next(each.action for each in page.forms if each.action.endswith("/stop")))
        assert rcpt(port, address) == 550


@pytest.mark.parametrize(
    "address",
    [
        "victim@elsewhere.example",
        "postmaster",
        f"unknown@{DOMAIN}",
        f"@{DOMAIN}",
        f"victim%elsewhere.example@{DOMAIN}",
        f'"victim@elsewhere.example"@{DOMAIN}',
        f"@{DOMAIN}:victim@elsewhere.example",
        f"victim@elsewhere.example@{DOMAIN}",
        "{name}@elsewhere.example",
        "{name}@sub.relay.example.org",
        "x{name}@relay.example.org",
        "{name}+x@relay.example.org",
        "elsewhere.example!{name}@relay.example.org",
    ],
)
def test_it_is_no_open_relay(relayed: World, address: str) -> None:
    relayed.tokens(EMAIL)
    name = relayed.services.seal.private_name("quizco", relayed.person_id())
    with listening(relayed) as port:
        assert rcpt(port, address.replace("{name}", name)) >= 500
        assert rcpt(port, f"{name}@{DOMAIN}".upper()) == 250
    assert forwarded(relayed) == []


def test_where_the_manifest_names_domains_only_their_letters_come(relayed: World) -> None:
    listed = ("attested_on", 'sending_domains = ["quizco.example"]\nattested_on')
    with_relay(relayed, listed, version=3)
    address = address_of(relayed, relayed.tokens(EMAIL)["access_token"])
    with listening(relayed) as port:
        codes = [
            rcpt(port, address, sender)
            for sender in (SENDER, "x@Mail.QuizCo.example", "x@other.example", "x@notquizco.example", "")
        ]
    assert codes == [250, 250, 550, 550, 550]


def test_too_many_letters_are_asked_to_come_later(relayed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "LETTERS", 2)
    address = address_of(relayed, relayed.tokens(EMAIL)["access_token"])
    with listening(relayed) as port:
        send(port, address)
        send(port, address)
        with pytest.raises(smtplib.SMTPDataError, match="452"):
            send(port, address)
        relayed.clock.pass_by(relay.REFILL)
        send(port, address)
    assert len(forwarded(relayed)) == 3


@pytest.mark.parametrize("head", [b"x-consent-gateway-relay: x\r\n", b"Received: by x\r\n" * 26])
def test_what_goes_round_in_circles_is_refused(relayed: World, head: bytes) -> None:
    address = address_of(relayed, relayed.tokens(EMAIL)["access_token"])
    with listening(relayed) as port:
        with pytest.raises(smtplib.SMTPDataError, match="554"):
            send(port, address, head + MAIL)
        send(port, address, MAIL + b"Received: by x\r\n" * 30)


def test_a_letter_that_is_too_large_is_refused(relayed: World) -> None:
    address = address_of(relayed, relayed.tokens(EMAIL)["access_token"])
    with listening(relayed) as port, pytest.raises(smtplib.SMTPResponseException, match="552"):
        send(port, address, MAIL + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * (door.MOST_BYTES // 72))


def test_each_recipient_gets_a_letter_of_their_own(relayed: World) -> None:
    address = address_of(relayed, relayed.tokens(EMAIL)["access_token"])
    with listening(relayed) as port, smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client:
        client.ehlo()
        client.mail(SENDER)
        assert [client.rcpt(address)[0] for _ in range(2)] == [250, 452]


def test_what_was_taken_is_durable_and_what_was_not_stays_with_its_sender(
    both_relayed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A yes means a sealed row in the database; a fault of ours asks the sender to keep the letter."""
    world = both_relayed
    address = address_of(world, world.tokens(EMAIL)["access_token"])
    forwarded(world)
    with listening(world) as port:
        send(port, address)
        ((sealed, state),) = rows(world, "SELECT sealed, state FROM letter")
        assert state == "waiting"
        assert b"Eight of ten" not in sealed

        async def broken(*_: Any) -> None:
            raise ConnectionResetError

        with monkeypatch.context() as patch:
            patch.setattr(relay, "post", broken)
            with pytest.raises(smtplib.SMTPDataError, match="451"):
                send(port, address)
            patch.setattr(door, "may_come", broken)
            assert rcpt(port, address) == 451
    assert len(forwarded(world)) == 1


def test_whoever_comes_when_it_is_full_is_asked_to_come_later(
    relayed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "MOST_CONNECTIONS", 1)
    with listening(relayed) as port, smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client:
        assert client.noop()[0] == 250
        with pytest.raises(smtplib.SMTPConnectError) as full:
            smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE)
        assert full.value.smtp_code == 421


def test_a_letter_without_content_as_bytes_is_taken_as_text() -> None:
    """aiosmtpd may hand over text or nothing; neither is lost on the way."""
    from types import SimpleNamespace

    async def ask(content: object) -> str:
        envelope: Any = SimpleNamespace(rcpt_tos=["x@y"], mail_from=None, content=content)
        settings = SimpleNamespace(relay_domain=DOMAIN)
        services: Any = SimpleNamespace(settings=settings)
        nobody: Any = None
        return await SmtpDoor(services).handle_DATA(nobody, nobody, envelope)

    assert asyncio.run(ask("text")).startswith("550")
    assert asyncio.run(ask(None)).startswith("550")
