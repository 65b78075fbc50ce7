"""Promotional mail: whether a letter may leave is asked when it leaves, so that a no acts on what waits, too (P11)."""

from gateway.actions.letters import post, write_letter
from gateway.actions.preferences import unsubscribe_path
from gateway.actions.services import Services
from gateway.actions.sessions import find_addresses
from gateway.kit.catalogues import translated
from gateway.kit.mail import Letter
from gateway.store.letters import NEWS
from gateway.store.people import load_logins_of
from gateway.store.preferences import may_get_news


async def post_news(services: Services, person_id: str, subject: str, text: str) -> None:
    """Hand promotional mail for a person to the outbox: the only way there is to send any."""
    await post(services, NEWS, {"person": person_id, "subject": subject, "text": text})


async def news_letters(services: Services, content: dict[str, str]) -> list[Letter]:
    """Write what may leave now: nothing for who has not chosen it, or no longer does."""
    person_id = content["person"]
    if not await services.store.read(may_get_news, person_id):
        return []
    link = services.settings.issuer + unsubscribe_path(services, person_id)
    (login,) = [await services.store.read(load_logins_of, person_id)]
    language = login.person.language
    letter = write_letter(
        services,
        language,
        (await find_addresses(services, person_id)).login,
        content["subject"],
        content["text"],
        translated(language, "No more news by mail:") + f"\n{link}",
    )
    return [Letter(letter.to, letter.subject, letter.text, unsubscribe=link)]
