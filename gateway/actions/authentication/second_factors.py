"""Codes of an app beside the password: setting up, and signing in with one (RFC 6238) or with a recovery code."""

from dataclasses import dataclass, replace

from gateway.accounts.one_time_passwords import SECRET_BYTES, find_step, setup_uri, spelled
from gateway.actions.authentication.dated_tickets import dated_ticket, open_dated
from gateway.actions.authentication.enrolment import check_may_add, check_may_finish
from gateway.actions.authentication.known_devices import remember_anew
from gateway.actions.authentication.recovery import CODE_OFF, CODE_ON, tell
from gateway.actions.authentication.recovery_codes import make_codes, use_recovery_code
from gateway.actions.authentication.sessions import (
    LoggedIn,
    Rejected,
    came_in,
    check_fresh,
    find_person_key,
    next_secret,
    open_second_factor,
    open_session,
)
from gateway.actions.services import Services
from gateway.actions.throttles import code_take, throttled
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind, random_key
from gateway.kit.secrets.digests import digest
from gateway.kit.secrets.sealing import seal, unseal
from gateway.model.people import Acr, Session
from gateway.store.authentication.second_factors import (
    NewAuthenticator,
    Removal,
    add_authenticators,
    load_authenticators,
    remove_authenticators,
    take_steps,
)
from gateway.store.throttles import refill_buckets

SETUP_TTL = 900


@dataclass(frozen=True, slots=True)
class Setup:
    """What an app is set up with; `ticket` carries the secret back, sealed for this session."""

    ticket: str
    secret: str
    uri: str


def _place(person_id: str) -> str:
    return f"one_time_password:{person_id}"


def _setup_place(session: Session) -> str:
    return f"code setup:{session.session_digest.hex()}"


async def begin_setup(services: Services, session: Session, shown_name: str, proof: str = "") -> Setup:
    """Make a secret; it is kept only after a code made with it was right.

    Args:
        proof: of a link by mail, where the first factor takes one.

    Raises:
        Refusal: ``not_allowed``, ``second_factor_needed`` from `check_may_add`.
    """
    await check_may_add(services, session, proof)
    secret = random_key()[:SECRET_BYTES]
    return _setup(services, session, secret, services.clock() + SETUP_TTL, shown_name)


def _setup(services: Services, session: Session, secret: bytes, expires_at: int, shown_name: str) -> Setup:
    ticket = dated_ticket(services, _setup_place(session), secret, expires_at)
    return Setup(ticket, spelled(secret), setup_uri(secret, shown_name, services.settings.service_name))


def setup_again(services: Services, session: Session, ticket: str, shown_name: str) -> Setup:
    """Show the same secret again, after a wrong code."""
    secret, expires_at = open_dated(services, _setup_place(session), ticket)
    return _setup(services, session, secret, expires_at, shown_name)


@dataclass(frozen=True, slots=True)
class SetUp:
    """An app that is set up: the recovery codes, to be shown this once, and the session that the code has opened."""

    codes: list[str]
    logged_in: LoggedIn


async def finish_setup(services: Services, session: Session, ticket: str, code: str) -> SetUp | None:
    """Keep the app's secret if the code is right; None for a wrong one.

    Raises:
        Refusal: ``stale_form`` for a set-up that waited too long, or an account that has an app already;
            ``too_many_attempts``.
    """
    is_first = await check_may_finish(services, session)
    secret, _ = open_dated(services, _setup_place(session), ticket)
    person_id, now = session.person.person_id, services.clock()
    take = code_take(services, person_id)
    wait = await throttled(services, [take])
    if wait:
        raise Refusal("too_many_attempts", detail="codes", retry_after=wait)
    step = find_step(secret, code, now)
    if step is None:
        return None
    codes, digests = make_codes(services, person_id)
    new = NewAuthenticator(
        person_id=person_id,
        sealed=seal(await find_person_key(services, person_id), secret, _place(person_id)),
        last_step=step,
        at=now,
        code_digests=digests,
        is_first=is_first,
    )
    if not await services.store.run(add_authenticators, new):
        raise Refusal("stale_form", detail="there is an app already")
    await services.store.run(refill_buckets, take.bucket)
    await tell(services, person_id, CODE_ON)
    return SetUp(codes, await open_session(services, person_id, session, Acr.MFA, continues=True))


async def remove_code(services: Services, session: Session) -> None:
    """Sign in by the password alone again.

    Raises:
        Refusal: ``last_second_factor`` for somebody with powers who has no passkey.
    """
    check_fresh(services, session)
    removal = await services.store.run(remove_authenticators, session.person.person_id)
    if removal is Removal.LAST:
        raise Refusal("last_second_factor", detail="the app is the last factor")
    if removal is Removal.DONE:
        await tell(services, session.person.person_id, CODE_OFF)


async def use_code(services: Services, person_id: str, code: str, opened: bytes) -> bool:
    """Use a code of the app or a recovery code up; each works once, however many try at the same time.

    Args:
        opened: digest of the session that it is used for. Whoever sends the same form twice names the same one.
    """
    found = await services.store.read(load_authenticators, person_id)
    if found is not None:
        key = await find_person_key(services, person_id)
        step = find_step(unseal(key, found.sealed, _place(person_id)), code, services.clock())
        if step is not None:
            if await services.store.run(take_steps, (person_id, step, opened)):
                return True
            used = await services.store.read(load_authenticators, person_id)
            return used is not None and (used.last_step, used.opened) == (step, opened)
    return await use_recovery_code(services, person_id, code, opened)


async def log_in_with_code(
    services: Services, ticket: str, code: str, present: Session | None, agent: str, device: str = ""
) -> LoggedIn | Rejected | None:
    """Finish a log-in whose password was right; the same form sent twice opens the same session.

    Returns:
        None where this browser has come in by a code of this person since the password was given.

    Raises:
        Refusal: ``stale_form`` when the password was given too long ago, or to another browser's window;
            ``forged_form`` when there is a new password since, or the session has ended that the code opened.
    """
    person_id, password_version, asked_at = open_second_factor(services, ticket)
    if present is not None and present.person.person_id == person_id and came_in(present, Acr.MFA, asked_at):
        return None
    secret = Kind.SESSION + services.seal.opened_by(ticket, code)
    take = code_take(services, person_id)
    wait = await throttled(services, [take])
    if wait:
        return Rejected(wait)
    if not await use_code(services, person_id, code, digest(secret)):
        return Rejected()
    found = await open_session(
        services,
        person_id,
        present,
        Acr.MFA,
        agent,
        secret=secret,
        refills=(take.bucket,),
        password_version=password_version,
    )
    return replace(found, device=await remember_anew(services, device, person_id))


async def step_up_with_code(services: Services, code: str, session: Session) -> LoggedIn | Rejected:
    """Take a code in place of the password (step-up, promise P15)."""
    person_id, secret = session.person.person_id, next_secret(services, session, code)
    take = code_take(services, person_id)
    wait = await throttled(services, [take])
    if wait:
        return Rejected(wait)
    if not await use_code(services, person_id, code, digest(secret)):
        return Rejected()
    return await open_session(
        services, person_id, session, Acr.MFA, secret=secret, refills=(take.bucket,), continues=True
    )
