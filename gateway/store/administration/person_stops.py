"""Stopping one person: every session ends, and the account with all its consents is held until it is brought back."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, exists, select, update

from gateway.model.people import ROLES_WITH_POWERS, PersonState
from gateway.store.admin_actions import AdminAction, append_actions, did_act
from gateway.store.grant_predicates import is_live
from gateway.store.letters import NewLetter, post_letters
from gateway.store.tables import consent_grant, credential, passkey, person, session


@dataclass(frozen=True, slots=True)
class SessionsEnd:
    """The plan of signing somebody out everywhere."""

    person_id: str
    record: AdminAction


def end_sessions(connection: Connection, ends: Sequence[SessionsEnd]) -> Sequence[bool]:
    """End every session of each person; False, and no record, where there is none."""
    return [did_act(connection, each.record) or _end(connection, each) for each in ends]


def _end(connection: Connection, end: SessionsEnd) -> bool:
    if not end_sessions_at(connection, end.person_id, end.record.at):
        return False
    append_actions(connection, [end.record])
    return True


def end_sessions_at(connection: Connection, person_id: str, at: int) -> bool:
    """End every session of a person; False where there is none."""
    ended = connection.execute(
        update(session)
        .where(session.c.person_id == person_id, session.c.ended_at.is_(None))
        .values(ended_at=at)
    )
    return ended.rowcount > 0


@dataclass(frozen=True, slots=True)
class AccountChange:
    """The plan of deactivating an account, or of bringing it back.

    Attributes:
        approves_from: from when on an account with powers that comes back counts as the second person.
    """

    person_id: str
    record: AdminAction
    letters: tuple[NewLetter, ...] = ()
    approves_from: int = 0


def deactivate_accounts(connection: Connection, changes: Sequence[AccountChange]) -> Sequence[bool]:
    """Deactivate accounts: sessions end, live consents are held; False for one that is deactivated or closed.

    A release in flight holds its grant's row and is waited for; one that comes later finds the row held.
    """
    return [did_act(connection, each.record) or _deactivate(connection, each) for each in changes]


def _deactivate(connection: Connection, change: AccountChange) -> bool:
    # Whoever makes a grant, opens a session or approves something holds this row, and reads its state.
    deactivated = (
        update(person)
        .where(
            person.c.person_id == change.person_id,
            person.c.state.in_([str(PersonState.INVITED), str(PersonState.ACTIVE)]),
        )
        # Links by mail and log-ins that wait for their code die with the number.
        .values(state=str(PersonState.DEACTIVATED), password_version=person.c.password_version + 1)
        .returning(person.c.person_id)
    )
    if connection.execute(deactivated).first() is None:
        return False
    end_sessions_at(connection, change.person_id, change.record.at)
    _hold(connection, change.person_id, is_held=True)
    append_actions(connection, [change.record])
    post_letters(connection, change.letters)
    return True


def reactivate_accounts(connection: Connection, changes: Sequence[AccountChange]) -> Sequence[bool]:
    """Bring accounts back with the consents that are not over; False for one that is not deactivated.

    Who never chose a password waits for an invitation, as before. Powers rest, as after every change of a role.
    """
    return [did_act(connection, each.record) or _reactivate(connection, each) for each in changes]


def _reactivate(connection: Connection, change: AccountChange) -> bool:
    own = person.c
    comes_in = [exists().where(each.c.person_id == own.person_id) for each in (credential, passkey)]
    reactivated = (
        update(person)
        .where(own.person_id == change.person_id, own.state == str(PersonState.DEACTIVATED))
        .values(
            state=case((comes_in[0] | comes_in[1], str(PersonState.ACTIVE)), else_=str(PersonState.INVITED)),
            approves_from=case(
                (own.role.in_(ROLES_WITH_POWERS), change.approves_from), else_=own.approves_from
            ),
        )
        .returning(own.person_id)
    )
    if connection.execute(reactivated).first() is None:
        return False
    _hold(connection, change.person_id, is_held=False)
    append_actions(connection, [change.record])
    post_letters(connection, change.letters)
    return True


def _hold(connection: Connection, person_id: str, *, is_held: bool) -> None:
    grant = consent_grant.c
    live = (grant.person_id == person_id) & is_live()
    # In the order of ids, as everybody locks them.
    connection.execute(select(grant.grant_id).where(live).order_by(grant.grant_id).with_for_update()).all()
    connection.execute(update(consent_grant).where(live).values(is_held=is_held))
