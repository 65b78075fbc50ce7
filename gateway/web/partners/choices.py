"""What an administrator may do with a partner now: moves, the end, a rejection, and what waits for a second person."""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.actions.administration.waiting_kinds import KINDS
from gateway.actions.partners.moves import PartnerMove
from gateway.actions.partners.overview import SeenPartner
from gateway.model.administration.acts import ACTS, AdminAct
from gateway.model.administration.waiting import WaitingKind
from gateway.model.grants import ReasonCode
from gateway.model.people import Power, powers_of
from gateway.web.pages import views
from gateway.web.pages.admin_acts import step_up_first
from gateway.web.pages.administrating import password_first, reason_options
from gateway.web.pages.formats import say
from gateway.web.pages.visit import Visit

STOP_REASONS = (
    ReasonCode.SECURITY_INCIDENT,
    ReasonCode.PARTNER_BREACH,
    ReasonCode.MARKETING_COMPLAINT,
    ReasonCode.LEGAL_ORDER,
    ReasonCode.PARTNER_ENDED,
    ReasonCode.ADMIN_CORRECTION,
)
MOVE_ACTS: Mapping[PartnerMove, AdminAct] = MappingProxyType(
    {
        PartnerMove.REVIEW: AdminAct.REVIEW_PARTNER,
        PartnerMove.RETURN: AdminAct.RETURN_PARTNER,
        PartnerMove.PAUSE: AdminAct.PAUSE_PARTNER,
        PartnerMove.RESUME: AdminAct.RESUME_PARTNER,
    }
)
MOVE_KINDS: Mapping[PartnerMove, views.MoveKind] = MappingProxyType(
    {
        PartnerMove.REVIEW: "review",
        PartnerMove.RETURN: "return",
        PartnerMove.PAUSE: "pause",
        PartnerMove.RESUME: "resume",
    }
)


def moves(visit: Visit, seen: SeenPartner) -> tuple[views.StateMove, ...]:
    """Offer the moves that state and role allow; the brake works at one press, its reason being chosen already."""
    powers = powers_of(visit.signed_in.person.role)
    here = f"/admin/partners/{seen.record.partner_id}"
    moves = []
    wish = seen.wish(WaitingKind.GO_LIVE)
    # Whoever asked waits for another one.
    is_done = wish is not None and wish.asked_by == visit.signed_in.person.person_id
    if seen.review and seen.is_approvable and Power.REVIEW_PARTNER in powers and not is_done:
        moves.append(
            views.StateMove(
                kind="approve",
                action=f"{here}/approve",
                hidden=(("manifest", str(seen.review.version)),),
                reauthenticate_url=password_first(visit, here),
            )
        )
    for move in seen.moves:
        if ACTS[MOVE_ACTS[move]].power in powers:
            chosen = ReasonCode.SECURITY_INCIDENT if move is PartnerMove.PAUSE else None
            moves.append(
                views.StateMove(
                    kind=MOVE_KINDS[move],
                    action=f"{here}/{move}",
                    reasons=reason_options(STOP_REASONS, chosen) if move is PartnerMove.PAUSE else (),
                    reauthenticate_url=step_up_first(visit, MOVE_ACTS[move], here),
                )
            )
    return tuple(moves)


def wishes(seen: SeenPartner) -> tuple[views.PartnerWish, ...]:
    """Show what waits for a second person, and where to look at it."""
    return tuple(
        views.PartnerWish(
            title=say(KINDS[act.kind].title), url=f"/admin/waiting/{act.act_id}", asked_at=act.asked_at
        )
        for act in seen.wishes
    )


def end_of_partner(visit: Visit, seen: SeenPartner) -> views.PartnerEnd | None:
    """Offer the end for good with what it would do, or, where it is announced, to call it off."""
    here, ends_at = f"/admin/partners/{seen.record.partner_id}", seen.record.ends_at
    may = ACTS[AdminAct.END_PARTNER].power in powers_of(visit.signed_in.person.role)
    can_end = may and seen.can_end and seen.wish(WaitingKind.END_PARTNER) is None
    if not can_end and ends_at is None:
        return None
    return views.PartnerEnd(
        live_grants=seen.live_grants.number,
        more_grants=seen.live_grants.is_more,
        people=seen.people.number,
        more_people=seen.people.is_more,
        takes_two=visit.services.settings.approvals_needed > 1,
        end_action=f"{here}/end" if can_end else "",
        ends_at=ends_at,
        call_off_action=f"{here}/call-off" if ends_at is not None and may else "",
        reasons=reason_options(STOP_REASONS),
        reauthenticate_url=step_up_first(visit, AdminAct.END_PARTNER, here),
    )


def rejection(visit: Visit, seen: SeenPartner) -> views.RejectionForm | None:
    """Offer to reject a newer manifest; a partner that never was live goes back to draft instead."""
    may = Power.REVIEW_PARTNER in powers_of(visit.signed_in.person.role)
    if seen.review is None or seen.record.live_manifest is None or not may:
        return None
    action = f"/admin/partners/{seen.record.partner_id}/reject"
    return views.RejectionForm(action=action, hidden=(("manifest", str(seen.review.version)),))
