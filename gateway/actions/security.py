"""A person's own account: how one signs in, and where one is signed in."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from gateway.actions.logout import log_out
from gateway.actions.passkeys import read_names
from gateway.actions.services import Services
from gateway.actions.sessions import is_fresh
from gateway.kit.errors import Refusal
from gateway.model.people import Session
from gateway.store.second_factors import (
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
    is_fresh: bool


async def see_security(services: Services, session: Session) -> OwnSecurity:
    """Show how a person signs in, and the open sessions."""
    person_id = session.person.person_id
    passkeys = await services.store.read(list_passkeys, person_id)
    return OwnSecurity(
        sessions=tuple(await _open_sessions(services, person_id)),
        passkeys=tuple(passkeys),
        names=await read_names(services, person_id, passkeys),
        authenticator=await services.store.read(load_authenticators, person_id),
        is_fresh=is_fresh(services, session),
    )


async def _open_sessions(services: Services, person_id: str) -> list[SessionLine]:
    now, settings = services.clock(), services.settings
    query = SessionQuery(person_id, now - settings.session_ttl, now - settings.session_idle_ttl)
    return await services.store.read(list_sessions, query)


async def end_session(services: Services, session: Session, session_digest: bytes) -> None:
    """Sign one browser out. It takes no step-up: getting safer never does."""
    if not await _end(services, session, lambda line: line.session_digest == session_digest):
        raise Refusal("stale_form", detail="no such session of this person")


async def end_other_sessions(services: Services, session: Session) -> None:
    """Sign every other browser out."""
    await _end(services, session, lambda line: line.session_digest != session.session_digest)


async def other_sessions(services: Services, session: Session) -> list[Session]:
    """List a person's open sessions in other browsers."""
    lines = await _open_sessions(services, session.person.person_id)
    return [_of(line, session) for line in lines if line.session_digest != session.session_digest]


def _of(line: SessionLine, session: Session) -> Session:
    """Give another session of the same person."""
    return replace(session, session_digest=line.session_digest, created_at=line.created_at, sid=line.sid)


async def _end(services: Services, session: Session, is_meant: Callable[[SessionLine], bool]) -> int:
    """End sessions as their own browsers would, so that partners hear of it (Back-Channel Logout)."""
    meant = [line for line in await _open_sessions(services, session.person.person_id) if is_meant(line)]
    for line in meant:
        await log_out(services, _of(line, session))
    return len(meant)
