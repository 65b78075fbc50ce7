"""Contacts between people: asked for, accepted field by field, seen, changed, ended (promise P2)."""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.actions.services import Services
from gateway.kit.words import Words
from gateway.model.contacts import ContactEvent, ContactState, ContactView, GivenItem, Side
from gateway.model.people import Session


@dataclass(frozen=True, slots=True)
class ContactLine:
    """A contact as one of the two sees it.

    Attributes:
        own: the reader's side.
        name: the other's name; the address that the asker wrote, as long as nobody has accepted.
        state: a wish that was refused is `WAITING` to its asker, and `ENDED` when nobody answered in time.
        given: what the reader gives; `got` what the other gives (of a wish: what the asker would give).
        since: when it was asked for, or accepted.
        until: of a wish: the last second to answer.
    """

    contact_id: str
    own: Side
    name: str
    state: ContactState
    given: tuple[GivenItem, ...]
    got: tuple[GivenItem, ...]
    since: int
    until: int | None


@dataclass(frozen=True, slots=True)
class ContactList:
    """Everybody whom a person is, was, or may come to be in contact with.

    Attributes:
        is_open: False where the person is under age: contacts are not for them, and nobody reaches them.
        to_answer: wishes of others.
        asked: the person's own wishes without an answer.
    """

    is_open: bool
    live: tuple[ContactLine, ...]
    to_answer: tuple[ContactLine, ...]
    asked: tuple[ContactLine, ...]
    over: tuple[ContactLine, ...]


@dataclass(frozen=True, slots=True)
class ContactPage:
    """One contact with everything that happened to it, newest first.

    Attributes:
        views: who looked at what, both ways.
        is_fresh: the password or passkey was given recently: values can be shown.
    """

    line: ContactLine
    events: tuple[ContactEvent, ...]
    views: tuple[ContactView, ...]
    is_fresh: bool


@dataclass(frozen=True, slots=True)
class SeenValue:
    """A value of the other, as it was shown; None where their profile has none."""

    item: GivenItem
    text: str | None


OFFERED: tuple[GivenItem, ...]
"""What can be given: each contact field of the catalogue in each form that a person can read, most private first."""


async def see_contacts(services: Services, session: Session) -> ContactList:
    """List a person's contacts; shows no value but names, which both gave when they asked or accepted."""


async def see_contact(services: Services, session: Session, contact_id: str) -> ContactPage:
    """Show one contact.

    Raises:
        Refusal: ``not_found`` for another's, and for a wish that its person under age cannot see.
    """


async def ask_contact(
    services: Services, session: Session, email: str, items: Iterable[GivenItem], language: str
) -> Words | None:
    """Ask somebody to be a contact, and say what they may see once they accept.

    It takes the same steps whether there is somebody with this address or not, whether they said no lately, and
    whether they are under age: nobody learns who uses the service (promise P2).

    Returns:
        What is wrong with the address: none at all, one's own, somebody who is a contact or was asked already.

    Raises:
        Refusal: ``bad_form`` for an item that cannot be given; ``too_many_attempts``; ``not_allowed`` under age.
    """


async def accept_contact(
    services: Services, session: Session, contact_id: str, items: Iterable[GivenItem], language: str
) -> None:
    """Accept a wish and say what the asker may see; nothing is an answer too.

    Raises:
        Refusal: ``not_found``; ``stale_form`` where it was answered, taken back or has run out in between;
            ``bad_form`` for an item that cannot be given.
    """


async def refuse_contact(services: Services, session: Session, contact_id: str, language: str) -> None:
    """Say no; the asker is told nothing.

    Raises:
        Refusal: as `accept_contact`.
    """


async def change_contact(
    services: Services, session: Session, contact_id: str, items: Iterable[GivenItem], language: str
) -> None:
    """Give the other more, less or something else from now on.

    Raises:
        Refusal: as `accept_contact`.
    """


async def end_contact(services: Services, session: Session, contact_id: str, language: str) -> None:
    """End a contact, or take a wish back; at once, for both (needs no password).

    Raises:
        Refusal: as `accept_contact`; ending what has ended is none.
    """


async def view_contact(services: Services, session: Session, contact_id: str) -> tuple[SeenValue, ...]:
    """Show what the other gives; the look is in the log before the values leave (promises P2, P13).

    Raises:
        Refusal: ``not_found``; ``stale_form`` where it has ended; ``not_allowed`` without a recent password.
    """
