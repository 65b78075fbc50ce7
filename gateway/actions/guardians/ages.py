"""Looking at a date of birth: who decides with a guardian today, who can be one, and what coming of age ends (P9)."""

from gateway.actions.guardians.letters import grown_letters
from gateway.actions.letters import sealed_content
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.services import Services, day_of
from gateway.consent.age_policy import is_adult, needs_guardian
from gateway.kit.errors import Refusal
from gateway.model.people import Person, Role
from gateway.model.profiles import SealedProfile
from gateway.store.guardians.ages import AgeMark, LinkPage, load_link_ages, mark_adults, mark_ages
from gateway.store.letters import HOLDING, NewLetter
from gateway.store.profiles import load_profiles

PAGE = 200


async def is_child(services: Services, person_id: str, role: Role) -> bool:
    """Look at the date of birth of somebody who holds a role, or is to hold it.

    Raises:
        Refusal: ``not_found`` for somebody who was erased.
    """
    profile = await services.store.read(load_profiles, person_id)
    return _is_child(services, profile, role)


def _is_child(services: Services, profile: SealedProfile, role: Role) -> bool:
    born = OpenedProfile(services.seal, profile).birthdate
    return needs_guardian(profile.country, role, born, day_of(services.clock()))


async def look_at_age(services: Services, profile: SealedProfile, *, on_record: bool) -> bool:
    """Tell whether a guardian decides with somebody today, and keep it where the record says something else.

    At coming of age every link ends with it, and everybody is told.

    Args:
        on_record: what the person's row says.

    Raises:
        Refusal: ``not_found`` for somebody who was erased.
    """
    still = _is_child(services, profile, Role(profile.role))
    if still != on_record:
        if still:
            letters: tuple[NewLetter, ...] = (
                sealed_content(services, HOLDING, {"person_id": profile.person_id}),
            )
        else:
            letters = await grown_letters(services, profile.person_id)
        await services.store.run(mark_ages, AgeMark(profile.person_id, still, letters))
    return still


async def look_at_person(services: Services, person: Person) -> bool:
    """Do the same for somebody whose profile is not loaded yet."""
    profile = await services.store.read(load_profiles, person.person_id)
    return await look_at_age(services, profile, on_record=person.needs_guardian)


def can_be_guardian(services: Services, profile: SealedProfile) -> bool:
    """Tell whether somebody is old enough to answer for a child, by the strictest of all ages."""
    born = OpenedProfile(services.seal, profile).birthdate
    return is_adult(Role(profile.role), born, day_of(services.clock()))


async def look_at_links(services: Services) -> None:
    """Look at the ages of everybody who is linked: once a day, for birthdays, and after a start."""
    after = None
    while True:
        found = await services.store.read(load_link_ages, LinkPage(PAGE, after))
        for each in found:
            try:
                child = await services.store.read(load_profiles, each.child_id)
                await look_at_age(services, child, on_record=each.needs_guardian)
                if not each.is_adult:
                    await _look_at_guardian(services, each.guardian_id)
            except Refusal:
                # The person was erased meanwhile, and the link with them.
                continue
        if len(found) < PAGE:
            return
        after = (found[-1].child_id, found[-1].guardian_id)


async def _look_at_guardian(services: Services, guardian_id: str) -> None:
    if can_be_guardian(services, await services.store.read(load_profiles, guardian_id)):
        await services.store.run(mark_adults, guardian_id)
