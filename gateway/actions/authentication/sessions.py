"""Signing in and out, and who is signed in."""

from dataclasses import dataclass, replace

from gateway.accounts.fields import FieldFault, check_email
from gateway.actions.authentication.factor_rule import is_strong_enough
from gateway.actions.authentication.known_devices import is_known, remember
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.services import Services
from gateway.actions.throttles import held_back, known_take, network_takes, strangers_take, throttled
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.logs import log
from gateway.kit.secrets.digests import digest
from gateway.kit.secrets.sealing import SealBroken
from gateway.model.people import Acr, PersonState, Session, powers_of
from gateway.store.accounts.logins import Login, find_people, load_logins, load_logins_of
from gateway.store.administration.administrators import have_factors
from gateway.store.profiles import load_profiles
from gateway.store.sessions import NewSession, load_sessions, open_sessions, touch_sessions
from gateway.store.throttles import refill_buckets
from scopes import masked

TOUCH_EVERY = 60
"""A session's last use is noted once a minute, not at every request."""


@dataclass(frozen=True, slots=True)
class LogInAttempt:
    """What the log-in form carries.

    Attributes:
        address: the browser's network address, for throttling; it is stored as a keyed digest only.
        present: the session that the browser has, which the new one replaces.
        device: the browser's list of who signed in there before.
    """

    email: str
    password: str
    address: str
    present: Session | None
    agent: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A log-in that worked; the secret goes into the cookie and nowhere else.

    Attributes:
        device: the browser's new list of who signed in there; empty where it stays as it is.
    """

    secret: str
    session: Session
    device: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A log-in that failed; an unknown person and a wrong password get the same answer.

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


def stand_in_index(services: Services, organisation_id: str, email: str) -> bytes:
    """Compute what an account has in place of a log-in that another organisation has; nobody can log in by it."""
    return services.seal.index("stand-in", f"{organisation_id}:{login_index(services, email).hex()}")


@dataclass(frozen=True, slots=True)
class CodeNeeded:
    """The password was right, and this account signs in with a code as well; the ticket says who it is."""

    ticket: str


async def log_in(services: Services, attempt: LogInAttempt) -> LoggedIn | Rejected | CodeNeeded:
    """Check a password and open a session; the browser's old session ends with it (rotation at log-in).

    An unknown person takes the same steps as a known one: same statements, same work, same answers.
    """
    index = login_index(services, attempt.email)
    login = await services.store.read(load_logins, index)
    person_id = login.person.person_id if login else index.hex()
    strangers, known = strangers_take(services, index.hex()), known_take(services, person_id)
    networks = network_takes(services, "address", attempt.address)
    is_theirs = login is not None and is_known(services, attempt.device, person_id, login.versions)
    wait = await throttled(services, [known]) if is_theirs else None
    if wait != 0:
        # Also where the browser is known, and too much was tried in it.
        wait = await held_back(services, networks) or await throttled(services, [strangers])
    if wait:
        log().warning("login_throttled", wait=wait)
        return Rejected(wait)
    usable = login.password_hash if login and login.person.state is PersonState.ACTIVE else None
    if not await services.passwords.is_right(usable, attempt.password) or login is None:
        log().info("login_rejected")
        await throttled(services, networks)
        return Rejected()
    return await _let_in(services, attempt, login, (strangers.bucket, known.bucket))


async def _let_in(
    services: Services, attempt: LogInAttempt, login: Login, refills: tuple[bytes, ...]
) -> LoggedIn | CodeNeeded:
    person_id, versions = login.person.person_id, login.versions
    if login.has_code:
        await services.store.run_all(refill_buckets, refills)
        content = {"p": person_id, "e": services.clock() + SECOND_FACTOR_TTL, "v": versions.password}
        return CodeNeeded(services.seal.ticket(_SECOND_FACTOR, content))
    found = await open_session(
        services,
        person_id,
        attempt.present,
        agent=attempt.agent,
        refills=refills,
        password_version=versions.password,
    )
    return replace(found, device=remember(services, attempt.device, person_id, versions))


SECOND_FACTOR_TTL = 300
_SECOND_FACTOR = "second factor"


def open_second_factor(services: Services, ticket: str) -> tuple[str, int, int]:
    """Tell whose password was right a moment ago, its version (a new password ends the ticket), and when that was.

    Raises:
        Refusal: ``stale_form`` for anything else.
    """
    try:
        content = services.seal.open_ticket(_SECOND_FACTOR, ticket)
    except SealBroken:
        raise Refusal("stale_form", detail="no password before the code") from None
    if services.clock() >= content["e"]:
        raise Refusal("stale_form", detail="the code came too late")
    return str(content["p"]), int(content["v"]), int(content["e"]) - SECOND_FACTOR_TTL


def came_in(session: Session, acr: Acr, since: int) -> bool:
    """Whether a session was opened so strongly, and not before a time."""
    return session.auth_time >= since and Acr(session.acr).reaches(acr)


def next_secret(services: Services, session: Session, answer: str) -> str:
    """Give the secret of the session that follows a step-up: the same answer sent twice at once opens one session."""
    return Kind.SESSION + services.seal.opened_by(session.session_digest.hex(), answer)


async def open_session(
    services: Services,
    person_id: str,
    present: Session | None,
    acr: Acr = Acr.PWD,
    agent: str = "",
    *,
    secret: str = "",
    proved_at: int | None = None,
    refills: tuple[bytes, ...] = (),
    password_version: int | None = None,
    continues: bool = False,
) -> LoggedIn:
    """Open a session for a person who has just proved who they are; what the present session had proved still counts.

    Not for somebody with powers: there, `auth_time` is when that was proved which `acr` names. Otherwise the
    password alone would renew what a second factor opened long ago.

    Args:
        secret: of the session, where an answer decides which one it opens; a session that is open is given again.
        proved_at: when the person proved it, where that was not just now: what was proved then is not less now.
        refills: the throttles of attempts that begin anew with it.
        password_version: of the password that was proved.
        continues: it goes on from the present session.

    Raises:
        Refusal: ``forged_form`` where the account was closed, the password changed, or the session that it goes
            on from ended, in the meantime.
    """
    now, secret = services.clock(), secret or services.ids(Kind.SESSION)
    is_same_person = present is not None and present.person.person_id == person_id
    if present is not None and is_same_person:
        if proved_at is not None or not powers_of(present.person.role):
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
        password_version=password_version,
        continues=continues,
    )
    session = await services.store.lane(open_sessions).submit(new)
    if session is None:
        raise Refusal("forged_form", detail="what the session was to stand on ended in the meantime")
    return LoggedIn(secret, session)


async def reauthenticate(services: Services, password: str, session: Session) -> LoggedIn | Rejected:
    """Ask for the password again (step-up, promise P15); the session's secret changes with it.

    Raises:
        Refusal: ``second_factor_needed`` for somebody with powers who has a second factor: it is that which counts.
    """
    person_id = session.person.person_id
    has_powers = bool(powers_of(session.person.role))
    if has_powers and await services.store.read(have_factors, person_id):
        raise Refusal("second_factor_needed", detail="a password in place of the factor")
    known = known_take(services, person_id)
    wait = await throttled(services, [known])
    if wait:
        return Rejected(wait)
    login = await services.store.read(load_logins_of, person_id)
    if not await services.passwords.is_right(login.password_hash, password):
        return Rejected()
    return await open_session(
        services,
        person_id,
        session,
        secret=next_secret(services, session, password),
        refills=(known.bucket,),
        password_version=login.versions.password,
        continues=True,
    )


async def find_session(services: Services, secret: str | None) -> Session | None:
    """Find the session of a cookie; None when there is none or it is over."""
    if not secret:
        return None
    session = await services.store.versioned_lane(load_sessions, reads=True).submit(digest(secret))
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
    sealed = await services.store.versioned_lane(load_profiles, reads=True).submit(person_id)
    return OpenedProfile(services.seal, sealed).values({"email"})["email"]


async def find_reader(services: Services, person_id: str) -> tuple[str, str] | None:
    """Give a person's address and language; None for somebody who was erased meanwhile."""
    try:
        email = await find_email(services, person_id)
    except Refusal:
        return None
    login = await services.store.lane(load_logins_of, reads=True).submit(person_id)
    return email, login.person.language


