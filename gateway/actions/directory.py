"""Finding one account: by its number, or by its log-in over the blind index."""

from gateway.actions.authentication.sessions import login_index, stand_in_index
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.model.administration.waiting import Administrator
from gateway.model.people import Person
from gateway.store.accounts.logins import find_people
from gateway.store.accounts.organisations import load_organisations
from gateway.store.accounts.people import find_accounts


async def find_account(services: Services, person_id: str) -> Person:
    """Find an account.

    Raises:
        Refusal: ``not_found``.
    """
    found = await services.store.read(find_accounts, person_id)
    if found is None:
        raise Refusal("not_found", detail="no such account")
    return found


async def find_person(services: Services, email: str) -> str | None:
    """Find a person by log-in, over the blind index."""
    return await services.store.read(find_people, login_index(services, email))


async def find_accounts_of(
    services: Services, email: str, organisation_id: str | None = None
) -> tuple[str, ...]:
    """Find every account of an address: the one that logs in by it, and those that schools have in its place.

    Args:
        organisation_id: whose stand-in alone is looked for; None for those of all. What a school has stands in for an
            account elsewhere, which the school is not told of, so its own list has to look the same either way.
    """
    organisations = await services.store.read(load_organisations, None)
    own = [each.organisation_id for each in organisations if organisation_id in (None, each.organisation_id)]
    indexes = [login_index(services, email), *(stand_in_index(services, each, email) for each in own)]
    found = [await services.store.read(find_people, each) for each in indexes]
    return tuple(each for each in found if each is not None)


async def find_in_reach(services: Services, asker: Administrator, person_id: str) -> Person:
    """Find an account that is an administrator's to look after.

    Raises:
        Refusal: ``not_found`` for one that is unknown or of another school.
    """
    person = await find_account(services, person_id)
    if not asker.reaches(person.organisation_id):
        raise Refusal("not_found", detail="an account of another school")
    return person
