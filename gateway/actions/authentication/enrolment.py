"""The second factor that powers take: who may set one up, and the letter that helps where only a password is known.

Whoever has stolen the password of an administrator must not make the second factor of their own with it. So the
first one takes, once the grace is over, a link that was sent to the person's addresses.
"""

from functools import partial

from gateway.actions.authentication.dated_tickets import dated_ticket, open_dated
from gateway.actions.authentication.factor_rule import grace_ends_at
from gateway.actions.authentication.recovery import LETTERS, REFILL
from gateway.actions.authentication.sessions import check_fresh, find_addresses, is_recent
from gateway.actions.letters import post_letter, write_letter
from gateway.actions.services import Services
from gateway.actions.throttles import throttled
from gateway.kit.errors import Refusal
from gateway.kit.gettext_catalogues import translated
from gateway.kit.secrets.digests import keyed_digest
from gateway.model.people import Person, Session, powers_of
from gateway.store.accounts.logins import load_logins_of
from gateway.store.administration.administrators import have_factors
from gateway.store.throttles import Take

AT_ONCE = 3600
"""Seconds after the first password, or the new role, in which even without a grace the password alone is enough to
set the first factor up: the invitation has just come by mail."""


async def lacks_factor(services: Services, person: Person) -> bool:
    """Tell whether somebody with powers has no second factor yet."""
    return bool(powers_of(person.role)) and not await services.store.read(have_factors, person.person_id)


def takes_letter(services: Services, person: Person) -> bool:
    """Tell whether the first factor of somebody with powers takes a link by mail."""
    ends_at = grace_ends_at(services, person)
    began_at = person.factor_grace_from
    return ends_at is None or began_at is None or services.clock() >= max(ends_at, began_at + AT_ONCE)


async def _place(services: Services, person: Person) -> str:
    """Name what a link is for: it dies with the password, and with the address that it may have been sent to."""
    versions = (await services.store.read(load_logins_of, person.person_id)).versions
    return f"enrolment:{person.person_id}:{versions.password}:{versions.address}"


async def enrolment_link(services: Services, person: Person, ttl: int) -> str:
    """Make the link by which a person sets up the first factor; it is made before anybody looks up where it goes."""
    proof = dated_ticket(services, await _place(services, person), b"", services.clock() + ttl)
    return f"{services.settings.issuer}/second-factor?proof={proof}"


async def is_proof(services: Services, person: Person, proof: str) -> bool:
    """Tell whether a link's proof was sent to this person a short while ago."""
    try:
        open_dated(services, await _place(services, person), proof)
    except Refusal:
        return False
    return True


async def check_may_add(services: Services, session: Session, proof: str = "") -> bool:
    """Let a person begin to add a second factor.

    Returns:
        Whether it is the first one.

    Raises:
        Refusal: ``not_allowed`` without a recent step-up; ``second_factor_needed`` where that has to be by a
            factor that is there, or the first one of somebody with powers takes a link by mail.
    """
    is_first = await check_may_finish(services, session)
    person = session.person
    needs_link = is_first and bool(powers_of(person.role)) and takes_letter(services, person)
    if needs_link and not await is_proof(services, person, proof):
        raise Refusal("second_factor_needed", detail="the first factor takes a link by mail")
    return is_first


async def check_may_finish(services: Services, session: Session) -> bool:
    """Let a person finish adding a second factor; the ticket says that it was begun rightly.

    Returns:
        Whether it is the first one.
    """
    is_first = not await services.store.read(have_factors, session.person.person_id)
    if is_first and powers_of(session.person.role) and is_recent(services, session):
        return True
    check_fresh(services, session)
    return is_first


async def send_enrolment(services: Services, session: Session) -> int:
    """Send the link to every trusted address; give the seconds to wait if too many were sent."""
    person = session.person
    bucket = keyed_digest(services.seal.ring.index, "enrolment", person.person_id)
    wait = await throttled(services, [Take(bucket, LETTERS, REFILL, services.clock(), what="enrolment")])
    if wait:
        return wait
    say, name = partial(translated, person.language), services.settings.service_name
    link = await enrolment_link(services, person, services.settings.mail_link_ttl)
    for to in (await find_addresses(services, person.person_id)).trusted:
        letter = write_letter(
            services,
            person.language,
            to,
            say("Set up your second factor for %(service)s", service=name),
            say("Your password was used to sign in, and you have no second factor yet. We hope it was you."),
            say("Set it up here, in the browser where you are signed in:") + f"\n{link}",
            say("If it was not you, choose a new password at once:")
            + f"\n{services.settings.issuer}/recover",
        )
        await post_letter(services, "security", letter)
    return 0
