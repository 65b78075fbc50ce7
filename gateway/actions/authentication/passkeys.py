"""Passkeys: adding one, signing in with one, and stepping up with one (WebAuthn §7).

A challenge travels in a sealed ticket and is spent in the database when it was answered.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from gateway.accounts.passkeys import (
    PasskeyFault,
    Site,
    check_creation,
    check_request,
    creation_options,
    credential_of,
    request_options,
)
from gateway.actions.authentication.dated_tickets import dated_ticket, open_dated
from gateway.actions.authentication.enrolment import check_may_add, check_may_finish
from gateway.actions.authentication.known_devices import remember_anew
from gateway.actions.authentication.recovery import PASSKEY_ADDED, PASSKEY_REMOVED, tell
from gateway.actions.authentication.recovery_codes import first_codes
from gateway.actions.authentication.sessions import (
    LoggedIn,
    came_in,
    check_fresh,
    find_person_key,
    open_session,
)
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.ids import random_key
from gateway.kit.logs import log
from gateway.kit.secrets.digests import digest
from gateway.kit.secrets.sealing import seal, unseal
from gateway.model.people import Acr, Session, powers_of
from gateway.store.authentication.second_factors import (
    Passkey,
    PasskeyUse,
    Removal,
    add_passkeys,
    list_passkeys,
    load_passkeys,
    name_passkeys,
    remove_passkeys,
    spend_challenges,
    use_passkeys,
)

CHALLENGE_TTL = 300
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class PasskeyQuestion:
    """What a browser is asked, as JSON for its script, and the ticket that comes back with the answer."""

    options: str
    ticket: str


def _site(services: Services) -> Site:
    settings = services.settings
    return Site(urlsplit(settings.issuer).hostname or "", settings.issuer, settings.service_name)


def _place(session: Session | None) -> str:
    return f"passkey:{session.session_digest.hex() if session else 'sign in'}"


def _ticket(services: Services, session: Session | None, challenge: bytes) -> str:
    return dated_ticket(services, _place(session), challenge, services.clock() + CHALLENGE_TTL)


async def ask_to_add(
    services: Services, session: Session, shown_name: str, proof: str = ""
) -> PasskeyQuestion:
    """Ask a browser to make a passkey.

    Args:
        proof: of a link by mail, where the first factor takes one.

    Raises:
        Refusal: ``not_allowed``, ``second_factor_needed`` from `check_may_add`.
    """
    await check_may_add(services, session, proof)
    person_id, challenge = session.person.person_id, random_key()
    known = await services.store.read(list_passkeys, person_id)
    options = creation_options(
        _site(services), person_id, shown_name, challenge, (each.credential_id for each in known)
    )
    return PasskeyQuestion(options, _ticket(services, session, challenge))


async def add_passkey(
    services: Services, session: Session, ticket: str, answer: str, name: str = ""
) -> list[str] | None:
    """Keep a passkey that a browser made; None when its answer does not hold.

    Returns:
        The recovery codes that come with the first factor of somebody with powers, to be shown this once. Others
        get in with the password when a passkey is lost, and get none.
    """
    is_first = await check_may_finish(services, session)
    challenge, expires_at = open_dated(services, _place(session), ticket)
    try:
        made = check_creation(_site(services), challenge, answer)
    except PasskeyFault as fault:
        log().info("passkey_rejected", why=str(fault))
        return None
    now, person_id = services.clock(), session.person.person_id
    if not await services.store.run(spend_challenges, (digest_of(challenge), expires_at, now)):
        raise Refusal("stale_form", detail="the challenge was answered already")
    passkey = Passkey(
        credential_id=made.credential_id,
        person_id=person_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        created_at=now,
        sealed_name=await _sealed_name(services, person_id, made.credential_id, name),
        is_first=is_first,
    )
    if not await services.store.run(add_passkeys, passkey):
        return None
    await tell(services, person_id, PASSKEY_ADDED)
    has_powers = bool(powers_of(session.person.role))
    return await first_codes(services, person_id) if is_first and has_powers else []


async def _sealed_name(services: Services, person_id: str, credential_id: bytes, name: str) -> bytes | None:
    text = "".join(char for char in name if char.isprintable()).strip()[:LONGEST_NAME]
    key = await find_person_key(services, person_id)
    return seal(key, text.encode(), _name_place(credential_id)) if text else None


def _name_place(credential_id: bytes) -> str:
    return f"passkey name:{credential_id.hex()}"


async def read_names(services: Services, person_id: str, passkeys: Iterable[Passkey]) -> tuple[str, ...]:
    """Open the names of a person's passkeys, in their order; empty for one without."""
    key = await find_person_key(services, person_id)
    return tuple(
        unseal(key, each.sealed_name, _name_place(each.credential_id)).decode() if each.sealed_name else ""
        for each in passkeys
    )


