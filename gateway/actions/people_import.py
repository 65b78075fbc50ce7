"""Importing people: a list is checked row by row, accounts are made, invitations go out (promise P7)."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from gateway.accounts.people_list import ListedPerson, PeopleList, RowFault, read_people
from gateway.actions.admin_record import act_of
from gateway.actions.invitations import MadeInvitation, invitation_letter, make_invitation
from gateway.actions.letters import post_letter
from gateway.actions.services import Services, day_of
from gateway.actions.sessions import login_index
from gateway.consent.age_policy import needs_guardian
from gateway.kit.ids import Kind
from gateway.kit.sealing import seal
from gateway.kit.words import Words
from gateway.model.people import Role
from gateway.model.profile import place_of
from gateway.store.admin_actions import AdminAction, append_actions, on_record
from gateway.store.people import (
    Guardianship,
    NewPerson,
    Organisation,
    add_organisations,
    add_people,
    link_guardians,
    load_organisations,
)

BATCH = 100
_ADD_ORGANISATIONS = on_record(add_organisations)
SCHOOL_ROLES = frozenset({Role.STUDENT, Role.PROFESSOR, Role.GUARDIAN})
"""Roles that a school's own administrator can hand out."""


@dataclass(slots=True)
class ImportReport:
    """What became of a list, row by row."""

    created: list[ListedPerson] = field(default_factory=list)
    known: list[ListedPerson] = field(default_factory=list)
    faults: list[RowFault] = field(default_factory=list)
    invitations: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Importer:
    """Who imports, and for which organisation alone; None for the service's own staff."""

    person_id: str
    organisation_id: str | None = None


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
    countries = {each.organisation_id: each.country for each in organisations.values()}
    own = importer.organisation_id
    # A long list takes seconds to check, and the loop has partners to serve.
    allowed = frozenset(organisations if own is None else {own})
    listed = await asyncio.to_thread(read_people, content, allowed)
    report = ImportReport(faults=list(listed.faults))
    people = _allowed(listed, importer, report)
    if people:
        # A long list is many transactions: whatever ends the import in between, it is on record that it began.
        begun = _action(services, importer, "begin_import", {"rows": len(people)})
        await services.store.run(append_actions, begun)
    for start in range(0, len(people), BATCH):
        batch = people[start : start + BATCH]
        await _import_batch(services, batch, importer, report, countries=countries, send=send)
        progress(min(start + BATCH, len(people)), len(people))
    await _link_guardians(services, people, report)
    if people:
        counts: dict[str, str | int] = {
            "created": len(report.created),
            "known": len(report.known),
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


async def _import_batch(
    services: Services,
    people: list[ListedPerson],
    importer: Importer,
    report: ImportReport,
    *,
    countries: Mapping[str, str],
    send: bool,
) -> None:
    made = [(person, make_invitation(services, importer.person_id)) for person in people]
    outcomes = await services.store.run_all(
        add_people, [_new(services, person, each, countries[person.organisation]) for person, each in made]
    )
    for (person, invitation), is_new in zip(made, outcomes, strict=True):
        (report.created if is_new else report.known).append(person)
        if is_new and send:
            letter = invitation_letter(services, person.email, invitation, _language(person.fields))
            await post_letter(services, "invitation", letter)
        elif is_new:
            report.invitations[person.email] = invitation.address


def _new(services: Services, person: ListedPerson, invitation: MadeInvitation, country: str) -> NewPerson:
    person_id = services.ids(Kind.PERSON)
    key = services.seal.new_person_key(person_id)
    opened = services.seal.person_key(person_id, key)
    return NewPerson(
        person_id=person_id,
        organisation_id=person.organisation,
        role=str(person.role),
        language=_language(person.fields),
        login_index=login_index(services, person.email),
        key=key,
        fields={
            name: seal(opened, value.encode(), place_of(person_id, name))
            for name, value in person.fields.items()
        },
        created_at=services.clock(),
        invitation=invitation.row,
        needs_guardian=needs_guardian(country, person.role, _born(person.fields), day_of(services.clock())),
    )


def _born(fields: Mapping[str, str]) -> date | None:
    return date.fromisoformat(fields["birthdate"]) if "birthdate" in fields else None


def _language(fields: Mapping[str, str]) -> str:
    return fields.get("locale", "").partition("-")[0]


async def _link_guardians(services: Services, people: list[ListedPerson], report: ImportReport) -> None:
    linked = [person for person in people if person.guardian]
    links = [
        Guardianship(
            organisation_id=person.organisation,
            child_index=login_index(services, person.email),
            guardian_index=login_index(services, person.guardian.email),
            method=person.guardian.method,
            evidence=person.guardian.evidence,
            at=services.clock(),
        )
        for person in linked
        if person.guardian
    ]
    known = await services.store.run_all(link_guardians, links)
    for person, is_known in zip(linked, known, strict=True):
        if not is_known and person in report.created:
            report.faults.append(
                RowFault(person.line, "guardian_email", Words("There is no account with this address."))
            )


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


async def add_organisation(
    services: Services, organisation_id: str, name: str, country: str, actor_id: str = "cli"
) -> bool:
    """Add an organisation; False if it is there already."""
    new = Organisation(organisation_id, name, country, services.clock())
    act = act_of(services, actor_id, "add_organisation", "organisation", organisation_id)
    return await services.store.run(_ADD_ORGANISATIONS, (new, act))
