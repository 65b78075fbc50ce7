"""Receipts as they were issued: signed once, the same ever after."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from gateway.model.grants import GROUNDS, ConsentEvent, Grant
from gateway.store.engine.statements import Lists, PreparedStatement, insert_once
from gateway.store.records_from_rows import GRANT_COLUMNS, event_from_row, grant_from_row
from gateway.store.tables import consent_event, consent_grant, notice_served, receipt


@dataclass(frozen=True, slots=True)
class Receipt:
    """One signed receipt (a compact JWS, RFC 7515)."""

    event_id: str
    grant_id: str
    schema_version: str
    jws: str
    issued_at: int


def issue_receipts(connection: Connection, receipts: Sequence[Receipt]) -> Sequence[Receipt]:
    """Keep receipts and give those that stand; where one was issued before, that one."""
    insert_once(connection, receipt, [asdict(each) for each in receipts])
    found = load_receipts(connection, [each.event_id for each in receipts])
    return [each for each in found if each is not None]


def load_receipts(connection: Connection, event_ids: Sequence[str]) -> Sequence[Receipt | None]:
    """Load receipts; None where none was issued yet."""
    rows = _RECEIPTS(connection, wanted=sorted(set(event_ids)))
    found = {row.event_id: Receipt(**row._mapping) for row in rows}
    return [found.get(event_id) for event_id in event_ids]


_RECEIPTS = PreparedStatement(lambda lists: select(receipt).where(lists.any_of(receipt.c.event_id)))


@dataclass(frozen=True, slots=True)
class ReceiptStory:
    """What a receipt and its letter tell of: an event, its grant as it stands now, and the decision it stands on.

    Attributes:
        grant: without its items; the events name theirs.
        ground: the last yes or wish up to the event; a refusal stands for itself.
        notice_id: what was served for it.
    """

    grant: Grant
    event: ConsentEvent
    ground: ConsentEvent
    jurisdiction: str
    notice_id: str


def _stories(lists: Lists) -> Select[Any]:
    last = consent_event.alias("last")
    ground = (
        select(last.c.event_id)
        .where(
            last.c.grant_id == consent_event.c.grant_id,
            last.c.seq <= consent_event.c.seq,
            or_(*(last.c.type == str(each) for each in sorted(GROUNDS))),
        )
        .order_by(last.c.seq.desc())
        .limit(1)
        .correlate(consent_event)
    )
    return (
        select(
            *GRANT_COLUMNS,
            consent_grant.c.jurisdiction,
            consent_event.c.event_id.label("told_id"),
            ground.scalar_subquery().label("ground_id"),
        )
        .join(consent_grant, consent_grant.c.grant_id == consent_event.c.grant_id)
        .where(lists.any_of(consent_event.c.event_id))
    )


_STORIES = PreparedStatement(_stories)
_EVENTS = PreparedStatement(
    lambda lists: (
        select(consent_event, notice_served.c.notice_id)
        .outerjoin(notice_served, notice_served.c.served_id == consent_event.c.served_id)
        .where(lists.any_of(consent_event.c.event_id))
    )
)


def load_stories(connection: Connection, event_ids: Sequence[str]) -> Sequence[ReceiptStory | None]:
    """Load the stories of events in two statements, however long their grants' histories are; None for unknown ones."""
    found = {row.told_id: row for row in _STORIES(connection, wanted=sorted(set(event_ids)))}
    wanted = found.keys() | {row.ground_id for row in found.values() if row.ground_id}
    events = {row.event_id: row for row in _EVENTS(connection, wanted=sorted(wanted))}
    stories = {
        event_id: _story(row, events[event_id], events[row.ground_id or event_id])
        for event_id, row in found.items()
    }
    return [stories.get(event_id) for event_id in event_ids]


def _story(row: Any, event: Any, ground: Any) -> ReceiptStory:
    return ReceiptStory(
        grant=grant_from_row(row, ()),
        event=event_from_row(event),
        ground=event_from_row(ground),
        jurisdiction=row.jurisdiction,
        notice_id=ground.notice_id or row.notice_id,
    )
