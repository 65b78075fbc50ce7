"""The release gate's transaction: token, live grant and items, sealed values, hand-off row, in that order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy import Connection, Select, func, select

from gateway.model.grants import Approval, Grant, GrantedItem
from gateway.model.ledger.handoffs import Handoff
from gateway.model.profiles import SealedProfile
from gateway.model.tokens import AccessToken, Held
from gateway.store.approvals import approvals_of
from gateway.store.engine.backend import Operation
from gateway.store.engine.statements import Lists, PreparedStatement, did_insert, insert_all_once
from gateway.store.letters import USED_UP, NewLetter, post_letters
from gateway.store.log_pending import places_of
from gateway.store.oauth.proofs import ProofUse, use_proofs
from gateway.store.profiles import sealed_profiles
from gateway.store.records_from_rows import (
    GRANT_COLUMNS,
    PERSON_COLUMNS,
    grant_from_row,
    granted_items,
    items_from_text,
    items_of,
    person_from_row,
    uses_left_of,
)
from gateway.store.tables import (
    access_token,
    consent_grant,
    grant_use,
    handoff,
    log_pending,
    partner,
    person,
)
from partners import PartnerState

ReleaseOutcomeT = TypeVar("ReleaseOutcomeT")


@dataclass(frozen=True, slots=True)
class ReleaseAsk:
    """One request for values.

    Attributes:
        handoff_id: made before the transaction, so that repeating it appends one row only.
        jkt: the key that the request proved to hold.
        certificate: that the client showed.
        proof: to be used up in the release's own transaction.
        details: the items that are asked for, as they were sent (RFC 9396); None for all that the token reaches.
    """

    token_digest: bytes
    endpoint: str
    handoff_id: str
    at: int
    jkt: str | None = None
    proof: ProofUse | None = None
    certificate: bytes | None = None
    details: str | None = None


@dataclass(frozen=True, slots=True)
class Decided(Generic[ReleaseOutcomeT]):
    """What the gate decided: the row to append, if values leave, and the answer."""

    handoff: Handoff | None
    answer: ReleaseOutcomeT


DecideRelease = Callable[
    [ReleaseAsk, Held[AccessToken] | None, SealedProfile | None, bool], Decided[ReleaseOutcomeT]
]
"""The last argument says whether the request's proof was used before."""


def release_operation(
    decide: DecideRelease[ReleaseOutcomeT], used_up: ReleaseOutcomeT, changed: ReleaseOutcomeT
) -> Operation[ReleaseAsk, ReleaseOutcomeT]:
    """Make the operation: load under lock, let the gate decide, append what it decided.

    Args:
        used_up: the answer where a grant allows so many hand-offs and no more.
        changed: the answer to a release that is run again as its commit was not answered, if it would now
            hand off something else than its committed row says.
    """

    def release(connection: Connection, asks: Sequence[ReleaseAsk]) -> Sequence[ReleaseOutcomeT]:
        held = hold_access_tokens(connection, [ask.token_digest for ask in asks], lock=True)
        # Proofs are used up after the tokens are loaded, so a request without our token writes nothing here.
        proofs = [ask.proof for ask in asks if ask.proof and ask.token_digest in held]
        fresh = dict(zip(proofs, use_proofs(connection, proofs), strict=True))
        profiles = sealed_profiles(connection, [each.person.person_id for each in held.values()])
        decided = []
        for ask in asks:
            found = held.get(ask.token_digest)
            profile = profiles[found.person.person_id] if found else None
            is_replayed = ask.proof is not None and not fresh.get(ask.proof, True)
            each = decide(ask, found, profile, is_replayed)
            if found and each.handoff and found.grant.use_limit is not None:
                is_left = spend_use(connection, found.grant, each.handoff.handoff_id)
                if is_left:
                    _tell_used_up(connection, found.grant, each.handoff)
                each = each if is_left else Decided(None, used_up)
            decided.append(each)
        leaving = [each.handoff for each in decided if each.handoff]
        strange = _committed_otherwise(connection, leaving)
        append_handoffs(connection, leaving)
        return [
            changed if each.handoff and each.handoff.handoff_id in strange else each.answer
            for each in decided
        ]

    return release


def _committed_otherwise(connection: Connection, leaving: Sequence[Handoff]) -> frozenset[str]:
    """Name hand-offs that were committed before, by a run whose answer was lost, with another content.

    The committed row stays as it is, so the new content would be recorded in no row.
    """
    kept = _COMMITTED(connection, wanted=[each.handoff_id for each in leaving]) if leaving else ()
    digests = {row.handoff_id: bytes(row.entry_digest) for row in kept}
    return frozenset(
        each.handoff_id
        for each in leaving
        if digests.get(each.handoff_id, each.entry_digest) != each.entry_digest
    )


_COMMITTED = PreparedStatement(
    lambda lists: select(handoff.c.handoff_id, handoff.c.entry_digest).where(
        lists.any_of(handoff.c.handoff_id)
    )
)


