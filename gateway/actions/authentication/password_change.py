"""A new password while signed in: every other browser is signed out, and every address of the person is told."""

from dataclasses import replace

from gateway.accounts.passwords import password_faults
from gateway.actions.authentication.known_devices import remember_anew
from gateway.actions.authentication.recovery import PASSWORD_CHOSEN, tell
from gateway.actions.authentication.sessions import (
    LoggedIn,
    check_fresh,
    find_email,
    login_index,
    open_session,
)
from gateway.actions.services import Services
from gateway.actions.throttles import forget_attempts
from gateway.kit.errors import Refusal
from gateway.model.people import Session
from gateway.store.accounts.logins import find_people
from gateway.store.accounts.passwords import NewPassword, PasswordChange, change_passwords


async def change_password(
    services: Services, session: Session, password: str, device: str = ""
) -> LoggedIn | list[str]:
    """Set a new password (promise P15).

    Args:
        device: the browser's list of who signed in there: of all browsers, this one alone stays known.

    Returns:
        This browser's new session, no fresher than the old one; or what is wrong, in plain words.

    Raises:
        Refusal: ``not_allowed`` without a recent step-up; ``forged_form`` where another new password, or a
            press elsewhere, has ended this session meanwhile.
    """
    check_fresh(services, session)
    person_id = session.person.person_id
    whose = await services.store.read(find_people, login_index(services, password))
    faults = password_faults(password, (password,) if whose == person_id else ())
    if faults:
        return faults
    hashed = await services.passwords.hash(password)
    # The password and the end of every session are one transaction; `tell_of_ends` finds those that partners hear of.
    change = PasswordChange(session.session_digest, NewPassword(person_id, hashed, services.clock()))
    version = await services.store.run(change_passwords, change)
    if version is None:
        raise Refusal("forged_form", detail="the session ended in the meantime")
    await forget_attempts(
        services, person_id, login_index(services, await find_email(services, person_id)).hex()
    )
    await tell(services, person_id, PASSWORD_CHOSEN)
    found = await open_session(
        services, person_id, session, proved_at=session.auth_time, password_version=version
    )
    return replace(found, device=await remember_anew(services, device, person_id))
