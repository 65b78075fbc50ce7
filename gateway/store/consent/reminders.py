"""What people were reminded of: each thing once, whichever node comes first."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, not_, select, update

from gateway.model.grants import Grant, GrantState
from gateway.store.engine.statements import did_insert, insert_once
from gateway.store.grant_predicates import is_active
from gateway.store.letters import REMINDER, NewLetter, post_letters
from gateway.store.records_from_rows import GRANT_COLUMNS, grants_from
from gateway.store.tables import consent_grant, reminder

DIGEST = "digest"
UNUSED = "unused"
ENDING = "ending"


def begin_digests(connection: Connection, asks: Sequence[tuple[int, int]]) -> Sequence[int]:
    """Begin the time until the first digest of people who share something since lately; give how many grants.

    Args:
        asks: as (now, at most so many grants). A grant that somebody holds just now waits for the next look.
    """
    return [_begin(connection, now, limit) for now, limit in asks]


def _begin(connection: Connection, now: int, limit: int) -> int:
    own = consent_grant.c
    # Under a lock; otherwise somebody who is being erased right now would keep a row.
    fresh = connection.execute(
        select(own.grant_id, own.person_id)
        .where(is_active(), not_(own.digest_begun))
        .order_by(own.grant_id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    ).all()
    if not fresh:
        return 0
    people = sorted({row.person_id for row in fresh})
    insert_once(connection, reminder, [_row(each, DIGEST, "", now) for each in people])
    ids = [row.grant_id for row in fresh]
    connection.execute(update(consent_grant).where(own.grant_id.in_(ids)).values(digest_begun=True))
    return len(fresh)


@dataclass(frozen=True, slots=True)
class Delay:
    """Somebody who shares nothing when a digest is due: the time begins anew if the last one is as old as `before`."""

    person_id: str
    before: int
    now: int


def put_off(connection: Connection, delays: Sequence[Delay]) -> Sequence[None]:
    """Put digests off; otherwise everybody who shares nothing any more would be looked at for ever."""
    for each in delays:
        _did_digest(connection, each.person_id, each.before, each.now, letter_id=None)
    return [None] * len(delays)


@dataclass(frozen=True, slots=True)
class Reminding:
    """The plan of one letter to one person.

    Attributes:
        warnings: as (kind, about); what was told before is left out.
        digest_before: the last digest has to be as old as this second; None where none is due.
    """

    person_id: str
    letter_id: str
    at: int
    warnings: tuple[tuple[str, str], ...] = ()
    digest_before: int | None = None


def remind(connection: Connection, plans: Sequence[Reminding]) -> Sequence[bool]:
    """Write down what is told now, and post the letter in the same transaction; False where all was told before."""
    return [_remind(connection, each) for each in plans]


def _remind(connection: Connection, plan: Reminding) -> bool:
    fresh = [
        did_insert(connection, reminder, _row(plan.person_id, kind, about, plan.at, plan.letter_id))
        for kind, about in plan.warnings
    ]
    if plan.digest_before is not None:
        fresh.append(_did_digest(connection, plan.person_id, plan.digest_before, plan.at, plan.letter_id))
    if any(fresh):
        post_letters(connection, [NewLetter(plan.letter_id, REMINDER, None, plan.at)])
    return any(fresh)


def _row(person_id: str, kind: str, about: str, at: int, letter_id: str | None = None) -> dict[str, object]:
    return {"person_id": person_id, "kind": kind, "about": about, "letter_id": letter_id, "at": at}


def _did_digest(connection: Connection, person_id: str, before: int, at: int, letter_id: str | None) -> bool:
    own = reminder.c
    statement = (
        update(reminder)
        .where(own.person_id == person_id, own.kind == DIGEST, own.at <= before)
        .values(at=at, letter_id=letter_id)
        .returning(own.person_id)
    )
    return connection.execute(statement).first() is not None


@dataclass(frozen=True, slots=True)
class Reminded:
    """What one letter is about: a person's active grants, and which things it tells."""

    person_id: str
    grants: tuple[Grant, ...]
    told: frozenset[tuple[str, str]]


def load_reminded(connection: Connection, letter_ids: Sequence[str]) -> Sequence[Reminded | None]:
    """Load what letters are about; None for one that tells nothing any more."""
    return [_reminded(connection, each) for each in letter_ids]


def _reminded(connection: Connection, letter_id: str) -> Reminded | None:
    rows = connection.execute(select(reminder).where(reminder.c.letter_id == letter_id)).all()
    if not rows:
        return None
    own = consent_grant.c
    active = select(*GRANT_COLUMNS).where(own.person_id == rows[0].person_id, own.state == GrantState.ACTIVE)
    grants = tuple(grants_from(connection, active.order_by(own.created_at, own.grant_id)))
    return Reminded(rows[0].person_id, grants, frozenset((row.kind, row.about) for row in rows))
