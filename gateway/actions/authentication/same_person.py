"""Whether two accounts are one person's, as far as we can know; what takes two people must not count one twice."""

from gateway.actions.authentication.sessions import find_addresses, mailbox_of
from gateway.actions.services import Services
from gateway.kit.errors import Refusal


async def is_same_person(services: Services, one_id: str, other_id: str) -> bool:
    """Tell whether two accounts are one, or share an address.

    An alternate address counts here before it is verified: who gives it as their own says who they are. A telephone
    number does not, for nothing verifies one, and a school's office has one for all.
    """
    if one_id == other_id:
        return True
    return bool(await _addresses(services, one_id) & await _addresses(services, other_id))


async def _addresses(services: Services, person_id: str) -> set[str]:
    """Give the mailboxes of an account; two spellings of one mailbox count once."""
    try:
        found = await find_addresses(services, person_id)
    except Refusal:
        # One of them is erased, and nobody is left to compare with.
        return set()
    return {mailbox_of(each) for each in (found.login, found.alternate) if each}
