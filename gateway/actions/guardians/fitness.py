"""Who may answer for a child: somebody of age, and nobody who administers the child's school (promise P9)."""

from gateway.actions.authentication.sessions import REACHED_BY, find_addresses, mailbox_of
from gateway.actions.guardians.ages import can_be_guardian
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.words import Words
from gateway.model.people import ROLES_WITH_POWERS, Person, Role
from gateway.store.accounts.people import load_provisioners
from gateway.store.profiles import load_profiles

TOO_YOUNG = Words("A guardian is of age. By the date of birth on record, this one is not.")
ADMINISTERS = Words(
    "An administrator's account, or one that shares an address or a phone number with an administrator, "
    "cannot answer for a child of the same organisation until a second administrator has agreed."
)
OWN = Words("Nobody is their own guardian.")


async def why_unfit(
    services: Services, child: Person, guardian: Person, *, is_seconded: bool
) -> Words | None:
    """Say why somebody may not answer for a child now; None when they may.

    Args:
        is_seconded: a second administrator, of another person, agreed that this one may.

    Raises:
        Refusal: ``not_found`` for somebody who was erased.
    """
    if not can_be_guardian(services, await services.store.read(load_profiles, guardian.person_id)):
        return TOO_YOUNG
    if await _is_the_childs(services, child, guardian):
        return OWN
    if is_seconded:
        return None
    if administers(guardian, child) or await _is_an_administrators(services, child, guardian):
        return ADMINISTERS
    return None


def administers(guardian: Person, child: Person) -> bool:
    """Tell whether somebody's role gives power over the child's account."""
    is_own = guardian.organisation_id == child.organisation_id
    return guardian.role in ROLES_WITH_POWERS and (guardian.role is not Role.SCHOOL_ADMIN or is_own)


async def _is_the_childs(services: Services, child: Person, guardian: Person) -> bool:
    """Tell whether the account has the address of the child's log-in; they may share the child's other address."""
    found = await find_addresses(services, guardian.person_id)
    own = mailbox_of((await find_addresses(services, child.person_id)).login)
    return own in {mailbox_of(each) for each in (found.login, found.alternate) if each}


async def _is_an_administrators(services: Services, child: Person, guardian: Person) -> bool:
    """Tell whether the account is a second one of somebody who makes accounts there."""
    own = await _reaches(services, guardian.person_id)
    for each in await services.store.read(load_provisioners, child.organisation_id):
        if own & await _reaches(services, each):
            return True
    return False


async def share_a_reach(services: Services, one_id: str, other_id: str) -> bool:
    """Tell whether two accounts name one address or one telephone number as theirs, verified or not."""
    try:
        return bool(await _reaches(services, one_id) & await _reaches(services, other_id))
    except Refusal:
        # The person is erased, and nobody is left to share anything with.
        return False


async def _reaches(services: Services, person_id: str) -> frozenset[str]:
    """Give how somebody is reached: addresses, without what follows a plus sign, and the telephone number."""
    profile = OpenedProfile(services.seal, await services.store.read(load_profiles, person_id))
    return frozenset(map(mailbox_of, profile.values(REACHED_BY).values()))
