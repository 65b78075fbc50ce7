"""Reading a posted consent screen: whom it was shown to, for which request, and what was chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway.actions.consent.screen import SCREEN
from gateway.actions.oauth.authorize import (
    Authorization,
    Choices,
    open_authorization,
    seal_authorization,
)
from gateway.actions.services import Services
from gateway.consent.terms import OWN_DAY, read_term
from gateway.kit.errors import Refusal
from gateway.kit.secrets.sealing import SealBroken
from gateway.model.item_keys import item_key
from gateway.model.people import Session
from gateway.oauth.requests import checks
from gateway.oauth.requests.requested_items import asked_offer
from partners import Offer


def _open_content(services: Services, ticket: str) -> dict[str, Any]:
    try:
        return services.seal.open_ticket(SCREEN, ticket)
    except SealBroken:
        raise Refusal("forged_form", detail="a damaged screen") from None


@dataclass(frozen=True, slots=True)
class Reply:
    """The consent form as it was posted."""

    ticket: str
    decision: str
    ticked: tuple[str, ...]
    forms: Mapping[str, str]
    duration: str


@dataclass(frozen=True, slots=True)
class ScreenAnswer:
    """A posted form together with the screen that it answers.

    Attributes:
        content: what the screen's ticket holds.
        asked: the request that the screen was shown for, as the registry sees it now.
    """

    reply: Reply
    session: Session
    content: Mapping[str, Any]
    authorization: Authorization
    asked: checks.ExaminedRequest

    @property
    def is_own(self) -> bool:
        """Whether it was shown to the person who is signed in now."""
        return bool(self.content["o"] == self.session.person.person_id)

    @property
    def made_in(self) -> bytes:
        """The session in which it was shown; the same person may have signed in again since."""
        return bytes.fromhex(self.content["e"])

    @property
    def offer(self) -> Offer:
        """What the partner offers now."""
        return asked_offer(self.asked).offer


async def read_answer(services: Services, reply: Reply, session: Session) -> ScreenAnswer:
    """Open the screen that is answered.

    Raises:
        Refusal: ``forged_form`` for a damaged screen.
    """
    content = _open_content(services, reply.ticket)
    authorization = await open_authorization(services, content["a"])
    return ScreenAnswer(reply, session, content, authorization, authorization.asked(services))


def keep_choices(services: Services, answer: ScreenAnswer) -> str:
    """Seal what was chosen so far into a ticket that shows the screen again; nothing is decided (consent.md rule 6)."""
    return seal_authorization(services, chosen_so_far(services, answer))


def chosen_so_far(services: Services, answer: ScreenAnswer) -> Authorization:
    """Put what was chosen so far beside the request."""
    offered = {item_key(item): {str(form) for form in item.forms} for item in answer.offer.items}
    reply = answer.reply
    choices = Choices(
        person_id=answer.session.person.person_id,
        ticked=frozenset(reply.ticked) & offered.keys(),
        forms={key: form for key, form in reply.forms.items() if form in offered.get(key, ())},
        duration=_kept(answer.offer, reply.duration, services.clock()),
    )
    return replace(answer.authorization, choices=choices)


def _kept(offer: Offer, duration: str, now: int) -> str:
    """Keep an answer that can be shown again; keep a chosen day even if it is not valid, to say so."""
    try:
        return read_term(offer, duration, now).value
    except Refusal:
        return duration[:20] if duration.startswith(OWN_DAY) else ""


def is_open_term(services: Services, answer: ScreenAnswer) -> bool:
    """Tell whether a person who named a day named one that the screen offers."""
    duration = answer.reply.duration
    try:
        read_term(answer.offer, duration, services.clock())
    except Refusal:
        return not duration.startswith(OWN_DAY)
    return True


async def find_way_back(services: Services, ticket: str) -> str:
    """Give the authorization ticket of a screen whose session has ended, so that log-in leads back to it.

    It names the request and no person: whoever posts the screen learns which partner asked, and then logs in.

    Returns:
        The ticket; empty for a damaged screen, or where the partner has to ask anew.
    """
    try:
        found: str = _open_content(services, ticket)["a"]
        await open_authorization(services, found)
    except Refusal:
        return ""
    return found
