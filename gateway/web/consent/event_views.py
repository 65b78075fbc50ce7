"""Decisions on a consent, as the person reads them."""

from collections.abc import Iterator, Mapping, Sequence

from gateway.consent.pauses import ON_RECORD, Pause, PauseCause
from gateway.model.administration.actions import AdminAction
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


ACT_WORDS: Mapping[str, tuple[str, str]] = {
    "pause_partner": (later("Paused for everybody"), later("the service")),
    "pause_for_complaints": (
        later("Paused for everybody: people complained about advertising"),
        later("the service"),
    ),
    "announce_end": (later("The partner's end was announced"), later("the service")),
    "call_off_end": (later("The partner's end was called off"), later("the service")),
    "resume_partner": (later("The partner goes on"), later("the service")),
    "let_ask_again": (later("It may ask again"), ""),
    "gate_ask": (later("Closed to your school's members"), later("your school")),
    "gate_deny": (later("Closed to your school's members"), later("your school")),
    "gate_allow": (later("Open to your school's members"), later("your school")),
}
"""What was decided about many consents at once, and by whom."""
CAUSE_WORDS: Mapping[PauseCause, tuple[str, str]] = {
    PauseCause.USES: (later("Read as often as was allowed"), later("the partner")),
    PauseCause.TERMS: (later("The terms changed"), later("the partner")),
    PauseCause.BASIS: (later("A guardian decides from now on"), later("the service")),
    PauseCause.AGE: (later("Came of age"), later("the service")),
    PauseCause.ACCOUNT: (later("The account was deactivated"), later("an administrator")),
    PauseCause.GUARDIANS: (later("No guardian allows it"), later("the service")),
}
"""What begins with no event and no act: it stands in the history while it holds."""


def merged_history(
    events: Sequence[views.Event], acts: Sequence[AdminAction], pause: Pause | None
) -> tuple[views.Event, ...]:
    """Put decisions on a consent and on many together, newest first; with what holds it back without any."""
    more = [
        views.Event(at=each.at, what=say(what), actor=say(actor))
        for each in acts
        for what, actor in (ACT_WORDS[each.action],)
    ]
    if pause is not None and pause.since is not None and pause.hold not in ON_RECORD:
        what, actor = CAUSE_WORDS[pause.cause]
        more.append(views.Event(at=pause.since, what=say(what), actor=say(actor)))
    return tuple(sorted((*reversed(more), *reversed(events)), key=lambda each: each.at, reverse=True))


def _lasts(event: ConsentEvent) -> int:
    return (event.valid_until or event.at) - event.at
