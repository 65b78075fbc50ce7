"""Pages of connected services: the list, one service with every hand-off, switching off, stopping."""

import json
from collections.abc import Iterator
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.complaints import complain
from gateway.actions.connected import (
    ConnectedService,
    let_ask_again,
    list_connected,
    pause_sharing,
    resume_sharing,
    see_connected,
    see_notice,
    shorten_sharing,
    stop,
    stop_everything,
    switch_off,
)
from gateway.actions.own_record import own_record
from gateway.actions.own_record_schema import SCHEMA, schema
from gateway.actions.services import day_of
from gateway.consent.complaints import ComplaintKind
from gateway.consent.terms import DAY, end_of_day
from gateway.kit.errors import Refusal
from gateway.model.deletions import Deletion, DeletionState
from gateway.model.grants import LIVE, ActorKind, ConsentEvent, EventType, Grant, GrantState, ReasonCode
from gateway.model.handoffs import Handoff
from gateway.model.registry import Gate
from gateway.store.complaints import Complaint
from gateway.store.grants import GrantLine
from gateway.web import views
from gateway.web.answers import json_answer
from gateway.web.complaint_words import ANSWER_WORDS, COMPLAINT_WORDS
from gateway.web.consent_views import form_words, partner_view
from gateway.web.formats import later, say
from gateway.web.reason_words import reason_words
from gateway.web.step_up import stepped_up_export
from gateway.web.timeline import timeline
from gateway.web.visit import Visit, see_other, show, signed_in_page
from gateway.web.wording import EVENT_WORDS, field_label, purpose_label, so_that

OWN_EVENT_WORDS = {
    "asked": later("The guardian was asked"),
    "given": later("You said yes"),
    "refused": later("You said no"),
    "narrowed": later("A detail was switched off"),
    "widened": later("You added details"),
    "renewed": later("You said yes again"),
    "paused": later("Paused"),
    "resumed": later("Resumed"),
    "withdrawn": later("You stopped it"),
    "revoked": later("It was stopped for you"),
    "expired": later("It ran out"),
}
SHORTENED = later("It was made to end sooner")
ALLOWED_SHORTER = later("Given, for a shorter time")
OWN_ACTOR_WORDS = {
    "subject": later("you"),
    "guardian": later("your guardian"),
    "admin": later("an administrator"),
    "system": later("the service"),
}


async def connected(visit: Visit) -> Response:
    """List what is connected."""
    lines = await list_connected(visit.services, visit.signed_in)
    services = tuple(_line(visit, line) for line in lines)
    is_live = any(each.state != "ended" for each in services)
    view = views.ConnectedView(
        chrome=visit.chrome("connected"),
        services=services,
        record_url="/connected/my-record.json",
        record_page_url="/connected/my-record",
        stop_everything_action="/stop-everything" if is_live else "",
        can_ask_deletion=any(can_ask_deletion(visit, line.grant) for line in lines),
    )
    return show("connected", view)


