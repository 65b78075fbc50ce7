"""The consent screen's side of the store: what it needs, what was served, and the decision."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum, auto
from typing import Any

from sqlalchemy import Connection, Select, Table, Text, delete, func, literal_column, or_, select, update

from gateway.model.grants import (
    DPV_STATUS,
    LIVE,
    ActorKind,
    Approval,
    ConsentEvent,
    EventType,
    Grant,
    GrantedItem,
    GrantState,
    ReasonCode,
    item_words,
)
from gateway.model.people import PersonState
from gateway.model.tokens import AuthorizationCode
from gateway.store.codes import code_row
from gateway.store.guardians import approvals_of, forget_consents
from gateway.store.letters import RECEIPT, NewLetter, letter_rows
from gateway.store.loading import (
    GRANT_COLUMNS,
    grant_from_row,
    granted_items,
    items_from_text,
    uses_left_of,
)
from gateway.store.log_pending import places_of
from gateway.store.registry import Know, know_nothing, tell_version, told_version
from gateway.store.relay import NewRelay, keep_relay
from gateway.store.statements import Hot, Lists, Rows, did_insert, insert_all_once, insert_once
from gateway.store.tables import (
    authorization_code,
    consent_event,
    consent_grant,
    grant_item,
    grant_use,
    guardian_link,
    handoff,
    letter,
    log_pending,
    notice_served,
    offer,
    organisation,
    person,
    pushed_request,
    school_request,
)
from gateway.store.tokens import revoke_of_grants

NOTHING: Mapping[Table, Rows] = {}


@dataclass(frozen=True, slots=True)
class StandingQuery:
    """Whose standing towards which offer."""

    person_id: str
    offer_id: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person stands towards an offer.

    Attributes:
        grant: the live grant, if there is one.
        used_at: when the person last used it; 0 without one.
        refused_at: when somebody last said no while no grant was live, and has not let the partner ask again.
        is_guardians_no: whether that somebody was a guardian.
        country: of the person's organisation (ISO 3166-1 alpha-2): the jurisdiction.
        guardians: how many guardians are linked and active.
        approvals: what they answered so far.
        asked_school_at: when the person asked the school to open this partner.
        is_used_up: the grant allowed so many hand-offs, and all of them were made.
    """

    grant: Grant | None
    used_at: int
    refused_at: int | None
    is_guardians_no: bool
    country: str
    guardians: int
    approvals: tuple[Approval, ...] = ()
    asked_school_at: int | None = None
    is_used_up: bool = False


def load_standings(
    connection: Connection, queries: Sequence[StandingQuery], know: Know = know_nothing
) -> Sequence[Standing]:
    """Load standings, one by one: a screen asks for one."""
    return [_standing(connection, query, know) for query in queries]


def _standing(connection: Connection, query: StandingQuery, know: Know) -> Standing:
    rows = _STANDING(connection, person=query.person_id, offer=query.offer_id)
    tell_version(connection, rows, know)
    [row] = rows
    live = [grant_from_row(row, items_from_text(row.granted))] if row.grant_id else []
    return Standing(
        grant=live[0] if live else None,
        used_at=(live[0].used_at or 0) if live else 0,
        refused_at=row.refused_at,
        is_guardians_no=row.refused_by == ActorKind.GUARDIAN,
        country=row.country,
        guardians=row.guardians,
        # Who has no guardian has no answer of one.
        approvals=approvals_of(connection, live).get(live[0].grant_id, ()) if live and row.guardians else (),
        asked_school_at=row.asked_school_at,
        is_used_up=0 in uses_left_of(connection, live).values(),
    )


