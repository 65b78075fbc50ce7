"""Importing people: a list is checked row by row, accounts are made, invitations go out (promise P7)."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from gateway.accounts.people_list import ListedPerson, PeopleList, RowFault, read_people
from gateway.actions.accounts.invitations import (
    MadeInvitation,
    invitation_letter,
    make_invitation,
    stand_in_letter,
)
from gateway.actions.accounts.new_accounts import ask_for_account, can_be_first, language_of, new_person
from gateway.actions.authentication.sessions import login_index, stand_in_index
from gateway.actions.guardians.naming import propose_guardian
from gateway.actions.guardians.pairs import Linking
from gateway.actions.letters import post_letter
from gateway.actions.services import Services, day_of
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.mail import Letter
from gateway.kit.words import Words
from gateway.model.administration.waiting import Administrator, WaitingAct
from gateway.model.people import Role, Whereabouts, powers_of
from gateway.store.accounts.logins import find_people, load_logins
from gateway.store.accounts.new_accounts import Added, add_people
from gateway.store.accounts.organisations import load_organisations
from gateway.store.admin_actions import AdminAction, append_actions

BATCH = 100
SCHOOL_ROLES = frozenset({Role.STUDENT, Role.PROFESSOR, Role.GUARDIAN})
"""Roles that a school's own administrator can hand out."""
_COLUMNS = {
    "child": "email",
    "guardian": "guardian_email",
    "method": "guardian_method",
    "evidence": "guardian_evidence",
}
"""In which column of a list stands what a link can be refused for."""


@dataclass(slots=True)
class ImportReport:
    """What became of a list, row by row.

    Attributes:
        created: an account was made. Where another organisation has the log-in, an account that stands in for it:
            a school's administrator learns nothing about people elsewhere.
        asked: who was asked to be a guardian.
        waiting: whose accounts have powers: they are made when a second administrator agrees.
        to_second: whose guardian is asked when a second administrator agrees.
    """

    created: list[ListedPerson] = field(default_factory=list)
    known: list[ListedPerson] = field(default_factory=list)
    asked: list[ListedPerson] = field(default_factory=list)
    waiting: list[ListedPerson] = field(default_factory=list)
    to_second: list[ListedPerson] = field(default_factory=list)
    faults: list[RowFault] = field(default_factory=list)
    invitations: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Importer:
    """Who imports, and for which organisation alone; None for the service's own staff.

    Attributes:
        role: None for whoever imports at the command line.
    """

    person_id: str
    organisation_id: str | None = None
    role: Role | None = None

    @property
    def administrator(self) -> Administrator:
        """Give whoever imports as an administrator, who may ask for a second person."""
        return Administrator(self.person_id, self.role, self.organisation_id)


