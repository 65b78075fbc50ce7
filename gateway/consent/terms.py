"""The answers to "for how long": once, some reads, days, to a chosen day, to the course's end (rule 4)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from partners import Offer

ONCE = "once"
"""The answer that allows a single hand-off, within a day."""
COURSE = "course"
OWN_DAY = "until:"
"""Begins the answer that names a day: ``until:2027-05-30``."""
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Term:
    """One answer to "for how long".

    Attributes:
        value: as the form sends it.
        until: seconds UTC; nothing is released from that second on.
        count: so many reads, or so many days; 0 where the answer has no number.
        use_limit: how many hand-offs it allows; None for any number.
    """

    kind: Literal["once", "reads", "days", "course", "own_day"]
    value: str
    until: int
    count: int = 0
    use_limit: int | None = None


def terms(offer: Offer, now: int) -> tuple[Term, ...]:
    """List the terms that the screen offers: none beyond the offer's cap, and at most twelve months."""
    return tuple(_terms(offer, now))


def _terms(offer: Offer, now: int) -> Iterator[Term]:
    # Signing in alone hands over no data, so there are no uses to count.
    if offer.items:
        yield Term("once", ONCE, now + DAY, use_limit=1)
        for count in offer.reads:
            yield Term("reads", f"reads-{count}", now + offer.duration_days * DAY, count, count)
    usual = {days for days in (30, 90, 180, 365) if days <= offer.max_duration_days}
    for days in sorted(usual | {offer.duration_days}):
        yield Term("days", str(days), now + days * DAY, days)
    if offer.course_ends_on is not None and _is_open(offer, offer.course_ends_on, now):
        yield Term("course", COURSE, _end_of(offer.course_ends_on))


def default_term(offer: Offer, now: int) -> Term:
    """Choose the shortest term that works: what the partner says it needs, or the course's end if sooner."""
    works = (each for each in terms(offer, now) if each.value in (str(offer.duration_days), COURSE))
    return min(works, key=lambda each: each.until)


def own_days(offer: Offer, now: int) -> tuple[date, date]:
    """Give the first and the last day that a person can name: tomorrow, and the offer's cap."""
    today = _day_of(now)
    return today + timedelta(days=1), today + timedelta(days=offer.max_duration_days - 1)


def read_term(offer: Offer, answer: str, now: int) -> Term:
    """Read an answer.

    Raises:
        Refusal: ``bad_form`` for what the screen did not offer.
    """
    # The answers are compared as text, because Python refuses to read a number of thousands of digits.
    found = next((each for each in terms(offer, now) if each.value == answer), None)
    if found is None and answer.startswith(OWN_DAY):
        day = read_day(answer.removeprefix(OWN_DAY))
        if day is not None and _is_open(offer, day, now):
            found = Term("own_day", f"{OWN_DAY}{day}", _end_of(day))
    if found is None:
        raise Refusal("bad_form", detail="a duration that the screen did not show")
    return found


def shorter_lengths(longest: int) -> tuple[int, ...]:
    """List what a guardian can allow in place of a longer time that a child asked for: whole days, all in seconds."""
    return tuple(days * DAY for days in (1, 7, 30, 90, 180) if days * DAY < longest)


def read_day(text: str) -> date | None:
    """Read a day as browsers send it (HTML §2.3.5.2); None for anything else."""
    try:
        found = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return found if str(found) == text else None


def end_of_day(text: str) -> int | None:
    """Give the last second of a day that a form names (UTC); None where it names none."""
    day = read_day(text)
    return None if day is None else _end_of(day)


def _is_open(offer: Offer, day: date, now: int) -> bool:
    first, last = own_days(offer, now)
    return first <= day <= last


def _day_of(at: int) -> date:
    return _EPOCH + timedelta(seconds=at)


def _end_of(day: date) -> int:
    return ((day - _EPOCH).days + 1) * DAY - 1
