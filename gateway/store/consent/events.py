"""Consent events: each is appended once, and waits for its place in the log and its receipt."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Table, func, select, update

from gateway.model.grants import DPV_STATUS, ConsentEvent, item_words
from gateway.store.engine.statements import PreparedStatement, Rows, insert_all_once
from gateway.store.letters import RECEIPT, NewLetter, letter_rows
from gateway.store.log_pending import places_of
from gateway.store.tables import consent_event, consent_grant, grant_use, letter, log_pending

NOTHING: Mapping[Table, Rows] = {}


def did_append(connection: Connection, event: ConsentEvent) -> bool:
    """Tell whether this very event was committed: a commit whose answer was lost is repeated with the same id."""
    return bool(_APPENDED(connection, wanted=[event.event_id]))


_APPENDED = PreparedStatement(
    lambda lists: select(consent_event.c.event_id).where(lists.any_of(consent_event.c.event_id))
)


def append_event(connection: Connection, event: ConsentEvent, more: Mapping[Table, Rows] = NOTHING) -> None:
    """Append one consent event; it waits for its place in the log, and its receipt for the mail.

    Args:
        more: rows of other tables that go in with it.
    """
    insert_all_once(connection, {**event_rows([event]), **more})
    if event.use_limit is not None:
        _count_anew(connection, event.grant_id)


_EVENT = tuple(ConsentEvent.__dataclass_fields__)


def event_rows(events: Sequence[ConsentEvent]) -> dict[Table, Rows]:
    """Spell events for their table, and for the tables where each waits for its place and its letter."""
    return {
        consent_event: [
            {name: getattr(each, name) for name in _EVENT}
            | {
                "type": str(each.type),
                "dpv_status": DPV_STATUS[each.type],
                "actor_kind": str(each.actor_kind),
                "items": json.dumps(item_words(each.items)),
                "reason": str(each.reason) if each.reason else None,
            }
            for each in events
        ],
        log_pending: places_of("consent_event", [(each.grant_id, each.event_id) for each in events]),
        letter: letter_rows([NewLetter(each.event_id, RECEIPT, None, each.at) for each in events]),
    }


def _count_anew(connection: Connection, grant_id: str) -> None:
    """Count a decision's uses from what was spent before it.

    A statement after the one that changed the grant: that one waited for the reads in flight, and would not have
    seen the uses that they spent meanwhile.
    """
    spent = select(func.count()).where(grant_use.c.grant_id == grant_id).scalar_subquery()
    connection.execute(
        update(consent_grant).where(consent_grant.c.grant_id == grant_id).values(uses_before=spent)
    )
