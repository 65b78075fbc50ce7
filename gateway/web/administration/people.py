"""Administrators' page of accounts: find them, import a list, invite again."""

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response
from starlette.routing import Route

from gateway.accounts.people_list import COLUMNS, RowFault
from gateway.actions.administration.people import (
    PeopleSearch,
    import_list,
    see_people,
    send_invitation_again,
)
from gateway.actions.administration.people_import import ImportReport
from gateway.model.administration.acts import AdminAct
from gateway.model.people import ROLE_WORDS, PersonState, Power, Role
from gateway.store.accounts.organisations import load_organisations
from gateway.store.accounts.people import AccountLine
from gateway.web.administration.waiting import administrator
from gateway.web.pages import views
from gateway.web.pages.admin_acts import ActRoute
from gateway.web.pages.administrating import (
    Conditions,
    address_of_search,
    password_first,
    path_id,
    short_person,
)
from gateway.web.pages.formats import later, say
from gateway.web.pages.sections import SECTIONS, doors
from gateway.web.pages.uploads import read_upload
from gateway.web.pages.views.admin.people import AccountState, PeopleFilter
from gateway.web.pages.visit import Visit, see_other, show, signed_in_page

HERE = SECTIONS["people"].url
MAXIMUM_BYTES = 5_000_000
STATES: Mapping[PersonState, AccountState] = MappingProxyType(
    {
        PersonState.INVITED: "invited",
        PersonState.ACTIVE: "active",
        PersonState.DEACTIVATED: "deactivated",
        PersonState.CLOSED: "closed",
    }
)

STATE_WORDS: Mapping[PersonState, str] = MappingProxyType(
    {
        PersonState.INVITED: later("Invited"),
        PersonState.ACTIVE: later("Active"),
        PersonState.DEACTIVATED: later("Deactivated"),
        PersonState.CLOSED: later("Closed"),
    }
)


async def people(visit: Visit) -> Response:
    """List accounts, or those that a search is for."""
    visit.check_power(Power.PROVISION_PEOPLE)
    return await _people_page(visit)


async def _people_page(visit: Visit, report: ImportReport | None = None) -> Response:
    conditions = Conditions(visit, HERE)
    organisations = await visit.services.store.read(load_organisations, None)
    known = {each.organisation_id: each.name for each in organisations}
    search = _search(conditions, known)
    found = await see_people(visit.services, administrator(visit), search)
    view = views.AdminPeopleView(
        chrome=visit.chrome("admin"),
        doors=await doors(visit),
        section="people",
        import_action=f"{HERE}/import",
        reauthenticate_url=password_first(visit, HERE),
        guardians_url="/admin/guardians",
        columns=COLUMNS,
        maximum_bytes=MAXIMUM_BYTES,
        query=_filter(visit, search, known),
        asked=conditions.are_given,
        accounts=tuple(_account(visit, line, known) for line in found.lines),
        report=_report(report) if report else None,
        pager=conditions.pager(found.older),
    )
    return show("admin_people", view)


def _search(conditions: Conditions, organisations: Mapping[str, str]) -> PeopleSearch:
    role, state = conditions.one_of("role", map(str, Role)), conditions.one_of("state", map(str, PersonState))
    return PeopleSearch(
        email=conditions.email,
        organisation_id=conditions.one_of("organisation", organisations),
        role=Role(role) if role else None,
        state=PersonState(state) if state else None,
        before=conditions.before(),
    )


def _filter(visit: Visit, search: PeopleSearch, organisations: Mapping[str, str]) -> PeopleFilter:
    is_all = administrator(visit).school is None
    by_name = sorted(organisations.items(), key=lambda each: each[1].casefold())
    return PeopleFilter(
        action=HERE,
        person=search.email,
        organisations=tuple(
            views.Option(value=key, label=name, chosen=key == search.organisation_id) for key, name in by_name
        )
        if is_all
        else (),
        roles=tuple(
            views.Option(value=str(role), label=say(words), chosen=role is search.role)
            for role, words in ROLE_WORDS.items()
        ),
        states=tuple(
            views.Option(value=str(state), label=say(words), chosen=state is search.state)
            for state, words in STATE_WORDS.items()
        ),
    )


def _account(visit: Visit, line: AccountLine, organisations: Mapping[str, str]) -> views.AccountRow:
    person = line.person
    return views.AccountRow(
        person=short_person(person.person_id),
        url=f"{HERE}/{person.person_id}",
        role=say(ROLE_WORDS[person.role]),
        organisation=organisations[person.organisation_id],
        state=shown_state(visit, line),
        made_at=line.created_at,
        invited_until=line.invited_until if person.state is PersonState.INVITED else None,
    )


def shown_state(visit: Visit, line: AccountLine) -> AccountState:
    """Tell how an account stands, and an invitation that ran out from one that is open."""
    until = line.invited_until
    ran_out = until is None or visit.services.clock() >= until
    return "expired" if line.person.state is PersonState.INVITED and ran_out else STATES[line.person.state]


async def search_people(visit: Visit) -> Response:
    """Take a search and go to its address."""
    form = await visit.form()
    return see_other(address_of_search(visit, form, ("organisation", "role", "state")))


def _report(report: ImportReport) -> views.ImportSummary:
    return views.ImportSummary(
        created=len(report.created),
        known=len(report.known),
        asked=len(report.asked),
        waiting=len(report.waiting),
        to_second=len(report.to_second),
        rows=tuple(_fault(each) for each in sorted(report.faults, key=lambda fault: fault.line)),
    )


def _fault(fault: RowFault) -> views.ImportRow:
    # In a list without a heading, somebody's name would be taken for a column.
    column = fault.column if fault.column in COLUMNS else ""
    return views.ImportRow(line=fault.line, column=column, fault=say(fault.message))


async def import_file(visit: Visit) -> Response:
    """Take a list in and show the report at once; a list that comes twice finds everybody known already."""
    upload = await read_upload(visit, MAXIMUM_BYTES)
    return await _people_page(
        visit, await import_list(visit.services, visit.signed_in.person, upload.content)
    )


async def invite(visit: Visit) -> Response:
    """Send a new invitation."""
    await visit.form()
    person_id = path_id(visit, "person_id")
    await send_invitation_again(visit.services, visit.signed_in.person, person_id)
    return see_other(f"{HERE}/{person_id}?done=invited")


ROUTES = (
    Route(HERE, signed_in_page(people), methods=["GET"]),
    ActRoute(HERE, AdminAct.SEARCH_PEOPLE, search_people, back=HERE),
    ActRoute(f"{HERE}/import", AdminAct.IMPORT_PEOPLE, import_file, back=HERE),
    ActRoute(f"{HERE}/{{person_id}}/invite", AdminAct.INVITE_AGAIN, invite, back=f"{HERE}/{{person_id}}"),
)
