"""Administrators' page of guardians: name one for a child, end that, see what became of it (promise P9)."""

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.administration.people import own_organisation
from gateway.actions.guardians.naming import MAXIMUM_EVIDENCE, propose_guardian
from gateway.actions.guardians.new_proposals import METHODS
from gateway.actions.guardians.overview import see_proposals
from gateway.actions.guardians.pairs import LinkFault, Linking
from gateway.actions.guardians.unlinking import unlink_guardian
from gateway.model.administration.acts import AdminAct
from gateway.model.administration.waiting import WaitingAct
from gateway.model.people import Power
from gateway.store.guardians.proposals import ProposalLine
from gateway.web.pages import views
from gateway.web.pages.admin_acts import ActRoute
from gateway.web.pages.administrating import Conditions, password_first, short_person
from gateway.web.pages.formats import say
from gateway.web.pages.sections import doors
from gateway.web.pages.visit import Visit, see_other, show, signed_in_page

HERE = "/admin/guardians"
LINK_FIELDS = ("child", "guardian", "method", "evidence")
END_FIELDS = ("linked_child", "linked_guardian")
STATES: Mapping[str, views.ProposalState] = MappingProxyType(
    {"declined": "declined", "withdrawn": "withdrawn", "confirmed": "ended"}
)
"""What is said of a proposal that neither waits nor has become a link that stands."""


async def guardians(visit: Visit) -> Response:
    """Show the forms and what was begun; it decides who says yes for a child, so it takes a recent password."""
    visit.check_power(Power.PROVISION_PEOPLE)
    away = password_first(visit, HERE)
    return see_other(away) if away else await _page(visit, {}, ())


async def _page(visit: Visit, given: Mapping[str, str], errors: tuple[views.FieldError, ...]) -> Response:
    conditions = Conditions(visit, HERE)
    own = own_organisation(visit.signed_in.person)
    found = await see_proposals(visit.services, own, conditions.before())
    view = views.AdminGuardiansView(
        chrome=visit.chrome("admin", back=HERE),
        doors=await doors(visit),
        section="people",
        link_action=f"{HERE}/link",
        end_action=f"{HERE}/end",
        methods=tuple(
            views.Option(value=value, label=say(words), chosen=value == given.get("method"))
            for value, words in METHODS.items()
        ),
        evidence_maximum=MAXIMUM_EVIDENCE,
        proposals=tuple(_row(visit, each) for each in found.lines),
        pager=conditions.pager(found.older),
        given=given,
        errors=errors,
    )
    return show("admin_guardians", view, status=422 if errors else 200)


def _row(visit: Visit, line: ProposalLine) -> views.ProposalRow:
    return views.ProposalRow(
        child=short_person(line.child_id),
        method=say(METHODS[line.method]),
        evidence=line.evidence,
        state=_state(visit, line),
        asked_at=line.created_at,
        until=line.expires_at,
    )


def _state(visit: Visit, line: ProposalLine) -> views.ProposalState:
    if line.is_linked:
        return "linked"
    if line.state == "open":
        return "waiting" if visit.services.clock() < line.expires_at else "expired"
    return STATES[line.state]


async def link(visit: Visit) -> Response:
    """Name a guardian, who has to confirm it."""
    given = await _given(visit, LINK_FIELDS)
    linking = _linking(visit, given["child"], given["guardian"])
    named = await propose_guardian(visit.services, linking, given["method"], given["evidence"])
    if isinstance(named, WaitingAct):
        return see_other(f"/admin/waiting/{named.act_id}?done=asked-second")
    return await _answer(visit, given, named, "", "linked")


async def end(visit: Visit) -> Response:
    """End a link."""
    given = await _given(visit, END_FIELDS)
    linking = _linking(visit, given["linked_child"], given["linked_guardian"])
    fault = await unlink_guardian(visit.services, linking)
    return await _answer(visit, given, fault, "linked_", "unlinked")


async def _given(visit: Visit, names: tuple[str, ...]) -> dict[str, str]:
    visit.check_power(Power.PROVISION_PEOPLE)
    form = await visit.form()
    return {name: form.one(name).strip() for name in names}


def _linking(visit: Visit, child: str, guardian: str) -> Linking:
    administrator = visit.signed_in.person
    return Linking(
        administrator.person_id, own_organisation(administrator), child, guardian, role=administrator.role
    )


async def _answer(
    visit: Visit, given: Mapping[str, str], fault: LinkFault | None, prefix: str, done: str
) -> Response:
    if fault is None:
        return see_other(f"{HERE}?done={done}")
    error = views.FieldError(field=prefix + fault.field, message=say(fault.words))
    return await _page(visit, given, (error,))


ROUTES = (
    Route(HERE, signed_in_page(guardians), methods=["GET"]),
    ActRoute(f"{HERE}/link", AdminAct.LINK_GUARDIAN, link, back=HERE),
    ActRoute(f"{HERE}/end", AdminAct.UNLINK_GUARDIAN, end, back=HERE),
)
