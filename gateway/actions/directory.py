"""Finding one account: by its number, or by its log-in over the blind index."""

from gateway.actions.authentication.sessions import login_index
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.model.people import Person
from gateway.store.accounts.logins import find_people
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
