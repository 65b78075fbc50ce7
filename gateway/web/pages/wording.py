"""The catalogue's words in the reader's language."""

import scopes
from gateway.model.grants import ActorKind, EventType
from gateway.web.pages.formats import later, voice
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
