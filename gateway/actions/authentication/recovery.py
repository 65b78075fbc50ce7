"""Links by mail: a forgotten password, and proof that an address is the person's own.

A request for recovery does the same work whether or not there is such an account: it hands one piece to the outbox,
and only the postman, later, looks whether there is anybody to write to.
"""

from functools import partial

from gateway.accounts.passwords import password_faults
from gateway.actions.authentication.sessions import Addresses, find_addresses, find_email, login_index
from gateway.actions.letters import post, post_letter, write_letter
from gateway.actions.services import Services
from gateway.actions.throttles import bucket_of, forget_attempts, held_back, network_takes, throttled
from gateway.kit.errors import Refusal
from gateway.kit.gettext_catalogues import translated
from gateway.kit.ids import Kind
from gateway.kit.mail import Letter
from gateway.kit.secrets.digests import digest
from gateway.model.people import PersonState, Session
from gateway.store.accounts.logins import Login, find_people, load_logins, load_logins_of
from gateway.store.accounts.mail_links import (
    RECOVERY,
    VERIFICATION,
    MailLink,
    Recovery,
    keep_links,
    load_links,
    recover_accounts,
    verify_addresses,
)
from gateway.store.accounts.passwords import NewPassword
from gateway.store.throttles import Take

LETTERS = 3
"""Letters that an account can be sent at once; one more an hour."""
REFILL = 3600


async def ask_for_recovery(services: Services, email: str, address: str, language: str) -> int:
    """Take a request for a recovery link.

    Returns:
        Seconds to wait, where this account or this network asked too often; 0 when it was taken.
    """
    account = bucket_of(services, "recovery", login_index(services, email).hex())
    networks = network_takes(services, "recovery address", address)
    # A network that is held back writes nothing down, and takes no letter of an account either.
    wait = await held_back(services, networks) or await throttled(
        services, [Take(account, LETTERS, REFILL, services.clock(), what="recovery"), *networks]
    )
    if not wait:
        await post(services, RECOVERY, {"email": email, "language": language})
    return wait


async def recovery_letters(services: Services, content: dict[str, str]) -> list[Letter]:
    """Write what a request leads to: nothing where there is no account that can be recovered."""
    login = await services.store.read(load_logins, login_index(services, content["email"]))
    if login is None or login.person.state is not PersonState.ACTIVE:
        return []
    # The versions are read first, so that a link to an address that is just being replaced is dead on arrival.
    link = await _make_link(services, login, RECOVERY)
    language = login.person.language or content["language"]
    say, name = partial(translated, language), services.settings.service_name
    return [
        write_letter(
            services,
            language,
            to,
            say("Choose a new password for %(service)s", service=name),
            say("A new password was asked for at %(service)s. We hope it was you.", service=name),
            say("Choose it here:") + f"\n{services.settings.issuer}/recover/{link}",
            say(
                "The link works once and for a short time. If it was not you, do nothing: nothing has changed."
            ),
        )
        for to in (await find_addresses(services, login.person.person_id)).trusted
    ]


async def _make_link(services: Services, login: Login, kind: str) -> str:
    """Keep a link under the versions that were loaded before anybody looked where it goes."""
    secret, now = services.ids(Kind.MAIL_LINK), services.clock()
    link = MailLink(
        link_digest=digest(secret),
        person_id=login.person.person_id,
        kind=kind,
        created_at=now,
        expires_at=now + services.settings.mail_link_ttl,
        password_version=login.versions.password,
        address_version=login.versions.address,
    )
    await services.store.run(keep_links, link)
    return secret


async def find_link(services: Services, secret: str, kind: str) -> MailLink:
    """Find a link that can be used now.

    Raises:
        Refusal: ``not_found`` for an unknown, used, expired or dead one: they look alike.
    """
    found = await services.store.read(load_links, digest(secret))
    if found is None or found.kind != kind or services.clock() >= found.expires_at:
        raise Refusal("not_found", detail="a link that cannot be used")
    return found


