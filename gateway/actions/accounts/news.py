"""Promotional mail: the person's choice is read when a letter leaves, so a no stops letters that wait, too (P11)."""

from gateway.actions.accounts.preferences import unsubscribe_path
from gateway.actions.authentication.sessions import find_addresses
from gateway.actions.letters import post, write_letter
from gateway.actions.services import Services
from gateway.kit.gettext_catalogues import translated
from gateway.kit.mail import Letter
from gateway.store.accounts.logins import load_logins_of
from gateway.store.accounts.preferences import may_get_news
from gateway.store.letters import NEWS


async def post_news(services: Services, person_id: str, subject: str, text: str) -> None:
    """Hand promotional mail for a person to the outbox: the only way there is to send any."""
    await post(services, NEWS, {"person": person_id, "subject": subject, "text": text})


async def news_letters(services: Services, content: dict[str, str]) -> list[Letter]:
    """Write the letter if the person still chooses to get news; otherwise none."""
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
