"""A guardian's pages: children and what waits, one request with yes and no, stopping (promise P9)."""

from collections.abc import Iterator

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.guardians import (
    Child,
    Request,
    allow_request,
    deny_request,
    let_child_ask,
    list_children,
    see_request,
)
from gateway.actions.services import day_of
from gateway.consent.terms import DAY, shorter_lengths
from gateway.kit.errors import Refusal
from gateway.model.grants import LIVE, Answer, ConsentEvent, Grant, GrantedItem, GrantState
from gateway.store.grants import GrantLine
from gateway.web import views
from gateway.web.admin_guardians import METHOD_WORDS
from gateway.web.administration import path_id
from gateway.web.bodies import Form
from gateway.web.connected import can_ask_deletion, deletion_steps, state_of
from gateway.web.consent_views import country_names, form_words, partner_view
from gateway.web.formats import date_words, duration, later, say
from gateway.web.reason_words import reason_words
from gateway.web.visit import Visit, see_other, show, signed_in_page
from gateway.web.wording import ACTOR_WORDS, EVENT_WORDS, field_label, so_that

_ORDER = ("waiting", "changed", "live", "paused", "used_up", "ended")


async def children(visit: Visit) -> Response:
    """List the children and their services."""
    found = await list_children(visit.services, visit.signed_in)
    rows = tuple(_child(visit, each) for each in found)
    waiting = sum(service.asked_at is not None for row in rows for service in row.services)
    return show(
        "guardian", views.GuardianView(chrome=visit.chrome("guardian"), children=rows, waiting=waiting)
    )


def _child(visit: Visit, child: Child) -> views.ChildRow:
    services = [_service(visit, line) for line in child.lines]
    return views.ChildRow(
        name=child.name,
        method=say(METHOD_WORDS.get(child.ward.method, child.ward.method)),
        services=tuple(sorted(services, key=lambda each: _ORDER.index(each.state))),
    )


def _service(visit: Visit, line: GrantLine) -> views.ChildService:
    registry, grant = visit.services.registry, line.grant
    return views.ChildService(
        brand=registry.partners[grant.partner_id].partner.brand,
        offer=registry.offers[grant.offer_id].offer.name,
        state=state_of(visit, line),
        url=f"/guardian/{grant.grant_id}",
        fields=tuple(dict.fromkeys(field_label(each.item.field) for each in grant.items)),
        asked_at=grant.valid_from if grant.state is GrantState.WAITING else None,
    )


async def request_page(visit: Visit) -> Response:
    """Show one service of a child."""
    return await _page(visit)


async def _page(
    visit: Visit,
    errors: tuple[views.FieldError, ...] = (),
    left_out: tuple[str, ...] = (),
    days: str = "",
) -> Response:
    found = await see_request(visit.services, visit.signed_in, path_id(visit, "grant_id"))
    return show(
        "guardian_request", _view(visit, found, errors, left_out, days), status=422 if errors else 200
    )


def _view(
    visit: Visit,
    found: Request,
    errors: tuple[views.FieldError, ...],
    left_out: tuple[str, ...],
    days: str,
) -> views.GuardianRequestView:
    line, offer = found.detail.line, found.offer
    grant, here = line.grant, f"/guardian/{line.grant.grant_id}"
    partner = visit.services.registry.partners[grant.partner_id]
    waits, own = grant.state is GrantState.WAITING, visit.signed_in.person.person_id
    return views.GuardianRequestView(
        chrome=visit.chrome("guardian"),
        child=found.child.name,
        partner=partner_view(partner),
        offer=offer.name,
        benefit=views.Spoken(text=offer.benefit),
        state=state_of(visit, line),
        items=tuple(
            views.AskedItem(
                label=field_label(each.item.field),
                form=form_words(each.item.field, each.item.form),
                so_that=so_that(each.item.purpose, partner=partner.partner.brand, service=offer.name),
                needed=each.needed,
                key=_key(each) if waits and not each.needed else "",
                left_out=_key(each) in left_out,
            )
            for each in sorted(grant.items, key=lambda granted: (not granted.needed, granted.item))
        ),
        events=tuple(_event(each) for each in reversed(found.detail.events)),
        asked_at=grant.valid_from,
        duration_seconds=grant.valid_until - grant.valid_from,
        until=grant.valid_until if grant.is_to_a_day else None,
        reads=grant.use_limit,
        kept_seconds=offer.retention_days * DAY,
        countries=country_names(partner.partner.storage_countries),
        notice_url=f"/notices/{grant.notice_id}",
        notice_version=grant.offer_version,
        other_no=any(each.answer is Answer.DENY and each.guardian_id != own for each in found.approvals),
        lengths=tuple(_lengths(visit, grant, days)) if waits else (),
        allow_action=here if waits else "",
        stop_action=f"{here}/stop" if grant.state in LIVE and not waits else "",
        can_ask_deletion=can_ask_deletion(visit, grant),
        deletion=deletion_steps(visit, found.deletion),
        again_action=f"{here}/ask-again" if _is_guardians_no(found) else "",
        errors=errors,
        hidden=(("ticket", found.ticket),),
    )


