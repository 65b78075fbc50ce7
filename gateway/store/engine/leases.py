"""Leases: they let one node at a time do work that only one may do; any node can take over."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, update

from gateway.store.engine.statements import insert_or_lock
from gateway.store.tables import lease


@dataclass(frozen=True, slots=True)
class LeaseClaim:
    """A node's wish to hold a role.

    Attributes:
        ttl: seconds after which another node may take over.
    """

    name: str
    holder: str
    now: int
    ttl: int


def hold(connection: Connection, claim: LeaseClaim) -> bool:
    """Take or renew a lease; False when another node holds it.

    The row stays locked until the transaction ends. So even two nodes that both believe to hold the lease, their
    clocks being apart, work one after the other: the lease saves work, the lock makes it right.
    """
    fresh = {"name": claim.name, "holder": claim.holder, "expires_at": claim.now + claim.ttl}
    row = insert_or_lock(connection, lease, fresh)
    # A lease that ends later than any can last was written by a clock that has been set back since.
    is_foreign = row.holder != claim.holder and claim.now < row.expires_at <= claim.now + claim.ttl
    if not is_foreign:
        connection.execute(update(lease).where(lease.c.name == claim.name).values(fresh))
    return not is_foreign


def let_go(connection: Connection, claims: Sequence[LeaseClaim]) -> Sequence[None]:
    """Release leases; those of other holders stay as they are."""
    for each in claims:
        own = (lease.c.name == each.name) & (lease.c.holder == each.holder)
        connection.execute(update(lease).where(own).values(expires_at=each.now))
    return [None] * len(claims)
