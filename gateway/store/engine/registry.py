"""Loading the registry's snapshot, and telling every node that it changed."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, update

from gateway.model.registry import (
    LOG_ALG,
    LiveOffer,
    LogOrigin,
    Notice,
    RegisteredClient,
    RegisteredPartner,
    Registry,
    SchoolGate,
    SigningKey,
)
from gateway.store.engine.statements import PreparedStatement
from gateway.store.tables import (
    client,
    log_origin,
    notice_version,
    offer,
    offer_version,
    org_policy,
    partner,
    registry_version,
    signing_key,
)
from partners import PartnerState, client_from_content, offer_from_content, partner_from_content

OnVersion = Callable[[int], None]
"""Takes the registry's version that a statement has read, before anything is decided."""

_VERSION = PreparedStatement(lambda _: select(registry_version.c.version))


def current_version(connection: Connection) -> int:
    """Read the registry's version, one tiny row that every transaction reads first."""
    version: int = _VERSION(connection)[0].version
    return version


def told_version() -> ColumnElement[int]:
    """Give the registry's version as a column, for statements that many transactions begin with."""
    return select(registry_version.c.version).scalar_subquery().label("registry_version")


def tell_version(connection: Connection, rows: Sequence[Any], know: OnVersion) -> None:
    """Report the version from rows that hold `told_version`; read it separately where there are no rows."""
    know(rows[0].registry_version if rows else current_version(connection))


def ignore_version(_: int) -> None:
    """Ignore the version, because the surrounding transaction has already read it."""


def bump_version(connection: Connection) -> None:
    """Make every node reload its snapshot at its next transaction."""
    connection.execute(update(registry_version).values(version=registry_version.c.version + 1))


def load_registry(connection: Connection) -> Registry:
    """Load everything that changes rarely."""
    version = current_version(connection)
    keys = _signing_keys(connection)
    return Registry(
        version=version,
        partners={
            row.partner_id: RegisteredPartner(partner_from_content(row.content), PartnerState(row.state))
            for row in connection.execute(select(partner))
        },
        clients={
            row.client_id: RegisteredClient(
                client_from_content(row.content),
                row.secret_digest,
                row.nonce_reason,
                row.left_at,
                row.neither_reason,
            )
            for row in connection.execute(select(client))
        },
        offers=_offers(connection),
        signing_keys=tuple(key for key in keys if key.alg != LOG_ALG),
        log_keys=tuple(key for key in keys if key.alg == LOG_ALG),
        log_origins=tuple(
            LogOrigin(**row._mapping)
            for row in connection.execute(select(log_origin).order_by(log_origin.c.number))
        ),
        gates={
            (row.organisation_id, row.partner_id): SchoolGate(row.decision)
            for row in connection.execute(select(org_policy))
        },
    )


def _signing_keys(connection: Connection) -> list[SigningKey]:
    statement = select(signing_key).order_by(signing_key.c.created_at, signing_key.c.alg, signing_key.c.kid)
    return [SigningKey(**row._mapping) for row in connection.execute(statement)]


def _offers(connection: Connection) -> dict[str, LiveOffer]:
    live = (offer_version.c.offer_id == offer.c.offer_id) & (offer_version.c.version == offer.c.live_version)
    offers = {
        row.offer_id: LiveOffer(offer_from_content(row.content), row.version, {})
        for row in connection.execute(select(offer_version).join(offer, live))
    }
    notices: dict[str, dict[str, Notice]] = {offer_id: {} for offer_id in offers}
    current = (notice_version.c.offer_id == offer.c.offer_id) & (
        notice_version.c.offer_version == offer.c.live_version
    )
    for row in connection.execute(select(notice_version).join(offer, current)):
        notices[row.offer_id][row.language] = notice_from_row(row)
    material = (
        select(offer_version.c.offer_id, func.max(offer_version.c.version))
        .join(offer, offer.c.offer_id == offer_version.c.offer_id)
        .where(offer_version.c.material, offer_version.c.version <= offer.c.live_version)
        .group_by(offer_version.c.offer_id)
    )
    newest: dict[str, int] = {row[0]: row[1] for row in connection.execute(material)}
    return {
        offer_id: LiveOffer(found.offer, found.version, notices[offer_id], newest.get(offer_id, 1))
        for offer_id, found in offers.items()
    }


def notice_from_row(row: object) -> Notice:
    """Read one notice version."""
    return Notice(**{name: getattr(row, name) for name in Notice.__dataclass_fields__})


def look_at_registry(connection: Connection, asks: Sequence[None]) -> Sequence[None]:
    """Do only what every transaction does first: bring the snapshot up to date."""
    return list(asks)
