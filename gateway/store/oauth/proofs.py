"""The replay memory of DPoP proofs (RFC 9449 §11.1)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete

from gateway.store.engine.statements import insert_or_lock
from gateway.store.tables import dpop_proof


@dataclass(frozen=True, slots=True)
class ProofUse:
    """One use of a proof.

    Attributes:
        use_id: made before the transaction, so that repeating it is no replay.
        expires_at: from then on the proof would be refused anyway.
    """

    proof_digest: bytes
    use_id: str
    expires_at: int
    at: int


def use_proofs(connection: Connection, uses: Sequence[ProofUse]) -> Sequence[bool]:
    """Remember proofs; False for one that was used before. However many callers race, one wins."""
    if not uses:
        return []
    oldest = min(each.at for each in uses) - 3600
    connection.execute(delete(dpop_proof).where(dpop_proof.c.expires_at < oldest))
    winners = {
        # In the order of their keys, so that transactions cannot wait for each other in a circle.
        each.proof_digest: insert_or_lock(
            connection,
            dpop_proof,
            {
                "proof_digest": each.proof_digest,
                "use_id": each.use_id,
                "expires_at": each.expires_at,
            },
        ).use_id
        for each in sorted(uses, key=lambda use: use.proof_digest)
    }
    return [winners[each.proof_digest] == each.use_id for each in uses]
