"""How a person stands towards an offer: what a screen needs, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, Text, func, select

from gateway.model.grants import ActorKind, Approval, Grant, GrantState
from gateway.store.approvals import ADULT, CHILD, approvals_of, may_answer
from gateway.store.engine.registry import OnVersion, ignore_version, tell_version, told_version
from gateway.store.engine.statements import Lists, PreparedStatement
from gateway.store.grant_predicates import is_live
from gateway.store.records_from_rows import (
    GRANT_COLUMNS,
    grant_from_row,
    granted_items,
    items_from_text,
    uses_left_of,
)
from gateway.store.tables import (
    consent_event,
    consent_grant,
    guardian_link,
    guardian_proposal,
    offer,
    organisation,
    person,
    school_request,
)


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
        guardians: how many guardians may answer.
        named_guardians: how many the school has named who have not confirmed it yet.
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
    named_guardians: int = 0


def load_standings(
    connection: Connection, queries: Sequence[StandingQuery], know: OnVersion = ignore_version
) -> Sequence[Standing]:
    """Load standings, one by one: a screen asks for one."""
    return [_standing(connection, query, know) for query in queries]


def _standing(connection: Connection, query: StandingQuery, know: OnVersion) -> Standing:
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
        named_guardians=row.named_guardians,
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
        # Of two in one second, the id tells which came last.
        .order_by(consent_event.c.at.desc(), consent_event.c.event_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    guardians = (
        select(func.count())
        .select_from(guardian_link)
        .join(CHILD, CHILD.c.person_id == guardian_link.c.child_id)
        .join(ADULT, ADULT.c.person_id == guardian_link.c.guardian_id)
        .where(guardian_link.c.child_id == by_person, may_answer())
    )
    named = select(func.count()).where(
        guardian_proposal.c.child_id == by_person, guardian_proposal.c.state == "open"
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
    own = (grant.person_id == person.c.person_id) & (grant.offer_id == by_offer) & is_live()
    return (
        select(
            *GRANT_COLUMNS,
            granted_items(lists),
            organisation.c.country,
            consent_event.c.at.label("refused_at"),
            consent_event.c.actor_kind.label("refused_by"),
            guardians.scalar_subquery().label("guardians"),
            named.scalar_subquery().label("named_guardians"),
            asked.scalar_subquery().label("asked_school_at"),
            told_version(),
        )
        .select_from(person)
        .join(organisation, organisation.c.organisation_id == person.c.organisation_id)
        .outerjoin(consent_grant, own)
        .outerjoin(consent_event, consent_event.c.event_id == refused)
        .where(person.c.person_id == by_person)
    )


_STANDING = PreparedStatement(_standing_of)
