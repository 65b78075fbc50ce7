"""A guardian's pages: whether they are one, their children and what waits, one request, stopping (promise P9)."""

from collections.abc import Iterator

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.grants.lines import OwnLine
from gateway.actions.guardians.new_proposals import METHODS
from gateway.actions.guardians.proposals import (
    ProposalQuestion,
    confirm_question,
    decline_question,
    list_questions,
    see_question,
)
from gateway.actions.guardians.requests import (
    Child,
    Request,
    allow_request,
    deny_request,
    let_child_ask,
    list_children,
    see_request,
)
from gateway.actions.services import day_of
from gateway.consent.terms import shorter_lengths
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.model.grants import LIVE, ConsentEvent, Grant, GrantedItem, GrantState, GuardianAnswer
from gateway.web.consent.consent_views import (
    can_ask_deletion,
    deletion_steps,
    details_of,
    pause_note,
    received_lines,
    state_of,
)
from gateway.web.consent.event_views import merged_history
from gateway.web.consent.screen_views import country_names, form_words, partner_view
from gateway.web.pages import views
from gateway.web.pages.administrating import password_first, path_id
from gateway.web.pages.formats import date_words, duration, later, say
from gateway.web.pages.reason_words import reason_choice
from gateway.web.pages.visit import Visit, see_other, show, signed_in_page
from gateway.web.pages.wording import ACTOR_WORDS, EVENT_WORDS, field_label, so_that
from gateway.web.server.answers import note
from gateway.web.server.bodies import PostedForm

NOT_OFFERED = later(
    "This page did not offer that. Nothing was allowed: look at your choices, and answer again."
)
_ORDER = ("waiting", "changed", "live", "paused", "used_up", "refused", "ended")


async def children(visit: Visit) -> Response:
    """List the children and their services, and the questions whether somebody is a guardian."""
    found = await list_children(visit.services, visit.signed_in)
    questions = await list_questions(visit.services, visit.signed_in)
    rows = tuple(_child(visit, each) for each in found)
    waiting = sum(service.asked_at is not None for row in rows for service in row.services)
    asked = tuple(
        views.AskedRow(school=each.school, url=_place(each.proposal_id), until=each.expires_at)
        for each in questions
    )
    view = views.GuardianView(chrome=visit.chrome("guardian"), children=rows, waiting=waiting, asked=asked)
    return show("guardian", view)


def _place(proposal_id: str) -> str:
    return f"/guardian/asked/{proposal_id}"


async def question_page(visit: Visit) -> Response:
    """Ask whether somebody is a child's guardian; a question that waits no more leads to the list."""
    question = await see_question(visit.services, visit.signed_in, path_id(visit, "proposal_id"))
    if question is None:
        return see_other("/guardian?done=no-question")
    return show("guardian_asked", _question_view(visit, question))


def _question_view(visit: Visit, question: ProposalQuestion) -> views.GuardianAskedView:
    proposal = question.proposal
    return views.GuardianAskedView(
        chrome=visit.chrome("guardian"),
        school=proposal.school,
        initials=question.initials,
        method=say(METHODS[proposal.method]),
        asked_at=proposal.created_at,
        until=proposal.expires_at,
        action=_place(proposal.proposal_id),
        unfit=say(question.unfit) if question.unfit else "",
    )


async def answer_question(visit: Visit) -> Response:
    """Take the answer: a yes with a recent password, a no from any session."""
    given = (await visit.form()).one("answer")
    proposal_id = path_id(visit, "proposal_id")
    here = _place(proposal_id)
    if given == "decline":
        await decline_question(visit.services, visit.signed_in, proposal_id)
        return see_other("/guardian?done=not-guardian")
    if given != "confirm":
        return see_other(here)
    if away := password_first(visit, here):
        return see_other(away)
    unfit = await confirm_question(visit.services, visit.signed_in, proposal_id)
    return see_other(here if unfit else "/guardian?done=is-guardian")


def _child(visit: Visit, child: Child) -> views.ChildRow:
    services = [_service(visit, line) for line in child.lines]
    return views.ChildRow(
        name=child.name,
        method=say(METHODS[child.ward.method]),
        services=tuple(sorted(services, key=lambda each: _ORDER.index(each.state))),
    )


