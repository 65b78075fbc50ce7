"""What the token endpoint writes, in one statement that is a transaction by itself (PostgreSQL).

Everything was read and decided before. The statement holds each decision against what stands when it writes: a
grant that ended, a code that somebody else used, a registry that changed leave nothing behind.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Select,
    Table,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.engine import Connection

from gateway.model.tokens import ClientToken
from gateway.store.engine.registry import OnVersion, current_version
from gateway.store.engine.statements import Lists, PreparedStatement, array_of
from gateway.store.grant_predicates import is_live
from gateway.store.oauth.codes import Redemption
from gateway.store.oauth.tokens import Revocation, Rotation, access_row, refresh_row
from gateway.store.postgres.conditional_rows import arrays_beside, insert_where, rows_beside
from gateway.store.tables import (
    access_token,
    authorization_code,
    client_token,
    consent_grant,
    refresh_token,
    registry_version,
)


def _and_tokens(key: str, done: CTE, of: Any) -> Select[Any]:
    """Insert the access and refresh tokens of each item that was done; tell which were."""
    inserts = []
    for table in (access_token, refresh_token):
        rows = rows_beside(table, key, of.type)
        is_done = rows.c.beside.in_(select(done.c[of.name]))
        inserts.append(insert_where(table, rows, is_done).cte(f"{table.name}_new"))
    return select(done.c[of.name]).add_cte(*inserts)


def _redeeming(lists: Lists) -> Any:
    grant, code = consent_grant.c, authorization_code.c
    # A statement that waited for a lock sees the row as it is then, so a grant that ended meanwhile is left out.
    locked = (
        select(grant.grant_id)
        .where(lists.any_of(grant.grant_id, "grants"), is_live())
        .order_by(grant.grant_id)
        .with_for_update(read=True)
        .cte("locked")
    )
    asked = select(
        func.unnest(array_of("digests", code.code_digest.type)).label("code_digest"),
        func.unnest(array_of("redemptions", code.redemption_id.type)).label("redemption_id"),
    ).cte("asked")
    won = (
        update(authorization_code)
        .where(
            lists.any_of(code.code_digest, "digests"),
            code.code_digest == asked.c.code_digest,
            code.grant_id == locked.c.grant_id,
            or_(code.redemption_id.is_(None), code.redemption_id == asked.c.redemption_id),
        )
        .values(redemption_id=asked.c.redemption_id)
        .returning(code.code_digest)
        .cte("won")
    )
    return _and_tokens("code", won, code.code_digest)


_REDEEMING = PreparedStatement(_redeeming)


def redeem_codes(connection: Connection, redemptions: Sequence[Redemption], _: OnVersion) -> Sequence[bool]:
    """Use codes up and store what they bring (RFC 6749 §4.1.2); False leaves everything as it was.

    It is the first look only: what did not win is for `codes.redeem_codes`, which knows what to do with a replay.
    """
    firsts: dict[bytes, Redemption] = {}
    for each in redemptions:
        firsts.setdefault(each.code_digest, each)
    asked = [each for _, each in sorted(firsts.items())]
    access = [(each.code_digest, access_row(each.access_token)) for each in asked if each.access_token]
    refresh = [(each.code_digest, refresh_row(each.refresh_token)) for each in asked if each.refresh_token]
    rows = _REDEEMING(
        connection,
        grants=sorted({each.grant_id for each in asked}),
        digests=[each.code_digest for each in asked],
        redemptions=[each.redemption_id for each in asked],
        **arrays_beside(access_token, [row for _, row in access], "code", [key for key, _ in access]),
        **arrays_beside(refresh_token, [row for _, row in refresh], "code", [key for key, _ in refresh]),
    )
    won = {row.code_digest for row in rows}
    return [each.code_digest in won and firsts[each.code_digest] is each for each in redemptions]


def _rotating(lists: Lists) -> Any:
    token = refresh_token.c
    successor = lists.by_key(token.token_digest, "followed", "successors", token.successor_digest)
    used = (
        update(refresh_token)
        .where(lists.any_of(token.token_digest), token.revoked_at.is_(None))
        .values(
            used_at=func.coalesce(token.used_at, lists.value("now", BigInteger)), successor_digest=successor
        )
        .returning(token.token_digest)
        .cte("used")
    )
    return _and_tokens("used", used, token.token_digest)


_ROTATING = PreparedStatement(_rotating)


def rotate_refresh_tokens(
    connection: Connection, rotations: Sequence[Rotation], _: OnVersion
) -> Sequence[bool]:
    """Use refresh tokens and store what follows; False where the token died in the meantime.

    Each has its access token: a replay is for `tokens.rotate_refresh_tokens`.
    """
    followed = {each.used_digest: each.successor.token_digest for each in rotations if each.successor}
    access = [(each.used_digest, access_row(each.access_token)) for each in rotations if each.access_token]
    refresh = [(each.used_digest, refresh_row(each.successor)) for each in rotations if each.successor]
    rows = _ROTATING(
        connection,
        wanted=sorted({each.used_digest for each in rotations}),
        followed=list(followed),
        successors=list(followed.values()),
        now=max(each.at for each in rotations),
        **arrays_beside(access_token, [row for _, row in access], "used", [key for key, _ in access]),
        **arrays_beside(refresh_token, [row for _, row in refresh], "used", [key for key, _ in refresh]),
    )
    alive = {row.token_digest for row in rows}
    return [each.used_digest in alive for each in rotations]


def _dying(lists: Lists) -> Any:
    refresh, access = refresh_token.c, access_token.c
    asked = select(
        func.unnest(array_of("digests", refresh.token_digest.type)).label("token_digest"),
        func.unnest(array_of("clients", refresh.client_id.type)).label("client_id"),
        func.unnest(array_of("versions", registry_version.c.version.type)).label("version"),
    ).cte("asked")

    def own(table: Table) -> tuple[ColumnElement[bool], ...]:
        return (
            lists.any_of(table.c.token_digest, "digests"),
            table.c.token_digest == asked.c.token_digest,
            table.c.client_id == asked.c.client_id,
            asked.c.version == select(registry_version.c.version).scalar_subquery(),
        )

    now = lists.value("now", BigInteger)
    whole = select(asked, refresh.family_id).where(*own(refresh_token)).cte("whole")
    alone = (
        update(access_token)
        .where(*own(access_token))
        .values(revoked_at=func.coalesce(access.revoked_at, now))
        .returning(*asked.c)
        .cte("alone")
    )
    # PostgreSQL's number of the transaction that wrote a row last.
    family = select(refresh.token_digest, literal_column("refresh_token.xmin").label("writer")).where(
        refresh.family_id.in_(select(whole.c.family_id))
    )
    seen = family.cte("seen")
    # In the order in which `_rotating` locks them; otherwise the two could wait for each other in a circle.
    locked = family.order_by(refresh.token_digest).with_for_update(of=refresh_token).cte("locked")
    dead = [
        update(table)
        .where(is_theirs, table.c.revoked_at.is_(None))
        .values(revoked_at=now)
        .cte(f"{table.name}_dead")
        for table, is_theirs in (
            (refresh_token, refresh.token_digest == locked.c.token_digest),
            (access_token, access.family_id.in_(select(whole.c.family_id))),
        )
    ]
    is_moving = exists().where(locked.c.token_digest == seen.c.token_digest, locked.c.writer != seen.c.writer)
    of_family = select(*(whole.c[each.name] for each in asked.c), is_moving.label("is_moving"))
    return union_all(of_family, select(alone, false())).add_cte(*dead)


_DYING = PreparedStatement(_dying)


def try_revocations(
    connection: Connection, revocations: Sequence[tuple[Revocation, int]], _: OnVersion
) -> Sequence[bool]:
    """Revoke the clients' own tokens: an access token alone, a refresh token with its family (RFC 7009 §2.1).

    Each was decided by a version of the registry; False where it is not the true one any more, and for what is
    neither token of that client. That is looked at anew.

    A refresh in flight holds its own token until it commits, and the statement waits for that; but what the refresh
    brought is newer than the statement. So where a token was written between its being seen and its being locked,
    the statement runs again. Whatever it cannot see comes from such a token.
    """
    asked = sorted({(each.token_digest, each.client_id, version) for each, version in revocations})
    values: dict[str, Sequence[Any]] = {
        "digests": [digest for digest, _, _ in asked],
        "clients": [client_id for _, client_id, _ in asked],
        "versions": [version for _, _, version in asked],
    }
    now = max(each.at for each, _ in revocations)
    rows = _DYING(connection, now=now, **values)
    while any(row.is_moving for row in rows):
        rows = _DYING(connection, now=now, **values)
    revoked = {(row.token_digest, row.client_id, row.version) for row in rows}
    return [(each.token_digest, each.client_id, version) in revoked for each, version in revocations]


def _keeping(_: Lists) -> Any:
    rows = rows_beside(client_token, "registry", BigInteger)
    is_same = rows.c.beside == select(registry_version.c.version).scalar_subquery()
    return insert_where(client_token, rows, is_same).returning(client_token.c.token_digest)


_KEEPING = PreparedStatement(_keeping)


def keep_client_tokens(
    connection: Connection, plans: Sequence[tuple[ClientToken, int]], know: OnVersion
) -> Sequence[bool]:
    """Store tokens that were decided by a snapshot of the registry; False where the registry has changed since."""
    rows = [{each.name: getattr(token, each.name) for each in client_token.c} for token, _ in plans]
    arrays = arrays_beside(client_token, rows, "registry", [version for _, version in plans])
    kept = {row.token_digest for row in _KEEPING(connection, **arrays)}
    if len(kept) < len(plans):
        know(current_version(connection))
    return [token.token_digest in kept for token, _ in plans]
