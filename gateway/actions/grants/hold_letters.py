"""Letters to people about what holds their consents back (promises P4, P9 and P17)."""

from collections.abc import Mapping
from functools import partial

from gateway.actions.authentication.sessions import find_reader
from gateway.actions.grants.pauses import pause_sentences, see_pause
from gateway.actions.letters import sealed_content, write_letter
from gateway.actions.services import Services
from gateway.kit.gettext_catalogues import translated
from gateway.kit.mail import Letter
from gateway.store.consent.grants import HeldPage, load_details, load_held_page
from gateway.store.ledger.handoffs import find_grants_of
from gateway.store.letters import HELD, HOLDING, post_letters


async def put_letters(services: Services, content: Mapping[str, str]) -> None:
    """Put letters into the outbox to a page of the people whose consents something may hold back; then the next page.

    A letter looks once more when it leaves, so one too many says nothing.
    """
    page = HeldPage(
        partner_id=content.get("partner_id", ""),
        organisation_id=content.get("organisation_id", ""),
        person_id=content.get("person_id", ""),
        after=content.get("after", ""),
    )
    ids = await services.store.read(load_held_page, page)
    letters = [sealed_content(services, HELD, {"grant_id": each}) for each in ids]
    if len(ids) == page.limit:
        letters.append(sealed_content(services, HOLDING, {**content, "after": ids[-1]}))
    if letters:
        await services.store.run_all(post_letters, letters)


async def used_up_letters(services: Services, handoff_id: str) -> list[Letter]:
    """Tell somebody that a consent was read as often as they allowed."""
    grant_id = await services.store.read(find_grants_of, handoff_id)
    return await held_letters(services, grant_id) if grant_id else []


async def held_letters(services: Services, grant_id: str) -> list[Letter]:
    """Tell somebody who holds a consent back, why, and how it goes on; nobody where it went on meanwhile."""
    detail = await services.store.read(load_details, grant_id)
    pause = await see_pause(services, detail) if detail else None
    reader = await find_reader(services, detail.line.grant.person_id) if detail and pause else None
    if detail is None or pause is None or reader is None:
        return []
    to, language = reader
    grant, registry, say = detail.line.grant, services.registry, partial(translated, language)
    brand = registry.partners[grant.partner_id].partner.brand
    offer = registry.offers[grant.offer_id].offer.name
    return [
        write_letter(
            services,
            language,
            to,
            say("%(offer)s by %(brand)s: nothing is shared for now", offer=offer, brand=brand),
            *pause_sentences(pause.cause, language, brand),
            say("What you chose is kept. See it, or stop it:")
            + f"\n{services.settings.issuer}/connected/{grant_id}",
        )
    ]
