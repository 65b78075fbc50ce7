"""A new password while signed in: every other browser is signed out, and every address of the person is told."""

from gateway.accounts.passwords import password_faults
from gateway.actions.logout import log_out
from gateway.actions.recovery import PASSWORD_CHOSEN, tell
from gateway.actions.security import other_sessions
from gateway.actions.services import Services
from gateway.actions.sessions import LoggedIn, check_fresh, login_index, open_session
from gateway.model.people import Session
from gateway.store.people import NewPassword, find_people, keep_passwords


async def change_password(services: Services, session: Session, password: str) -> LoggedIn | list[str]:
    """Set a new password (promise P15).

    Returns:
        This browser's new session, no fresher than the old one; or what is wrong, in plain words.

    Raises:
        Refusal: ``not_allowed`` without a recent step-up.
    """
    check_fresh(services, session)
    person_id = session.person.person_id
    whose = await services.store.read(find_people, login_index(services, password))
    faults = password_faults(password, (password,) if whose == person_id else ())
    if faults:
        return faults
    hashed = await services.passwords.hash(password)
    others = await other_sessions(services, session)
    # The password and the end of every session are one transaction; partners hear of it afterwards.
    await services.store.run(keep_passwords, NewPassword(person_id, hashed, services.clock()))
    for each in others:
        await log_out(services, each)
    await tell(services, person_id, PASSWORD_CHOSEN)
    return await open_session(services, person_id, session, proved_at=session.auth_time)
