"""The release gate in two statements: read without a lock, decide, then write what still holds (PostgreSQL).

What was decided is worth something only while what it was decided about stands. So the second statement, which is a
transaction by itself, locks the grants FOR SHARE and writes a hand-off only where its grant is still the version that
was read. A revocation that comes first has changed the version, and nothing is written; one that comes later waits.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Integer, Select, Text, bindparam, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection

from gateway.kit.secrets.sealing import WrappedKey
from gateway.model.grants import Grant, GrantState
from gateway.model.ledger.handoffs import Handoff
from gateway.model.people import Whereabouts
from gateway.model.profiles import SealedField, SealedProfile
from gateway.model.tokens import AccessToken, Held
from gateway.store.approvals import approvals_of
from gateway.store.engine.backend import OnVersion, VersionedOperation
from gateway.store.engine.registry import current_version
from gateway.store.engine.statements import Lists, PreparedStatement, array_of
from gateway.store.oauth.release import (
    Decided,
    DecideRelease,
    ReleaseAsk,
    ReleaseOutcomeT,
    handoff_row,
    held_from_row,
    tokens_with_grants,
)
from gateway.store.records_from_rows import grant_from_row, items_from_text
from gateway.store.tables import (
    access_token,
    consent_grant,
    handoff,
    log_pending,
    organisation,
    person,
    person_field,
    person_key,
    registry_version,
)
from gateway.store.whereabouts import WHEREABOUTS


def optimistic_operation(
    decide: DecideRelease[ReleaseOutcomeT],
) -> VersionedOperation[ReleaseAsk, Decided[ReleaseOutcomeT] | None]:
    """Make the operation; its outcome is None where a proof or a use is to be spent, or something changed."""

    def release(
        connection: Connection, asks: Sequence[ReleaseAsk], know: OnVersion
    ) -> Sequence[Decided[ReleaseOutcomeT] | None]:
        rows = _SEEN(connection, wanted=sorted({ask.token_digest for ask in asks if ask.proof is None}))
        version = rows[0].registry_version if rows else current_version(connection)
        know(version)
        held, profiles = _held(connection, rows), {row.token_digest: _profile(row) for row in rows}
        outcomes: list[Decided[ReleaseOutcomeT] | None] = []
        leaving: dict[str, tuple[Handoff, Grant]] = {}
        for ask in asks:
            found = held.get(ask.token_digest)
            if ask.proof is not None or (found and found.grant.use_limit is not None):
                outcomes.append(None)
                continue
            decided = decide(ask, found, profiles.get(ask.token_digest), False)
            if found and decided.handoff:
                leaving[ask.handoff_id] = decided.handoff, found.grant
            outcomes.append(decided)
        written = _write(connection, list(leaving.values()), version)
        return [
            None if ask.handoff_id in leaving and ask.handoff_id not in written else outcome
            for ask, outcome in zip(asks, outcomes, strict=True)
        ]

    return release


def _seen(lists: Lists) -> Select[Any]:
    own, key = person_field.c, person_key.c
    columns = (own.field, own.sealed, own.source, own.verified_at, own.changed_at)
    fields = (
        select(*(func.array_agg(column).label(f"field_{column.name}") for column in columns))
        .where(own.person_id == person.c.person_id)
        .correlate(person)
        .lateral("fields")
    )
    return (
        tokens_with_grants(lists, lock=False)
        .add_columns(
            organisation.c.name,
            *WHEREABOUTS,
            key.master,
            key.wrapped,
            *fields.c,
            select(registry_version.c.version).scalar_subquery().label("registry_version"),
        )
        .join(organisation, organisation.c.organisation_id == person.c.organisation_id)
        .outerjoin(person_key, key.person_id == person.c.person_id)
        .join(fields, literal(True))
    )


_SEEN = PreparedStatement(_seen)


def _held(connection: Connection, rows: Sequence[Any]) -> dict[bytes, Held[AccessToken]]:
    grants = {row.token_digest: grant_from_row(row, items_from_text(row.granted)) for row in rows}
    # A statement more, but only where a child's grant is among them.
    approvals = approvals_of(connection, [each for each in grants.values() if each.is_guarded])
    return {
        row.token_digest: held_from_row(row, grants[row.token_digest], approvals.get(row.grant_id, ()))
        for row in rows
    }


def _profile(row: Any) -> SealedProfile:
    columns = (row.field_sealed, row.field_source, row.field_verified_at, row.field_changed_at)
    # An aggregate over no rows is NULL.
    fields = zip(row.field_field, zip(*columns, strict=True), strict=True) if row.field_field else ()
    return SealedProfile(
        row.person_id,
        row.role,
        row.name,
        Whereabouts(row.country, row.zone, row.own_zone),
        wrapped=WrappedKey(row.master, row.wrapped) if row.wrapped is not None else None,
        fields={name: SealedField(*values) for name, values in fields},
    )


def _writing(lists: Lists) -> Any:
    grant, token = consent_grant.c, access_token.c
    # What waits for a lock gets the row as it is then, and its version from there; nothing else of the statement
    # is newer than its beginning, so it is the version that tells. In the order of ids: see `hold_access_tokens`.
    locked = (
        select(grant.grant_id, grant.version)
        .where(
            lists.any_of(grant.grant_id, "grants"),
            grant.state == GrantState.ACTIVE,
            # It changes without a decision, and so without a version.
            grant.is_held.is_(False),
        )
        .order_by(grant.grant_id)
        .with_for_update(read=True)
        .cte("locked")
    )
    live = (
        select(token.token_digest)
        .where(lists.any_of(token.token_digest, "tokens"), token.revoked_at.is_(None))
        .cte("live")
    )
    asked = select(
        *(func.unnest(array_of(column.name, column.type)).label(column.name) for column in handoff.c),
        func.unnest(array_of("versions", Integer)).label("seen"),
    ).cte("asked")
    registry = select(registry_version.c.version).scalar_subquery()
    holds = (
        select(*(asked.c[column.name] for column in handoff.c))
        .join(locked, (locked.c.grant_id == asked.c.grant_id) & (locked.c.version == asked.c.seen))
        .join(live, live.c.token_digest == asked.c.token_digest)
        .where(registry == bindparam("registry", type_=BigInteger))
    )
    names = [column.name for column in handoff.c]
    rows = insert(handoff).from_select(names, holds).on_conflict_do_nothing()
    written = rows.returning(handoff.c.grant_id, handoff.c.handoff_id).cte("written")
    places = select(written.c.grant_id, written.c.handoff_id, literal("handoff", Text))
    return (
        insert(log_pending)
        .from_select(["grant_id", "source_id", "kind"], places)
        .returning(log_pending.c.source_id)
    )


_WRITING = PreparedStatement(_writing)


def _write(connection: Connection, leaving: Sequence[tuple[Handoff, Grant]], registry: int) -> frozenset[str]:
    """Write hand-offs whose grants, tokens and registry are still what was read; give the ids of those written."""
    if not leaving:
        return frozenset()
    rows = [handoff_row(each) for each, _ in leaving]
    columns = {column.name: [row[column.name] for row in rows] for column in handoff.c}
    written = _WRITING(
        connection,
        **columns,
        grants=sorted({grant.grant_id for _, grant in leaving}),
        tokens=sorted({each.token_digest for each, _ in leaving}),
        versions=[grant.version for _, grant in leaving],
        registry=registry,
    )
    return frozenset(row.source_id for row in written)
