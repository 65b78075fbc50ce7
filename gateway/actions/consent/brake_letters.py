"""Letters to administrators: complaints about advertising have paused a partner (promises P1 and P17)."""

from functools import partial

from gateway.actions.authentication.sessions import find_reader
from gateway.actions.letters import write_letter
from gateway.actions.services import Services
from gateway.kit.gettext_catalogues import translated
from gateway.kit.mail import Letter
from gateway.model.people import Power, roles_with
from gateway.store.accounts.people import list_people_in
from gateway.store.engine.registry import look_at_registry


async def brake_letters(services: Services, partner_id: str) -> list[Letter]:
    """Write to everybody who may pause a partner and so has to examine it; no letter says who complained."""
    await services.store.lane(look_at_registry, reads=True).submit(None)
    brand = services.registry.partners[partner_id].partner.brand
    found = await services.store.read(list_people_in, roles_with(Power.BRAKE_PARTNER))
    readers = [await find_reader(services, each) for each in found]
    return [_letter(services, brand, partner_id, *each) for each in readers if each]


def _letter(services: Services, brand: str, partner_id: str, to: str, language: str) -> Letter:
    say, issuer = partial(translated, language), services.settings.issuer
    return write_letter(
        services,
        language,
        to,
        say("%(brand)s is paused: people say that it advertised to them", brand=brand),
        say(
            "Several people, whose data was handed to %(brand)s since it was last opened, say that it advertised to "
            "them. Nothing is handed to it any more, for anybody, until an administrator has looked and resumes it.",
            brand=brand,
        ),
        say("The complaints:") + f"\n{issuer}/admin/complaints?partner={partner_id}",
        say("The partner:") + f"\n{issuer}/admin/partners/{partner_id}",
    )
