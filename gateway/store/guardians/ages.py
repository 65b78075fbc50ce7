"""What is on record of people's ages: who decides with a guardian, and who is old enough to be one (promise P9)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, tuple_, update

from gateway.store.approvals import ADULT, CHILD
from gateway.store.letters import NewLetter, post_letters
from gateway.store.tables import guardian_link, guardian_proposal, person, person_field


@dataclass(frozen=True, slots=True)
class AgeMark:
    """Whether a guardian decides with somebody from now on.

    Attributes:
        letters: tell the person and the guardians what changes.
    """

    person_id: str
    needs_guardian: bool
    letters: tuple[NewLetter, ...] = ()


def mark_ages(connection: Connection, marks: Sequence[AgeMark]) -> Sequence[bool]:
    """Keep whether a guardian decides; False where that is on record already.

    At coming of age everything that guardians had ends with it: links, and what was proposed.
    """
    return [_mark(connection, each) for each in marks]


def _mark(connection: Connection, mark: AgeMark) -> bool:
    changed = (
        update(person)
        .where(person.c.person_id == mark.person_id, person.c.needs_guardian != mark.needs_guardian)
        .values(needs_guardian=mark.needs_guardian)
        .returning(person.c.person_id)
    )
    if connection.execute(changed).first() is None:
        return False
    if not mark.needs_guardian:
        link, proposal = guardian_link.c, guardian_proposal.c
        linked = (link.child_id == mark.person_id) & (link.state == "active")
        connection.execute(update(guardian_link).where(linked).values(state="ended"))
        asked = (proposal.child_id == mark.person_id) & (proposal.state == "open")
        connection.execute(update(guardian_proposal).where(asked).values(state="withdrawn"))
    post_letters(connection, mark.letters)
    return True


def find_birth_entries(connection: Connection, person_ids: Sequence[str]) -> Sequence[int | None]:
    """Tell when each person's date of birth was written; None where there is none."""
    own = person_field.c
    statement = select(own.person_id, own.changed_at).where(
        own.person_id.in_(sorted(set(person_ids))), own.field == "birthdate"
    )
    found: dict[str, int] = {row[0]: row[1] for row in connection.execute(statement)}
    return [found.get(person_id) for person_id in person_ids]


def mark_adults(connection: Connection, person_ids: Sequence[str]) -> Sequence[None]:
    """Keep that people are of age; nobody becomes younger."""
    connection.execute(update(person).where(person.c.person_id.in_(person_ids)).values(is_adult=True))
    return [None] * len(person_ids)


@dataclass(frozen=True, slots=True)
class LinkPage:
    """A page of links that stand, in the order of (child, guardian)."""

    limit: int
    after: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class LinkAges:
    """A link with what is on record of the ages of its two people."""

    child_id: str
    guardian_id: str
    needs_guardian: bool
    is_adult: bool


def load_link_ages(connection: Connection, pages: Sequence[LinkPage]) -> Sequence[list[LinkAges]]:
    """Load links whose people's ages are to be looked at."""
    return [_link_ages(connection, page) for page in pages]


def _link_ages(connection: Connection, page: LinkPage) -> list[LinkAges]:
    link = guardian_link.c
    statement = (
        select(link.child_id, link.guardian_id, CHILD.c.needs_guardian, ADULT.c.is_adult)
        .select_from(guardian_link)
        .join(CHILD, CHILD.c.person_id == link.child_id)
        .join(ADULT, ADULT.c.person_id == link.guardian_id)
        .where(link.state == "active")
        .order_by(link.child_id, link.guardian_id)
        .limit(page.limit)
    )
    if page.after is not None:
        statement = statement.where(tuple_(link.child_id, link.guardian_id) > tuple_(*page.after))
    return [LinkAges(*row) for row in connection.execute(statement)]
