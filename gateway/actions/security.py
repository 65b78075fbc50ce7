"""A person's own account: how one signs in, and where one is signed in."""

from dataclasses import dataclass

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
from gateway.store.sessions import SessionLine, SessionQuery, SignOut, list_sessions, sign_out


@dataclass(frozen=True, slots=True)
class OwnSecurity:
    """The page of signing in."""

    sessions: tuple[SessionLine, ...]
    passkeys: tuple[Passkey, ...]
    authenticator: Authenticator | None
    is_fresh: bool


async def see_security(services: Services, session: Session) -> OwnSecurity:
    """Show how a person signs in, and the open sessions."""
    person_id, now, settings = session.person.person_id, services.clock(), services.settings
    query = SessionQuery(person_id, now - settings.session_ttl, now - settings.session_idle_ttl)
    return OwnSecurity(
        sessions=tuple(await services.store.read(list_sessions, query)),
        passkeys=tuple(await services.store.read(list_passkeys, person_id)),
        authenticator=await services.store.read(load_authenticators, person_id),
        is_fresh=is_fresh(services, session),
    )


async def end_session(services: Services, session: Session, session_digest: bytes) -> None:
    """Sign one browser out. It takes no step-up: getting safer never does."""
    order = SignOut(session.person.person_id, services.clock(), only=session_digest)
    if not await services.store.run(sign_out, order):
        raise Refusal("stale_form", detail="no such session of this person")


async def end_other_sessions(services: Services, session: Session) -> None:
    """Sign every other browser out."""
    order = SignOut(session.person.person_id, services.clock(), keep=session.session_digest)
    await services.store.run(sign_out, order)
