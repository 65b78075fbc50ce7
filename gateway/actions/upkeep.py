"""The sweep: puts on record what time did to grants. It enforces nothing: the release gate does, at that second."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.reminders import remind_people
from gateway.actions.services import Services, day_of
from gateway.consent.age_policy import needs_guardian
from gateway.consent.upkeep import what_time_did
from gateway.kit.errors import Refusal
from gateway.kit.logs import log
from gateway.model.grants import SUNSET, Grant
from gateway.model.people import Person
from gateway.store.consents import Verdict
from gateway.store.contacts import forget_lapsed
from gateway.store.grants import Change, commit_changes
from gateway.store.people import mark_ages
from gateway.store.profiles import load_profiles
from gateway.store.registry import look_at_registry
from gateway.store.upkeep import Cause, RipePage, load_ripe_grants

PAGE = 200
OVERLAP = 3600
"""A date of birth has the second at which writing it began: it may be there only somewhat later."""


async def run_upkeep(services: Services) -> None:
    """Sweep in rounds until cancelled; whatever goes wrong is said, and the next round tries again."""
    last = None
    while True:
        try:
            began = services.clock()
            await sweep(services, last)
            last = began
            await services.store.run(forget_lapsed, services.clock())
            await remind_people(services)
        except Exception as error:
            log().error("upkeep_failed", error=error)
        await asyncio.sleep(services.settings.upkeep_interval)


async def sweep(services: Services, last: int | None = None) -> int:
    """Look at every live grant that time may have changed; give how many did. Two nodes at once change each once.

    Args:
        last: when the sweep before began. People come of age at midnight, and opening a profile takes long: until
            then, of those with a guardian only whose date of birth is a new one.
    """
    changed = 0
    # Which terms are the newest has to be known before grants are looked for.
    await services.store.read(look_at_registry, None)
    for first in _ripe(services, last):
        page = first
        while True:
            ripe = await services.store.read(load_ripe_grants, page)
            for grant, person in ripe.found:
                changed += await _look(services, grant, person)
            if ripe.last is None:
                break
            page = replace(page, after=ripe.last)
    return changed


def _ripe(services: Services, last: int | None) -> Iterator[RipePage]:
    """Name the first page for each thing that time may have done."""
    now = services.clock()
    yield RipePage(Cause.OVER, PAGE, until=now)
    yield RipePage(Cause.UNUSED, PAGE, until=now - SUNSET)
    since = last - OVERLAP if last is not None and day_of(last) == day_of(now) else 0
    yield RipePage(Cause.GUARDED, PAGE, since=since)
    for offer_id, live in sorted(services.registry.offers.items()):
        if live.material_version > 1:
            yield RipePage(Cause.OUTDATED, PAGE, offer_id=offer_id, version=live.material_version)


async def _look(services: Services, grant: Grant, person: Person) -> bool:
    offer = services.registry.offers[grant.offer_id]
    is_child = grant.is_guarded and await _is_child(services, person)
    outcome = what_time_did(
        grant,
        is_child=is_child,
        material_version=offer.material_version,
        now=services.clock(),
        ids=services.ids,
    )
    if outcome is None:
        return False
    change = Change(outcome.grant, outcome.event, services.clock(), outcome.event.reason)
    return await services.store.run(commit_changes, change) is Verdict.DONE


async def _is_child(services: Services, person: Person) -> bool:
    """Look at the date of birth of a child whose guardian decides, and keep what it says today."""
    try:
        profile = await services.store.read(load_profiles, person.person_id)
        born = OpenedProfile(services.seal, profile).birthdate
    except Refusal:
        # Erased meanwhile: the grant has ended with the person.
        return True
    is_child = needs_guardian(profile.country, person.role, born, day_of(services.clock()))
    if is_child != person.needs_guardian:
        await services.store.run(mark_ages, (person.person_id, is_child))
    return is_child
