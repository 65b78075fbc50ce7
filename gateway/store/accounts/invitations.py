"""Invitations to choose a password: made, renewed, shown and used up once."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from gateway.model.people import Person, PersonState
from gateway.store.accounts.passwords import NewPassword, keep_passwords, keeps_password
from gateway.store.engine.statements import insert_once
from gateway.store.records_from_rows import PERSON_COLUMNS, person_from_row
from gateway.store.tables import invitation, organisation, person


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """An invitation to choose a password."""

    invitation_digest: bytes
    invited_by: str
    created_at: int
    expires_at: int


def invitation_row(person_id: str, new: NewInvitation) -> dict[str, object]:
    """Spell an invitation for its table."""
    return {
        "invitation_digest": new.invitation_digest,
        "person_id": person_id,
        "invited_by": new.invited_by,
        "created_at": new.created_at,
        "expires_at": new.expires_at,
    }


@dataclass(frozen=True, slots=True)
class InvitationRenewal:
    """The plan of inviting again.

    Attributes:
        organisation_id: where the person must belong; None for anywhere.
    """

    person_id: str
    organisation_id: str | None
    invitation: NewInvitation


def renew_invitations(connection: Connection, renewals: Sequence[InvitationRenewal]) -> Sequence[bool]:
    """Invite again: the unused older invitations of the person stop working.

    False for somebody unknown, of another organisation, or who has chosen a password already: an invitation is
    no way to set a second one.
    """
    return [_renew(connection, each) for each in renewals]


def _renew(connection: Connection, renewal: InvitationRenewal) -> bool:
    invited = select(person.c.person_id).where(
        person.c.person_id == renewal.person_id, person.c.state == str(PersonState.INVITED)
    )
    if renewal.organisation_id is not None:
        invited = invited.where(person.c.organisation_id == renewal.organisation_id)
    if connection.execute(invited.with_for_update()).first() is None:
        return False
    connection.execute(
        update(invitation)
        .where(
            invitation.c.person_id == renewal.person_id,
            invitation.c.used_at.is_(None),
            # Except our own, when a commit whose answer was lost is repeated.
            invitation.c.invitation_digest != renewal.invitation.invitation_digest,
        )
        .values(used_at=renewal.invitation.created_at)
    )
    insert_once(connection, invitation, [invitation_row(renewal.person_id, renewal.invitation)])
    return True


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that can still be used."""

    person: Person
    organisation_name: str
    expires_at: int


def load_invitations(connection: Connection, digests: Sequence[bytes]) -> Sequence[Invitation | None]:
    """Load invitations of invited people; None for a used or unknown one. The caller judges whether it expired."""
    statement = (
        select(
            invitation.c.invitation_digest,
            invitation.c.expires_at,
            person.c.person_id,
            *PERSON_COLUMNS,
            organisation.c.name,
        )
        .join(person, person.c.person_id == invitation.c.person_id)
        .join(organisation, organisation.c.organisation_id == person.c.organisation_id)
        .where(
            invitation.c.invitation_digest.in_(sorted(set(digests))),
            invitation.c.used_at.is_(None),
            person.c.state == str(PersonState.INVITED),
        )
    )
    found = {
        row.invitation_digest: Invitation(person_from_row(row), row.name, row.expires_at)
        for row in connection.execute(statement)
    }
    return [found.get(digest) for digest in digests]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The plan of using an invitation up to set a password."""

    invitation_digest: bytes
    password: NewPassword


def accept_invitations(connection: Connection, acceptances: Sequence[Acceptance]) -> Sequence[bool]:
    """Use invitations up; however many try at once, one sets the first password. No invitation sets a second one."""
    return [_accept(connection, each) for each in acceptances]


def _accept(connection: Connection, acceptance: Acceptance) -> bool:
    password, own = acceptance.password, invitation.c
    # The person is locked first, as a new invitation does it too, so that nobody waits in a circle.
    waits = select(person.c.person_id).where(
        person.c.person_id == password.person_id, person.c.state == str(PersonState.INVITED)
    )
    if connection.execute(waits.with_for_update(key_share=True)).first() is None:
        return keeps_password(connection, password)
    statement = (
        update(invitation)
        .where(
            own.invitation_digest == acceptance.invitation_digest,
            own.person_id == password.person_id,
            own.used_at.is_(None),
            own.expires_at > password.at,
        )
        .values(used_at=password.at)
        .returning(own.person_id)
    )
    if connection.execute(statement).first() is None:
        return False
    keep_passwords(connection, [password])
    return True
