"""Receipts as they were issued: signed once, the same ever after."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, select

from gateway.store.statements import insert_once
from gateway.store.tables import consent_event, receipt


@dataclass(frozen=True, slots=True)
class Receipt:
    """One signed receipt (a compact JWS, RFC 7515)."""

    event_id: str
    grant_id: str
    schema_version: str
    jws: str
    issued_at: int


def issue_receipts(connection: Connection, receipts: Sequence[Receipt]) -> Sequence[Receipt]:
    """Keep receipts and give those that stand: whoever comes second gets the first one's."""
    insert_once(connection, receipt, [asdict(each) for each in receipts])
    found = load_receipts(connection, [each.event_id for each in receipts])
    return [each for each in found if each is not None]


def load_receipts(connection: Connection, event_ids: Sequence[str]) -> Sequence[Receipt | None]:
    """Load receipts; None where none was issued yet."""
    statement = select(receipt).where(receipt.c.event_id.in_(sorted(set(event_ids))))
    found = {row.event_id: Receipt(**row._mapping) for row in connection.execute(statement)}
    return [found.get(event_id) for event_id in event_ids]


def find_grants_of_events(connection: Connection, event_ids: Sequence[str]) -> Sequence[str | None]:
    """Name the grant of each event; None for an unknown event."""
    own = consent_event.c
    statement = select(own.event_id, own.grant_id).where(own.event_id.in_(sorted(set(event_ids))))
    found: dict[str, str] = {row[0]: row[1] for row in connection.execute(statement)}
    return [found.get(event_id) for event_id in event_ids]
