"""Contacts between people: asked for, accepted field by field, seen, changed, ended (promise P2)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from gateway.accounts.fields import FieldFault, check_email
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.services import Services, day_of
from gateway.actions.sessions import check_fresh, is_fresh, login_index
from gateway.kit.digests import keyed_digest
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.sealing import seal, unseal
from gateway.kit.words import Words
from gateway.ledger.entries import Commitments, encode_view
from gateway.ledger.merkle import leaf_hash
from gateway.model.contacts import (
    WAITS,
    Contact,
    ContactEvent,
    ContactEventType,
    ContactState,
    ContactView,
    GivenItem,
    SeenItem,
    Side,
)
from gateway.model.people import Acr, Session
from gateway.model.profile import SealedProfile
from gateway.store.contact_views import ViewAsk, view_operation
from gateway.store.contacts import (
    Met,
    NamedContact,
    NewWish,
    Step,
    add_wishes,
    load_contacts,
    load_histories,
    load_own_contacts,
    take_steps,
)
from gateway.store.profiles import load_profiles
from gateway.store.throttles import Take, take_tokens
from scopes import CONTACT_FORMS, FIELDS, Sensitivity, contact_detail


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


OFFERED = tuple(GivenItem(name, form) for name, forms in CONTACT_FORMS.items() for form in forms)
"""What can be given: each contact field of the catalogue in each form that a person can read, most private first."""

WISHES = 10
"""Wishes that one person can have at once; one more every `REFILL` seconds."""
REFILL = 8640


async def see_contacts(services: Services, session: Session) -> ContactList:
    """List a person's contacts; shows no value but names, which both gave when they asked or accepted."""
    if session.person.needs_guardian:
        return ContactList(False, (), (), (), ())
    found = await services.store.read(load_contacts, session.person.person_id)
    now = services.clock()
    lines = [line for each in found if (line := _line(services, each, session.person.person_id, now))]
    waiting = [line for line in lines if line.state is ContactState.WAITING]
    return ContactList(
        is_open=True,
        live=tuple(line for line in lines if line.state is ContactState.LIVE),
        to_answer=tuple(line for line in waiting if line.own is Side.ASKED),
        asked=tuple(line for line in waiting if line.own is Side.ASKER),
        over=tuple(line for line in lines if line.state is ContactState.ENDED),
    )


def _line(services: Services, found: NamedContact, person_id: str, now: int) -> ContactLine | None:
    """Show a contact as one of its two sees it; None for a wish that its addressee never answered with a yes."""
    contact = found.contact
    own = contact.side_of(person_id) or Side.ASKER
    state = _seen_state(contact, now)
    is_open = contact.state is ContactState.WAITING and state is ContactState.WAITING
    if own is Side.ASKED and found.names[Side.ASKED] is None and not is_open:
        return None
    return ContactLine(
        contact_id=contact.contact_id,
        own=own,
        name=_name(services, found, own.other),
        state=state,
        given=contact.gives[own],
        got=contact.gives[own.other],
        since=contact.asked_at if state is ContactState.WAITING else found.changed_at,
        until=contact.valid_until if state is ContactState.WAITING else None,
    )


def _seen_state(contact: Contact, now: int) -> ContactState:
    """Tell a wish without an answer and one with a "no" alike: both wait until their time is over."""
    if contact.state not in (ContactState.WAITING, ContactState.REFUSED):
        return contact.state
    return ContactState.WAITING if now < contact.valid_until else ContactState.ENDED


def _name(services: Services, found: NamedContact, side: Side) -> str:
    """Open the name of one side; of somebody who has not accepted, the address that the asker wrote."""
    sealed, of, place = found.names[side], side, str(side)
    if sealed is None and side is Side.ASKED:
        sealed, of, place = found.address, Side.ASKER, "address"
    contact, key = found.contact, found.keys[of]
    if sealed is None or key is None:
        return ""
    person_key = services.seal.person_key(contact.person_on(of), key)
    return unseal(person_key, sealed, _place(contact.contact_id, place)).decode()


def _place(contact_id: str, part: str) -> str:
    return f"contact:{contact_id}:{part}"


async def see_contact(services: Services, session: Session, contact_id: str) -> ContactPage:
    """Show one contact.

    Raises:
        Refusal: ``not_found`` for another's, and for a wish that its person under age cannot see.
    """
    found = await _own(services, session, contact_id)
    line = _line(services, found, session.person.person_id, services.clock())
    if line is None:
        raise Refusal("not_found", detail="a wish that is over")
    history = await services.store.read(load_histories, contact_id)
    # Of a "no" its asker sees nothing.
    events = tuple(each for each in history.events if each.type is not ContactEventType.REFUSED)
    return ContactPage(line, events[::-1], history.views[::-1], is_fresh(services, session))


