"""Decisions on a consent, as the person reads them."""

from collections.abc import Iterator

from gateway.model.grants import ActorKind, ConsentEvent, EventType
from gateway.web.pages import views
from gateway.web.pages.formats import later, say
from gateway.web.pages.reason_words import reason_words
from gateway.web.pages.wording import EVENT_WORDS

OWN_EVENT_WORDS = {
    EventType.ASKED: later("The guardian was asked"),
    EventType.GIVEN: later("You said yes"),
    EventType.REFUSED: later("You said no"),
    EventType.NARROWED: later("A detail was switched off"),
    EventType.WIDENED: later("You added details"),
    EventType.RENEWED: later("You said yes again"),
    EventType.PAUSED: later("Paused"),
    EventType.RESUMED: later("Resumed"),
    EventType.WITHDRAWN: later("You stopped it"),
    EventType.REVOKED: later("It was stopped for you"),
    EventType.EXPIRED: later("It ran out"),
}
SHORTENED = later("It was made to end sooner")
ALLOWED_SHORTER = later("Given, for a shorter time")
OWN_ACTOR_WORDS = {
    ActorKind.SUBJECT: later("you"),
    ActorKind.GUARDIAN: later("your guardian"),
    ActorKind.ADMIN: later("an administrator"),
    ActorKind.PARTNER: later("the partner"),
    ActorKind.SYSTEM: later("the service"),
    ActorKind.COURT: later("a court"),
}


def with_before(events: tuple[ConsentEvent, ...]) -> Iterator[tuple[ConsentEvent, ConsentEvent | None]]:
    """Give each decision with the one before it."""
    yield from zip(events, (None, *events), strict=False)


def event_view(event: ConsentEvent, before: ConsentEvent | None = None) -> views.Event:
    """Show one consent event to the person; another's decision is not told as if it were the person's."""
    is_own = event.actor_kind is ActorKind.SUBJECT or event.type is EventType.REVOKED
    words = (OWN_EVENT_WORDS if is_own else EVENT_WORDS)[event.type]
    if event.type is EventType.NARROWED and before is not None and event.items == before.items:
        words = SHORTENED
    if before is not None and before.type is EventType.ASKED and _lasts(event) < _lasts(before):
        words = ALLOWED_SHORTER if event.valid_until != before.valid_until else words
    return views.Event(
        at=event.at,
        what=say(words),
        actor=say(OWN_ACTOR_WORDS[event.actor_kind]),
        reason=reason_words(event.reason),
        check_url=f"/connected/{event.grant_id}/check/{event.event_id}",
        receipt_url=f"/connected/{event.grant_id}/receipt/{event.event_id}",
    )


def _lasts(event: ConsentEvent) -> int:
    return (event.valid_until or event.at) - event.at
