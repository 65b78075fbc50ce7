"""What the pages of connected services show."""

from typing import Literal

from gateway.actions.consent.consents import OwnConsent
from gateway.actions.services import day_of
from gateway.kit.clock import DAY
from gateway.model.deletions import Deletion, DeletionState
from gateway.model.grants import LIVE, Grant, GrantState, ReasonCode
from gateway.model.ledger.handoffs import Handoff
from gateway.model.registry import SchoolGate
from gateway.store.consent.complaints import Complaint
from gateway.store.consent.grants import GrantLine
from gateway.web.consent.event_views import event_view, with_before
from gateway.web.consent.screen_views import form_words, partner_view
from gateway.web.pages import views
from gateway.web.pages.complaint_words import ANSWER_WORDS, COMPLAINT_WORDS
from gateway.web.pages.formats import later, say
from gateway.web.pages.timeline import timeline
from gateway.web.pages.visit import Visit
from gateway.web.pages.wording import (
    field_label,
    offer_benefit,
    offer_name,
    purpose_label,
    so_that,
    spoken,
    value_words,
)

ONLY_SIGNING_IN = later("nothing, only signing in")


def service_line(visit: Visit, line: GrantLine) -> views.ServiceLine:
    """Show a service in the list."""
    registry, grant = visit.services.registry, line.grant
    return views.ServiceLine(
        brand=registry.partners[grant.partner_id].partner.brand,
        offer=offer_name(registry.offers[grant.offer_id].offer),
        state=state_of(visit, line),
        url=f"/connected/{grant.grant_id}",
        fields=fields_of(grant),
        since=line.created_at,
        until=_last_second(grant) if grant.state in LIVE else None,
        ended_at=_ended_at(visit, line),
        waiting_for="guardian" if grant.state is GrantState.WAITING else "",
        last_handoff_at=line.last_handoff_at,
        handoff_count=line.handoff_count.number,
        more_handoffs=line.handoff_count.is_more,
        reads_left=line.uses_left,
        reads_allowed=grant.use_limit,
    )


def fields_of(grant: Grant) -> tuple[str, ...]:
    """Name what a grant covers, each field once, or signing in where it covers no field."""
    if grant.only_signs_in:
        return (say(ONLY_SIGNING_IN),)
    return tuple(dict.fromkeys(field_label(each.item.field) for each in grant.items))


def state_of(visit: Visit, line: GrantLine) -> views.ServiceState:
    """Name the state of a combined service as its person and guardian see it."""
    registry, grant = visit.services.registry, line.grant
    if _ended_at(visit, line) is not None:
        return "ended"
    if grant.state is GrantState.WAITING:
        return "waiting"
    if line.is_used_up and grant.state is GrantState.ACTIVE:
        return "used_up"
    if grant.terms_version < registry.offers[grant.offer_id].material_version or _came_of_age(grant):
        return "changed"
    is_open = registry.partners[grant.partner_id].is_live and _is_open_at_school(visit, line)
    return "live" if is_open and grant.state is GrantState.ACTIVE else "paused"


def _came_of_age(grant: Grant) -> bool:
    return grant.paused_for is ReasonCode.AGE_TRANSITION


def _is_open_at_school(visit: Visit, line: GrantLine) -> bool:
    gate = visit.services.registry.gate_of(line.organisation_id, line.grant.partner_id)
    return gate is SchoolGate.ALLOW


def _ended_at(visit: Visit, line: GrantLine) -> int | None:
    grant = line.grant
    if grant.state not in LIVE:
        return line.ended_at or line.created_at
    return grant.ends_at if visit.services.clock() >= grant.ends_at else None


def service_detail(
    visit: Visit, found: OwnConsent, errors: tuple[views.FieldError, ...] = ()
) -> views.ConnectedDetailView:
    """Show one service with every hand-off and decision, and what can be done with it."""
    line, offer = found.detail.line, found.offer
    grant, here = line.grant, f"/connected/{line.grant.grant_id}"
    partner = visit.services.registry.partners[grant.partner_id]
    state = state_of(visit, line)
    shorter = _shorter(grant, visit.services.clock()) if state in ("live", "paused") else None
    return views.ConnectedDetailView(
        chrome=visit.chrome("connected"),
        partner=partner_view(partner),
        offer=offer_name(offer),
        benefit=spoken(offer_benefit(offer)),
        state=state,
        signs_in=grant.only_signs_in,
        items=_items(found, partner.partner.brand, f"{here}/off" if state != "ended" else ""),
        handoffs=tuple(_handoff(each, found.own_uses[each.handoff_id]) for each in found.handoffs),
        timeline=timeline(
            [(each.at, found.own_uses[each.handoff_id]) for each in found.handoffs], visit.services.clock()
        ),
        archived_before=found.archived_before,
        events=tuple(reversed([event_view(*each) for each in with_before(found.detail.events)])),
        notice_url=f"{here}/notice",
        notice_version=grant.offer_version,
        kept_seconds=offer.retention_days * DAY,
        since=line.created_at,
        until=_last_second(grant) if state != "ended" else None,
        ended_at=_ended_at(visit, line),
        waiting_for=_waits_for(found),
        stop_action="" if state == "ended" else f"{here}/stop",
        can_ask_deletion=can_ask_deletion(visit, grant),
        deletion=deletion_steps(visit, found.deletion),
        complain_action=f"{here}/complain",
        complaints=tuple(
            views.Option(value=kind, label=say(words)) for kind, words in COMPLAINT_WORDS.items()
        ),
        complained=tuple(
            views.Fact(label=say(COMPLAINT_WORDS[each.kind]), value=_complaint(each))
            for each in found.complaints
        ),
        reads_left=line.uses_left,
        reads_allowed=grant.use_limit,
        shorten_action=f"{here}/shorten" if shorter else "",
        shorter=shorter,
        errors=errors,
        pause_action=f"{here}/pause" if state == "live" else "",
        resume_action=f"{here}/resume" if grant.paused_for is ReasonCode.USER_REQUEST else "",
        ask_again_action=f"{here}/ask-again" if _is_refusal(line) else "",
        letters=found.post.letters if found.post else 0,
        last_letter_at=found.post.last_at if found.post else None,
        reveal_url="" if found.is_fresh else f"/reauthenticate?next={here}",
    )


