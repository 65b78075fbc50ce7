"""Stopping one person: every session ends."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, update

from gateway.store.admin_actions import AdminAction, append_actions, did_act
from gateway.store.tables import session


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