async def recover(services: Services, secret: str, password: str) -> list[str]:
    """Set a new password by a link: every session ends, and every address of the person is told.

    Returns:
        What is wrong with the password, in plain words; empty when it is set.

    Raises:
        Refusal: ``not_found`` when the link cannot be used (any more).
    """
    found = await find_link(services, secret, RECOVERY)
    whose = await services.store.read(find_people, login_index(services, password))
    faults = password_faults(password, (password,) if whose == found.person_id else ())
    if faults:
        return faults
    hashed = await services.passwords.hash(password)
    plan = Recovery(digest(secret), NewPassword(found.person_id, hashed, services.clock()))
    if not await services.store.run(recover_accounts, plan):
        raise Refusal("not_found", detail="the link was used, or died, in the meantime")
    account = login_index(services, await find_email(services, found.person_id)).hex()
    await forget_attempts(services, found.person_id, account)
    await tell(services, found.person_id, PASSWORD_CHANGED)
    return []


PASSWORD_CHANGED = "password"  # noqa: S105 - the name of a notice
PASSWORD_CHOSEN = "password here"  # noqa: S105 - the name of a notice
PASSKEY_ADDED = "passkey"
PASSKEY_REMOVED = "passkey gone"
CODE_ON = "code on"
CODE_OFF = "code off"
CODE_USED = "recovery code used"
CODES_NEW = "recovery codes"
ADDRESS_CHANGED = "address"


async def tell(services: Services, person_id: str, what: str, *, also: tuple[str, ...] = ()) -> None:
    """Tell a person at every trusted address that something about the account has changed.

    Args:
        also: further addresses, such as one that was just replaced.
    """
    login = await services.store.read(load_logins_of, person_id)
    language = login.person.language
    say, name = partial(translated, language), services.settings.service_name
    sentence = {
        PASSWORD_CHANGED: say("Your password was changed, and every browser was signed out."),
        PASSWORD_CHOSEN: say("Your password was changed, and every other browser was signed out."),
        PASSKEY_ADDED: say("A passkey was added to your account."),
        PASSKEY_REMOVED: say("A passkey was removed from your account."),
        CODE_ON: say("Signing in now takes a code of your app besides the password."),
        CODE_OFF: say("Signing in takes no code of an app any more."),
        CODE_USED: say("One of your recovery codes was used in place of your second factor."),
        CODES_NEW: say("New recovery codes were made. The old ones no longer work."),
        ADDRESS_CHANGED: say("Your other e-mail address was changed."),
    }[what]
    known = await find_addresses(services, person_id)
    for to in dict.fromkeys((*known.trusted, *also)):
        letter = write_letter(
            services,
            language,
            to,
            say("A change to your %(service)s account", service=name),
            sentence,
            say("If it was not you, choose a new password at once:")
            + f"\n{services.settings.issuer}/recover",
        )
        await post_letter(services, "security", letter)


async def send_verification(services: Services, session: Session) -> int:
    """Send a link to the person's other address; give the seconds to wait if too many were sent."""
    person_id = session.person.person_id
    login = await services.store.read(load_logins_of, person_id)
    known = await find_addresses(services, person_id)
    if known.alternate is None or known.is_verified:
        raise Refusal("stale_form", detail="no address to verify")
    bucket = bucket_of(services, "verification", person_id)
    wait = await throttled(services, [Take(bucket, LETTERS, REFILL, services.clock(), what="verification")])
    if not wait:
        # In the language of the page that asked for it.
        language = session.person.language
        await post_letter(services, VERIFICATION, await _verification(services, login, language, known))
    return wait


async def _verification(services: Services, login: Login, language: str, known: Addresses) -> Letter:
    link = await _make_link(services, login, VERIFICATION)
    say, name = partial(translated, language), services.settings.service_name
    return write_letter(
        services,
        language,
        known.alternate or "",
        say("Confirm this address for %(service)s", service=name),
        say(
            "Somebody entered this address in a profile at %(service)s. If it was you, confirm it:",
            service=name,
        )
        + f"\n{services.settings.issuer}/verify/{link}",
        say("If it was not you, do nothing: the address stays unconfirmed."),
    )


async def verify(services: Services, secret: str) -> None:
    """Mark the address that the link was sent to as verified.

    Raises:
        Refusal: ``not_found`` when the link cannot be used, or the address was changed after it was sent.
    """
    await find_link(services, secret, VERIFICATION)
    if not await services.store.run(verify_addresses, (digest(secret), services.clock())):
        raise Refusal("not_found", detail="the link was used, or died, in the meantime")