def _lengths(visit: Visit, grant: Grant, chosen: str) -> Iterator[views.Option]:
    """List what was asked for and what is shorter; nothing where nothing is."""
    longest = grant.end_if_allowed(now := visit.services.clock()) - now
    shorter = shorter_lengths(longest)
    if not shorter:
        return
    if grant.is_to_a_day:
        asked = say(later("As long as asked, until %(day)s"), day=date_words(day_of(grant.valid_until)))
    else:
        asked = say(later("As long as asked: %(time)s"), time=duration(longest))
    yield views.Option(value="", label=asked, chosen=chosen == "")
    for days in shorter:
        yield views.Option(value=str(days), label=duration(days * DAY), chosen=chosen == str(days))


def _lasts(form: Form) -> int | None:
    """Read for how long the guardian allows it; None for as long as was asked."""
    days = form.one("days")
    if days and not (days.isascii() and days.isdigit() and len(days) <= 3):
        raise Refusal("bad_form", detail="no length of time")
    return int(days) * DAY if days else None


def _key(granted: GrantedItem) -> str:
    return f"{granted.item.field}.{granted.item.purpose}"


def _is_guardians_no(found: Request) -> bool:
    is_over = found.detail.line.grant.state not in LIVE
    return is_over and found.detail.events[-1].actor_kind == "guardian"


async def answer(visit: Visit) -> Response:
    """Take the guardian's answer; a yes needs the separate tick for handing over to another company (rule 9)."""
    form = await visit.form()
    grant_id = path_id(visit, "grant_id")
    given = form.one("answer")
    if given == "deny":
        await deny_request(visit.services, visit.signed_in, grant_id)
        return see_other(f"/guardian/{grant_id}?done=guardian-no")
    if given != "allow":
        return see_other(f"/guardian/{grant_id}")
    left_out = form.all("without")
    if form.one("third_party") != "yes":
        message = say("Tick this to say yes, or press No.")
        error = views.FieldError(field="third_party", message=message)
        return await _page(visit, (error,), left_out, form.one("days"))
    pairs = (each.partition(".") for each in left_out)
    without = frozenset((field, purpose) for field, _, purpose in pairs)
    ticket, lasts = form.one("ticket"), _lasts(form)
    if await allow_request(visit.services, visit.signed_in, grant_id, ticket, without, lasts) is None:
        return see_other(f"/reauthenticate?next=/guardian/{grant_id}")
    return see_other(f"/guardian/{grant_id}?done=guardian-yes")


def _event(event: ConsentEvent) -> views.Event:
    return views.Event(
        at=event.at,
        what=say(EVENT_WORDS[event.type]),
        actor=say(ACTOR_WORDS.get(event.actor_kind, str(event.actor_kind))),
        reason=reason_words(event.reason),
    )


async def stop(visit: Visit) -> Response:
    """Stop a child's service: one press."""
    delete = (await visit.form()).one("delete") == "yes"
    grant_id = path_id(visit, "grant_id")
    await deny_request(visit.services, visit.signed_in, grant_id, delete=delete)
    return see_other(f"/guardian/{grant_id}?done=guardian-no")


async def ask_again(visit: Visit) -> Response:
    """Take a no back."""
    await visit.form()
    grant_id = path_id(visit, "grant_id")
    await let_child_ask(visit.services, visit.signed_in, grant_id)
    return see_other(f"/guardian/{grant_id}?done=child-asks")


ROUTES = (
    Route("/guardian", signed_in_page(children), methods=["GET"]),
    Route("/guardian/{grant_id}", signed_in_page(request_page), methods=["GET"]),
    Route("/guardian/{grant_id}", signed_in_page(answer), methods=["POST"]),
    Route("/guardian/{grant_id}/stop", signed_in_page(stop), methods=["POST"]),
    Route("/guardian/{grant_id}/ask-again", signed_in_page(ask_again), methods=["POST"]),
)
