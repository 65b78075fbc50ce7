"""Administrators' page of accounts: import a list, see who was invited, invite again."""

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response
from starlette.routing import Route

from gateway.accounts.people_list import COLUMNS, RowFault
from gateway.actions.administration.people import import_list, see_people, send_invitation_again
from gateway.actions.administration.people_import import ImportReport
from gateway.actions.administration.roles import is_changeable
from gateway.model.administration.acts import AdminAct
from gateway.model.people import ROLE_WORDS, PersonState, Power, powers_of
from gateway.store.accounts.people import AccountLine
from gateway.web.pages import views
from gateway.web.pages.admin_acts import ActRoute
from gateway.web.pages.administrating import Conditions, password_first, path_id, short_person
from gateway.web.pages.formats import say
from gateway.web.pages.sections import SECTIONS, doors
from gateway.web.pages.uploads import read_upload
from gateway.web.pages.visit import Visit, see_other, show, signed_in_page

HERE = SECTIONS["people"].url
MAXIMUM_BYTES = 5_000_000
STATES: Mapping[PersonState, views.AccountState] = MappingProxyType(
    {PersonState.INVITED: "invited", PersonState.ACTIVE: "active", PersonState.CLOSED: "closed"}
)


async def people(visit: Visit) -> Response:
    """List accounts."""
    visit.check_power(Power.PROVISION_PEOPLE)
    return await _people_page(visit)


async def _people_page(visit: Visit, report: ImportReport | None = None) -> Response:
    conditions = Conditions(visit, HERE)
    found = await see_people(visit.services, visit.signed_in.person, conditions.before())
    view = views.AdminPeopleView(
        chrome=visit.chrome("admin"),
        doors=await doors(visit),
        section="people",
        import_action=f"{HERE}/import",
        reauthenticate_url=password_first(visit, HERE),
        guardians_url="/admin/guardians",
        columns=COLUMNS,
        maximum_bytes=MAXIMUM_BYTES,
        accounts=tuple(_account(visit, line, found.organisations) for line in found.lines),
        report=_report(report) if report else None,
        pager=conditions.pager(found.older),
    )
    return show("admin_people", view)


def _account(visit: Visit, line: AccountLine, organisations: dict[str, str]) -> views.AccountRow:
    person, until = line.person, line.invited_until
    is_invited = person.state is PersonState.INVITED
    may = Power.GIVE_POWERS in powers_of(visit.signed_in.person.role)
    ran_out = is_invited and (until is None or visit.services.clock() >= until)
    return views.AccountRow(
        person=short_person(person.person_id),
        role=say(ROLE_WORDS[person.role]),
        organisation=organisations[person.organisation_id],
        state="expired" if ran_out else STATES[person.state],
        made_at=line.created_at,
        invited_until=until if is_invited else None,
        again_action=f"/admin/people/{person.person_id}/invite" if is_invited else "",
        role_url=f"/admin/people/{person.person_id}/role" if may and is_changeable(person) else "",
        factor_url=f"/admin/people/{person.person_id}/factor" if person.state is PersonState.ACTIVE else "",
    )


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
    await send_invitation_again(visit.services, visit.signed_in.person, path_id(visit, "person_id"))
    return see_other("/admin/people?done=invited")


ROUTES = (
    Route(HERE, signed_in_page(people), methods=["GET"]),
    ActRoute(f"{HERE}/import", AdminAct.IMPORT_PEOPLE, import_file, back=HERE),
    ActRoute(f"{HERE}/{{person_id}}/invite", AdminAct.INVITE_AGAIN, invite, back=HERE),
)
