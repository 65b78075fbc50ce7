"""Passkeys: adding one, signing in with one, and stepping up with one (WebAuthn §7).

A challenge travels in a sealed ticket and is spent in the database when it was answered.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
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
from gateway.actions.recovery import PASSKEY_ADDED, PASSKEY_REMOVED, tell
from gateway.actions.services import Services
from gateway.actions.sessions import LoggedIn, find_person_key, is_fresh, open_session
from gateway.kit.digests import digest
from gateway.kit.errors import Refusal
from gateway.kit.ids import random_key
from gateway.kit.logs import log
from gateway.kit.sealing import SealBroken, seal, unseal
from gateway.model.people import Acr, Session
from gateway.store.second_factors import (
    Passkey,
    PasskeyUse,
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
class Question:
    """What a browser is asked, as JSON for its script, and the ticket that comes back with the answer."""

    options: str
    ticket: str


def _site(services: Services) -> Site:
    settings = services.settings
    return Site(urlsplit(settings.issuer).hostname or "", settings.issuer, settings.service_name)


def _place(session: Session | None) -> str:
    return f"passkey:{session.session_digest.hex() if session else 'sign in'}"


def _ticket(services: Services, session: Session | None, challenge: bytes) -> str:
    content = {"c": base64.b64encode(challenge).decode(), "e": services.clock() + CHALLENGE_TTL}
    return services.seal.ticket(_place(session), content)


def _challenge(services: Services, session: Session | None, ticket: str) -> tuple[bytes, int]:
    try:
        content = services.seal.open_ticket(_place(session), ticket)
    except SealBroken:
        raise Refusal("stale_form", detail="a challenge of another session") from None
    if services.clock() >= content["e"]:
        raise Refusal("stale_form", detail="the challenge waited too long")
    return base64.b64decode(content["c"]), content["e"]


async def ask_to_add(services: Services, session: Session, shown_name: str) -> Question:
    """Ask a browser to make a passkey.

    Raises:
        Refusal: ``not_allowed`` without a recent step-up.
    """
    _check_fresh(services, session)
    person_id, challenge = session.person.person_id, random_key()
    known = await services.store.read(list_passkeys, person_id)
    options = creation_options(
        _site(services), person_id, shown_name, challenge, (each.credential_id for each in known)
    )
    return Question(options, _ticket(services, session, challenge))


async def add_passkey(services: Services, session: Session, ticket: str, answer: str, name: str = "") -> bool:
    """Keep a passkey that a browser made; False when its answer does not hold."""
    _check_fresh(services, session)
    challenge, expires_at = _challenge(services, session, ticket)
    try:
        made = check_creation(_site(services), challenge, answer)
    except PasskeyFault as fault:
        log().info("passkey_rejected", why=str(fault))
        return False
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
    )
    if not await services.store.run(add_passkeys, passkey):
        return False
    await tell(services, person_id, PASSKEY_ADDED)
    return True


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
    _check_fresh(services, session)
    person_id = session.person.person_id
    sealed = await _sealed_name(services, person_id, credential_id, name)
    if not await services.store.run(name_passkeys, (person_id, credential_id, sealed)):
        raise Refusal("stale_form", detail="no such passkey of this person")


def digest_of(challenge: bytes) -> bytes:
    """Name a challenge in the database."""
    return digest(base64.b64encode(challenge).decode())


def _check_fresh(services: Services, session: Session) -> None:
    if not is_fresh(services, session):
        raise Refusal("not_allowed", detail="it takes a recent step-up")


async def remove_passkey(services: Services, session: Session, credential_id: bytes) -> None:
    """Forget a passkey of one's own."""
    _check_fresh(services, session)
    if not await services.store.run(remove_passkeys, (session.person.person_id, credential_id)):
        raise Refusal("stale_form", detail="no such passkey of this person")
    await tell(services, session.person.person_id, PASSKEY_REMOVED)


async def ask_to_sign(services: Services, session: Session | None) -> Question:
    """Ask a browser for a signature: of any passkey to sign in, of the person's own to step up."""
    challenge, allowed = random_key(), []
    if session is not None:
        own = await services.store.read(list_passkeys, session.person.person_id)
        allowed = [each.credential_id for each in own]
    return Question(
        request_options(_site(services), challenge, allowed), _ticket(services, session, challenge)
    )


async def sign_in_with_passkey(
    services: Services, ticket: str, answer: str, present: Session | None, agent: str
) -> LoggedIn | None:
    """Open a session for whoever's passkey signed; None when the signature does not hold."""
    person_id = await _check(services, None, ticket, answer)
    return await open_session(services, person_id, present, Acr.PHR, agent) if person_id else None


async def step_up_with_passkey(
    services: Services, session: Session, ticket: str, answer: str
) -> LoggedIn | None:
    """Take a passkey in place of the password (step-up, promise P15)."""
    person_id = await _check(services, session, ticket, answer)
    if person_id != session.person.person_id:
        return None
    return await open_session(services, person_id, session, Acr.PHR)


async def _check(services: Services, session: Session | None, ticket: str, answer: str) -> str | None:
    """Check a signature; one answer for an unknown passkey and a wrong signature."""
    challenge, expires_at = _challenge(services, session, ticket)
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