async def _own(services: Services, session: Session, contact_id: str) -> NamedContact:
    found = await services.store.read(load_own_contacts, (session.person.person_id, contact_id))
    if found is None or session.person.needs_guardian:
        raise Refusal("not_found", detail="a contact of others, or not for a child")
    return found


async def ask_contact(
    services: Services, session: Session, email: str, items: Iterable[GivenItem], language: str
) -> str | None:
    """Ask somebody to be a contact, and say what they may see once they accept.

    It takes the same steps whether there is somebody with this address or not, whether they said no lately, and
    whether they are under age: nobody learns who uses the service (promise P2).

    Returns:
        What is wrong with the address: none at all, one's own, somebody who is a contact or was asked already.

    Raises:
        Refusal: ``bad_form`` for an item that cannot be given; ``too_many_attempts``; ``not_allowed`` under age.
    """
    person_id = session.person.person_id
    if session.person.needs_guardian:
        raise Refusal("not_allowed", detail="no contacts under age")
    given = _checked(items)
    _check_step_up(services, session, given)
    try:
        address = check_email(email)
    except FieldFault as fault:
        return fault.words
    await _throttle(services, person_id)
    contact_id, key, name = services.ids(Kind.CONTACT), *(await _own_name(services, person_id))
    event = _event(services, session, contact_id, ContactEventType.ASKED, Side.ASKER, given, language)
    wish = NewWish(
        asker_id=person_id,
        asked_index=login_index(services, address),
        asked_address=seal(key, address.encode(), _place(contact_id, "address")),
        asker_name=seal(key, name, _place(contact_id, str(Side.ASKER))),
        event=replace(event, seq=1, valid_until=event.at + WAITS),
    )
    return _WRONG.get(await services.store.run(add_wishes, wish))


_WRONG = {
    Met.SELF: Words("This is your own address."),
    Met.ASKS: Words("They have asked you already. Their question waits in your list."),
    Met.ALREADY: Words("You have asked this address already, or you are in contact."),
}


async def _throttle(services: Services, person_id: str) -> None:
    bucket = keyed_digest(services.seal.ring.index, "contacts", person_id)
    wait = await services.store.run(take_tokens, Take(bucket, WISHES, REFILL, services.clock()))
    if wait:
        raise Refusal("too_many_attempts", detail="too many wishes for contacts", retry_after=wait)


async def _own_name(services: Services, person_id: str) -> tuple[bytes, bytes]:
    """Give a person's own key and name: what they hand over by asking, or by accepting."""
    opened = OpenedProfile(services.seal, await services.store.read(load_profiles, person_id))
    return opened.key, opened.values({"name"}).get("name", "").encode()


def _checked(items: Iterable[GivenItem]) -> tuple[GivenItem, ...]:
    """Let pass what can be given, each field in one form.

    Raises:
        Refusal: ``bad_form``.
    """
    given = tuple(sorted(items))
    if not set(given) <= set(OFFERED) or len({each.field for each in given}) < len(given):
        raise Refusal("bad_form", detail="not what can be given")
    return given


def takes_step_up(
    services: Services, session: Session, items: Iterable[GivenItem], before: Iterable[GivenItem] = ()
) -> bool:
    """Tell whether something sensitive would be given that was not before: that takes a recent step-up (P15)."""
    new = set(items) - set(before)
    is_sensitive = any(FIELDS[each.field].sensitivity is Sensitivity.SENSITIVE for each in new)
    return is_sensitive and not is_fresh(services, session)


def _check_step_up(
    services: Services, session: Session, items: Iterable[GivenItem], before: Iterable[GivenItem] = ()
) -> None:
    if takes_step_up(services, session, items, before):
        raise Refusal("not_allowed", detail="something sensitive takes a recent step-up")


def _event(
    services: Services,
    session: Session,
    contact_id: str,
    type_: ContactEventType,
    side: Side,
    items: tuple[GivenItem, ...],
    language: str,
) -> ContactEvent:
    return ContactEvent(
        event_id=services.ids(Kind.EVENT),
        contact_id=contact_id,
        seq=0,
        type=type_,
        side=side,
        items=items,
        is_erasure=False,
        language=language,
        acr=Acr(session.acr),
        auth_time=session.auth_time,
        valid_until=None,
        at=services.clock(),
    )


