"""The administrators' page of complaints: what people said went wrong, and the answer that they get."""

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.administration.complaints import PAGE, answer_complaint, see_complaints
from gateway.consent.complaints import ComplaintKind
from gateway.kit.errors import Refusal
from gateway.model.administration.acts import AdminAct
from gateway.model.complaints import ComplaintAnswer, is_open
from gateway.model.people import Power, powers_of
from gateway.store.consent.complaints import Complaint, ComplaintQuery
from gateway.web.pages import views
from gateway.web.pages.admin_acts import ActRoute
from gateway.web.pages.administrating import (
    Conditions,
    address_of_search,
    partner_options,
    path_id,
    short_person,
)
from gateway.web.pages.complaint_words import ANSWER_WORDS, COMPLAINT_WORDS
from gateway.web.pages.formats import later, say
from gateway.web.pages.sections import SECTIONS, doors
from gateway.web.pages.visit import Visit, see_other, show, signed_in_page
from partners import PartnerState

HERE = SECTIONS["complaints"].url
STATES = {"open": later("Open"), "closed": later("Closed")}


async def complaints(visit: Visit) -> Response:
    """List complaints, newest first."""
    visit.check_power(Power.SEE_COMPLAINTS)
    conditions = Conditions(visit, HERE)
    state = conditions.one_of("state", STATES)
    query = ComplaintQuery(
        partner_id=conditions.one_of("partner", visit.services.registry.partners),
        kind=conditions.one_of("kind", tuple(ComplaintKind)),
        is_open=None if state is None else state == "open",
        before=conditions.before(),
        limit=PAGE + 1,
    )
    found = await see_complaints(visit.services, query)
    view = views.AdminComplaintsView(
        chrome=visit.chrome("admin"),
        doors=await doors(visit),
        section="complaints",
        action=HERE,
        partners=partner_options(visit, query.partner_id),
        kinds=_options(COMPLAINT_WORDS, query.kind),
        states=_options(STATES, state),
        rows=tuple(_row(visit, each) for each in found.complaints),
        pager=conditions.pager(found.older),
    )
    return show("admin_complaints", view)


def _options(words: dict[str, str], chosen: str | None = None) -> tuple[views.Option, ...]:
    return tuple(
        views.Option(value=value, label=say(label), chosen=value == chosen) for value, label in words.items()
    )


def _row(visit: Visit, complaint: Complaint) -> views.ComplaintRow:
    powers = powers_of(visit.signed_in.person.role)
    partner = visit.services.registry.partners[complaint.partner_id]
    waits = is_open(complaint.answer)
    left = {value: words for value, words in ANSWER_WORDS.items() if value != complaint.answer}
    return views.ComplaintRow(
        reference=complaint.complaint_id,
        opened_at=complaint.opened_at,
        person=short_person(complaint.person_id),
        brand=partner.partner.brand,
        partner_url=f"/admin/partners/{complaint.partner_id}" if Power.SEE_PARTNERS in powers else "",
        is_paused=partner.state is PartnerState.PAUSED,
        brakes=complaint.brakes,
        grant_url=f"/admin/grants/{complaint.grant_id}" if Power.SEE_GRANTS in powers else "",
        what=say(COMPLAINT_WORDS[complaint.kind]),
        is_open=waits,
        answer=say(ANSWER_WORDS[complaint.answer]) if complaint.answer else "",
        answered_at=complaint.answered_at,
        action=f"{HERE}/{complaint.complaint_id}" if waits and Power.ANSWER_COMPLAINT in powers else "",
        answers=_options(left),
    )


async def search_complaints(visit: Visit) -> Response:
    """Take a search and go to its address."""
    form = await visit.form()
    return see_other(address_of_search(visit, form, ("partner", "kind", "state")))


async def answer(visit: Visit) -> Response:
    """Answer a complaint from a closed list, so that no personal word is kept and every language has the answer."""
    person = visit.signed_in.person
    form = await visit.form()
    given = form.one("answer")
    if given not in tuple(ComplaintAnswer):
        raise Refusal("bad_form", detail="no such answer")
    await answer_complaint(visit.services, person, path_id(visit, "complaint_id"), ComplaintAnswer(given))
    return see_other(f"{HERE}?done=answered")


ROUTES = (
    Route(HERE, signed_in_page(complaints), methods=["GET"]),
    ActRoute(HERE, AdminAct.SEARCH_COMPLAINTS, search_complaints, back=HERE),
    ActRoute(f"{HERE}/{{complaint_id}}", AdminAct.ANSWER_COMPLAINT, answer, back=HERE),
)