async def find_own_email(services: Services, person_id: str) -> str | None:
    """Give a person's log-in; None for an account that only stands in, because the owner of the log-in has another."""
    email = await find_email(services, person_id)
    holder = await services.store.read(find_people, login_index(services, email))
    return email if holder == person_id else None


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a person can be written to: the log-in, and another address that counts once it is verified."""

    login: str
    alternate: str | None
    is_verified: bool

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
    )


REACHED_BY = frozenset({"email", "alternate_email", "phone_number"})
"""Fields of an account that no second person shares: what is at the other end is somebody's own."""


async def find_marks(services: Services, person_id: str) -> frozenset[str]:
    """Give digests of how a person is reached, by which another account of the same person is recognised.

    The log-in, the alternate address and a verified telephone number; what follows a plus sign in a mailbox's name
    only sorts its mail (RFC 5233).
    """
    sealed = await services.store.read(load_profiles, person_id)
    values = OpenedProfile(services.seal, sealed).values(REACHED_BY)
    if "phone_number" in values and sealed.fields["phone_number"].verified_at is None:
        del values["phone_number"]
    return frozenset(services.seal.index("reached", mailbox_of(each)).hex() for each in values.values())


def mailbox_of(reached: str) -> str:
    """Name the mailbox of an address in its normal form, however it is spelt; a telephone number stays what it is."""
    name, at, domain = reached.casefold().rpartition("@")
    return f"{name.partition('+')[0]}@{domain}" if at else domain


async def find_person_key(services: Services, person_id: str) -> bytes:
    """Give a person's own key: what is sealed with it dies with the account."""
    return OpenedProfile(services.seal, await services.store.read(load_profiles, person_id)).key


async def find_person_email(services: Services, session: Session) -> str:
    """Give the signed-in person's own log-in, masked."""
    return masked("email", await find_email(services, session.person.person_id))


def is_recent(services: Services, session: Session) -> bool:
    """Whether the person authenticated a moment ago, by whatever means."""
    return services.clock() - session.auth_time <= services.settings.reauthentication_ttl


def is_fresh(services: Services, session: Session) -> bool:
    """Whether the person authenticated recently, and strongly enough for the role (promise P15).

    The password of somebody with powers and a second factor opens nothing by itself.
    """
    return is_recent(services, session) and is_strong_enough(services, session)


def check_fresh(services: Services, session: Session) -> None:
    """Let only a recent step-up go on (promise P15).

    Raises:
        Refusal: ``not_allowed``.
    """
    if not is_fresh(services, session):
        raise Refusal("not_allowed", detail="it takes a recent step-up")
