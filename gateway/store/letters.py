"""The mail's outbox: letters wait sealed, one sender at a time takes each, and what was sent is forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update

from gateway.store.engine.statements import PreparedStatement, insert_once
from gateway.store.tables import letter

RECEIPT = "receipt"
"""A letter about a consent event. Its id is the event's, so nothing stands in it that needs a seal."""
NEWS = "news"
"""Promotional mail; every other kind is about what the person does here."""
REMINDER = "reminder"
"""A letter about what is connected, or ends soon; what it tells stands beside it, by its id."""

CONTACT = "contact"
"""A letter to whoever was asked to be a contact, by the contact's id; it is written only if there is somebody."""

BRAKED = "braked"
"""Letters to administrators about a partner that complaints paused; they are written when they leave."""

HOLDING = "holding"
"""Consents may be held back from now on: of a partner, of a school's members, of a person. A page of them at a time,
the letters to their people are put beside it."""
HELD = "held"
"""A letter to the person of a consent about what holds it back; it is written when it leaves, if that is still so."""
USED_UP = "used_up"
"""The same, about the hand-off that was the last allowed one. Its id is the hand-off's: nothing in it needs a seal."""


@dataclass(frozen=True, slots=True)
class NewLetter:
    """A letter to send; recipient and text stand under seal, unless it is written when it leaves."""

    letter_id: str
    kind: str
    sealed: bytes | None
    at: int


@dataclass(frozen=True, slots=True)
class WaitingLetter:
    """A letter that was taken to be sent; `attempts` counts this one."""

    letter_id: str
    kind: str
    sealed: bytes | None
    attempts: int


def post_letters(connection: Connection, letters: Sequence[NewLetter]) -> Sequence[None]:
    """Put letters into the outbox."""
    insert_once(connection, letter, letter_rows(letters))
    return [None] * len(letters)


def letter_rows(letters: Sequence[NewLetter]) -> list[dict[str, Any]]:
    """Spell the rows of `post_letters`, to be inserted together with others."""
    return [
        {
            "letter_id": each.letter_id,
            "kind": each.kind,
            "sealed": each.sealed,
            "state": "waiting",
            "attempts": 0,
            "created_at": each.at,
            "next_at": each.at,
        }
        for each in letters
    ]


@dataclass(frozen=True, slots=True)
class Pickup:
    """A sender's wish for due letters; a sender that does not report back loses them after `lease` seconds."""

    now: int
    lease: int
    limit: int


def take_letters(connection: Connection, pickups: Sequence[Pickup]) -> Sequence[list[WaitingLetter]]:
    """Take letters that are due; no two senders take the same one at the same time."""
    return [_take(connection, each) for each in pickups]


def _take(connection: Connection, pickup: Pickup) -> list[WaitingLetter]:
    due = (
        select(letter.c.letter_id)
        .where(letter.c.state == "waiting", letter.c.next_at <= pickup.now)
        .order_by(letter.c.next_at)
        .limit(pickup.limit)
        .with_for_update(skip_locked=True)
    )
    found = list(connection.execute(due).scalars())
    statement = (
        update(letter)
        .where(letter.c.letter_id.in_(found))
        .values(next_at=pickup.now + pickup.lease, attempts=letter.c.attempts + 1)
        .returning(letter.c.letter_id, letter.c.kind, letter.c.sealed, letter.c.attempts)
    )
    return [WaitingLetter(*row) for row in connection.execute(statement)] if found else []


@dataclass(frozen=True, slots=True)
class LetterSettlement:
    """What became of an attempt: sent, due again at `next_at`, or given up (neither)."""

    letter_id: str
    is_sent: bool = False
    next_at: int | None = None


_SENT = PreparedStatement(lambda lists: delete(letter).where(lists.any_of(letter.c.letter_id)))


def settle_letters(connection: Connection, settlements: Sequence[LetterSettlement]) -> Sequence[None]:
    """Forget what was sent; of what was given up only the row stays, without its content."""
    sent = sorted(each.letter_id for each in settlements if each.is_sent)
    if sent:
        _SENT(connection, wanted=sent)
    for each in (each for each in settlements if not each.is_sent):
        own = letter.c.letter_id == each.letter_id
        if each.next_at is not None:
            connection.execute(update(letter).where(own).values(next_at=each.next_at))
        else:
            connection.execute(update(letter).where(own).values(state="dead", sealed=None))
    return [None] * len(settlements)
