"""Pages of contacts between people: the list, asking, answering, one contact and its end (promise P2)."""

from collections.abc import Iterable

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.accounts.profiles import see_profile
from gateway.actions.contacts.giving import takes_step_up
from gateway.actions.contacts.overview import see_contact, see_contacts
from gateway.actions.contacts.steps import accept_contact, change_contact, end_contact, refuse_contact
from gateway.actions.contacts.views import view_contact
from gateway.actions.contacts.wishes import ask_contact
from gateway.kit.errors import Refusal
from gateway.model.contacts import GivenItem
from gateway.web.contacts.choices import choices, chosen_items
from gateway.web.contacts.views import (
    answer_view,
    contact_view,
    ended_at,
    name_of,
    reveal_url,
    row_view,
    state_of,
    was_live,
)
from gateway.web.pages import views
from gateway.web.pages.administrating import path_id
from gateway.web.pages.formats import say
from gateway.web.pages.visit import Visit, see_other, show, signed_in_page
from gateway.web.server.answers import note

HERE = "/contacts"
ASK = f"{HERE}/ask"
LONGEST_ADDRESS = 254
"""RFC 5321 §4.5.3.1.3, without the angle brackets."""


async def contacts(visit: Visit) -> Response:
    """List contacts, those that need an answer first."""
    found = await see_contacts(visit.services, visit.signed_in)
    lines = (*found.to_answer, *found.live, *found.asked, *found.over)
    view = views.ContactsView(
        chrome=visit.chrome("contacts"),
        rows=tuple(map(row_view, lines)),
        ask_url=ASK if found.is_open else "",
    )
    return show("contacts", view)


async def show_ask(visit: Visit) -> Response:
    """Show the form that asks somebody."""
    if visit.signed_in.person.needs_guardian:
        return see_other(HERE)
    return await _ask_page(visit, "", ())


async def _ask_page(
    visit: Visit, who: str, given: Iterable[GivenItem], *, fault: str = "", wait: int = 0
) -> Response:
    own = await see_profile(visit.services, visit.signed_in)
    view = views.ContactAskView(
        chrome=visit.chrome("contacts"),
        action=ASK,
        items=choices(visit, own, given),
        maximum_length=LONGEST_ADDRESS,
        who=who,
        reveal_url=reveal_url(own, ASK),
        throttled_seconds=wait,
        errors=(views.FieldError(field="who", message=say(fault)),) if fault else (),
    )
    response = show("contact_ask", view, status=429 if wait else 422 if fault else 200)
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response


async def do_ask(visit: Visit) -> Response:
    """Ask somebody; the answer tells nothing about whether they are here."""
    form = await visit.form()
    who, items = form.one("who"), chosen_items(form)
    if form.one("decision") != "ask":
        return await _ask_page(visit, who, items)
    if takes_step_up(visit.services, visit.signed_in, items):
        return see_other(f"/reauthenticate?next={ASK}")
    try:
        fault = await ask_contact(visit.services, visit.signed_in, who, items, visit.language)
    except Refusal as refusal:
        if refusal.code != "too_many_attempts":
            raise
        note(refusal)
        return await _ask_page(visit, who, items, wait=refusal.retry_after or 1)
    return (
        await _ask_page(visit, who, items, fault=fault) if fault else see_other(f"{HERE}?done=contact-asked")
    )


async def contact(visit: Visit) -> Response:
    """Show one contact, or the question that waits for an answer."""
    return await _contact_page(visit)


async def _contact_page(visit: Visit, given: Iterable[GivenItem] | None = None) -> Response:
    found = await see_contact(visit.services, visit.signed_in, path_id(visit, "contact_id"))
    own = await see_profile(visit.services, visit.signed_in)
    if state_of(found.line) == "to_answer":
        return show("contact_answer", answer_view(visit, found.line, own, given or ()))
    return show("contact", contact_view(visit, found, own, given=given))