def _line(visit: Visit, line: GrantLine) -> views.ConnectedService:
    registry, grant = visit.services.registry, line.grant
    return views.ConnectedService(
        brand=registry.partners[grant.partner_id].partner.brand,
        offer=registry.offers[grant.offer_id].offer.name,
        state=state_of(visit, line),
        url=f"/connected/{grant.grant_id}",
        fields=tuple(dict.fromkeys(field_label(each.item.field) for each in grant.items)),
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


def state_of(visit: Visit, line: GrantLine) -> views.ServiceState:
    """Name where a combined service stands, as its person and its guardian see it."""
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
    return gate is Gate.ALLOW


def _ended_at(visit: Visit, line: GrantLine) -> int | None:
    grant = line.grant
    if grant.state not in LIVE:
        return line.ended_at or line.created_at
    return grant.ends_at if visit.services.clock() >= grant.ends_at else None


async def detail(visit: Visit) -> Response:
    """Show one connected service."""
    found = await see_connected(visit.services, visit.signed_in, visit.request.path_params["grant_id"])
    return show("connected_detail", _detail(visit, found))


def _detail(
    visit: Visit, found: ConnectedService, errors: tuple[views.FieldError, ...] = ()
) -> views.ConnectedDetailView:
    line, offer = found.detail.line, found.offer
    grant, here = line.grant, f"/connected/{line.grant.grant_id}"
    partner = visit.services.registry.partners[grant.partner_id]
    state = state_of(visit, line)
    shorter = _shorter(grant, visit.services.clock()) if state in ("live", "paused") else None
    return views.ConnectedDetailView(
        chrome=visit.chrome("connected"),
        partner=partner_view(partner),
        offer=offer.name,
        benefit=views.Spoken(text=offer.benefit),
        state=state,
        items=tuple(
            views.GrantedItem(
                label=field_label(each.item.field),
                value=each.value,
                form=form_words(each.item.field, each.item.form),
                so_that=so_that(each.item.purpose, partner=partner.partner.brand, service=offer.name),
                needed=each.is_needed,
                off_action=""
                if each.is_needed or state == "ended"
                else f"{here}/off/{each.item.field}/{each.item.purpose}",
                older_copy_at=each.older_copy_at,
            )
            for each in found.items
        ),
        handoffs=tuple(_handoff(each, found.own_uses[each.handoff_id]) for each in found.handoffs),
        timeline=timeline(
            [(each.at, found.own_uses[each.handoff_id]) for each in found.handoffs], visit.services.clock()
        ),
        archived_before=found.archived_before,
        events=tuple(reversed([event_view(*each) for each in _with_before(found.detail.events)])),
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


def can_ask_deletion(visit: Visit, grant: Grant) -> bool:
    """Tell whether a partner can be asked through us to delete what this grant let it have."""
    partner = visit.services.registry.partners[grant.partner_id].partner
    return grant.state in LIVE and partner.deletion_uri is not None


DELETION_WORDS = {
    DeletionState.RECEIVED: later("They have got our request"),
    DeletionState.DONE: later("They say that it is deleted"),
    DeletionState.REFUSED: later("They say that they must keep some of it"),
    DeletionState.OVERDUE: later("They are late; our administrators see it"),
}


def deletion_steps(visit: Visit, deletion: Deletion | None) -> tuple[views.Event, ...]:
    """Tell what was asked and what came of it, the newest first."""
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
    """Tell when it ends; a wish for a length of time has no end yet: that begins with the guardian's yes."""
    is_open = grant.state is GrantState.WAITING and not grant.is_to_a_day
    return None if is_open else grant.valid_until


def _waits_for(found: ConnectedService) -> Literal["", "guardian", "nobody"]:
    if found.detail.line.grant.state is not GrantState.WAITING:
        return ""
    return "guardian" if found.has_guardian else "nobody"


def _complaint(complaint: Complaint) -> str:
    """Give a complaint's reference, with the answer once there is one."""
    answer = ANSWER_WORDS.get(complaint.answer or "")
    return f"{complaint.complaint_id} · {say(answer)}" if answer else complaint.complaint_id


def _shorter(grant: Grant, now: int) -> views.OwnDay | None:
    """Offer the days on which a service can end sooner; None where no whole day is left."""
    first, last = day_of(now), day_of(grant.valid_until - DAY)
    return views.OwnDay(first=str(first), last=str(last)) if first <= last else None


def _with_before(events: tuple[ConsentEvent, ...]) -> Iterator[tuple[ConsentEvent, ConsentEvent | None]]:
    yield from zip(events, (None, *events), strict=False)


def _is_refusal(line: GrantLine) -> bool:
    return line.grant.state is GrantState.REFUSED and line.ended_at is None


USE_WORDS = {
    True: later("you were there"),
    False: later("fetched without you"),
    None: later("not known any more"),
}


def _handoff(handoff: Handoff, is_own: bool | None) -> views.Handoff:
    return views.Handoff(
        at=handoff.at,
        what=tuple(dict.fromkeys(field_label(each.item.field) for each in handoff.items)),
        purposes=tuple(dict.fromkeys(purpose_label(each.item.purpose) for each in handoff.items)),
        endpoint=handoff.endpoint,
        who=say(USE_WORDS[is_own]),
        check_url=f"/connected/{handoff.grant_id}/check/{handoff.handoff_id}",
    )


def event_view(event: ConsentEvent, before: ConsentEvent | None = None) -> views.Event:
    """Show one consent event to the person; what somebody else said is not told as if the person had."""
    is_own = event.actor_kind is ActorKind.SUBJECT or event.type is EventType.REVOKED
    words = (OWN_EVENT_WORDS if is_own else EVENT_WORDS)[event.type]
    if event.type is EventType.NARROWED and before is not None and event.items == before.items:
        words = SHORTENED
    if before is not None and before.type is EventType.ASKED and _lasts(event) < _lasts(before):
        words = ALLOWED_SHORTER if event.valid_until != before.valid_until else words
    return views.Event(
        at=event.at,
        what=say(words),
        actor=say(OWN_ACTOR_WORDS.get(event.actor_kind, str(event.actor_kind))),
        reason=reason_words(event.reason),
        check_url=f"/connected/{event.grant_id}/check/{event.event_id}",
        receipt_url=f"/connected/{event.grant_id}/receipt/{event.event_id}",
    )


def _lasts(event: ConsentEvent) -> int:
    return (event.valid_until or event.at) - event.at


async def switch_item_off(visit: Visit) -> Response:
    """Switch one item off."""
    await visit.form()
    where = visit.request.path_params
    await switch_off(visit.services, visit.signed_in, where["grant_id"], where["field"], where["purpose"])
    return see_other(f"/connected/{where['grant_id']}?done=off")


async def shorten_service(visit: Visit) -> Response:
    """Let a service end sooner, on a day."""
    form = await visit.form()
    grant_id = visit.request.path_params["grant_id"]
    until = end_of_day(form.one("until"))
    found = await see_connected(visit.services, visit.signed_in, grant_id)
    if until is None or not visit.services.clock() < until < found.detail.line.grant.valid_until:
        message = say(later("Choose a day before the one on which it ends."))
        errors = (views.FieldError(field="until", message=message),)
        return show("connected_detail", _detail(visit, found, errors), status=422)
    await shorten_sharing(visit.services, visit.signed_in, grant_id, until)
    return see_other(f"/connected/{grant_id}?done=shortened")


async def stop_service(visit: Visit) -> Response:
    """Stop a service: one press, no question back."""
    form = await visit.form()
    delete = form.one("delete") == "yes"
    grant = await stop(visit.services, visit.signed_in, visit.request.path_params["grant_id"], delete=delete)
    return see_other(f"/connected/{grant.grant_id}/stopped")


async def pause_service(visit: Visit) -> Response:
    """Pause a service."""
    await visit.form()
    grant = await pause_sharing(visit.services, visit.signed_in, visit.request.path_params["grant_id"])
    return see_other(f"/connected/{grant.grant_id}?done=paused")


async def resume_service(visit: Visit) -> Response:
    """Go on with a paused service."""
    await visit.form()
    grant = await resume_sharing(visit.services, visit.signed_in, visit.request.path_params["grant_id"])
    return see_other(f"/connected/{grant.grant_id}?done=resumed")


async def stop_all(visit: Visit) -> Response:
    """Stop everything: one press."""
    form = await visit.form()
    await stop_everything(visit.services, visit.signed_in, delete=form.one("delete") == "yes")
    return see_other("/connected?done=all-stopped")


async def complain_about(visit: Visit) -> Response:
    """Open a case; two people who were advertised to pause the partner."""
    form = await visit.form()
    grant_id, given = visit.request.path_params["grant_id"], form.one("kind")
    if given not in tuple(ComplaintKind):
        raise Refusal("bad_form", detail="no such complaint")
    await complain(visit.services, visit.signed_in, grant_id, ComplaintKind(given))
    return see_other(f"/connected/{grant_id}?done=complaint")


async def download(visit: Visit) -> Response:
    """Give one's own record as JSON."""
    text = json.dumps(await own_record(visit.services, visit.signed_in), indent=1)
    headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="my-record.json"'}
    return Response(text, 200, headers, "application/json")


async def record_schema(request: Request) -> Response:
    """Publish the schema of one's own record."""
    return json_answer(schema())


async def stopped(visit: Visit) -> Response:
    """Say that it has stopped."""
    found = await see_connected(visit.services, visit.signed_in, visit.request.path_params["grant_id"])
    line = found.detail.line
    if line.ended_at is None:
        return see_other(f"/connected/{line.grant.grant_id}")
    view = views.StoppedView(
        chrome=visit.chrome("connected"),
        brand=visit.services.registry.partners[line.grant.partner_id].partner.brand,
        offer=found.offer.name,
        stopped_at=line.ended_at,
        kept_seconds=found.offer.retention_days * DAY,
        deletion_asked=found.deletion is not None,
        detail_url=f"/connected/{line.grant.grant_id}",
    )
    return show("stopped", view)


async def ask_again(visit: Visit) -> Response:
    """Forget a remembered 'no thanks'."""
    await visit.form()
    grant_id = visit.request.path_params["grant_id"]
    await let_ask_again(visit.services, visit.signed_in, grant_id)
    return see_other(f"/connected/{grant_id}?done=asked")


async def notice(visit: Visit) -> Response:
    """Show the notice that was agreed to, byte for byte."""
    grant_id = visit.request.path_params["grant_id"]
    found = await see_notice(visit.services, visit.signed_in, grant_id)
    registry = visit.services.registry
    offer = registry.offers[found.offer_id].offer
    view = views.NoticeView(
        chrome=visit.chrome("connected"),
        brand=registry.partners[offer.partner_id].partner.brand,
        offer=offer.name,
        version=found.offer_version,
        effective_at=found.effective_from,
        digest=found.sha256.hex(),
        text=views.Spoken(text=found.text, language=found.language),
        back_url=f"/connected/{grant_id}",
    )
    return show("notice", view)


ROUTES = (
    Route("/connected", signed_in_page(connected), methods=["GET"]),
    Route("/stop-everything", signed_in_page(stop_all), methods=["POST"]),
    Route("/connected/my-record.json", signed_in_page(stepped_up_export(download)), methods=["GET"]),
    Route(SCHEMA, record_schema, methods=["GET"]),
    Route("/connected/{grant_id}/complain", signed_in_page(complain_about), methods=["POST"]),
    Route("/connected/{grant_id}/pause", signed_in_page(pause_service), methods=["POST"]),
    Route("/connected/{grant_id}/shorten", signed_in_page(shorten_service), methods=["POST"]),
    Route("/connected/{grant_id}/resume", signed_in_page(resume_service), methods=["POST"]),
    Route("/connected/{grant_id}", signed_in_page(detail), methods=["GET"]),
    Route("/connected/{grant_id}/off/{field}/{purpose}", signed_in_page(switch_item_off), methods=["POST"]),
    Route("/connected/{grant_id}/stop", signed_in_page(stop_service), methods=["POST"]),
    Route("/connected/{grant_id}/stopped", signed_in_page(stopped), methods=["GET"]),
    Route("/connected/{grant_id}/ask-again", signed_in_page(ask_again), methods=["POST"]),
    Route("/connected/{grant_id}/notice", signed_in_page(notice), methods=["GET"]),
)
