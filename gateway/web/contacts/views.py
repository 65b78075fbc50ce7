"""What pages show of what two people decided about each other (promise P2)."""

from collections.abc import Iterable, Mapping

from gateway.actions.accounts.profiles import OwnProfile
from gateway.actions.contacts.overview import ContactLine, ContactPage
from gateway.actions.contacts.views import SeenValue
from gateway.kit.clock import DAY
from gateway.model.contacts import (
    COOL_OFF,
    ContactEvent,
    ContactEventType,
    ContactState,
    ContactView,
    GivenItem,
    Side,
)
from gateway.web.consent.screen_views import form_words
from gateway.web.contacts.choices import choices
from gateway.web.pages import views
from gateway.web.pages.formats import later, say
from gateway.web.pages.visit import Visit
from gateway.web.pages.wording import field_label

COOL_OFF_DAYS = COOL_OFF // DAY
EVENT_WORDS = {
    ContactEventType.ASKED: later("Asked"),
    ContactEventType.ACCEPTED: later("Said yes"),
    ContactEventType.REFUSED: later("Said no"),
    ContactEventType.CHANGED: later("Changed what is shown"),
    ContactEventType.ENDED: later("Ended it"),
}
CLOSED_ACCOUNT = later("The account was closed")
STATES: Mapping[ContactState, views.ShownContactState] = {
    ContactState.WAITING: "asked",
    ContactState.LIVE: "live",
    ContactState.REFUSED: "ended",
    ContactState.ENDED: "ended",
}


def row_view(line: ContactLine) -> views.ContactRow:
    """Show one contact in the list."""
    return views.ContactRow(
        name=name_of(line),
        state=state_of(line),
        url=f"/contacts/{line.contact_id}",
        at=line.since,
        sees=labels(line.got),
        shows=labels(line.given),
    )


def name_of(line: ContactLine) -> str:
    """Name the other one; somebody whose account is closed has no name any more."""
    return line.name or say(later("Somebody no longer here"))


def state_of(line: ContactLine) -> views.ShownContactState:
    """Name where a contact stands, as its reader sees it."""
    if line.state is ContactState.WAITING and line.own is Side.ASKED:
        return "to_answer"
    return STATES[line.state]


def labels(items: Iterable[GivenItem]) -> tuple[str, ...]:
    """Name details."""
    return tuple(dict.fromkeys(field_label(each.field) for each in items))


def answer_view(
    visit: Visit, line: ContactLine, own: OwnProfile, given: Iterable[GivenItem]
) -> views.ContactAnswerView:
    """Show who asks, and what could be shown to them; nothing is switched on."""
    here = f"/contacts/{line.contact_id}"
    return views.ContactAnswerView(
        chrome=visit.chrome("contacts", back=here),
        action=here,
        name=name_of(line),
        asked_at=line.since,
        items=choices(visit, own, given),
        offers=labels(line.got),
        cool_off_days=COOL_OFF_DAYS,
        reveal_url=reveal_url(own, here),
    )


def reveal_url(own: OwnProfile, here: str) -> str:
    """Where one's own values are shown in full; empty when they are already."""
    return "" if own.is_fresh else f"/reauthenticate?next={here}"


def contact_view(
    visit: Visit,
    found: ContactPage,
    own: OwnProfile,
    *,
    given: Iterable[GivenItem] | None = None,
    seen: tuple[SeenValue, ...] | None = None,
) -> views.ContactDetail:
    """Show one contact.

    Args:
        given: what was ticked a moment ago, instead of what is given.
        seen: the values of this look, if it is one.
    """
    line, here, state = found.line, f"/contacts/{found.line.contact_id}", state_of(found.line)
    is_live, is_over = state == "live", state == "ended"
    got = _last_given(found, line.own.other) if is_over else line.got
    return views.ContactDetail(
        chrome=visit.chrome("contacts", back=here),
        name=name_of(line),
        state=state,
        since=max(
            (each.at for each in found.events if each.type is ContactEventType.ACCEPTED), default=line.since
        ),
        ended_at=ended_at(found) if is_over else None,
        until=line.until,
        sees=_seen(seen) if seen is not None else tuple(map(_hidden, got)),
        items=choices(visit, own, line.given if given is None else given) if is_live else (),
        shown=labels(_last_given(found, line.own) if is_over else line.given),
        looks=tuple(_look(line, each) for each in found.views),
        events=tuple(_event(line, each) for each in found.events),
        is_open=seen is not None,
        needs_password=not found.is_fresh,
        show_action=f"{here}/show" if is_live and line.got and seen is None else "",
        change_action=f"{here}/change" if is_live else "",
        end_action="" if is_over else f"{here}/end",
        reveal_url=reveal_url(own, here) if is_live else "",
    )


def _last_given(found: ContactPage, side: Side) -> tuple[GivenItem, ...]:
    """Tell what a side showed before the end; nothing for a question that nobody answered: nothing was seen."""
    decided = (each for each in found.events if each.side is side and each.type is not ContactEventType.ENDED)
    return next((each.items for each in decided), ()) if was_live(found) else ()


def ended_at(found: ContactPage) -> int:
    """Tell when a contact was over: by its last decision, or because nobody answered in time."""
    last = found.events[0]
    return found.line.until or last.at if last.type is ContactEventType.ASKED else last.at


def was_live(found: ContactPage) -> bool:
    """Tell whether the two were ever in contact."""
    return any(each.type is ContactEventType.ACCEPTED for each in found.events)


def _hidden(item: GivenItem) -> views.SeenDetail:
    return views.SeenDetail(label=field_label(item.field), form=form_words(item.field, item.form))


def _seen(values: tuple[SeenValue, ...]) -> tuple[views.SeenDetail, ...]:
    return tuple(
        views.SeenDetail(
            label=field_label(each.item.field),
            form=form_words(each.item.field, each.item.form),
            value=each.text,
            missing=each.text is None,
        )
        for each in values
    )


def _look(line: ContactLine, look: ContactView) -> views.Look:
    return views.Look(
        at=look.at,
        who=_who(line, look.giver.other),
        what=labels(each.item for each in look.items),
        check_url=f"/contacts/{look.contact_id}/check/{look.view_id}",
    )


def _event(line: ContactLine, event: ContactEvent) -> views.Event:
    what = CLOSED_ACCOUNT if event.is_erasure else EVENT_WORDS[event.type]
    return views.Event(
        at=event.at,
        what=say(what),
        actor=_who(line, event.side),
        check_url=f"/contacts/{event.contact_id}/check/{event.event_id}",
    )


def _who(line: ContactLine, side: Side) -> str:
    return say("you") if side is line.own else name_of(line)
