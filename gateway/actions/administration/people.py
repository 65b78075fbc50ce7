"""Administrators and accounts: the list, imports, invitations. Names and addresses are never shown."""

from dataclasses import dataclass

from gateway.actions.accounts.invitations import invite_again
from gateway.actions.administration.people_import import Importer, ImportReport, import_people
from gateway.actions.services import Services
from gateway.model.people import Person, Role
from gateway.store.accounts.organisations import load_organisations
from gateway.store.accounts.people import AccountLine, PeopleQuery, list_people
from gateway.store.administration.administrators import list_without_factor

PAGE = 50


@dataclass(frozen=True, slots=True)
class FoundPeople:
    """A page of accounts, newest first.

    Attributes:
        organisations: names of organisations by their ids.
        older: key from which the next page goes on.
    """

    lines: tuple[AccountLine, ...]
    organisations: dict[str, str]
    older: tuple[int, str] | None


def own_organisation(administrator: Person) -> str | None:
    """Name the only organisation that an administrator looks after; None for the service's own staff."""
    return administrator.organisation_id if administrator.role is Role.SCHOOL_ADMIN else None


async def see_people(
    services: Services, administrator: Person, before: tuple[int, str] | None = None
) -> FoundPeople:
    """List accounts, to a school's administrator those of the school alone."""
    query = PeopleQuery(own_organisation(administrator), before, PAGE + 1)
    found = await services.store.read(list_people, query)
    shown = tuple(found[:PAGE])
    older = (shown[-1].created_at, shown[-1].person.person_id) if len(found) > PAGE else None
    organisations = await services.store.read(load_organisations, None)
    return FoundPeople(shown, {each.organisation_id: each.name for each in organisations}, older)


async def see_without_factor(services: Services, administrator: Person) -> tuple[Person, ...]:
    """List those with powers who have no second factor, to a school's administrator those of the school alone."""
    return tuple(await services.store.read(list_without_factor, own_organisation(administrator)))


async def import_list(services: Services, administrator: Person, content: bytes) -> ImportReport:
    """Import a list; a school's administrator can only name the school."""
    own = own_organisation(administrator)
    importer = Importer(administrator.person_id, own, administrator.role)
    return await import_people(services, content, importer)


async def send_invitation_again(services: Services, administrator: Person, person_id: str) -> None:
    """Send a new invitation to somebody who has not chosen a password yet.

    Raises:
        Refusal: ``stale_form`` for anybody else, and for people of another school.
    """
    await invite_again(services, person_id, administrator.person_id, own_organisation(administrator))
