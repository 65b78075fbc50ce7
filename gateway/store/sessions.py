"""Server-side sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select, update

from gateway.model.people import PersonState, Session
from gateway.store.loading import PERSON_COLUMNS, person_from_row
from gateway.store.registry import Know, know_nothing, tell_version, told_version
from gateway.store.statements import Hot, Lists, insert_once
from gateway.store.tables import person, session
from gateway.store.throttles import refill_buckets


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to open; the one it replaces ends in the same transaction (rotation at log-in).

    Attributes:
        refills: the throttle that the right password fills again.
    """

    session_digest: bytes
    person_id: str
    replaces: bytes | None
    created_at: int
    auth_time: int
    acr: str = "pwd"
    agent: str = ""
    sid: str | None = None
    refills: bytes | None = None


def open_sessions(connection: Connection, sessions: Sequence[NewSession]) -> Sequence[Session | None]:
    """Open sessions and give them; None where the account was closed in the meantime."""
    for each in sessions:
        if each.refills:
            refill_buckets(connection, [each.refills])
        if each.replaces:
            end_sessions(connection, [(each.replaces, each.auth_time)])
        row = {
            "session_digest": each.session_digest,
            "person_id": each.person_id,
            "created_at": each.created_at,
            "auth_time": each.auth_time,
            "last_seen_at": each.auth_time,
            "acr": each.acr,
            "agent": each.agent or None,
            "sid": each.sid,
        }
        insert_once(connection, session, [row])
    return load_sessions(connection, [each.session_digest for each in sessions])


def end_sessions(connection: Connection, ends: Sequence[tuple[bytes, int]]) -> Sequence[None]:
    """End sessions: (digest, at)."""
    for session_digest, at in ends:
        connection.execute(
            update(session)
            .where(session.c.session_digest == session_digest, session.c.ended_at.is_(None))
            .values(ended_at=at)
        )
    return [None] * len(ends)


def _sessions(lists: Lists) -> Select[Any]:
    return (
        select(
            session.c.session_digest,
            session.c.person_id,
            session.c.created_at,
            session.c.auth_time,
            session.c.last_seen_at,
            session.c.acr,
            session.c.agent,
            session.c.sid,
            *PERSON_COLUMNS,
            told_version(),
        )
        .join(person, person.c.person_id == session.c.person_id)
        .where(
            lists.any_of(session.c.session_digest),
            session.c.ended_at.is_(None),
            person.c.state == PersonState.ACTIVE,
        )
    )


_SESSIONS = Hot(_sessions)


def load_sessions(
    connection: Connection, digests: Sequence[bytes], know: Know = know_nothing
) -> Sequence[Session | None]:
    """Load open sessions of active people; None for an ended or unknown one."""
    rows = _SESSIONS(connection, wanted=sorted(set(digests)))
    tell_version(connection, rows, know)
    found = {
        row.session_digest: Session(
            row.session_digest,
            person_from_row(row),
            row.created_at,
            row.auth_time,
            row.last_seen_at,
            row.acr,
            row.agent or "",
            row.sid,
        )
        for row in rows
    }
    return [found.get(digest) for digest in digests]


def touch_sessions(connection: Connection, touches: Sequence[tuple[bytes, int]]) -> Sequence[None]:
    """Note that sessions were used: (digest, at)."""
    for session_digest, at in sorted(touches):
        connection.execute(
            update(session).where(session.c.session_digest == session_digest).values(last_seen_at=at)
        )
    return [None] * len(touches)


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One open session in its person's list."""

    session_digest: bytes
    created_at: int
    last_seen_at: int
    acr: str
    agent: str
    sid: str | None = None


@dataclass(frozen=True, slots=True)
class SessionQuery:
    """A person's sessions that are not over: begun and used after the two times."""

    person_id: str
    created_after: int
    seen_after: int


def list_sessions(connection: Connection, queries: Sequence[SessionQuery]) -> Sequence[list[SessionLine]]:
    """List open sessions, the last used first."""
    found = []
    for query in queries:
        own = session.c
        statement = (
            select(own.session_digest, own.created_at, own.last_seen_at, own.acr, own.agent, own.sid)
            .where(
                own.person_id == query.person_id,
                own.ended_at.is_(None),
                own.created_at > query.created_after,
                own.last_seen_at > query.seen_after,
            )
            .order_by(own.last_seen_at.desc(), own.session_digest)
        )
        rows = connection.execute(statement)
        found.append([SessionLine(*row[:4], agent=row.agent or "", sid=row.sid) for row in rows])
    return found
