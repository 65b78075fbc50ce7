"""The role of an account, and from when on it counts as the second person."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, update

from gateway.model.people import PersonState, Role, powers_of
from gateway.store.admin_actions import AdminAction, append_actions
from gateway.store.administration.administrators import begin_grace
from gateway.store.letters import NewLetter, post_letters
from gateway.store.tables import person, session


@dataclass(frozen=True, slots=True)
class RoleChange:
    """A new role for an account that still has the old one.

    Attributes:
        needs_guardian: whether a guardian decides with the person from now on.
        approves_from: from when on the account counts as the second person.
        letters: tell children whose guardian it was.
    """

    person_id: str
    before: str
    after: str
    needs_guardian: bool
    approves_from: int
    record: AdminAction
    letters: tuple[NewLetter, ...] = ()


def change_roles(connection: Connection, changes: Sequence[RoleChange]) -> Sequence[bool]:
    """Change roles and end every session; False for another role by now, a closed account, or one with a guardian.

    Whoever gets powers has a while to set a second factor up, counted from now; it is not prolonged by another role.
    """
    return [_change(connection, each) for each in changes]


def _change(connection: Connection, change: RoleChange) -> bool:
    own = person.c
    statement = (
        update(person)
        .where(
            own.person_id == change.person_id,
            own.role == change.before,
            own.state != str(PersonState.CLOSED),
            own.needs_guardian.is_(False),
        )
        .values(role=change.after, needs_guardian=change.needs_guardian, approves_from=change.approves_from)
        .returning(own.person_id)
    )
    if connection.execute(statement).first() is None:
        return False
    if not powers_of(Role(change.before)):
        begin_grace(connection, [(change.person_id, change.record.at)])
    # What was opened with the old powers ends with them; nobody works on with the new ones without a log-in.
    connection.execute(
        update(session)
        .where(session.c.person_id == change.person_id, session.c.ended_at.is_(None))
        .values(ended_at=change.record.at)
    )
    append_actions(connection, [change.record])
    post_letters(connection, change.letters)
    return True
