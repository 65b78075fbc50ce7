"""Asking partners to delete what they hold: written with a stop, delivered until received, answered by them."""

import asyncio
from dataclasses import dataclass

from gateway.actions.admin_record import act_of
from gateway.actions.clients import BackRequest, authenticate_client
from gateway.actions.logouts import BATCH, LEASE, WAITS, Courier
from gateway.actions.services import Services
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.logs import log
from gateway.kit.outbound import OutboundFault
from gateway.model.deletions import Deletion, DeletionOutcome
from gateway.model.grants import Grant
from gateway.model.nodes import Work
from gateway.oauth.answers.deletions import TYPE, deletion_token
from gateway.store.admin_actions import AdminAction
from gateway.store.consent.grants import find_grants
from gateway.store.engine.registry import look_at_registry
from gateway.store.oauth.logouts import DeliveryClaim
from gateway.store.partners.deletions import (
    Heard,
    Late,
    claim_deletions,
    find_deletions,
    hear_deletions,
    load_late_deletions,
    retry_deletions,
)

MOST_LATE = 50
ALL_WAITS = (*WAITS, *WAITS[-1:] * 4)
"""Seconds between one attempt and the next: they go on until silence is late."""
_ANSWERS = {202: None, 200: DeletionOutcome.DONE, 204: DeletionOutcome.DONE}
"""What a partner's status says: 202 that it took the request in (RFC 8935 §2.2), the others that it is done."""


@dataclass(frozen=True, slots=True)
class AskedDeletion:
    """A request, and the act of whoever asks."""

    deletion: Deletion
    action: AdminAction


def ask_deletion(services: Services, grant: Grant, actor_id: str = "") -> AskedDeletion | None:
    """Make the request that goes out when a grant ends; None where the partner cannot be asked through us.

    Args:
        actor_id: who asks, if not the person.
    """
    if services.registry.partners[grant.partner_id].partner.deletion_uri is None:
        return None
    now = services.clock()
    offer = services.registry.offers[grant.offer_id].offer
    # Whoever only signed in has left a number there, which is kept as long as anything else.
    kept = max((each.retention_days for each in grant.items), default=offer.retention_days)
    request_id = services.ids(Kind.DELETION)
    deletion = Deletion(request_id, grant.grant_id, grant.partner_id, now, now + kept * DAY, due_at=now)
    act = act_of(services, actor_id or grant.person_id, "ask_deletion", "grant", grant.grant_id)
    return AskedDeletion(deletion, act)


async def answer_deletion(services: Services, request: BackRequest) -> None:
    """Take a partner's word that it has deleted, or must keep some of it; saying it again changes nothing.

    Raises:
        Refusal: ``invalid_client``, or ``invalid_request`` for an unknown request and another partner's alike.
    """
    await services.store.lane(look_at_registry, reads=True).submit(None)
    client = (await authenticate_client(services, request, may_be_paused=True)).client
    outcome = request.parameters.get("outcome")
    if outcome not in tuple(DeletionOutcome):
        raise Refusal(
            "invalid_request", detail="outcome", hint="The parameter outcome must be done or refused."
        )
    found = await services.store.read(find_deletions, request.parameters.get("deletion", ""))
    if found is None or found.partner_id != client.partner_id:
        raise Refusal(
            "invalid_request", detail="unknown deletion", hint="The parameter deletion names no request."
        )
    await _hear(services, found, client.client_id, DeletionOutcome(outcome))


async def _hear(
    services: Services, deletion: Deletion, actor_id: str, outcome: DeletionOutcome | None
) -> None:
    act = act_of(services, actor_id, f"deletion_{outcome or 'received'}", "grant", deletion.grant_id)
    await services.store.run(hear_deletions, Heard(deletion.request_id, outcome, act))


async def see_late_deletions(services: Services, partner_id: str) -> list[Deletion]:
    """List what a partner was asked to delete and is late with, the oldest first."""
    question = Late(partner_id, services.clock(), MOST_LATE)
    return await services.store.read(load_late_deletions, question)


class DeletionCourier(Courier):
    """Delivers requests that are due, now and then; a partner that has ended is told too."""

    work = Work.DELETIONS

    async def deliver(self) -> int:
        """Try everything that is due now; gives the number of attempts."""
        services, now = self._services, self._services.clock()
        due = await services.store.run(claim_deletions, DeliveryClaim(now, now + LEASE, BATCH))
        await asyncio.gather(*map(self._ask, due))
        return len(due)

    async def _ask(self, deletion: Deletion) -> None:
        services = self._services
        try:
            status = await self._post(deletion)
        except OutboundFault as fault:
            await self._again(deletion, str(fault))
            return
        if status in _ANSWERS:
            await _hear(services, deletion, deletion.partner_id, _ANSWERS[status])
        else:
            await self._again(deletion, f"status {status}")

    async def _post(self, deletion: Deletion) -> int:
        services, registry = self._services, self._services.registry
        address = registry.partners[deletion.partner_id].partner.deletion_uri
        grant = await services.store.read(find_grants, deletion.grant_id)
        if address is None or grant is None:
            raise OutboundFault("nowhere to ask")
        subjects = {
            client_id: services.subject(each, grant.person_id)
            for client_id, each in registry.clients.items()
            if (each.client.partner_id, each.client.offer_id) == (grant.partner_id, grant.offer_id)
        }
        token = deletion_token(services.terms(), deletion, grant, subjects)
        return await services.outbound.post(address, token.encode(), f"application/{TYPE}")

    async def _again(self, deletion: Deletion, reason: str) -> None:
        services, is_last = self._services, deletion.attempts > len(ALL_WAITS)
        log().warning(
            "deletion_not_delivered", partner_id=deletion.partner_id, reason=reason, is_given_up=is_last
        )
        due_at = None if is_last else services.clock() + ALL_WAITS[deletion.attempts - 1]
        await services.store.run(retry_deletions, (deletion.request_id, due_at))
