"""Administrators' page of accounts: import a list, see who was invited, invite again."""

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response
from starlette.routing import Route

from gateway.accounts.people_list import COLUMNS, RowFault
from gateway.actions.admin_people import import_list, see_people, send_invitation_again
from gateway.actions.people_import import ImportReport
from gateway.model.people import PersonState, Power
from gateway.store.people import AccountLine
from gateway.web import views
from gateway.web.administration import Conditions, doors, path_id, short_person
from gateway.web.formats import say
from gateway.web.uploads import read_upload
from gateway.web.visit import ROLE_WORDS, Visit, see_other, show, signed_in_page

MAXIMUM_BYTES = 5_000_000
STATES: Mapping[PersonState, views.AccountState] = MappingProxyType(
    {PersonState.INVITED: "invited", PersonState.ACTIVE: "active", PersonState.CLOSED: "closed"}
)


async def people(visit: Visit) -> Response:
    """List accounts."""
    visit.check_power(Power.PROVISION_PEOPLE)
    return await _people_page(visit)


async def _people_page(visit: Visit, report: ImportReport | None = None) -> Response:
    conditions = Conditions(visit, "/admin/people")
    found = await see_people(visit.services, visit.signed_in.person, conditions.before())
    view = views.AdminPeopleView(
        chrome=visit.chrome("admin"),
        doors=await doors(visit),
        section="people",
        import_action="/admin/people/import",
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
    ran_out = is_invited and (until is None or visit.services.clock() >= until)
    return views.AccountRow(
        person=short_person(person.person_id),
        role=say(ROLE_WORDS[person.role]),
        organisation=organisations[person.organisation_id],
        state="expired" if ran_out else STATES[person.state],
        made_at=line.created_at,
        invited_until=until if is_invited else None,
        again_action=f"/admin/people/{person.person_id}/invite" if is_invited else "",
    )


def _report(report: ImportReport) -> views.ImportReport:
    return views.ImportReport(
        created=len(report.created),
        known=len(report.known),
        rows=tuple(_fault(each) for each in sorted(report.faults, key=lambda fault: fault.line)),
    )


def _fault(fault: RowFault) -> views.ImportRow:
    # A list without a heading would have somebody's name for a column.
    column = fault.column if fault.column in COLUMNS else ""
    return views.ImportRow(line=fault.line, column=column, fault=say(fault.message))


async def import_file(visit: Visit) -> Response:
    """Take a list in and report on it, on the spot: a second time, everybody is known already."""
    visit.check_power(Power.PROVISION_PEOPLE)
    upload = await read_upload(visit, MAXIMUM_BYTES)
    return await _people_page(
        visit, await import_list(visit.services, visit.signed_in.person, upload.content)
    )


async def invite(visit: Visit) -> Response:
    """Send a new invitation."""
    visit.check_power(Power.PROVISION_PEOPLE)
    await visit.form()
    await send_invitation_again(visit.services, visit.signed_in.person, path_id(visit, "person_id"))
    return see_other("/admin/people?done=invited")


ROUTES = (
    Route("/admin/people", signed_in_page(people), methods=["GET"]),
    Route("/admin/people/import", signed_in_page(import_file), methods=["POST"]),
    Route("/admin/people/{person_id}/invite", signed_in_page(invite), methods=["POST"]),
)