def _standing_of(lists: Lists) -> Select[Any]:
    """Ask all of it in one statement: a screen would wait for every answer by itself."""
    grant, no = consent_grant.c, consent_grant.alias("refused")
    by_person, by_offer = lists.value("person", Text), lists.value("offer", Text)
    refused = (
        select(no.c.event_id)
        .join(consent_event, consent_event.c.event_id == no.c.event_id)
        .where(
            no.c.person_id == by_person,
            no.c.offer_id == by_offer,
            no.c.state == GrantState.REFUSED,
            no.c.ended_at.is_(None),
        )
        .order_by(consent_event.c.at.desc())
        .limit(1)
        .scalar_subquery()
    )
    guardians = (
        select(func.count())
        .select_from(guardian_link)
        .where(guardian_link.c.child_id == by_person, guardian_link.c.state == "active")
    )
    asked = (
        select(func.max(school_request.c.asked_at))
        .join(offer, offer.c.partner_id == school_request.c.partner_id)
        .where(
            school_request.c.organisation_id == person.c.organisation_id,
            school_request.c.person_id == by_person,
            offer.c.offer_id == by_offer,
        )
        .correlate(person)
    )
    # The states stand in the text, or no plan that is made once would know that the index of live grants will do.
    is_live = or_(*(grant.state == literal_column(f"'{state}'") for state in sorted(LIVE)))
    own = (grant.person_id == person.c.person_id) & (grant.offer_id == by_offer) & is_live
    return (
        select(
            *GRANT_COLUMNS,
            granted_items(lists),
            organisation.c.country,
            consent_event.c.at.label("refused_at"),
            consent_event.c.actor_kind.label("refused_by"),
            guardians.scalar_subquery().label("guardians"),
            asked.scalar_subquery().label("asked_school_at"),
            told_version(),
        )
        .select_from(person)
        .join(organisation, organisation.c.organisation_id == person.c.organisation_id)
        .outerjoin(consent_grant, own)
        .outerjoin(consent_event, consent_event.c.event_id == refused)
        .where(person.c.person_id == by_person)
    )


_STANDING = Hot(_standing_of)


@dataclass(frozen=True, slots=True)
class Served:
    """What was put before a person, recorded before the decision (promise P4)."""

    served_id: str
    person_id: str
    notice_id: str
    client_id: str
    surface: str
    language: str
    screen_digest: bytes
    served_at: int


def serve_notices(connection: Connection, served: Sequence[Served], _: Know = know_nothing) -> Sequence[None]:
    """Record what was served; nothing is decided here that the registry could change."""
    insert_once(connection, notice_served, [asdict(each) for each in served])
    return [None] * len(served)


class Verdict(Enum):
    """What became of a plan."""

    DONE = auto()
    REQUEST_USED = auto()
    STALE = auto()