async def import_people(
    services: Services,
    content: bytes,
    importer: Importer,
    *,
    send: bool = True,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ImportReport:
    """Make an account for every good row; bad rows are reported and left out.

    Args:
        send: send the invitations by mail; otherwise the report holds their addresses by log-in.
        progress: told how many of how many rows are done.
    """
    organisations = {
        each.organisation_id: each for each in await services.store.read(load_organisations, None)
    }
    places = {each.organisation_id: each.whereabouts for each in organisations.values()}
    own = importer.organisation_id
    # A long list takes seconds to check, and the loop has partners to serve.
    allowed = frozenset(organisations if own is None else {own})
    today = day_of(services.clock())
    listed = await asyncio.to_thread(read_people, content, allowed, today)
    report = ImportReport(faults=list(listed.faults))
    people = _allowed(listed, importer, report)
    if people:
        # A long list is many transactions, so its beginning is on record whatever ends the import in between.
        begun = _action(services, importer, "begin_import", {"rows": len(people)})
        await services.store.run(append_actions, begun)
    at_once = await _leave_to_two(services, people, importer, report)
    for start in range(0, len(at_once), BATCH):
        batch = at_once[start : start + BATCH]
        await _import_batch(services, batch, importer, report, places=places, send=send)
        progress(min(start + BATCH, len(at_once)), len(at_once))
    await _propose_guardians(services, importer, report)
    if people:
        counts: dict[str, str | int] = {
            "created": len(report.created),
            "known": len(report.known),
            "waiting": len(report.waiting),
            "faults": len(report.faults),
        }
        await services.store.run(append_actions, _action(services, importer, "import_people", counts))
    return report


def _allowed(listed: PeopleList, importer: Importer, report: ImportReport) -> list[ListedPerson]:
    """Leave out roles that a school's administrator may not hand out."""
    allowed = []
    for person in listed.people:
        if importer.organisation_id is None or person.role in SCHOOL_ROLES:
            allowed.append(person)
        else:
            report.faults.append(
                RowFault(person.line, "role", Words("Only the service's own staff hands out this role."))
            )
    return allowed


async def _leave_to_two(
    services: Services, people: list[ListedPerson], importer: Importer, report: ImportReport
) -> list[ListedPerson]:
    """Ask a second person about accounts with powers; give the rest. The first administrators need no second one."""
    powerful = [person for person in people if powers_of(person.role)]
    if not powerful:
        return people
    asker = importer.administrator
    if await can_be_first(services, asker):
        first = _action(services, importer, "first_administrators", {"accounts": len(powerful)})
        await services.store.run(append_actions, first)
        return people
    known = await services.store.run_all(
        find_people, [login_index(services, each.email) for each in powerful]
    )
    for person, person_id in zip(powerful, known, strict=True):
        if person_id is not None:
            report.known.append(person)
            continue
        try:
            await ask_for_account(services, asker, person)
        except Refusal as refusal:
            # It was asked for before, and waits.
            if refusal.code != "stale_form":
                raise
        report.waiting.append(person)
    return [person for person in people if not powers_of(person.role)]


async def _import_batch(
    services: Services,
    people: list[ListedPerson],
    importer: Importer,
    report: ImportReport,
    *,
    places: Mapping[str, Whereabouts],
    send: bool,
) -> None:
    made = [(person, make_invitation(services, importer.person_id)) for person in people]
    plans = [
        replace(
            new_person(services, person, each, places[person.organisation]),
            stand_in_index=_stand_in(services, importer, person),
        )
        for person, each in made
    ]
    outcomes = await services.store.run_all(add_people, plans)
    for (person, invitation), added in zip(made, outcomes, strict=True):
        if added is Added.ELSEWHERE:
            report.faults.append(
                RowFault(
                    person.line, "email", Words("Another organisation has an account with this address.")
                )
            )
            continue
        (report.known if added is Added.KNOWN else report.created).append(person)
        if added is not Added.KNOWN and send:
            await post_letter(services, "invitation", await _letter(services, person, invitation, added))
        elif added is Added.MADE:
            report.invitations[person.email] = invitation.address


async def _letter(
    services: Services, person: ListedPerson, invitation: MadeInvitation, added: Added
) -> Letter:
    # Looked for in any case, so that both letters take the same steps.
    holder = await services.store.read(load_logins, login_index(services, person.email))
    if holder and added is Added.STOOD_IN:
        return stand_in_letter(services, person.email, holder.person.language)
    return invitation_letter(services, person.email, invitation, language_of(person.fields))


def _stand_in(services: Services, importer: Importer, person: ListedPerson) -> bytes | None:
    """Name what stands in where another organisation has the log-in; None for the service's own staff, who is told."""
    own = importer.organisation_id
    return None if own is None else stand_in_index(services, own, person.email)


async def _propose_guardians(services: Services, importer: Importer, report: ImportReport) -> None:
    """Propose each named guardian, as the page does; a link that stands already is not reported as a fault."""
    for person in sorted([*report.created, *report.known], key=lambda each: each.line):
        if person.guardian is None:
            continue
        linking = Linking(
            importer.person_id,
            importer.organisation_id,
            person.email,
            person.guardian.email,
            anew=False,
            role=importer.role,
        )
        named = await propose_guardian(services, linking, person.guardian.method, person.guardian.evidence)
        if named is None:
            report.asked.append(person)
        elif isinstance(named, WaitingAct):
            report.to_second.append(person)
        elif not named.stands:
            report.faults.append(RowFault(person.line, _COLUMNS[named.field], named.words))


def _action(services: Services, importer: Importer, name: str, counts: dict[str, str | int]) -> AdminAction:
    return AdminAction(
        action_id=services.ids(Kind.ACTION),
        actor_id=importer.person_id,
        action=name,
        target_kind="organisation",
        target_id=importer.organisation_id or "all",
        at=services.clock(),
        detail=counts,
    )