def _items(found: OwnConsent, brand: str, off: str) -> tuple[views.AgreedItem, ...]:
    """Show each shared item and where to switch it off; needed or ended items cannot be switched off."""
    return tuple(
        views.AgreedItem(
            label=field_label(each.item.field),
            value=value_words(each.item.field, each.value),
            form=form_words(each.item.field, each.item.form),
            so_that=so_that(each.item.purpose, partner=brand, service=offer_name(found.offer)),
            needed=each.is_needed,
            off_action=f"{off}/{each.item.field}/{each.item.purpose}" if off and not each.is_needed else "",
            older_copy_at=each.older_copy_at,
        )
        for each in found.items
    )


def can_ask_deletion(visit: Visit, grant: Grant) -> bool:
    """Tell whether a partner can be asked through us to delete what it got by this grant."""
    partner = visit.services.registry.partners[grant.partner_id].partner
    return grant.state in LIVE and partner.deletion_uri is not None


DELETION_WORDS = {
    DeletionState.RECEIVED: later("They have got our request"),
    DeletionState.DONE: later("They say that it is deleted"),
    DeletionState.REFUSED: later("They say that they must keep some of it"),
    DeletionState.OVERDUE: later("They are late; our administrators see it"),
}


def deletion_steps(visit: Visit, deletion: Deletion | None) -> tuple[views.Event, ...]:
    """Tell which deletions were asked for and what came of each, the newest first."""
    if deletion is None:
        return ()
    steps = [
        (deletion.asked_at, say(later("They were asked to delete what they have"))),
        (deletion.received_at, say(DELETION_WORDS[DeletionState.RECEIVED])),
    ]
    if deletion.outcome is not None:
        steps.append((deletion.answered_at, say(DELETION_WORDS[DeletionState(deletion.outcome)])))
    if deletion.state(visit.services.clock()) is DeletionState.OVERDUE:
        steps.append((deletion.late_from, say(DELETION_WORDS[DeletionState.OVERDUE])))
    return tuple(views.Event(at=at, what=what, actor="") for at, what in reversed(steps) if at is not None)


def _last_second(grant: Grant) -> int | None:
    """Tell when a grant ends; a child's wish has no end yet, as its time begins with the guardian's yes."""
    is_open = grant.state is GrantState.WAITING and not grant.is_to_a_day
    return None if is_open else grant.valid_until


def _waits_for(found: OwnConsent) -> Literal["", "guardian", "nobody"]:
    if found.detail.line.grant.state is not GrantState.WAITING:
        return ""
    return "guardian" if found.has_guardian else "nobody"


def _complaint(complaint: Complaint) -> str:
    """Give a complaint's reference, and its answer once there is one."""
    if not complaint.answer:
        return complaint.complaint_id
    return f"{complaint.complaint_id} · {say(ANSWER_WORDS[complaint.answer])}"


def _shorter(grant: Grant, now: int) -> views.OwnDay | None:
    """Offer the days on which a service can end sooner; None where no whole day is left."""
    first, last = day_of(now), day_of(grant.valid_until - DAY)
    return views.OwnDay(first=str(first), last=str(last)) if first <= last else None


def _is_refusal(line: GrantLine) -> bool:
    return line.grant.state is GrantState.REFUSED and line.ended_at is None


USE_WORDS = {
    True: later("you were there"),
    False: later("fetched without you"),
    None: later("not known any more"),
}


def _handoff(handoff: Handoff, is_own: bool | None) -> views.HandoffLine:
    return views.HandoffLine(
        at=handoff.at,
        what=tuple(dict.fromkeys(field_label(each.item.field) for each in handoff.items)),
        purposes=tuple(dict.fromkeys(purpose_label(each.item.purpose) for each in handoff.items)),
        endpoint=handoff.endpoint,
        who=say(USE_WORDS[is_own]),
        check_url=f"/connected/{handoff.grant_id}/check/{handoff.handoff_id}",
    )
