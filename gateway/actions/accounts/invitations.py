"""Invitations: a person chooses the first password; the administrator never learns it (promise P7)."""

from dataclasses import dataclass
from functools import partial

from gateway.accounts.passwords import password_faults
from gateway.actions.admin_record import act_of
from gateway.actions.authentication.sessions import find_email, login_index
from gateway.actions.letters import post_letter, write_letter
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.gettext_catalogues import translated
from gateway.kit.ids import Kind
from gateway.kit.mail import Letter
from gateway.kit.secrets.digests import digest
from gateway.store.accounts.invitations import (
    Acceptance,
    Invitation,
    InvitationRenewal,
    NewInvitation,
    accept_invitations,
    load_invitations,
    renew_invitations,
)
from gateway.store.accounts.logins import find_people, load_logins
from gateway.store.accounts.passwords import NewPassword
from gateway.store.admin_actions import on_record

_RENEW = on_record(renew_invitations)


async def find_invitation(services: Services, secret: str) -> Invitation:
    """Find an invitation that can be used now.

    Raises:
        Refusal: ``not_found`` for an unknown, used or expired one: they look alike.
    """
    found = await services.store.read(load_invitations, digest(secret))
    if found is None or services.clock() >= found.expires_at:
        raise Refusal("not_found", detail="an invitation that cannot be used")
    return found


async def accept_invitation(services: Services, secret: str, password: str) -> list[str]:
    """Set the first password.

    Returns:
        What is wrong with the password, in plain words; empty when it is set.

    Raises:
        Refusal: ``not_found`` when the invitation cannot be used (any more).
    """
    found = await find_invitation(services, secret)
    # The log-in itself is sealed, but its blind index tells whether somebody chose it as the password.
    whose = await services.store.read(find_people, login_index(services, password))
    faults = password_faults(password, (password,) if whose == found.person.person_id else ())
    if faults:
        return faults
    secret_hash = await services.passwords.hash(password)
    acceptance = Acceptance(
        digest(secret), NewPassword(found.person.person_id, secret_hash, services.clock())
    )
    if not await services.store.run(accept_invitations, acceptance):
        raise Refusal("not_found", detail="the invitation was used in the meantime")
    return []


@dataclass(frozen=True, slots=True)
class MadeInvitation:
    """A fresh invitation; the secret is in the address and nowhere else."""

    address: str
    row: NewInvitation


def make_invitation(services: Services, invited_by: str) -> MadeInvitation:
    """Make an invitation that expires."""
    secret, now = services.ids(Kind.INVITATION), services.clock()
    row = NewInvitation(digest(secret), invited_by, now, now + services.settings.invitation_ttl)
    return MadeInvitation(f"{services.settings.issuer}/invitation/{secret}", row)


def invitation_letter(services: Services, to: str, made: MadeInvitation, language: str) -> Letter:
    """Write the letter that carries an invitation."""
    say, name = partial(translated, language), services.settings.service_name
    return write_letter(
        services,
        language,
        to,
        say("Your %(service)s account", service=name),
        say("Your school made a %(service)s account for you.", service=name),
        say("Choose your password here:") + f"\n{made.address}",
        say("The link works once. Nobody at your school can see your password."),
    )


def stand_in_letter(services: Services, to: str, language: str) -> Letter:
    """Write to somebody on a school's list who has an account with another organisation already.

    Args:
        language: of that account, whatever the list says.
    """
    say, name = partial(translated, language), services.settings.service_name
    return write_letter(
        services,
        language,
        to,
        say("Your %(service)s account", service=name),
        say(
            "A school has put this address on its list. You have a %(service)s account with another organisation "
            "already: it stays as it is, and the school is not told that it is there.",
            service=name,
        ),
        say("If you belong to that school now, tell us. If you do not know why it listed you, tell us too."),
    )


async def invite_again(
    services: Services, person_id: str, invited_by: str, organisation_id: str | None = None
) -> None:
    """Send a new invitation, on record; older ones stop working. The administrator never sees the address.

    Args:
        organisation_id: where the person must belong, for a school's own administrator.

    Raises:
        Refusal: ``stale_form`` for somebody who is not waiting for an invitation there.
    """
    made = make_invitation(services, invited_by)
    act = act_of(services, invited_by, "invite_again", "person", person_id)
    if not await services.store.run(_RENEW, (InvitationRenewal(person_id, organisation_id, made.row), act)):
        raise Refusal("stale_form", detail="nobody who waits for an invitation")
    email = await find_email(services, person_id)
    # The person who has the log-in elsewhere gets the same letter as at first; the administrator learns nothing.
    holder = await services.store.read(load_logins, login_index(services, email))
    language = holder.person.language if holder else ""
    letter = (
        invitation_letter(services, email, made, language)
        if holder and holder.person.person_id == person_id
        else stand_in_letter(services, email, language)
    )
    await post_letter(services, "invitation", letter)