@dataclass(frozen=True, slots=True)
class NewGrant:
    """The row of a grant that a decision creates."""

    grant: Grant
    jurisdiction: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The plan of one decision on a grant.

    Attributes:
        created: the grant's first row; None when the decision changes an existing grant.
        grant: the grant as it stands after the decision.
        code: what the browser carries back to the partner, if it said yes.
        request_digest: the pushed request that this decision uses up (FAPI 2.0 §5.3.2.2).
        superseded: the ended grant whose place the created one takes, with the event that ended it.
        relay: the private address that the grant holds.
    """

    created: NewGrant | None
    grant: Grant
    event: ConsentEvent
    code: AuthorizationCode | None
    request_digest: bytes | None
    at: int
    superseded: tuple[Grant, ConsentEvent] | None = None
    relay: NewRelay | None = None


def commit_decisions(connection: Connection, decisions: Sequence[Decision]) -> Sequence[Verdict]:
    """Commit decisions, each whole or not at all: request used up, grant changed, event appended, code stored."""
    return [_commit(connection, decision) for decision in decisions]


def did_append(connection: Connection, event: ConsentEvent) -> bool:
    """Tell whether this very event was committed: a commit whose answer was lost is repeated with the same id."""
    return bool(_APPENDED(connection, wanted=[event.event_id]))


_APPENDED = Hot(lambda lists: select(consent_event.c.event_id).where(lists.any_of(consent_event.c.event_id)))


_ANSWERED = Hot(lambda lists: select(consent_event.c.event_id).where(lists.any_of(consent_event.c.served_id)))


def _commit(connection: Connection, decision: Decision) -> Verdict:
    if did_append(connection, decision.event):
        return Verdict.DONE
    if not decision.request_digest and not decision.superseded:
        # Its first change is its only condition: where that fails, there is nothing to take back.
        return _try(connection, decision)
    with connection.begin_nested() as savepoint:
        verdict = _try(connection, decision)
        if verdict is not Verdict.DONE:
            savepoint.rollback()
    return verdict


def _try(connection: Connection, decision: Decision) -> Verdict:
    # First of all, as an erasure does: two that lock in another order wait for each other.
    if decision.created and not _is_active(connection, decision.grant.person_id):
        return Verdict.STALE
    if decision.event.served_id and _ANSWERED(connection, wanted=[decision.event.served_id]):
        # Or its event, which names the record, would not be kept, and a grant would stand on nothing.
        return Verdict.STALE
    if decision.request_digest and not use_up_request(connection, decision.request_digest, decision.at):
        return Verdict.REQUEST_USED
    if decision.superseded:
        before, end = decision.superseded
        if not end_grant(connection, before, end, end.reason):
            return Verdict.STALE
    if decision.grant.state is GrantState.ENDED:
        is_done = end_grant(connection, decision.grant, decision.event, decision.event.reason)
        return Verdict.DONE if is_done else Verdict.STALE
    if decision.created:
        changed = _create(connection, decision.created)
    else:
        changed = change_grant(connection, decision.grant, used_at=decision.at)
    if not changed:
        return Verdict.STALE
    if decision.event.type is EventType.ASKED:
        forget_consents(connection, decision.grant.person_id, decision.grant.offer_id)
    if not decision.created:
        _DROPPED_ITEMS(connection, wanted=[decision.grant.grant_id])
    codes = [code_row(decision.code)] if decision.code else []
    items = item_rows(decision.grant.grant_id, decision.grant.items)
    append_event(connection, decision.event, {grant_item: items, authorization_code: codes})
    if decision.relay:
        keep_relay(connection, decision.relay)
    return Verdict.DONE


def end_grant(connection: Connection, after: Grant, event: ConsentEvent, reason: ReasonCode | None) -> bool:
    """End a grant and every token that stands on it; False when somebody else moved it first.

    The end is no earlier than the last hand-off: a release that was in flight may carry a second that is later than
    the one in which stopping was asked for. The update has waited for it and holds the grant, so nothing can be
    handed off any more.
    """
    if not change_grant(connection, after, ended_at=event.at, reason=str(reason)):
        return False
    revoke_of_grants(connection, {after.grant_id: event.at})
    last: int | None = connection.execute(
        select(func.max(handoff.c.at)).where(handoff.c.grant_id == after.grant_id)
    ).scalar()
    if last is not None and last > event.at:
        event = replace(event, at=last)
        connection.execute(
            update(consent_grant).where(consent_grant.c.grant_id == after.grant_id).values(ended_at=last)
        )
    append_event(connection, event)
    return True


def use_up_request(connection: Connection, request_digest: bytes, at: int) -> bool:
    """Use up a pushed request at authorization, not at page load; whoever races, one wins."""
    statement = (
        update(pushed_request)
        .where(pushed_request.c.request_digest == request_digest, pushed_request.c.used_at.is_(None))
        .values(used_at=at)
        .returning(pushed_request.c.request_digest)
    )
    return connection.execute(statement).first() is not None


def _create(connection: Connection, created: NewGrant) -> bool:
    # A second live grant for the same person and offer meets the partial unique index and is not inserted.
    return did_insert(connection, consent_grant, grant_row(created))


def grant_row(created: NewGrant) -> dict[str, Any]:
    """Spell a new grant for its table."""
    grant = created.grant
    return {
        "grant_id": grant.grant_id,
        "person_id": grant.person_id,
        "partner_id": grant.partner_id,
        "offer_id": grant.offer_id,
        "offer_version": grant.offer_version,
        "notice_id": grant.notice_id,
        "state": str(grant.state),
        "legal_basis": str(grant.legal_basis),
        "jurisdiction": created.jurisdiction,
        "version": grant.version,
        "event_id": grant.event_id,
        "created_at": grant.valid_from,
        "valid_from": grant.valid_from,
        "valid_until": grant.valid_until,
        "last_user_activity_at": grant.valid_from,
        "ended_at": None,
        "end_reason": None,
        "use_limit": grant.use_limit,
        "uses_before": 0,
        "paused_for": None,
        "decided_version": grant.terms_version,
        "digest_begun": False,
    }


def _is_active(connection: Connection, person_id: str) -> bool:
    """Whether a person has an account, and keeps it until the transaction ends: an erasure waits, or has won."""
    return bool(_ACTIVE(connection, wanted=[person_id]))


_ACTIVE = Hot(
    lambda lists: (
        select(person.c.person_id)
        .where(lists.any_of(person.c.person_id), person.c.state == PersonState.ACTIVE)
        .with_for_update(read=True)
    )
)


def change_grant(
    connection: Connection,
    after: Grant,
    *,
    ended_at: int | None = None,
    reason: str | None = None,
    used_at: int | None = None,
) -> bool:
    """Move a grant on by one version; False when somebody else moved it first.

    Args:
        used_at: when this is the person's own use of the service too.
    """
    rows = _CHANGED(
        connection,
        wanted=after.grant_id,
        seen=after.version - 1,
        offer_version=after.offer_version,
        notice_id=after.notice_id,
        state=str(after.state),
        version=after.version,
        event_id=after.event_id,
        valid_from=after.valid_from,
        valid_until=after.valid_until,
        ended_at=ended_at,
        end_reason=reason,
        legal_basis=str(after.legal_basis),
        use_limit=after.use_limit,
        paused_for=str(after.paused_for) if after.paused_for else None,
        decided_version=after.terms_version,
        used_at=used_at,
    )
    return bool(rows)


_MOVING = (
    "offer_version", "notice_id", "state", "version", "event_id", "valid_from", "valid_until", "ended_at",
    "end_reason", "legal_basis", "use_limit", "paused_for", "decided_version",
)  # fmt: skip
"""What a decision changes in a grant's row."""


