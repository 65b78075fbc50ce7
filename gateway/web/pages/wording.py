"""The catalogue's words in the reader's language."""

from collections.abc import Mapping

import scopes
from gateway.kit.gettext_catalogues import direction
from gateway.model.grants import ActorKind, EventType
from gateway.model.people import ROLE_WORDS
from gateway.web.pages.formats import Said, later, say, voice
from gateway.web.pages.views import Spoken
from partners import Offer
from scopes import Form

EVENT_WORDS = {
    EventType.ASKED: later("Asked"),
    EventType.GIVEN: later("Given"),
    EventType.REFUSED: later("Refused"),
    EventType.NARROWED: later("Narrowed"),
    EventType.WIDENED: later("Widened"),
    EventType.RENEWED: later("Renewed"),
    EventType.PAUSED: later("Paused"),
    EventType.RESUMED: later("Resumed"),
    EventType.WITHDRAWN: later("Withdrawn"),
    EventType.REVOKED: later("Revoked"),
    EventType.EXPIRED: later("Expired"),
}
"""What happened to a consent, for whoever looks on."""
ACTOR_WORDS = {
    ActorKind.SUBJECT: later("the person"),
    ActorKind.GUARDIAN: later("the guardian"),
    ActorKind.ADMIN: later("an administrator"),
    ActorKind.PARTNER: later("the partner"),
    ActorKind.SYSTEM: later("the service"),
    ActorKind.COURT: later("a court"),
}
"""Who decided, for whoever looks on."""


def language() -> str:
    """Give the language of the page that is being made."""
    return voice.get().language


def field_label(field: str) -> str:
    """Name a field."""
    return scopes.field_label(field, language())


def form_label(field: str, form: Form) -> str:
    """Name a form of a field."""
    return scopes.form_label(field, form, language())


def purpose_label(purpose: str) -> str:
    """Name a purpose shortly."""
    return scopes.purpose_label(purpose, language())


def so_that(purpose: str, *, partner: str, service: str, child: bool = False) -> str:
    """Write the "so that …" line of an item; a child reads simpler words."""
    return scopes.so_that(purpose, language(), partner=partner, service=service, child=child)


def duration(days: int | None) -> str:
    """Say a duration."""
    return scopes.duration(days, language())


def country_name(code: str) -> str:
    """Name a country (CLDR)."""
    found: str = voice.get().locale.territories.get(code, code)
    return found


def offer_name(offer: Offer) -> Said:
    """Name a combined service, or in the partner's own language where there is no other."""
    return _said(offer.name, offer.names, offer)


def offer_benefit(offer: Offer) -> Said:
    """Say what a combined service does."""
    return _said(offer.benefit, offer.benefits, offer)


def spoken(said: Said) -> Spoken:
    """Tag a text with its language and direction."""
    return Spoken(text=str(said), language=said.language, direction=direction(said.language))


def offer_frequency(offer: Offer) -> Said:
    """Say how often a partner reads; empty where it does not say."""
    return _said(offer.frequency, offer.frequencies, offer)


def _said(text: str, translations: Mapping[str, str], offer: Offer) -> Said:
    wanted = language()
    return Said(translations[wanted], wanted) if wanted in translations else Said(text, offer.own_language)


VALUES: Mapping[str, Mapping[str, str]] = {
    "role": {str(role): words for role, words in ROLE_WORDS.items()},
    "student_status": {"full-time": later("full-time"), "part-time": later("part-time")},
}
"""Values that are one of a known few, by their field; the partner gets them as they are stored."""


def value_words(field: str, value: str | None) -> str | None:
    """Say a value in the reader's language where it is one of a known few; any other is shown as it is."""
    if value is None or field not in VALUES or value not in VALUES[field]:
        return value
    return say(VALUES[field][value])
