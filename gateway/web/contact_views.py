"""From what two people decided about each other to what their pages show (promise P2)."""

from collections.abc import Iterable, Mapping

from gateway.actions.contacts import OFFERED, ContactLine, ContactPage, SeenValue
from gateway.actions.profile import OwnProfile
from gateway.consent.terms import DAY
from gateway.kit.errors import Refusal
from gateway.model.contacts import (
    COOL_OFF,
    ContactEvent,
    ContactEventType,
    ContactState,
    ContactView,
    GivenItem,
    Side,
)
from gateway.web import views
from gateway.web.bodies import Form
from gateway.web.consent_views import form_words
from gateway.web.formats import later, say
from gateway.web.profile import value_words
from gateway.web.visit import Visit
from gateway.web.wording import field_label
from scopes import FORMS, coarse_address, masked, parse_address
from scopes import Form as Shape

COOL_OFF_DAYS = COOL_OFF // DAY
PURPOSES: Mapping[str, str] = {
    "email": later("so that they can write to you"),
    "alternate_email": later("so that they can write to you"),
    "phone_number": later("so that they can call you"),
    "address": later("so that they can send you letters"),
}
EVENT_WORDS = {
    ContactEventType.ASKED: later("Asked"),
    ContactEventType.ACCEPTED: later("Said yes"),
    ContactEventType.REFUSED: later("Said no"),
    ContactEventType.CHANGED: later("Changed what is shown"),
    ContactEventType.ENDED: later("Ended it"),
}
CLOSED_ACCOUNT = later("The account was closed")
STATES: Mapping[ContactState, views.ContactState] = {
    ContactState.WAITING: "asked",
    ContactState.LIVE: "live",
    ContactState.REFUSED: "ended",
    ContactState.ENDED: "ended",
}


def chosen_items(form: Form) -> tuple[GivenItem, ...]:
    """Read which details are ticked, each in its chosen form.

    Raises:
        Refusal: ``bad_form`` for what no page of ours offers.
    """
    items = tuple(GivenItem(field, _shape(form, field)) for field in dict.fromkeys(form.all("item")))
    if not set(items) <= set(OFFERED):
        raise Refusal("bad_form", detail="an item that cannot be given")
    return items


def _shape(form: Form, field: str) -> Shape:
    found = FORMS.get(form.one(f"form:{field}"))
    if found is None:
        raise Refusal("bad_form", detail="an item without a form")
    return found


def choices(own: OwnProfile, given: Iterable[GivenItem]) -> tuple[views.ConsentItem, ...]:
    """Offer every detail that can be given; what is given already, or was ticked a moment ago, is ticked."""
    forms: dict[str, list[Shape]] = {}
    for each in OFFERED:
        forms.setdefault(each.field, []).append(each.form)
    chosen = {each.field: each.form for each in given}
    return tuple(_choice(own, field, shapes, chosen.get(field)) for field, shapes in forms.items())


def _choice(own: OwnProfile, field: str, shapes: list[Shape], chosen: Shape | None) -> views.ConsentItem:
    values = {shape: _own_value(own, field, shape) for shape in shapes}
    return views.ConsentItem(
        key=field,
        label=field_label(field),
        so_that=say(PURPOSES[field]),
        forms=tuple(
            views.FormChoice(
                form=str(shape),
                label=form_words(field, shape),
                value=values[shape],
                chosen=shape is (chosen or shapes[0]),
            )
            for shape in shapes
        ),
        ticked=chosen is not None,
        missing_url="/profile" if values[shapes[-1]] is None else "",
    )


def _own_value(own: OwnProfile, field: str, shape: Shape) -> str | None:
    """Say what the other would see; without a recent password it comes masked from the profile already."""
    found = next(each for each in own.fields if each.name == field)
    if found.value is None or not own.is_fresh or shape is Shape.FULL:
        return value_words(found)
    if shape is Shape.COARSE:
        return ", ".join(coarse_address(parse_address(found.value)).values()) or None
    return masked(field, found.value)


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
    """Name the other one; whoever closed their account has no name any more."""
    return line.name or say(later("Somebody no longer here"))


def state_of(line: ContactLine) -> views.ContactState:
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
        items=choices(own, given),
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
) -> views.ContactView:
    """Show one contact.

    Args:
        given: what was ticked a moment ago, instead of what is given.
        seen: the values of this look, if it is one.
    """
    line, here, state = found.line, f"/contacts/{found.line.contact_id}", state_of(found.line)
    is_live = state == "live"
    return views.ContactView(
        chrome=visit.chrome("contacts", back=here),
        name=name_of(line),
        state=state,
        since=line.since,
        ended_at=ended_at(found) if state == "ended" else None,
        until=line.until,
        sees=_seen(seen) if seen is not None else tuple(map(_hidden, line.got)),
        items=choices(own, line.given if given is None else given) if is_live else (),
        shown=labels(line.given),
        looks=tuple(_look(line, each) for each in found.views),
        events=tuple(_event(line, each) for each in found.events),
        is_open=seen is not None,
        needs_password=not found.is_fresh,
        show_action=f"{here}/show" if is_live and line.got and seen is None else "",
        change_action=f"{here}/change" if is_live else "",
        end_action="" if state == "ended" else f"{here}/end",
        reveal_url=reveal_url(own, here) if is_live else "",
    )


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
    )


def _event(line: ContactLine, event: ContactEvent) -> views.Event:
    what = CLOSED_ACCOUNT if event.is_erasure else EVENT_WORDS[event.type]
    return views.Event(at=event.at, what=say(what), actor=_who(line, event.side))


def _who(line: ContactLine, side: Side) -> str:
    return say("you") if side is line.own else name_of(line)
