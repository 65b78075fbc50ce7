"""The language that a person chose, kept with the account: mail is written in it too."""

from gateway.actions.services import Services
from gateway.model.people import Session
from gateway.store.accounts.people import ChosenLanguage, keep_languages


async def choose_language(services: Services, session: Session, language: str) -> None:
    """Remember a person's language."""
    await services.store.run(keep_languages, ChosenLanguage(session.person.person_id, language))
