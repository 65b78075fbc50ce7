"""The letter to somebody who was asked to be a contact: that somebody asks, and nothing of either (promise P2)."""

from functools import partial

from gateway.actions.authentication.sessions import find_reader
from gateway.actions.letters import write_letter
from gateway.actions.services import Services
from gateway.kit.gettext_catalogues import translated
from gateway.kit.mail import Letter
from gateway.store.contacts.wishes import load_asked


async def contact_letters(services: Services, contact_id: str) -> list[Letter]:
    """Write the letter; none where there is nobody to write to. Who asks is said on the page, behind the log-in."""
    person_id = await services.store.read(load_asked, (contact_id, services.clock()))
    reader = await find_reader(services, person_id) if person_id else None
    if reader is None:
        return []
    to, language = reader
    say, name = partial(translated, language), services.settings.service_name
    return [
        write_letter(
            services,
            language,
            to,
            say("Somebody asks to be your contact at %(service)s", service=name),
            say(
                "Somebody with an account at %(service)s asks to be your contact. They see nothing of you unless you "
                "say yes, and then only what you choose.",
                service=name,
            ),
            say("Sign in to see who it is, and to answer:") + f"\n{services.settings.issuer}/contacts",
            say("You need not answer. Then nothing is shown, and nobody is told."),
        )
    ]
