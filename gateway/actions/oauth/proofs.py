"""Proof of possession: the request's DPoP proof, checked and used up (RFC 9449)."""

from gateway.actions.clients import BackRequest
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.oauth.proofs.dpop import NONCE_PERIOD, Presented, Proof, read_proof
from gateway.store.oauth.proofs import ProofUse, use_proofs

_PLACE = "dpop_nonce"


def nonce(services: Services, *, before: int = 0) -> str:
    """Make the nonce of now or of some periods ago; every node derives the same one and stores none."""
    return services.seal.signature(_PLACE, str(services.clock() // NONCE_PERIOD - before))


def look_at_proof(
    services: Services, proofs: tuple[bytes, ...], method: str, path: str, access_token: str | None = None
) -> Proof | None:
    """Check the proof of a request to one of our paths; it is not used up yet. None when there is none."""
    if not proofs:
        # Nearly every request comes without a proof and needs no nonces.
        return None
    settings = services.settings
    presented = Presented(
        proofs=proofs,
        method=method,
        # Both addresses are this server's, so a proof used at one is used up at the other (RFC 8705 §5).
        addresses=tuple(host + path for host in (settings.issuer, settings.mtls_url) if host),
        now=services.clock(),
        nonces=(nonce(services), nonce(services, before=1)),
        access_token=access_token,
        needs_nonce=settings.dpop_nonce,
    )
    return read_proof(presented)


def use_of(services: Services, proof: Proof) -> ProofUse:
    """Plan to use a proof up."""
    return ProofUse(proof.proof_digest, services.ids(Kind.PROOF), proof.expires_at, services.clock())


async def prove(services: Services, request: BackRequest, path: str) -> str | None:
    """Check a back-channel request's proof and use it up.

    Returns:
        The thumbprint of the key that the client holds; None when there was no proof.

    Raises:
        Refusal: ``invalid_dpop_proof`` or ``use_dpop_nonce``.
    """
    proof = look_at_proof(services, request.proofs, "POST", path)
    if proof is None:
        return None
    if not await services.store.lane(use_proofs).submit(use_of(services, proof)):
        raise replayed()
    return proof.jkt


def replayed() -> Refusal:
    """Refuse a proof that was used before."""
    return Refusal("invalid_dpop_proof", detail="replayed proof", hint="The proof's jti was used before.")
