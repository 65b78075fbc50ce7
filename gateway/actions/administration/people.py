"""Administrators and accounts: search, one account, imports, invitations. Names and addresses are never shown."""

from dataclasses import dataclass, replace

from gateway.actions.accounts.invitations import invite_again
from gateway.actions.admin_record import condition_names, record_look
from gateway.actions.administration.people_import import Importer, ImportReport, import_people
from gateway.actions.administration.person_stops import may_stop
from gateway.actions.authentication.security import open_sessions_of
from gateway.actions.directory import find_accounts_of, find_in_reach
from gateway.actions.services import Services
from gateway.actions.two_people import administrator_of
from gateway.model.administration.waiting import Administrator
from gateway.model.grants import LIVE
from gateway.model.people import Person, PersonState, Role
from gateway.store.accounts.organisations import load_organisations
from gateway.store.accounts.people import AccountLine, PeopleQuery, list_people
from gateway.store.administration.administrators import have_factors, list_without_factor
from gateway.store.consent.grants import GrantLine, GrantQuery, search_grants
from gateway.store.guardians.links import LinkedPeople, list_linked

PAGE = 50


@dataclass(frozen=True, slots=True)
class PeopleSearch:
    """What to search accounts by.

    Attributes:
        email: a log-in, exactly.
        before: key of the last line of the page before.
    """

    email: str = ""
    organisation_id: str | None = None
    role: Role | None = None
    state: PersonState | None = None
    before: tuple[int, str] | None = None


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
    return administrator_of(administrator).school


async def see_people(services: Services, asker: Administrator, search: PeopleSearch) -> FoundPeople:
    """List accounts, to a school's administrator those of the school alone; a search is put on record.

    An address that nobody here has is answered like one that nobody has anywhere.
    """
    conditions = condition_names(replace(search, before=None))
    if conditions:
        await record_look(services, asker.actor_id, "search_people", "person", "all", conditions)
    query = PeopleQuery(
        organisation_id=asker.school or search.organisation_id,
        before=search.before,
        limit=PAGE + 1,
        person_ids=await find_accounts_of(services, search.email, asker.school) if search.email else None,
        role=search.role,
        state=search.state,
    )
    found = await services.store.read(list_people, query)
    shown = tuple(found[:PAGE])
    older = (shown[-1].created_at, shown[-1].person.person_id) if len(found) > PAGE else None
    return FoundPeople(shown, await _organisations(services), older)


async def _organisations(services: Services) -> dict[str, str]:
    found = await services.store.read(load_organisations, None)
    return {each.organisation_id: each.name for each in found}


@dataclass(frozen=True, slots=True)
class SeenPerson:
    """One account as its administrators see it, by ids and names of services alone.

    Attributes:
        consents: those that are not over, newest first; `has_more` says that there are more than a page.
        sessions: in how many browsers the person is signed in.
        may_stop: whether the reader may sign the person out.
    """

    line: AccountLine
    organisation: str
    linked: LinkedPeople
    consents: tuple[GrantLine, ...]
    has_more: bool
    sessions: int
    has_factor: bool
    may_stop: bool


async def see_person(services: Services, asker: Administrator, person_id: str) -> SeenPerson:
    """Show one account; the look is put on record.

    Raises:
        Refusal: ``not_found`` for one that is unknown or of another school.
    """
    person = await find_in_reach(services, asker, person_id)
    await record_look(services, asker.actor_id, "see_person", "person", person_id)
    [line] = await services.store.read(list_people, PeopleQuery(person_ids=(person_id,)))
    consents = await _live_consents(services, person_id)
    return SeenPerson(
        line=line,
        organisation=(await _organisations(services))[person.organisation_id],
        linked=await services.store.read(list_linked, person_id),
        consents=tuple(consents[:PAGE]),
        has_more=len(consents) > PAGE,
        sessions=len(await open_sessions_of(services, person_id)),
        has_factor=await services.store.read(have_factors, person_id),
        may_stop=await may_stop(services, asker, person),
    )


async def _live_consents(services: Services, person_id: str) -> list[GrantLine]:
    queries = [GrantQuery(person_id=person_id, state=str(state), limit=PAGE + 1) for state in sorted(LIVE)]
    found = [line for query in queries for line in await services.store.read(search_grants, query)]
    live = [line for line in found if line.grant.stands(services.clock())]
    return sorted(live, key=lambda line: (line.created_at, line.grant.grant_id), reverse=True)


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
