"""What the pages of connected services show."""

from collections.abc import Iterable, Mapping
from typing import Literal

from gateway.actions.consent.consents import OwnConsent
from gateway.actions.grants.lines import OwnLine, Received
from gateway.actions.grants.pauses import pause_sentences
from gateway.actions.services import day_of
from gateway.consent.pauses import Pause, PauseCause
from gateway.kit.clock import DAY
from gateway.model.deletions import Deletion, DeletionState
from gateway.model.grants import LIVE, ActorKind, Grant, GrantState, ReasonCode
from gateway.model.ledger.handoffs import Handoff
from gateway.store.consent.complaints import Complaint
from gateway.store.consent.grants import GrantLine
from gateway.web.consent.event_views import event_view, merged_history, with_before
from gateway.web.consent.screen_views import form_words, partner_view
from gateway.web.pages import views
from gateway.web.pages.complaint_words import ANSWER_WORDS, COMPLAINT_WORDS
from gateway.web.pages.formats import later, say
from gateway.web.pages.timeline import timeline
from gateway.web.pages.views.consents import DetailsWord
from gateway.web.pages.visit import Visit
from gateway.web.pages.wording import (
    field_label,
    language,
    offer_benefit,
    offer_name,
    purpose_label,
    so_that,
    spoken,
    value_words,
)

ONLY_SIGNING_IN = later("nothing, only signing in")


def service_line(visit: Visit, own: OwnLine) -> views.ServiceLine:
    """Show a service in the list."""
    registry, line, grant = visit.services.registry, own.line, own.line.grant
    word, fields = details_of(visit, own)
    return views.ServiceLine(
        brand=registry.partners[grant.partner_id].partner.brand,
        offer=offer_name(registry.offers[grant.offer_id].offer),
        state=state_of(visit, own),
        url=f"/connected/{grant.grant_id}",
        word=word,
        fields=fields,
        pause=pause_note(visit, grant, own.pause),
        since=line.created_at,
        until=_last_second(grant) if grant.state in LIVE else None,
        ended_at=line.over_at(visit.services.clock()),
        refused_by=refused_by(line),
        may_ask_at=may_ask_at(visit, line),
        ask_again_action=ask_again_action(line),
        last_handoff_at=line.last_handoff_at,
        handoff_count=line.handoff_count.number,
        more_handoffs=line.handoff_count.is_more,
        reads_left=line.uses_left,
        reads_allowed=grant.use_limit,
    )


def details_of(visit: Visit, own: OwnLine) -> tuple[DetailsWord, tuple[str, ...]]:
    """Name details by the one word that is so of them.

    *Received* comes from hand-offs alone, *may read* from a grant that stands, *asked for* from a wish.
    """
    grant = own.line.grant
    if grant.state is GrantState.REFUSED:
        return "asked", asked_of(grant)
    if own.line.over_at(visit.services.clock()) is not None:
        return "received", _labels(each.item.field for each in own.received)
    return "asked" if grant.state is GrantState.WAITING else "may_read", fields_of(grant)


def asked_of(grant: Grant) -> tuple[str, ...]:
    """Name what a refusal was about: the wish that a guardian refused, or all that the person left out."""
    return _labels([each.item.field for each in grant.items] or [each.field for each in grant.left_out])


def fields_of(grant: Grant) -> tuple[str, ...]:
    """Name what a grant covers, each field once, or signing in where it covers no field."""
    if grant.only_signs_in:
        return (say(ONLY_SIGNING_IN),)
    return _labels(each.item.field for each in grant.items)


def _labels(fields: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(field_label, fields)))


STATES: Mapping[PauseCause, views.ServiceState] = {
    PauseCause.YOU: "paused",
    PauseCause.ACCOUNT: "paused",
    PauseCause.WISH: "waiting",
    PauseCause.GUARDIANS: "paused",
    PauseCause.BASIS: "changed",
    PauseCause.AGE: "changed",
    PauseCause.SCHOOL: "paused",
    PauseCause.TERMS: "changed",
    PauseCause.USES: "used_up",
    PauseCause.COMPLAINTS: "paused",
    PauseCause.BRAKE: "paused",
    PauseCause.ENDING: "paused",
}
"""The state that a service is in while something holds it back."""


def state_of(visit: Visit, own: OwnLine) -> views.ServiceState:
    """Name the state of a combined service as its person and guardian see it."""
    if own.line.grant.state is GrantState.REFUSED:
        return "refused"
    if own.line.over_at(visit.services.clock()) is not None:
        return "ended"
    return STATES[own.pause.cause] if own.pause else "live"


def pause_note(visit: Visit, grant: Grant, pause: Pause | None) -> views.PauseNote | None:
    """Say who holds a service back and why, since when, and how it goes on."""
    if pause is None:
        return None
    brand = visit.services.registry.partners[grant.partner_id].partner.brand
    why, way = pause_sentences(pause.cause, language(), brand)
    return views.PauseNote(why=why, way=way, since=pause.since)


def refused_by(line: GrantLine) -> Literal["", "you", "guardian"]:
    """Tell whose no a refusal is; empty for what is none."""
    if line.grant.state is not GrantState.REFUSED:
        return ""
    return "guardian" if line.latest.actor_kind is ActorKind.GUARDIAN else "you"


def may_ask_at(visit: Visit, line: GrantLine) -> int | None:
    """Tell from when on a partner that was refused may ask again; None where it may already."""
    at = line.latest.at + visit.services.settings.decline_memory
    is_remembered = refused_by(line) and line.ended_at is None and visit.services.clock() < at
    return at if is_remembered else None