async def answer(visit: Visit) -> Response:
    """Take the answer to a question; pressing Enter in a box answers nothing and keeps what was ticked."""
    form = await visit.form()
    contact_id, items, language = path_id(visit, "contact_id"), chosen_items(form), visit.language
    match form.one("decision"):
        case "accept" if takes_step_up(visit.services, visit.signed_in, items):
            return see_other(f"/reauthenticate?next={HERE}/{contact_id}")
        case "accept":
            await accept_contact(visit.services, visit.signed_in, contact_id, items, language)
            return see_other(f"{HERE}/{contact_id}?done=contact-yes")
        case "refuse":
            await refuse_contact(visit.services, visit.signed_in, contact_id, language)
            return see_other(f"{HERE}?done=contact-no")
        case "later":
            return see_other(HERE)
    return await _contact_page(visit, items)


async def change(visit: Visit) -> Response:
    """Show the other more, less or something else from now on."""
    form = await visit.form()
    contact_id, items = path_id(visit, "contact_id"), chosen_items(form)
    if form.one("decision") != "change":
        return await _contact_page(visit, items)
    before = (await see_contact(visit.services, visit.signed_in, contact_id)).line.given
    if takes_step_up(visit.services, visit.signed_in, items, before):
        return see_other(f"/reauthenticate?next={HERE}/{contact_id}")
    await change_contact(visit.services, visit.signed_in, contact_id, items, visit.language)
    return see_other(f"{HERE}/{contact_id}?done=contact-changed")


async def look(visit: Visit) -> Response:
    """Show the other's details; a look is written down, so it takes a button, never a link (RFC 9110 §9.2.1)."""
    await visit.form()
    contact_id = path_id(visit, "contact_id")
    if not (await see_contact(visit.services, visit.signed_in, contact_id)).is_fresh:
        return see_other(f"/reauthenticate?next={HERE}/{contact_id}")
    seen = await view_contact(visit.services, visit.signed_in, contact_id)
    found = await see_contact(visit.services, visit.signed_in, contact_id)
    own = await see_profile(visit.services, visit.signed_in)
    return show("contact", contact_view(visit, found, own, seen=seen))


async def end(visit: Visit) -> Response:
    """End a contact, or take a question back: one press, no password, nothing is asked again."""
    await visit.form()
    contact_id = path_id(visit, "contact_id")
    await end_contact(visit.services, visit.signed_in, contact_id, visit.language)
    return see_other(f"{HERE}/{contact_id}/ended")


async def show_end(visit: Visit) -> Response:
    """Say that it has ended."""
    found = await see_contact(visit.services, visit.signed_in, path_id(visit, "contact_id"))
    here = f"{HERE}/{found.line.contact_id}"
    if state_of(found.line) != "ended":
        return see_other(here)
    view = views.ContactEndedView(
        chrome=visit.chrome("contacts"),
        name=name_of(found.line),
        taken_back=not was_live(found),
        ended_at=ended_at(found),
        detail_url=here,
    )
    return show("contact_ended", view)


ROUTES = (
    Route(HERE, signed_in_page(contacts), methods=["GET"]),
    Route(ASK, signed_in_page(show_ask), methods=["GET"]),
    Route(ASK, signed_in_page(do_ask), methods=["POST"]),
    Route(f"{HERE}/{{contact_id}}", signed_in_page(contact), methods=["GET"]),
    Route(f"{HERE}/{{contact_id}}", signed_in_page(answer), methods=["POST"]),
    Route(f"{HERE}/{{contact_id}}/change", signed_in_page(change), methods=["POST"]),
    Route(f"{HERE}/{{contact_id}}/show", signed_in_page(look), methods=["POST"]),
    Route(f"{HERE}/{{contact_id}}/end", signed_in_page(end), methods=["POST"]),
    Route(f"{HERE}/{{contact_id}}/ended", signed_in_page(show_end), methods=["GET"]),
)
