"""Codes of an app beside the password: setting up, signing in with one, and recovery codes (RFC 6238)."""

from dataclasses import dataclass

from gateway.accounts.one_time_passwords import (
    RECOVERY_CODES,
    SECRET_BYTES,
    find_step,
    plain_code,
    recovery_code,
    setup_uri,
    spelled,
)
from gateway.actions.dated_tickets import dated_ticket, open_dated
from gateway.actions.recovery import CODE_OFF, CODE_ON, tell
from gateway.actions.services import Services
from gateway.actions.sessions import (
    LoggedIn,
    Rejected,
    check_fresh,
    find_person_key,
    open_second_factor,
    open_session,
    throttled,
)
from gateway.kit.digests import keyed_digest
from gateway.kit.errors import Refusal
from gateway.kit.ids import random_key
from gateway.kit.sealing import seal, unseal
from gateway.model.people import Acr, Session
from gateway.store.second_factors import (
    NewAuthenticator,
    add_authenticators,
    load_authenticators,
    remove_authenticators,
    take_steps,
    use_recovery_codes,
)
from gateway.store.throttles import Take

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


def begin_setup(services: Services, session: Session, shown_name: str) -> Setup:
    """Make a secret. Nothing is kept before a code of it was right.

    Raises:
        Refusal: ``not_allowed`` without a recent step-up.
    """
    check_fresh(services, session)
    secret = random_key()[:SECRET_BYTES]
    return _setup(services, session, secret, services.clock() + SETUP_TTL, shown_name)


def _setup(services: Services, session: Session, secret: bytes, expires_at: int, shown_name: str) -> Setup:
    ticket = dated_ticket(services, _setup_place(session), secret, expires_at)
    return Setup(ticket, spelled(secret), setup_uri(secret, shown_name, services.settings.service_name))


def setup_again(services: Services, session: Session, ticket: str, shown_name: str) -> Setup:
    """Show the same secret again, after a wrong code."""
    secret, expires_at = open_dated(services, _setup_place(session), ticket)
    return _setup(services, session, secret, expires_at, shown_name)


async def finish_setup(services: Services, session: Session, ticket: str, code: str) -> list[str] | None:
    """Keep the app's secret if the code is right.

    Returns:
        The recovery codes, to be shown this once; None for a wrong code.

    Raises:
        Refusal: ``stale_form`` for a set-up that waited too long, or an account that has an app already;
            ``too_many_attempts``.
    """
    check_fresh(services, session)
    secret, _ = open_dated(services, _setup_place(session), ticket)
    person_id, now = session.person.person_id, services.clock()
    wait = await throttled(services, _buckets(services, person_id))
    if wait:
        raise Refusal("too_many_attempts", detail="codes", retry_after=wait)
    step = find_step(secret, code, now)
    if step is None:
        return None
    codes = [recovery_code(random_key()) for _ in range(RECOVERY_CODES)]
    new = NewAuthenticator(
        person_id=person_id,
        sealed=seal(await find_person_key(services, person_id), secret, _place(person_id)),
        last_step=step,
        at=now,
        code_digests=tuple(_digest(services, person_id, each) for each in codes),
    )
    if not await services.store.run(add_authenticators, new):
        raise Refusal("stale_form", detail="there is an app already")
    await tell(services, person_id, CODE_ON)
    return codes


def _digest(services: Services, person_id: str, code: str) -> bytes:
    return keyed_digest(services.seal.ring.index, "recovery code", person_id, plain_code(code))


def _buckets(services: Services, person_id: str) -> list[Take]:
    """Six digits are guessed sooner than a password, so attempts come back ten times as slowly."""
    settings, bucket = services.settings, keyed_digest(services.seal.ring.index, "code", person_id)
    return [Take(bucket, settings.login_attempts, 10 * settings.login_refill, services.clock())]


async def remove_code(services: Services, session: Session) -> None:
    """Sign in by the password alone again."""
    check_fresh(services, session)
    if await services.store.run(remove_authenticators, session.person.person_id):
        await tell(services, session.person.person_id, CODE_OFF)


async def use_code(services: Services, person_id: str, code: str) -> bool:
    """Use a code of the app or a recovery code up; each works once, however many try at the same time."""
    found = await services.store.read(load_authenticators, person_id)
    if found is None:
        return False
    now = services.clock()
    key = await find_person_key(services, person_id)
    step = find_step(unseal(key, found.sealed, _place(person_id)), code, now)
    if step is not None:
        return await services.store.run(take_steps, (person_id, step))
    return await services.store.run(use_recovery_codes, (person_id, _digest(services, person_id, code), now))


async def log_in_with_code(
    services: Services, ticket: str, code: str, present: Session | None, agent: str
) -> LoggedIn | Rejected:
    """Finish a log-in whose password was right.

    Raises:
        Refusal: ``stale_form`` when the password was given too long ago, or to another browser's window.
    """
    person_id = open_second_factor(services, ticket)
    buckets = _buckets(services, person_id)
    wait = await throttled(services, buckets)
    if wait:
        return Rejected(wait)
    if not await use_code(services, person_id, code):
        return Rejected()
    return await open_session(services, person_id, present, Acr.MFA, agent, refills=buckets[0].bucket)


async def step_up_with_code(services: Services, code: str, session: Session) -> LoggedIn | Rejected:
    """Take a code in place of the password (step-up, promise P15)."""
    person_id = session.person.person_id
    buckets = _buckets(services, person_id)
    wait = await throttled(services, buckets)
    if wait:
        return Rejected(wait)
    if not await use_code(services, person_id, code):
        return Rejected()
    return await open_session(services, person_id, session, Acr.MFA, refills=buckets[0].bucket)