def _changed(lists: Lists) -> Any:
    grant = consent_grant.c
    moved: dict[str, Any] = {name: lists.value(name, grant[name].type) for name in _MOVING}
    used = func.coalesce(
        lists.value("used_at", grant.last_user_activity_at.type), grant.last_user_activity_at
    )
    return (
        update(consent_grant)
        .where(
            grant.grant_id == lists.value("wanted", Text),
            grant.version == lists.value("seen", grant.version.type),
            or_(*(grant.state == str(state) for state in sorted(LIVE))),
        )
        .values({**moved, "last_user_activity_at": used})
        .returning(grant.grant_id)
    )


_CHANGED = Hot(_changed)


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


def replace_items(connection: Connection, grant_id: str, items: Sequence[GrantedItem]) -> None:
    """Make the grant hold exactly these items; absence means not granted. The events keep the history."""
    _DROPPED_ITEMS(connection, wanted=[grant_id])
    insert_once(connection, grant_item, item_rows(grant_id, items))


_DROPPED_ITEMS = Hot(lambda lists: delete(grant_item).where(lists.any_of(grant_item.c.grant_id)))


def item_rows(grant_id: str, items: Sequence[GrantedItem]) -> list[dict[str, Any]]:
    """Spell a grant's items for their table."""
    return [
        {
            "grant_id": grant_id,
            "field": each.item.field,
            "purpose": each.item.purpose,
            "form": str(each.item.form),
            "needed": each.needed,
            "retention_days": each.retention_days,
        }
        for each in items
    ]


@dataclass(frozen=True, slots=True)
class Renewal:
    """The plan of answering an authorization request from a grant that already covers it."""

    grant: Grant
    code: AuthorizationCode
    request_digest: bytes | None
    at: int


def commit_renewals(connection: Connection, renewals: Sequence[Renewal]) -> Sequence[Verdict]:
    """Store codes for grants that are still as they were seen."""
    return [_renew(connection, renewal) for renewal in renewals]


def _renew(connection: Connection, renewal: Renewal) -> Verdict:
    own = select(authorization_code.c.code_digest).where(
        authorization_code.c.code_digest == renewal.code.code_digest
    )
    if connection.execute(own).first() is not None:
        # Our own commit, whose answer was lost.
        return Verdict.DONE
    with connection.begin_nested() as savepoint:
        verdict = _try_renewal(connection, renewal)
        if verdict is not Verdict.DONE:
            savepoint.rollback()
    return verdict


def _try_renewal(connection: Connection, renewal: Renewal) -> Verdict:
    if renewal.request_digest and not use_up_request(connection, renewal.request_digest, renewal.at):
        return Verdict.REQUEST_USED
    seen = (
        update(consent_grant)
        .where(
            consent_grant.c.grant_id == renewal.grant.grant_id,
            consent_grant.c.version == renewal.grant.version,
            consent_grant.c.state == GrantState.ACTIVE,
        )
        .values(last_user_activity_at=renewal.at)
        .returning(consent_grant.c.grant_id)
    )
    if connection.execute(seen).first() is None:
        return Verdict.STALE
    insert_once(connection, authorization_code, [code_row(renewal.code)])
    return Verdict.DONE


def forget_refusals(connection: Connection, marks: Sequence[tuple[str, int]]) -> Sequence[None]:
    """Stop remembering refusals: (grant, at). The refusal itself stays in the history."""
    for grant_id, at in marks:
        connection.execute(
            update(consent_grant)
            .where(consent_grant.c.grant_id == grant_id, consent_grant.c.state == GrantState.REFUSED)
            .values(ended_at=at, end_reason="user_request")
        )
    return [None] * len(marks)
