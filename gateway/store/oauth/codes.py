"""Authorization codes: loading one with what it stands on, and using it up exactly once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Select, or_, select, update

from gateway.model.people import Session
from gateway.model.tokens import AccessToken, AuthorizationCode, Held, RefreshToken
from gateway.store.engine.registry import OnVersion, ignore_version, tell_version, told_version
from gateway.store.engine.statements import Lists, PreparedStatement, insert_all_once
from gateway.store.grant_predicates import is_live
from gateway.store.oauth.tokens import access_row, refresh_row, revoke_families
from gateway.store.records_from_rows import (
    GRANT_COLUMNS,
    PERSON_COLUMNS,
    grant_from_row,
    granted_items,
    items_from_text,
    person_from_row,
)
from gateway.store.sessions import goes_on
from gateway.store.tables import (
    access_token,
    authorization_code,
    consent_grant,
    partner,
    person,
    refresh_token,
)
from partners import PartnerState


def _codes(lists: Lists) -> Select[Any]:
    own = [column for column in authorization_code.c if column.name not in ("grant_id", "person_id")]
    return (
        select(
            *own,
            *GRANT_COLUMNS,
            *PERSON_COLUMNS,
            partner.c.state.label("partner_state"),
            granted_items(lists),
            told_version(),
        )
        .join(consent_grant, consent_grant.c.grant_id == authorization_code.c.grant_id)
        .join(partner, partner.c.partner_id == consent_grant.c.partner_id)
        .join(person, person.c.person_id == consent_grant.c.person_id)
        .where(lists.any_of(authorization_code.c.code_digest))
    )


_CODES = PreparedStatement(_codes)


def load_codes(
    connection: Connection, digests: Sequence[bytes], know: OnVersion = ignore_version
) -> Sequence[Held[AuthorizationCode] | None]:
    """Load codes with grant, items, person and the partner's state; None for an unknown one."""
    rows = _CODES(connection, wanted=sorted(set(digests)))
    tell_version(connection, rows, know)
    names = AuthorizationCode.__dataclass_fields__
    found = {
        row.code_digest: Held(
            token=AuthorizationCode(**{name: getattr(row, name) for name in names}),
            grant=grant_from_row(row, items_from_text(row.granted)),
            person=person_from_row(row),
            partner_state=PartnerState(row.partner_state),
        )
        for row in rows
    }
    return [found.get(digest) for digest in digests]


@dataclass(frozen=True, slots=True)
class Redemption:
    """The plan of one code exchange; without tokens it is the plan of refusing a misused code.

    Attributes:
        redemption_id: made before the transaction; repeating the same redemption wins again.
    """

    code_digest: bytes
    grant_id: str
    family_id: str
    redemption_id: str
    access_token: AccessToken | None
    refresh_token: RefreshToken | None
    at: int


def redeem_codes(connection: Connection, redemptions: Sequence[Redemption]) -> Sequence[bool]:
    """Use codes up and store what they bring (RFC 6749 §4.1.2). However many callers race, one wins.

    A loser is a replay: every token of the code's family dies with it. A grant that ended in the meantime
    lets no caller win. A redemption without tokens uses the code up and wins nothing.
    """
    live = _lock_live_grants(connection, [each.grant_id for each in redemptions])
    firsts: dict[bytes, Redemption] = {}
    for each in redemptions:
        if each.access_token is None or each.grant_id in live:
            firsts.setdefault(each.code_digest, each)
    won = _use_up(connection, {digest: each.redemption_id for digest, each in firsts.items()})
    winners = [
        each
        for each in redemptions
        if each.access_token and each.code_digest in won and firsts[each.code_digest] is each
    ]
    insert_all_once(
        connection,
        {
            access_token: [access_row(each.access_token) for each in winners if each.access_token],
            refresh_token: [refresh_row(each.refresh_token) for each in winners if each.refresh_token],
        },
    )
    outcomes = [any(each is winner for winner in winners) for each in redemptions]
    revoke_families(
        connection,
        {each.family_id: each.at for each, is_won in zip(redemptions, outcomes, strict=True) if not is_won},
    )
    return outcomes


def _live_grants(lists: Lists) -> Any:
    grant = consent_grant.c
    return (
        select(grant.grant_id)
        .where(lists.any_of(grant.grant_id), is_live())
        .order_by(grant.grant_id)
        .with_for_update(read=True)
    )


_LIVE_GRANTS = PreparedStatement(_live_grants)


def _lock_live_grants(connection: Connection, grant_ids: Sequence[str]) -> set[str]:
    return {row.grant_id for row in _LIVE_GRANTS(connection, wanted=sorted(set(grant_ids)))}


def _redeemed(lists: Lists) -> Any:
    code = authorization_code.c
    mine = lists.by_key(code.code_digest, "digests", "redemptions", code.redemption_id)
    return (
        update(authorization_code)
        .where(
            lists.any_of(code.code_digest, "digests"),
            or_(code.redemption_id.is_(None), code.redemption_id == mine),
        )
        .values(redemption_id=mine)
        .returning(code.code_digest)
    )


_REDEEMED = PreparedStatement(_redeemed, with_values=True)


def _use_up(connection: Connection, wanted: Mapping[bytes, str]) -> set[bytes]:
    """Mark codes used; return those that this call won."""
    if not wanted:
        return set()
    rows = _REDEEMED(connection, digests=list(wanted), redemptions=list(wanted.values()))
    return {row.code_digest for row in rows}


_CODE = tuple(AuthorizationCode.__dataclass_fields__)


def code_row(code: AuthorizationCode) -> dict[str, object]:
    """Spell a code for its table."""
    return {name: getattr(code, name) for name in _CODE}


def new_code_row(
    connection: Connection, code: AuthorizationCode, made_in: Session | None
) -> dict[str, object]:
    """Spell a new code; one whose session has ended meanwhile is used up from the beginning.

    So no client gets tokens in a session of whose end it was not told (`gateway.store.oauth.logouts`).

    Args:
        made_in: None for a code that does not die with its session.
    """
    is_late = made_in is not None and not goes_on(connection, made_in)
    return code_row(replace(code, redemption_id="ended") if is_late else code)