def _service(visit: Visit, own: OwnLine) -> views.ChildService:
    registry, grant = visit.services.registry, own.line.grant
    word, fields = details_of(visit, own)
    return views.ChildService(
        brand=registry.partners[grant.partner_id].partner.brand,
        offer=registry.offers[grant.offer_id].offer.name,
        state=state_of(visit, own),
        url=f"/guardian/{grant.grant_id}",
        word=word,
        fields=fields,
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
    status: int = 422,
) -> Response:
    found = await see_request(visit.services, visit.signed_in, path_id(visit, "grant_id"))
    return show(
        "guardian_request", _view(visit, found, errors, left_out, days), status=status if errors else 200
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
    state = state_of(visit, OwnLine(line, found.pause, ()))
    return views.GuardianRequestView(
        chrome=visit.chrome("guardian"),
        child=found.child.name,
        partner=partner_view(partner),
        offer=offer.name,
        benefit=views.Spoken(text=offer.benefit),
        state=state,
        pause=pause_note(visit, grant, found.pause),
        received=received_lines(found.received),
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
            if state != "ended"
        ),
        signs_in=grant.only_signs_in and state != "ended",
        events=merged_history([_event(each) for each in found.detail.events], found.acts, found.pause),
        asked_at=grant.valid_from,
        duration_seconds=grant.valid_until - grant.valid_from,
        until=grant.valid_until if grant.is_to_a_day else None,
        reads=grant.use_limit,
        kept_seconds=offer.retention_days * DAY,
        countries=country_names(partner.partner.storage_countries),
        notice_url=f"/notices/{grant.notice_id}",
        notice_version=grant.offer_version,
        other_no=any(
            each.answer is GuardianAnswer.DENY and each.guardian_id != own for each in found.approvals
        ),
        lengths=tuple(_lengths(visit, grant, days)) if waits else (),
        allow_action=here if waits else "",
        stop_action=f"{here}/stop" if state not in ("waiting", "refused", "ended") else "",
        can_ask_deletion=can_ask_deletion(visit, grant),
        deletion=deletion_steps(visit, found.deletion),
        again_action=f"{here}/ask-again" if _is_guardians_no(found) else "",
        errors=errors,
        hidden=(("ticket", found.ticket),),
    )


def _lengths(visit: Visit, grant: Grant, chosen: str) -> Iterator[views.Option]:
    """List the length that was asked for and those that are shorter; none of them where nothing is shorter."""
    longest = grant.end_if_allowed(now := visit.services.clock()) - now
    shorter = shorter_lengths(longest)
    if not shorter:
        return
    if grant.is_to_a_day:
        asked = say(later("As long as asked, until %(day)s"), day=date_words(day_of(grant.valid_until)))
    else:
        asked = say(later("As long as asked: %(time)s"), time=duration(longest))
    yield views.Option(value="", label=asked, chosen=chosen == "")
    for seconds in shorter:
        days = str(seconds // DAY)
        yield views.Option(value=days, label=duration(seconds), chosen=chosen == days)


def _lasts(form: PostedForm) -> int | None:
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
    try:
        allowed = await allow_request(
            visit.services, visit.signed_in, grant_id, form.one("ticket"), without, _lasts(form)
        )
    except Refusal as refusal:
        if refusal.code != "bad_form":
            raise
        note(refusal)
        error = views.FieldError(field="", message=say(NOT_OFFERED))
        return await _page(visit, (error,), left_out, status=400)
    if allowed is None:
        return see_other(f"/reauthenticate?next=/guardian/{grant_id}")
    return see_other(f"/guardian/{grant_id}?done=guardian-yes")


def _event(event: ConsentEvent) -> views.Event:
    return views.Event(
        at=event.at,
        what=say(EVENT_WORDS[event.type]),
        actor=say(ACTOR_WORDS[event.actor_kind]),
        reason=reason_choice(event.reason) if event.reason else "",
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
    Route("/guardian/asked/{proposal_id}", signed_in_page(question_page), methods=["GET"]),
    Route("/guardian/asked/{proposal_id}", signed_in_page(answer_question), methods=["POST"]),
    Route("/guardian/{grant_id}", signed_in_page(request_page), methods=["GET"]),
    Route("/guardian/{grant_id}", signed_in_page(answer), methods=["POST"]),
    Route("/guardian/{grant_id}/stop", signed_in_page(stop), methods=["POST"]),
    Route("/guardian/{grant_id}/ask-again", signed_in_page(ask_again), methods=["POST"]),
)
