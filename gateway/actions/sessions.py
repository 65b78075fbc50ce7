"""Signing in and out, and who is signed in."""

import asyncio
from dataclasses import dataclass

from gateway.accounts.fields import FieldFault, check_email
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.services import Services
from gateway.kit.digests import digest, keyed_digest
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.logs import log
from gateway.kit.sealing import SealBroken
from gateway.model.people import Acr, PersonState, Session
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
    agent: str = ""


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


@dataclass(frozen=True, slots=True)
class CodeNeeded:
    """The password was right, and this account signs in with a code as well; the ticket says who it is."""

    ticket: str


async def log_in(services: Services, attempt: LogInAttempt) -> LoggedIn | Rejected | CodeNeeded:
    """Check a password and open a session; the browser's old session ends with it (rotation at log-in)."""
    index = login_index(services, attempt.email)
    buckets = account_buckets(services, index.hex(), attempt.address)
    wait = await throttled(services, buckets)
    if wait:
        log().warning("login_throttled", wait=wait)
        return Rejected(wait)
    login = await services.store.read(load_logins, index)
    usable = login.password_hash if login and login.person.state is PersonState.ACTIVE else None
    if not await services.passwords.is_right(usable, attempt.password) or login is None:
        log().info("login_rejected")
        return Rejected()
    person_id = login.person.person_id
    if login.has_code:
        await services.store.run(refill_buckets, buckets[0].bucket)
        content = {"p": person_id, "e": services.clock() + SECOND_FACTOR_TTL}
        return CodeNeeded(services.seal.ticket(_SECOND_FACTOR, content))
    return await open_session(
        services, person_id, attempt.present, agent=attempt.agent, refills=buckets[0].bucket
    )


SECOND_FACTOR_TTL = 300
_SECOND_FACTOR = "second factor"


def open_second_factor(services: Services, ticket: str) -> str:
    """Tell whose password was right a moment ago.

    Raises:
        Refusal: ``stale_form`` for anything else.
    """
    try:
        content = services.seal.open_ticket(_SECOND_FACTOR, ticket)
    except SealBroken:
        raise Refusal("stale_form", detail="no password before the code") from None
    if services.clock() >= content["e"]:
        raise Refusal("stale_form", detail="the code came too late")
    return str(content["p"])


def account_buckets(services: Services, account: str, address: str) -> list[Take]:
    """Name the throttles of an attempt: the account's and the network address's."""
    settings, now, key = services.settings, services.clock(), services.seal.ring.index
    own = Take(keyed_digest(key, "login", account), settings.login_attempts, settings.login_refill, now)
    theirs = keyed_digest(key, "address", address)
    return [own, Take(theirs, settings.address_attempts, settings.login_refill, now)]


async def throttled(services: Services, buckets: list[Take]) -> int:
    """Take one attempt; seconds to wait when there is none left.

    Attempts that come at the same time share a transaction: all of a school come from one address, whose row
    each of them would have to wait for.
    """
    lane = services.store.lane(take_tokens)
    return max(await asyncio.gather(*map(lane.submit, buckets)))


async def open_session(
    services: Services,
    person_id: str,
    present: Session | None,
    acr: Acr = Acr.PWD,
    agent: str = "",
    *,
    proved_at: int | None = None,
    refills: bytes | None = None,
) -> LoggedIn:
    """Open a session for a person who has just proved to be one; what was proved before in it still counts.

    Args:
        proved_at: when the person proved it, where that was not just now.
        refills: the throttle of attempts that begins anew with it.
    """
    now, secret = services.clock(), services.ids(Kind.SESSION)
    is_same_person = present is not None and present.person.person_id == person_id
    if present is not None and is_same_person:
        acr = max(acr, Acr(present.acr), key=list(Acr).index)
        agent = agent or present.agent
    new = NewSession(
        session_digest=digest(secret),
        person_id=person_id,
        replaces=present.session_digest if present else None,
        created_at=present.created_at if present and is_same_person else now,
        auth_time=now if proved_at is None else proved_at,
        acr=acr,
        agent=agent,
        sid=(present.sid if present and is_same_person else None) or services.ids(Kind.SID),
        refills=refills,
    )
    session = await services.store.lane(open_sessions).submit(new)
    if session is None:
        raise Refusal("forged_form", detail="the account was closed in the meantime")
    return LoggedIn(secret, session)


async def reauthenticate(
    services: Services, password: str, session: Session, address: str
) -> LoggedIn | Rejected:
    """Ask for the password again (step-up, promise P15); the session's secret changes with it."""
    buckets = account_buckets(services, session.person.person_id, address)
    wait = await throttled(services, buckets)
    if wait:
        return Rejected(wait)
    login = await services.store.read(load_logins_of, session.person.person_id)
    if not await services.passwords.is_right(login.password_hash, password):
        return Rejected()
    return await open_session(services, session.person.person_id, session, refills=buckets[0].bucket)


async def find_session(services: Services, secret: str | None) -> Session | None:
    """Find the session of a cookie; None when there is none or it is over."""
    if not secret:
        return None
    session = await services.store.telling_lane(load_sessions, reads=True).submit(digest(secret))
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
    sealed = await services.store.telling_lane(load_profiles, reads=True).submit(person_id)
    return OpenedProfile(services.seal, sealed).values({"email"})["email"]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a person can be written to: the log-in, and another address that counts once it is verified."""

    login: str
    alternate: str | None
    is_verified: bool
    changed_at: int | None

    @property
    def trusted(self) -> tuple[str, ...]:
        """The addresses that are known to be the person's."""
        return (self.login, self.alternate) if self.alternate and self.is_verified else (self.login,)


async def find_addresses(services: Services, person_id: str) -> Addresses:
    """Give a person's addresses, for letters to that very person."""
    sealed = await services.store.read(load_profiles, person_id)
    found = OpenedProfile(services.seal, sealed).values({"email", "alternate_email"})
    kept = sealed.fields.get("alternate_email")
    return Addresses(
        login=found["email"],
        alternate=found.get("alternate_email"),
        is_verified=kept is not None and kept.verified_at is not None,
        changed_at=kept.changed_at if kept else None,
    )


async def find_person_key(services: Services, person_id: str) -> bytes:
    """Give a person's own key: what is sealed with it dies with the account."""
    return OpenedProfile(services.seal, await services.store.read(load_profiles, person_id)).key


async def find_person_email(services: Services, session: Session) -> str:
    """Give the signed-in person's own log-in, masked."""
    return masked("email", await find_email(services, session.person.person_id))


def is_fresh(services: Services, session: Session) -> bool:
    """Whether the password was given recently enough to show values (promise P15)."""
    return services.clock() - session.auth_time <= services.settings.reauthentication_ttl


def check_fresh(services: Services, session: Session) -> None:
    """Let only a recent step-up go on (promise P15).

    Raises:
        Refusal: ``not_allowed``.
    """
    if not is_fresh(services, session):
        raise Refusal("not_allowed", detail="it takes a recent step-up")