def ask_again_action(line: GrantLine) -> str:
    """Give where a no of the person's own is taken back; a guardian's is the guardian's."""
    is_open = refused_by(line) == "you" and line.ended_at is None
    return f"/connected/{line.grant.grant_id}/ask-again" if is_open else ""


def service_detail(
    visit: Visit, found: OwnConsent, errors: tuple[views.FieldError, ...] = ()
) -> views.ConnectedDetailView:
    """Show one service with every hand-off and decision, and what can be done with it."""
    line, offer = found.detail.line, found.offer
    grant, here = line.grant, f"/connected/{line.grant.grant_id}"
    partner = visit.services.registry.partners[grant.partner_id]
    state = state_of(visit, OwnLine(line, found.pause, ()))
    is_over = state in ("ended", "refused")
    shorter = _shorter(grant, visit.services.clock()) if state in ("live", "paused") else None
    return views.ConnectedDetailView(
        chrome=visit.chrome("connected"),
        partner=partner_view(partner),
        offer=offer_name(offer),
        benefit=spoken(offer_benefit(offer)),
        state=state,
        signs_in=grant.only_signs_in and not is_over,
        items=() if is_over else _items(found, partner.partner.brand, f"{here}/off"),
        received=received_lines(found.received),
        asked=asked_of(grant) if state == "refused" else (),
        pause=pause_note(visit, grant, found.pause),
        nobody=not found.has_guardian,
        refused_by=refused_by(line),
        may_ask_at=may_ask_at(visit, line),
        handoffs=tuple(_handoff(each, found.own_uses[each.handoff_id]) for each in found.handoffs),
        timeline=timeline(
            [(each.at, found.own_uses[each.handoff_id]) for each in found.handoffs], visit.services.clock()
        ),
        archived_before=found.archived_before,
        events=history(found),
        notice_url=f"{here}/notice",
        notice_version=grant.offer_version,
        kept_seconds=max((each.retention_days for each in grant.items), default=offer.retention_days) * DAY,
        since=line.created_at,
        until=None if is_over else _last_second(grant),
        ended_at=line.over_at(visit.services.clock()),
        stop_action="" if is_over else f"{here}/stop",
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
        ask_again_action=ask_again_action(line),
        letters=found.post.letters if found.post else 0,
        last_letter_at=found.post.last_at if found.post else None,
        reveal_url="" if found.is_fresh or is_over else f"/reauthenticate?next={here}",
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
    DeletionState.ASKED: later("Deletion was asked for. They have not taken it in yet"),
    DeletionState.RECEIVED: later("They took it in"),
    DeletionState.DONE: later("They say that it is deleted"),
    DeletionState.REFUSED: later("They say that they must keep some of it"),
    DeletionState.OVERDUE: later("They are late; our administrators see it"),
}


def deletion_steps(visit: Visit, deletion: Deletion | None) -> tuple[views.Event, ...]:
    """Tell which deletions were asked for and what came of each, the newest first; delivered only once it was."""
    if deletion is None:
        return ()
    is_in = deletion.received_at is not None
    asked = say(later("Deletion was asked for")) if is_in else say(DELETION_WORDS[DeletionState.ASKED])
    steps = [
        (deletion.asked_at, asked),
        (deletion.received_at, say(DELETION_WORDS[DeletionState.RECEIVED])),
    ]
    if deletion.outcome is not None:
        steps.append((deletion.answered_at, say(DELETION_WORDS[DeletionState(deletion.outcome)])))
    if deletion.state(visit.services.clock()) is DeletionState.OVERDUE:
        steps.append((deletion.late_from, say(DELETION_WORDS[DeletionState.OVERDUE])))
    return tuple(views.Event(at=at, what=what, actor="") for at, what in reversed(steps) if at is not None)


def received_lines(received: Iterable[Received]) -> tuple[views.ReceivedLine, ...]:
    """Show what was received and may be read no more: each detail once for each form."""
    found: dict[tuple[str, str], views.ReceivedLine] = {}
    for each in received:
        if each.gone_by is None:
            continue
        label, form = field_label(each.item.field), form_words(each.item.field, each.item.form)
        known = found.get((label, form))
        found[label, form] = views.ReceivedLine(
            label=label,
            form=form,
            first_at=min(each.first_at, known.first_at) if known else each.first_at,
            last_at=max(each.last_at, known.last_at) if known else each.last_at,
            gone_by=max(each.gone_by, known.gone_by) if known else each.gone_by,
        )
    return tuple(found.values())


def history(found: OwnConsent) -> tuple[views.Event, ...]:
    """Tell what was decided about a service, the newest first: on it, and on everybody's or a school's together."""
    return merged_history(
        [event_view(*each) for each in with_before(found.detail.events)], found.acts, found.pause
    )


def _last_second(grant: Grant) -> int | None:
    """Tell when a grant ends; a child's wish has no end yet, as its time begins with the guardian's yes."""
    is_open = grant.state is GrantState.WAITING and not grant.is_to_a_day
    return None if is_open else grant.valid_until


def _complaint(complaint: Complaint) -> str:
    """Give a complaint's reference, and its answer once there is one."""
    if not complaint.answer:
        return complaint.complaint_id
    return f"{complaint.complaint_id} · {say(ANSWER_WORDS[complaint.answer])}"


def _shorter(grant: Grant, now: int) -> views.OwnDay | None:
    """Offer the days on which a service can end sooner; None where no whole day is left."""
    first, last = day_of(now), day_of(grant.valid_until - DAY)
    return views.OwnDay(first=str(first), last=str(last)) if first <= last else None


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
