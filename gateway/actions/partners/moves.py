"""What an administrator moves a partner to: review, draft, paused, live again."""

from collections.abc import Mapping
from enum import StrEnum, auto

from gateway.actions.letters import sealed_content
from gateway.actions.partners.records import get_record, partner_action
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.model.grants import ReasonCode
from gateway.store.consent.grants import count_live
from gateway.store.letters import HOLDING
from gateway.store.partners.partners import PartnerRecord, StateChange, move_partners
from partners import MoveError, PartnerState, check_move


class PartnerMove(StrEnum):
    """What an administrator can do with a partner besides approving what it handed in, and ending it."""

    REVIEW = auto()
    RETURN = auto()
    PAUSE = auto()
    RESUME = auto()


TARGETS: Mapping[PartnerMove, PartnerState] = {
    PartnerMove.REVIEW: PartnerState.REVIEW,
    PartnerMove.RETURN: PartnerState.DRAFT,
    PartnerMove.PAUSE: PartnerState.PAUSED,
    PartnerMove.RESUME: PartnerState.LIVE,
}


def can_move(record: PartnerRecord, move: PartnerMove) -> bool:
    """Tell whether a partner's state allows a move."""
    try:
        _check(record, move)
    except MoveError:
        return False
    return True


def _check(record: PartnerRecord, move: PartnerMove) -> None:
    """Check a move.

    Raises:
        MoveError: the state does not allow it.
    """
    state = PartnerState(record.state)
    if record.ends_at is not None:
        raise MoveError("it is about to end; that can only be called off")
    check_move(state, TARGETS[move])
    if move is PartnerMove.RESUME and state is not PartnerState.PAUSED:
        raise MoveError("only what is paused resumes; what is in review is approved")
    if move is PartnerMove.REVIEW and record.pending_manifest is None:
        raise MoveError("there is nothing to review")


async def move_partner(
    services: Services, actor_id: str, partner_id: str, move: PartnerMove, reason: ReasonCode | None
) -> None:
    """Move a partner; every node knows at its next transaction.

    Raises:
        Refusal: ``not_found``, or ``stale_form`` when its state does not allow the move (any more).
    """
    record = await get_record(services, partner_id)
    live_grants = await services.store.read(count_live, partner_id)
    try:
        _check(record, move)
    except MoveError as error:
        raise Refusal("stale_form", detail=str(error)) from None
    action = partner_action(
        services, actor_id, f"{move}_partner", partner_id, reason, live_grants=str(live_grants)
    )
    holds = move is PartnerMove.PAUSE
    letters = (sealed_content(services, HOLDING, {"partner_id": partner_id}),) if holds else ()
    change = StateChange(partner_id, record.state, TARGETS[move], services.clock(), action, letters)
    if not await services.store.run(move_partners, change):
        raise Refusal("stale_form", detail="the partner's state changed in the meantime")