async def accept_contact(
    services: Services, session: Session, contact_id: str, items: Iterable[GivenItem], language: str
) -> None:
    """Accept a wish and say what the asker may see; nothing is an answer too.

    Raises:
        Refusal: ``not_found``; ``stale_form`` where it was answered, taken back or has run out in between;
            ``bad_form`` for an item that cannot be given.
    """
    given = _checked(items)
    _check_step_up(services, session, given)
    key, name = await _own_name(services, session.person.person_id)
    sealed = seal(key, name, _place(contact_id, str(Side.ASKED)))
    await _step(services, session, contact_id, ContactEventType.ACCEPTED, given, language, sealed)


async def refuse_contact(services: Services, session: Session, contact_id: str, language: str) -> None:
    """Say no; the asker is told nothing.

    Raises:
        Refusal: as `accept_contact`.
    """
    await _step(services, session, contact_id, ContactEventType.REFUSED, (), language)


async def change_contact(
    services: Services, session: Session, contact_id: str, items: Iterable[GivenItem], language: str
) -> None:
    """Give the other more, less or something else from now on.

    Raises:
        Refusal: as `accept_contact`.
    """
    given, found = _checked(items), await _own(services, session, contact_id)
    before = found.contact.gives[found.contact.side_of(session.person.person_id) or Side.ASKER]
    _check_step_up(services, session, given, before)
    await _step(services, session, contact_id, ContactEventType.CHANGED, given, language)


async def end_contact(services: Services, session: Session, contact_id: str, language: str) -> None:
    """End a contact, or take a wish back; at once, for both (needs no password).

    Raises:
        Refusal: ``not_found``; ending what has ended is none.
    """
    found = await _own(services, session, contact_id)
    if found.contact.state is not ContactState.ENDED:
        await _step(services, session, contact_id, ContactEventType.ENDED, (), language)


async def _step(
    services: Services,
    session: Session,
    contact_id: str,
    type_: ContactEventType,
    items: tuple[GivenItem, ...],
    language: str,
    own_name: bytes | None = None,
) -> None:
    person_id = session.person.person_id
    found = await _own(services, session, contact_id)
    side = found.contact.side_of(person_id) or Side.ASKER
    event = _event(services, session, contact_id, type_, side, items, language)
    met = await services.store.run(take_steps, Step(person_id, event, own_name))
    if met is not Met.DONE:
        raise Refusal("stale_form", detail=f"a contact that cannot be {type_} now: {met}")


async def view_contact(services: Services, session: Session, contact_id: str) -> tuple[SeenValue, ...]:
    """Show what the other gives; the look is in the log before the values leave (promises P2, P13).

    Raises:
        Refusal: ``not_found``; ``stale_form`` where it has ended; ``not_allowed`` without a recent password.
    """
    check_fresh(services, session)
    await _own(services, session, contact_id)
    ask = ViewAsk(contact_id, session.person.person_id, services.ids(Kind.VIEW), services.clock())
    seen = await services.store.run(view_operation(partial(_decide, services)), ask)
    if seen is None:
        raise Refusal("stale_form", detail="a contact that is over, or no longer for one of the two")
    return seen


def _decide(
    services: Services, ask: ViewAsk, contact: Contact, profile: SealedProfile
) -> tuple[ContactView, tuple[SeenValue, ...]]:
    """Unseal what the other gives and nothing else; the row says what left, and commits to its value."""
    giver = Side.ASKED if contact.asker_id == ask.viewer_id else Side.ASKER
    items = contact.gives[giver]
    opened = OpenedProfile(services.seal, profile)
    values = opened.values({each.field for each in items})
    today, commitments = day_of(ask.at), Commitments(opened.key, contact.contact_id)
    seen = tuple(
        SeenValue(each, contact_detail(each.field, each.form, values, today=today)) for each in items
    )
    row = ContactView(
        view_id=ask.view_id,
        contact_id=contact.contact_id,
        event_id=contact.event_id,
        giver=giver,
        giver_id=profile.person_id,
        viewer_id=ask.viewer_id,
        items=tuple(
            SeenItem(each.item, commitments.to(each.item, each.text))
            for each in seen
            if each.text is not None
        ),
        at=ask.at,
    )
    return replace(row, entry_digest=leaf_hash(encode_view(row))), seen
