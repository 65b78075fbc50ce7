"""Server-side sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, select, true, update

from gateway.model.people import PersonState, Session
from gateway.store.engine.registry import OnVersion, ignore_version, tell_version, told_version
from gateway.store.engine.statements import Lists, PreparedStatement, insert_once
from gateway.store.records_from_rows import PERSON_COLUMNS, person_from_row
from gateway.store.tables import person, session
from gateway.store.throttles import refill_buckets


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to open; the one it replaces ends in the same transaction (rotation at log-in).

    Attributes:
        refills: the throttles that the proof fills again.
        password_version: of the password that was proved: a newer one in the meantime, and nothing is opened.
        continues: the session that it replaces is what it stands on, so it must not have ended meanwhile.
    """

    session_digest: bytes
    person_id: str
    replaces: bytes | None
    created_at: int
    auth_time: int
    acr: str = "pwd"
    agent: str = ""
    sid: str | None = None
    refills: tuple[bytes, ...] = ()
    password_version: int | None = None
    continues: bool = False


def open_sessions(connection: Connection, sessions: Sequence[NewSession]) -> Sequence[Session | None]:
    """Open sessions and give them; None where the account was closed, or what was proved ended, in the meantime."""
    standing = _standing(connection, sessions)
    refill_buckets(connection, [bucket for each in standing for bucket in each.refills])
    for each in standing:
        if each.replaces:
            _replace(connection, each, each.replaces)
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


_VERSIONS = PreparedStatement(
    lambda lists: (
        select(person.c.person_id, person.c.password_version)
        .where(lists.any_of(person.c.person_id))
        # In the order of ids. A new password holds the person, ends every session, and only then lets go.
        .order_by(person.c.person_id)
        .with_for_update(read=True)
    )
)
_OPEN = PreparedStatement(
    lambda lists: select(session.c.session_digest).where(
        lists.any_of(session.c.session_digest), session.c.ended_at.is_(None)
    )
)


def _standing(connection: Connection, sessions: Sequence[NewSession]) -> list[NewSession]:
    """Leave out sessions that stand on a password or a session that has ended."""
    rows = _VERSIONS(connection, wanted=sorted({each.person_id for each in sessions}))
    versions = {row.person_id: row.password_version for row in rows}
    before = sorted({each.replaces for each in sessions if each.continues and each.replaces})
    still_open = {row.session_digest for row in _OPEN(connection, wanted=before)} if before else set()
    return [
        each
        for each in sessions
        if each.password_version in (None, versions.get(each.person_id))
        and (not each.continues or each.replaces in still_open)
    ]


def _replace(connection: Connection, new: NewSession, replaced: bytes) -> None:
    """End what a new session replaces. The same person's goes on in it, so that there is nothing to tell partners."""
    goes_on = session.c.person_id == new.person_id
    connection.execute(
        update(session)
        .where(session.c.session_digest == replaced, session.c.ended_at.is_(None))
        .values(ended_at=new.auth_time, told_at=case((goes_on, new.auth_time), else_=session.c.told_at))
    )


@dataclass(frozen=True, slots=True)
class RanOut:
    """Since when sessions have run out: last seen, or begun, at these seconds or before."""

    seen_at: int
    created_at: int

    @property
    def is_so(self) -> ColumnElement[bool]:
        """Ask for sessions that have."""
        return (session.c.last_seen_at <= self.seen_at) | (session.c.created_at <= self.created_at)


def take_end(connection: Connection, session_digest: bytes, at: int, ran_out: RanOut | None = None) -> bool:
    """End a session, if it has not ended yet, and take it on to tell partners; one caller alone gets that.

    Args:
        ran_out: only where it has ended, or has run out: who was seen in the meantime goes on.

    Returns:
        False where somebody has told them, or it goes on.
    """
    own = session.c
    is_meant = own.ended_at.is_not(None) | ran_out.is_so if ran_out else true()
    taken = connection.execute(
        update(session)
        .where(own.session_digest == session_digest, own.told_at.is_(None), is_meant)
        .values(ended_at=func.coalesce(own.ended_at, at), told_at=at)
    )
    return taken.rowcount > 0


@dataclass(frozen=True, slots=True)
class EndedSession:
    """A session that is over, and whose end nobody has told partners."""

    session_digest: bytes
    person_id: str
    created_at: int
    sid: str | None


@dataclass(frozen=True, slots=True)
class UntoldQuery:
    """A wish for such sessions, of each kind of end so many at most."""

    ran_out: RanOut
    most: int


def find_untold_ends(
    connection: Connection, queries: Sequence[UntoldQuery]
) -> Sequence[tuple[EndedSession, ...]]:
    """Find sessions that are over and that partners know nothing of: ended by something else, or run out."""
    return [_untold(connection, each) for each in queries]


def _untold(connection: Connection, query: UntoldQuery) -> tuple[EndedSession, ...]:
    own, ran_out = session.c, query.ran_out
    # One statement for each, so that each reads its own index and no session that runs.
    kinds = (
        (own.ended_at, own.ended_at.is_not(None)),
        (own.last_seen_at, own.last_seen_at <= ran_out.seen_at),
        (own.created_at, own.created_at <= ran_out.created_at),
    )
    columns = [own[name] for name in EndedSession.__dataclass_fields__]
    found = {
        row.session_digest: EndedSession(*row)
        for since, is_over in kinds
        for row in connection.execute(
            select(*columns).where(own.told_at.is_(None), is_over).order_by(since).limit(query.most)
        )
    }
    return tuple(each for _, each in sorted(found.items()))


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


_SESSIONS = PreparedStatement(_sessions)


def load_sessions(
    connection: Connection, digests: Sequence[bytes], know: OnVersion = ignore_version
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


_GOES_ON = PreparedStatement(
    lambda lists: (
        select(session.c.session_digest, session.c.sid)
        .where(lists.any_of(session.c.person_id), session.c.ended_at.is_(None))
        .with_for_update(read=True)
    )
)


def goes_on(connection: Connection, own: Session) -> bool:
    """Whether a session is open still, or goes on under another secret; its end waits for this transaction."""
    rows = _GOES_ON(connection, wanted=[own.person.person_id])
    return any(row.session_digest == own.session_digest or own.sid in (row.sid, None) for row in rows)


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
