"""Signing in and out, and who is signed in."""

from dataclasses import dataclass

from gateway.accounts.fields import FieldFault, check_email
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.services import Services
from gateway.kit.digests import digest, keyed_digest
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.logs import log
from gateway.model.people import PersonState, Session
from gateway.store.people import load_logins, load_logins_of
from gateway.store.profiles import load_profiles
from gateway.store.sessions import NewSession, load_sessions, open_sessions, touch_sessions
from gateway.store.throttles import Take, refill_buckets, take_tokens
from scopes import masked

TOUCH_EVERY = 60
"""A session's last use is noted once a minute, not at every request."""


@dataclass(frozen=True, slots=True)
class LogInAttempt:
    """What the log-in form carries.

    Attributes:
        address: the browser's network address, for throttling; it is stored as a keyed digest only.
        present: the session that the browser has, which the new one replaces.
    """

    email: str
    password: str
    address: str
    present: Session | None


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A log-in that worked; the secret goes into the cookie and nowhere else."""

    secret: str
    session: Session


@dataclass(frozen=True, slots=True)
class Rejected:
    """A log-in that did not: one answer for an unknown person and a wrong password.

    Attributes:
        wait: seconds until the next attempt is taken; 0 when the password was wrong.
    """

    wait: int = 0


def login_index(services: Services, email: str) -> bytes:
    """Compute the blind index of a log-in; two spellings of one address find the same person."""
    try:
        email = check_email(email)
    except FieldFault:
        email = email.strip()
    return services.seal.index("login", email.casefold())


async def log_in(services: Services, attempt: LogInAttempt) -> LoggedIn | Rejected:
    """Check a password and open a session; the browser's old session ends with it (rotation at log-in)."""
    index = login_index(services, attempt.email)
    buckets = _buckets(services, index.hex(), attempt.address)
    wait = max(await services.store.run_all(take_tokens, buckets))
    if wait:
        log().warning("login_throttled", wait=wait)
        return Rejected(wait)
    login = await services.store.read(load_logins, index)
    usable = login.password_hash if login and login.person.state is PersonState.ACTIVE else None
    if not await services.passwords.is_right(usable, attempt.password) or login is None:
        log().info("login_rejected")
        return Rejected()
    await services.store.run(refill_buckets, buckets[0].bucket)
    return await open_session(services, login.person.person_id, attempt.present)


def _buckets(services: Services, account: str, address: str) -> list[Take]:
    settings, now, key = services.settings, services.clock(), services.seal.ring.index
    return [
        Take(keyed_digest(key, "login", account), settings.login_attempts, settings.login_refill, now),
        Take(keyed_digest(key, "address", address), settings.address_attempts, settings.login_refill, now),
    ]


async def open_session(services: Services, person_id: str, present: Session | None) -> LoggedIn:
    """Open a session for a person who has just proved to be one."""
    now, secret = services.clock(), services.ids(Kind.SESSION)
    is_same_person = present is not None and present.person.person_id == person_id
    new = NewSession(
        session_digest=digest(secret),
        person_id=person_id,
        replaces=present.session_digest if present else None,
        created_at=present.created_at if present and is_same_person else now,
        auth_time=now,
    )
    await services.store.run(open_sessions, new)
    session = await services.store.read(load_sessions, new.session_digest)
    if session is None:
        raise Refusal("forged_form", detail="the account was closed in the meantime")
    return LoggedIn(secret, session)


async def reauthenticate(
    services: Services, password: str, session: Session, address: str
) -> LoggedIn | Rejected:
    """Ask for the password again (step-up, promise P15); the session's secret changes with it."""
    buckets = _buckets(services, session.person.person_id, address)
    wait = max(await services.store.run_all(take_tokens, buckets))
    if wait:
        return Rejected(wait)
    login = await services.store.read(load_logins_of, session.person.person_id)
    if not await services.passwords.is_right(login.password_hash, password):
        return Rejected()
    await services.store.run(refill_buckets, buckets[0].bucket)
    return await open_session(services, session.person.person_id, session)


async def find_session(services: Services, secret: str | None) -> Session | None:
    """Find the session of a cookie; None when there is none or it is over."""
    if not secret:
        return None
    session = await services.store.read(load_sessions, digest(secret))
    now, settings = services.clock(), services.settings
    if session is None or now >= session.created_at + settings.session_ttl:
        return None
    if now >= session.last_seen_at + settings.session_idle_ttl:
        return None
    if now >= session.last_seen_at + TOUCH_EVERY:
        await services.store.run(touch_sessions, (session.session_digest, now))
    return session


async def find_email(services: Services, person_id: str) -> str:
    """Give a person's log-in, for a letter to that very person."""
    sealed = await services.store.read(load_profiles, person_id)
    return OpenedProfile(services.seal, sealed).values({"email"})["email"]


async def find_person_email(services: Services, session: Session) -> str:
    """Give the signed-in person's own log-in, masked."""
    return masked("email", await find_email(services, session.person.person_id))


def is_fresh(services: Services, session: Session) -> bool:
    """Whether the password was given recently enough to show values (promise P15)."""
    return services.clock() - session.auth_time <= services.settings.reauthentication_ttl
