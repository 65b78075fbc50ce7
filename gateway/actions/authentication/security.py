"""A person's own account: how one signs in, and where one is signed in."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from gateway.actions.authentication.known_devices import remember_anew
from gateway.actions.authentication.passkeys import read_names
from gateway.actions.authentication.sessions import is_fresh
from gateway.actions.logouts import log_out
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.model.people import Session
from gateway.store.accounts.passwords import forget_devices
from gateway.store.authentication.recovery_codes import count_codes
from gateway.store.authentication.second_factors import (
    Authenticator,
    Passkey,
    list_passkeys,
    load_authenticators,
)
from gateway.store.sessions import SessionLine, SessionQuery, list_sessions


@dataclass(frozen=True, slots=True)
class OwnSecurity:
    """The page of signing in; `names` are those of the passkeys, in their order."""

    sessions: tuple[SessionLine, ...]
    passkeys: tuple[Passkey, ...]
    names: tuple[str, ...]
    authenticator: Authenticator | None
    codes_left: int
    is_fresh: bool

    @property
    def has_factor(self) -> bool:
        """Whether there is a second factor."""
        return bool(self.passkeys) or self.authenticator is not None


async def see_security(services: Services, session: Session) -> OwnSecurity:
    """Show how a person signs in, and the open sessions."""
    person_id = session.person.person_id
    passkeys = await services.store.read(list_passkeys, person_id)
    return OwnSecurity(
        sessions=tuple(await open_sessions_of(services, person_id)),
        passkeys=tuple(passkeys),
        names=await read_names(services, person_id, passkeys),
        authenticator=await services.store.read(load_authenticators, person_id),
        codes_left=await services.store.read(count_codes, person_id),
        is_fresh=is_fresh(services, session),
    )


async def open_sessions_of(services: Services, person_id: str) -> list[SessionLine]:
    """List the browsers in which somebody is signed in now."""
    now, settings = services.clock(), services.settings
    query = SessionQuery(person_id, now - settings.session_ttl, now - settings.session_idle_ttl)
    return await services.store.read(list_sessions, query)


async def end_session(services: Services, session: Session, session_digest: bytes) -> None:
    """Sign one browser out. It takes no step-up: getting safer never does."""
    if not await _end(services, session, lambda line: line.session_digest == session_digest):
        raise Refusal("stale_form", detail="no such session of this person")


async def end_other_sessions(services: Services, session: Session, device: str = "") -> str:
    """Sign every other browser out, and make each a stranger again.

    Args:
        device: this browser's list of who signed in there.

    Returns:
        What this browser is to keep instead: it alone stays known.
    """
    person_id = session.person.person_id
    await _end(services, session, lambda line: line.session_digest != session.session_digest)
    await services.store.run(forget_devices, person_id)
    return await remember_anew(services, device, person_id)


def _of(line: SessionLine, session: Session) -> Session:
    """Give another session of the same person."""
    return replace(session, session_digest=line.session_digest, created_at=line.created_at, sid=line.sid)


async def _end(services: Services, session: Session, is_meant: Callable[[SessionLine], bool]) -> int:
    """End sessions as their own browsers would, so that partners hear of it (Back-Channel Logout)."""
    meant = [line for line in await open_sessions_of(services, session.person.person_id) if is_meant(line)]
    for line in meant:
        await log_out(services, _of(line, session))
    return len(meant)
