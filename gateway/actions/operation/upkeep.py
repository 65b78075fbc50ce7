"""The sweep: puts on record what time did to grants. It enforces nothing: every release looks at the time itself."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

from gateway.actions.administration.waiting_kinds import let_run_out
from gateway.actions.consent.reminders import remind_people
from gateway.actions.guardians.ages import look_at_links, look_at_person
from gateway.actions.partners.ends import execute_due_ends
from gateway.actions.services import Services
from gateway.consent.upkeep import what_time_did
from gateway.kit.errors import Refusal
from gateway.kit.logs import log
from gateway.kit.zones import zones_with_new_day
from gateway.model.grants import SUNSET, Grant
from gateway.model.nodes import Work
from gateway.model.people import Person
from gateway.store.consent.grant_changes import GrantChange, commit_changes
from gateway.store.consent.grant_moves import CommitVerdict
from gateway.store.consent.upkeep import Cause, RipePage, load_ripe_grants
from gateway.store.contacts.wishes import forget_lapsed
from gateway.store.engine.registry import look_at_registry
from gateway.store.operation.sweep import sweep_over

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
            await execute_due_ends(services)
            await let_run_out(services)
            await services.store.run(forget_lapsed, services.clock())
            while await services.store.run(sweep_over, services.clock()):
                pass
            await remind_people(services)
            services.background_work.did(Work.UPKEEP, services.clock())
        except Exception as error:
            log().error("upkeep_failed", error=error)
        await asyncio.sleep(services.settings.upkeep_interval)


async def sweep(services: Services, last: int | None = None) -> int:
    """Look at every live grant that time may have changed; give how many did. Two nodes at once change each once.

    Args:
        last: when the sweep before began. People come of age at their own midnight, and opening a profile takes
            long: of those with a guardian only where a day has begun since, and whose date of birth is a new one.
    """
    changed = 0
    # The newest terms have to be known before grants are looked for.
    await services.store.read(look_at_registry, None)
    turned = None if last is None else zones_with_new_day(last, services.clock())
    if turned is None or turned:
        await look_at_links(services, turned)
    for first in _ripe(services, last, turned):
        page = first
        while True:
            ripe = await services.store.read(load_ripe_grants, page)
            for grant, person in ripe.found:
                changed += await _look(services, grant, person)
            if ripe.last is None:
                break
            page = replace(page, after=ripe.last)
    return changed


def _ripe(services: Services, last: int | None, turned: frozenset[str] | None) -> Iterator[RipePage]:
    """Name the first page for each thing that time may have done.

    Args:
        turned: the zones in which a day has begun; None: look at everybody.
    """
    now = services.clock()
    yield RipePage(Cause.OVER, PAGE, until=now)
    yield RipePage(Cause.UNUSED, PAGE, until=now - SUNSET)
    if turned is None or turned:
        yield RipePage(Cause.GUARDED, PAGE, zones=turned)
    if last is not None:
        yield RipePage(Cause.GUARDED, PAGE, since=last - OVERLAP)
    for offer_id, live in sorted(services.registry.offers.items()):
        if live.material_version > 1:
            yield RipePage(Cause.OUTDATED, PAGE, offer_id=offer_id, version=live.material_version)


async def _look(services: Services, grant: Grant, person: Person) -> bool:
    offer = services.registry.offers[grant.offer_id]
    outcome = what_time_did(
        grant,
        is_child=grant.is_guarded and await _is_child(services, person),
        material_version=offer.material_version,
        now=services.clock(),
        ids=services.ids,
    )
    if outcome is None:
        return False
    change = GrantChange(outcome.grant, outcome.event, services.clock(), outcome.event.reason)
    return await services.store.run(commit_changes, change) is CommitVerdict.DONE


async def _is_child(services: Services, person: Person) -> bool:
    """Look at the date of birth of a child whose guardian decides, and keep what it says today."""
    try:
        return await look_at_person(services, person)
    except Refusal:
        # The person was erased meanwhile, and the grant has ended with them.
        return True
