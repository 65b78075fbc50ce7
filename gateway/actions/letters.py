"""Letters to people: plain text in the person's language, and no personal value in them."""

import json

from gateway.actions.services import Services
from gateway.kit.gettext_catalogues import translated, zone_name
from gateway.kit.ids import Kind
from gateway.kit.mail import Letter
from gateway.store.letters import NewLetter, WaitingLetter, post_letters


def write_letter(services: Services, language: str, to: str, subject: str, *paragraphs: str) -> Letter:
    """Write a letter; it ends with whom to ask."""
    asked = translated(language, "Questions: %(contact)s", contact=services.settings.contact)
    return Letter(to=to, subject=subject, text="\n\n".join([*paragraphs, asked]) + "\n")


def times_note(language: str, zone: str) -> str:
    """Name the zone of the days and times in a letter; it stands there once."""
    return translated(language, "Times are %(zone)s.", zone=zone_name(language, zone))


async def post_letter(services: Services, kind: str, letter: Letter) -> None:
    """Hand a letter to the outbox; it leaves in the background and survives a crash."""
    await services.store.run(post_letters, sealed_letter(services, kind, letter))


def sealed_letter(services: Services, kind: str, letter: Letter) -> NewLetter:
    """Seal a letter, to be put into the outbox together with what it tells."""
    return sealed_content(services, kind, {"to": letter.to, "subject": letter.subject, "text": letter.text})


async def post(services: Services, kind: str, content: dict[str, str]) -> None:
    """Put something into the outbox: a letter, or what the postman makes one of."""
    await services.store.run(post_letters, sealed_content(services, kind, content))


def sealed_content(services: Services, kind: str, content: dict[str, str]) -> NewLetter:
    """Seal what the postman makes letters of, to be put into the outbox together with what they tell."""
    letter_id = services.ids(Kind.LETTER)
    sealed = services.seal.sealed_letter(letter_id, json.dumps(content).encode())
    return NewLetter(letter_id, kind, sealed, services.clock())


def open_letter(services: Services, waiting: WaitingLetter) -> dict[str, str]:
    """Read what waits in the outbox."""
    opened = services.seal.opened_letter(waiting.letter_id, waiting.sealed or b"")
    content: dict[str, str] = json.loads(opened)
    return content