async def name_passkey(services: Services, session: Session, credential_id: bytes, name: str) -> None:
    """Name a passkey of one's own; no name takes the old one away."""
    check_fresh(services, session)
    person_id = session.person.person_id
    sealed = await _sealed_name(services, person_id, credential_id, name)
    if not await services.store.run(name_passkeys, (person_id, credential_id, sealed)):
        raise Refusal("stale_form", detail="no such passkey of this person")


def digest_of(challenge: bytes) -> bytes:
    """Name a challenge in the database."""
    return digest(base64.b64encode(challenge).decode())


async def remove_passkey(services: Services, session: Session, credential_id: bytes) -> None:
    """Forget a passkey of one's own.

    Raises:
        Refusal: ``last_second_factor`` for the last factor of somebody with powers.
    """
    check_fresh(services, session)
    removal = await services.store.run(remove_passkeys, (session.person.person_id, credential_id))
    if removal is Removal.LAST:
        raise Refusal("last_second_factor", detail="the passkey is the last factor")
    if removal is Removal.UNKNOWN:
        raise Refusal("stale_form", detail="no such passkey of this person")
    await tell(services, session.person.person_id, PASSKEY_REMOVED)


async def ask_to_sign(services: Services, session: Session | None) -> PasskeyQuestion:
    """Ask a browser for a signature: of any passkey to sign in, of the person's own to step up."""
    challenge, allowed = random_key(), []
    if session is not None:
        own = await services.store.read(list_passkeys, session.person.person_id)
        allowed = [each.credential_id for each in own]
    return PasskeyQuestion(
        request_options(_site(services), challenge, allowed), _ticket(services, session, challenge)
    )


async def sign_in_with_passkey(
    services: Services, ticket: str, answer: str, present: Session | None, agent: str, device: str = ""
) -> LoggedIn | None:
    """Open a session for the person whose passkey signed; None when the signature does not hold.

    No throttle stands before it: there is nothing to guess, so nobody can be locked out of a passkey.
    """
    person_id = await _check(services, None, ticket, answer)
    if person_id is None:
        return None
    found = await open_session(services, person_id, present, Acr.PHR, agent)
    return replace(found, device=await remember_anew(services, device, person_id))


def has_come_in(services: Services, session: Session | None, ticket: str) -> bool:
    """Whether this browser has come in by a passkey since it was asked: the same form was sent twice."""
    _, expires_at = open_dated(services, _place(None), ticket)
    return session is not None and came_in(session, Acr.PHR, expires_at - CHALLENGE_TTL)


async def step_up_with_passkey(
    services: Services, session: Session, ticket: str, answer: str
) -> LoggedIn | None:
    """Take a passkey in place of the password (step-up, promise P15)."""
    person_id = await _check(services, session, ticket, answer)
    if person_id != session.person.person_id:
        return None
    return await open_session(services, person_id, session, Acr.PHR, continues=True)


async def _check(services: Services, session: Session | None, ticket: str, answer: str) -> str | None:
    """Check a signature; one answer for an unknown passkey and a wrong signature."""
    challenge, expires_at = open_dated(services, _place(session), ticket)
    try:
        found = await services.store.read(load_passkeys, credential_of(answer))
        if found is None:
            raise PasskeyFault("unknown passkey")
        count = check_request(_site(services), challenge, answer, found.public_key, found.sign_count)
    except PasskeyFault as fault:
        log().info("passkey_rejected", why=str(fault))
        return None
    use = PasskeyUse(
        credential_id=found.credential_id,
        challenge_digest=digest_of(challenge),
        challenge_expires_at=expires_at,
        before=found.sign_count,
        after=count,
        at=services.clock(),
    )
    return found.person_id if await services.store.run(use_passkeys, use) else None
