"""Reminders: every ninety days a letter about what is connected, and a timely one about what ends soon."""

from dataclasses import replace
from functools import partial

from gateway.actions.authentication.sessions import find_reader
from gateway.actions.letters import write_letter
from gateway.actions.services import Services, day_of
from gateway.consent import upkeep
from gateway.consent.upkeep import Lapse, soon_over
from gateway.kit.gettext_catalogues import translated, written_day
from gateway.kit.ids import Kind
from gateway.kit.mail import Letter
from gateway.model.grants import SUNSET, Grant
from gateway.store.consent.due_reminders import Due, DuePage, DuePeople, Sharer, load_due
from gateway.store.consent.reminders import (
    DIGEST,
    ENDING,
    UNUSED,
    Delay,
    Reminded,
    Reminding,
    begin_digests,
    load_reminded,
    put_off,
    remind,
)

PAGE = 500


async def remind_people(services: Services) -> int:
    """Look at everybody who may be due; give how many letters were posted. Two nodes at once post each once."""
    now = services.clock()
    while await services.store.run(begin_digests, (now, PAGE)) == PAGE:
        pass
    posted = 0
    for due, until in _due(now):
        page = DuePage(due, until, PAGE, upkeep.SHORTEST)
        while True:
            people = await services.store.read(load_due, page)
            posted += await _remind(services, people, now)
            if people.last is None:
                break
            page = replace(page, after=people.last)
    return posted


def _due(now: int) -> tuple[tuple[Due, int], ...]:
    soon = now + upkeep.WARNING
    return (Due.ENDING, soon), (Due.UNUSED, soon - SUNSET), (Due.DIGEST, now - upkeep.DIGEST)


async def _remind(services: Services, people: DuePeople, now: int) -> int:
    plans = [plan for each in people.found if (plan := _plan(services, each, now)) is not None]
    posted = sum(await services.store.run_all(remind, plans)) if plans else 0
    before = now - upkeep.DIGEST
    idle = [Delay(each.person_id, before, now) for each in people.found if not each.grants]
    if idle:
        await services.store.run_all(put_off, idle)
    return posted


def _plan(services: Services, sharer: Sharer, now: int) -> Reminding | None:
    last = sharer.told.get((DIGEST, ""), now)
    warnings = tuple(key for each in soon_over(sharer.grants, now) if (key := _key(each)) not in sharer.told)
    is_due = bool(sharer.grants) and last <= now - upkeep.DIGEST
    if not warnings and not is_due:
        return None
    return Reminding(
        sharer.person_id,
        services.ids(Kind.LETTER),
        now,
        warnings,
        now - upkeep.DIGEST if is_due else None,
    )


def _key(lapse: Lapse) -> tuple[str, str]:
    """Name a warning by its end, because an end that the person has moved needs another warning."""
    return UNUSED if lapse.is_unused else ENDING, f"{lapse.grant_id}:{lapse.ends_at}"


async def reminder_letters(services: Services, letter_id: str) -> list[Letter]:
    """Write a reminder of what is connected when the letter leaves; none where nothing is any more."""
    found = await services.store.read(load_reminded, letter_id)
    reader = await find_reader(services, found.person_id) if found else None
    if found is None or reader is None:
        return []
    to, language = reader
    ends = _ends(services, language, found)
    digest = _digest(services, language, found)
    if not ends and not digest:
        return []
    say, issuer = partial(translated, language), services.settings.issuer
    name = services.settings.service_name
    subject = say("What you share through %(service)s", service=name) if digest else say("Sharing ends soon")
    link = say("See everything, change it or stop it:") + f"\n{issuer}/connected"
    return [write_letter(services, language, to, subject, *ends, *digest, link)]


def _ends(services: Services, language: str, found: Reminded) -> list[str]:
    now, grants = services.clock(), {each.grant_id: each for each in found.grants}
    lapses = [each for each in soon_over(found.grants, now) if _key(each) in found.told]
    if not lapses:
        return []
    say = partial(translated, language)
    listed = "\n".join(_line(services, language, grants[each.grant_id]) for each in lapses)
    return [
        say("This ends by itself:") + f"\n{listed}",
        say("If you want it to go on, use the service once more and say yes there. If not, do nothing."),
    ]


def _digest(services: Services, language: str, found: Reminded) -> list[str]:
    live = [each for each in found.grants if each.is_live(services.clock())]
    if (DIGEST, "") not in found.told or not live:
        return []
    listed = "\n".join(_line(services, language, each) for each in live)
    return [
        translated(language, "You share details with these services. If that is right, do nothing:")
        + f"\n{listed}"
    ]


def _line(services: Services, language: str, grant: Grant) -> str:
    registry = services.registry
    return translated(
        language,
        "- %(offer)s by %(brand)s, until %(day)s",
        offer=registry.offers[grant.offer_id].offer.name,
        brand=registry.partners[grant.partner_id].partner.brand,
        day=written_day(language, day_of(grant.ends_at)),
    )
