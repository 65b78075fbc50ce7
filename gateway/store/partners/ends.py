"""The end of a partner: announced, called off, or executed when its time has come; of two at once, one wins."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select, update

from gateway.model.counts import Count
from gateway.store.admin_actions import AdminAction, change_on_record, did_act
from gateway.store.engine.registry import bump_version
from gateway.store.grant_predicates import is_live
from gateway.store.letters import NewLetter
from gateway.store.partners.partners import PartnerRecord
from gateway.store.tables import consent_grant, partner

MOST_PEOPLE = 10_000


@dataclass(frozen=True, slots=True)
class AnnouncedEnd:
    """The plan of announcing an end: from now on nothing is read, from `ends_at` on everything is over.

    Attributes:
        before: the state that was seen.
    """

    partner_id: str
    before: str
    ends_at: int
    by: str
    record: AdminAction
    letters: tuple[NewLetter, ...] = ()


def announce_ends(connection: Connection, ends: Sequence[AnnouncedEnd]) -> Sequence[bool]:
    """Announce ends, which pauses the partner; False where its state has changed, or an end is announced already."""
    outcomes = [did_act(connection, each.record) or _announce(connection, each) for each in ends]
    if any(outcomes):
        bump_version(connection)
    return outcomes


def _announce(connection: Connection, end: AnnouncedEnd) -> bool:
    row = partner.c
    statement = (
        update(partner)
        .where(
            row.partner_id == end.partner_id,
            row.state == end.before,
            row.state != "ended",
            row.ends_at.is_(None),
        )
        .values(
            state=case((row.state == "live", "paused"), else_=row.state),
            state_before_end=row.state,
            ends_at=end.ends_at,
            end_by=end.by,
            end_reason=end.record.reason,
        )
        .returning(row.partner_id)
    )
    return change_on_record(connection, statement, end.record, end.letters)


@dataclass(frozen=True, slots=True)
class SettledEnd:
    """An announced end that is called off, or executed, at `record.at`."""

    partner_id: str
    record: AdminAction
    letters: tuple[NewLetter, ...] = ()


_NOT_ANNOUNCED = {"ends_at": None, "state_before_end": None}


def call_off_ends(connection: Connection, ends: Sequence[SettledEnd]) -> Sequence[bool]:
    """Call ends off, and restore the state before; False where none is announced, or its time has come."""
    outcomes = [did_act(connection, each.record) or _call_off(connection, each) for each in ends]
    if any(outcomes):
        bump_version(connection)
    return outcomes


def _call_off(connection: Connection, end: SettledEnd) -> bool:
    row = partner.c
    statement = (
        update(partner)
        .where(row.partner_id == end.partner_id, row.ends_at > end.record.at)
        .values(_NOT_ANNOUNCED | {"state": row.state_before_end, "end_by": None, "end_reason": None})
        .returning(row.partner_id)
    )
    return change_on_record(connection, statement, end.record, end.letters)


def execute_ends(connection: Connection, ends: Sequence[SettledEnd]) -> Sequence[bool]:
    """Execute ends whose time has come; False where none is due: it was called off, or another node was quicker."""
    outcomes = [did_act(connection, each.record) or _execute(connection, each) for each in ends]
    if any(outcomes):
        bump_version(connection)
    return outcomes


def _execute(connection: Connection, end: SettledEnd) -> bool:
    row = partner.c
    statement = (
        update(partner)
        .where(row.partner_id == end.partner_id, row.ends_at <= end.record.at)
        .values(_NOT_ANNOUNCED | {"state": "ended", "changed_at": end.record.at})
        .returning(row.partner_id)
    )
    return change_on_record(connection, statement, end.record, end.letters)


def load_due_ends(connection: Connection, times: Sequence[int]) -> Sequence[list[PartnerRecord]]:
    """Load the partners whose announced end has come by each time."""
    outcomes = []
    for now in times:
        rows = connection.execute(
            select(partner).where(partner.c.ends_at <= now).order_by(partner.c.partner_id)
        )
        outcomes.append([PartnerRecord(**row._mapping) for row in rows])
    return outcomes


def load_unfinished(connection: Connection, asked: Sequence[None]) -> Sequence[list[PartnerRecord]]:
    """Load partners that have ended but have consents that have not, because a node died in between."""
    grant = consent_grant.c
    left = select(grant.grant_id).where(grant.partner_id == partner.c.partner_id, is_live())
    statement = (
        select(partner).where(partner.c.state == "ended", left.exists()).order_by(partner.c.partner_id)
    )
    return [[PartnerRecord(**row._mapping) for row in connection.execute(statement)] for _ in asked]


def count_people(connection: Connection, partner_ids: Sequence[str]) -> Sequence[Count]:
    """Count the people of each partner's live consents, as far as anybody needs to know."""
    outcomes = []
    for partner_id in partner_ids:
        grant = consent_grant.c
        some = (
            select(grant.person_id)
            .where(grant.partner_id == partner_id, is_live())
            .limit(MOST_PEOPLE + 1)
            .subquery()
        )
        found, looked = connection.execute(
            select(func.count(some.c.person_id.distinct()), func.count())
        ).one()
        outcomes.append(Count(min(found, MOST_PEOPLE), looked > MOST_PEOPLE))
    return outcomes
