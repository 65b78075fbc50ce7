"""What people were reminded of: each thing once, whichever node comes first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, or_, select, update

from gateway.model.grants import Grant, GrantState
from gateway.store.letters import REMINDER, NewLetter, post_letters
from gateway.store.loading import GRANT_COLUMNS, grants_from
from gateway.store.statements import did_insert, insert_once
from gateway.store.tables import consent_grant, reminder

DIGEST = "digest"
UNUSED = "unused"
ENDING = "ending"


@dataclass(frozen=True, slots=True)
class Sharer:
    """A person who shares something now.

    Attributes:
        told: when each thing was told, by (kind, about).
    """

    person_id: str
    grants: tuple[Grant, ...]
    told: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class DuePage:
    """A page of people who may have to be told something, in the order of their ids.

    Attributes:
        ends_by: a grant's term is over by then.
        unused_since: or it was not used after that.
        told_after: or no digest came after that.
    """

    after: str
    limit: int
    ends_by: int
    unused_since: int
    told_after: int


def load_sharers(connection: Connection, pages: Sequence[DuePage]) -> Sequence[list[Sharer]]:
    """Load people with active grants who may have to be told something."""
    return [_load(connection, page) for page in pages]


def _load(connection: Connection, page: DuePage) -> list[Sharer]:
    own = consent_grant.c
    digest = select(reminder.c.person_id).where(
        reminder.c.person_id == own.person_id, reminder.c.kind == DIGEST, reminder.c.at > page.told_after
    )
    is_due = or_(
        own.valid_until <= page.ends_by, own.last_user_activity_at <= page.unused_since, ~digest.exists()
    )
    people = (
        select(own.person_id)
        .where(own.person_id > page.after, own.state == GrantState.ACTIVE, is_due)
        .distinct()
        .order_by(own.person_id)
        .limit(page.limit)
    )
    ids = list(connection.execute(people).scalars())
    grants = grants_from(
        connection,
        select(*GRANT_COLUMNS)
        .where(own.person_id.in_(ids), own.state == GrantState.ACTIVE)
        .order_by(own.grant_id),
    )
    told: dict[str, dict[tuple[str, str], int]] = {}
    for row in connection.execute(select(reminder).where(reminder.c.person_id.in_(ids))):
        told.setdefault(row.person_id, {})[row.kind, row.about] = row.at
    return [
        Sharer(each, tuple(grant for grant in grants if grant.person_id == each), told.get(each, {}))
        for each in ids
    ]


@dataclass(frozen=True, slots=True)
class Reminding:
    """The plan of one letter to one person.

    Attributes:
        warnings: as (kind, about); what was told before is left out.
        digest_before: the last digest has to be as old as this second; None where none is due.
        begins: no digest was ever due: the time until the first begins now.
    """

    person_id: str
    letter_id: str
    at: int
    warnings: tuple[tuple[str, str], ...] = ()
    digest_before: int | None = None
    begins: bool = False


def remind(connection: Connection, plans: Sequence[Reminding]) -> Sequence[bool]:
    """Write down what is told now, and post the letter in the same transaction; False where all was told before."""
    begun = [_row(each, DIGEST, "", letter_id=None) for each in plans if each.begins]
    insert_once(connection, reminder, begun)
    return [_remind(connection, each) for each in plans]


def _remind(connection: Connection, plan: Reminding) -> bool:
    fresh = [
        did_insert(connection, reminder, _row(plan, kind, about, letter_id=plan.letter_id))
        for kind, about in plan.warnings
    ]
    if plan.digest_before is not None:
        fresh.append(_did_digest(connection, plan, plan.digest_before))
    if any(fresh):
        post_letters(connection, [NewLetter(plan.letter_id, REMINDER, None, plan.at)])
    return any(fresh)


def _row(plan: Reminding, kind: str, about: str, *, letter_id: str | None) -> dict[str, object]:
    return {
        "person_id": plan.person_id,
        "kind": kind,
        "about": about,
        "letter_id": letter_id,
        "at": plan.at,
    }


def _did_digest(connection: Connection, plan: Reminding, before: int) -> bool:
    statement = (
        update(reminder)
        .where(reminder.c.person_id == plan.person_id, reminder.c.kind == DIGEST, reminder.c.at <= before)
        .values(at=plan.at, letter_id=plan.letter_id)
        .returning(reminder.c.person_id)
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