def tokens_with_grants(lists: Lists, lock: bool) -> Select[Any]:
    """Build the statement that reads tokens with grant, person and the partner's state; `lock` leaves items out."""
    statement = (
        select(
            access_token.c.token_digest,
            access_token.c.token_id,
            access_token.c.client_id,
            access_token.c.family_id,
            access_token.c.scope,
            access_token.c.issued_at,
            access_token.c.expires_at,
            access_token.c.revoked_at,
            access_token.c.bound_to,
            access_token.c.details,
            access_token.c.asked_items,
            access_token.c.asked_forms,
            access_token.c.auth_time,
            access_token.c.acr,
            *GRANT_COLUMNS,
            *PERSON_COLUMNS,
            partner.c.state.label("partner_state"),
        )
        .join(consent_grant, consent_grant.c.grant_id == access_token.c.grant_id)
        .join(partner, partner.c.partner_id == consent_grant.c.partner_id)
        .join(person, person.c.person_id == consent_grant.c.person_id)
        .where(lists.any_of(access_token.c.token_digest))
    )
    if lock:
        # Grants are locked in id order, spelled so that no index fits: a plan made while the table was small
        # would read that index from end to end instead of looking the tokens up.
        in_order = statement.order_by(consent_grant.c.grant_id.concat(""))
        return in_order.with_for_update(read=True, of=consent_grant)
    return statement.add_columns(granted_items(lists))


_LOCKED_TOKENS = PreparedStatement(lambda lists: tokens_with_grants(lists, lock=True))
_TOKENS = PreparedStatement(lambda lists: tokens_with_grants(lists, lock=False))


def hold_access_tokens(
    connection: Connection, digests: Sequence[bytes], *, lock: bool = False
) -> dict[bytes, Held[AccessToken]]:
    """Load tokens with grant, items, person and the partner's state.

    With `lock`, the grants are locked FOR SHARE in id order: a revocation, which updates the grant, waits for
    the release in flight, and the items are read by a later statement, so they are never older than the lock.
    """
    rows = (_LOCKED_TOKENS if lock else _TOKENS)(connection, wanted=sorted(set(digests)))
    items = items_of(connection, [row.grant_id for row in rows]) if lock else None
    return held_from_rows(connection, rows, items)


def held_from_rows(
    connection: Connection, rows: Sequence[Any], items: Mapping[str, tuple[GrantedItem, ...]] | None = None
) -> dict[bytes, Held[AccessToken]]:
    """Read tokens with what they stand on; the items stand in the rows, or beside them by grant."""
    grants = {
        row.grant_id: grant_from_row(
            row, items_from_text(row.granted) if items is None else items.get(row.grant_id, ())
        )
        for row in rows
    }
    # This costs one more statement, but only where a child's grant is among them.
    approvals = approvals_of(connection, [each for each in grants.values() if each.is_guarded])
    return {
        row.token_digest: held_from_row(row, grants[row.grant_id], approvals.get(row.grant_id, ()))
        for row in rows
    }


def held_from_row(row: Any, grant: Grant, approvals: tuple[Approval, ...]) -> Held[AccessToken]:
    """Read a token with what it stands on out of a row of `tokens_with_grants`."""
    return Held(
        token=AccessToken(
            token_digest=row.token_digest,
            token_id=row.token_id,
            client_id=row.client_id,
            grant_id=row.grant_id,
            family_id=row.family_id,
            scope=row.scope,
            issued_at=row.issued_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
            bound_to=row.bound_to,
            details=row.details,
            asked_items=row.asked_items,
            asked_forms=row.asked_forms,
            auth_time=row.auth_time,
            acr=row.acr,
        ),
        grant=grant,
        person=person_from_row(row),
        partner_state=PartnerState(row.partner_state),
        approvals=approvals,
    )


def append_handoffs(connection: Connection, handoffs: Sequence[Handoff]) -> None:
    """Append rows to the hand-off log; the sequencer gives each its place in the tree later."""
    places = places_of("handoff", [(each.grant_id, each.handoff_id) for each in handoffs])
    insert_all_once(connection, {handoff: [handoff_row(each) for each in handoffs], log_pending: places})


def handoff_row(each: Handoff) -> dict[str, object]:
    """Spell a hand-off for its table."""
    return {
        "handoff_id": each.handoff_id,
        "grant_id": each.grant_id,
        "event_id": each.event_id,
        "person_id": each.person_id,
        "partner_id": each.partner_id,
        "client_id": each.client_id,
        "token_digest": each.token_digest,
        "endpoint": each.endpoint,
        "items": orjson.dumps(
            [[item.item.field, item.item.purpose, item.item.form, item.commitment] for item in each.items]
        ).decode(),
        "at": each.at,
        "entry_digest": each.entry_digest,
    }


def spend_use(connection: Connection, grant: Grant, handoff_id: str) -> bool:
    """Spend one of the uses that the decision in force allows; of several that race for the last, one wins.

    Repeating a hand-off spends nothing.
    """
    own = select(grant_use.c.use_number).where(
        grant_use.c.grant_id == grant.grant_id, grant_use.c.handoff_id == handoff_id
    )
    if connection.execute(own).first() is not None:
        return True
    spent = select(func.count()).where(grant_use.c.grant_id == grant.grant_id)
    first = connection.execute(spent).scalar_one() + 1
    rows = (
        {"grant_id": grant.grant_id, "use_number": number, "handoff_id": handoff_id}
        for number in range(first, grant.uses_before + (grant.use_limit or 0) + 1)
    )
    return any(did_insert(connection, grant_use, row) for row in rows)


def _tell_used_up(connection: Connection, grant: Grant, leaving: Handoff) -> None:
    """Post the letter that says so, if this hand-off was the last one that is allowed."""
    if uses_left_of(connection, [grant])[grant.grant_id] == 0:
        post_letters(connection, [NewLetter(leaving.handoff_id, USED_UP, None, leaving.at)])
