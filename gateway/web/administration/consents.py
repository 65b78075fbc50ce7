"""Administrators' pages of consents: search, look, revoke."""

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.administration.consents import (
    REVOKE_REASONS,
    FoundGrants,
    GrantSearch,
    SeenGrant,
    find_grants,
    revoke_grant,
    see_grant,
)
from gateway.actions.grants.lines import OwnLine, see_lines
from gateway.kit.clock import DAY
from gateway.model.administration.acts import AdminAct
from gateway.model.grants import LIVE, ActorKind, ConsentEvent, EventType, Grant, GrantState
from gateway.model.people import ROLE_WORDS, Power, Role, powers_of
from gateway.store.consent.grants import GrantLine
from gateway.web.consent.consent_views import can_ask_deletion, details_of
from gateway.web.ledger.search import log_row
from gateway.web.pages import views
from gateway.web.pages.admin_acts import ActRoute
from gateway.web.pages.administrating import (
    Conditions,
    actor_words,
    address_of_search,
    field_options,
    partner_options,
    path_id,
    read_reason,
    reason_options,
    short_person,
)
from gateway.web.pages.formats import date_words, day_of, later, say
from gateway.web.pages.reason_words import reason_choice
from gateway.web.pages.sections import SECTIONS, doors
from gateway.web.pages.visit import Visit, see_other, show, signed_in_page
from gateway.web.pages.wording import (
    ACTOR_WORDS,
    EVENT_WORDS,
    field_label,
    form_label,
    offer_name,
    purpose_label,
)
from partners import OfferItem
from scopes import FIELDS

HERE = SECTIONS["grants"].url
_ONE = f"{HERE}/{{grant_id}}"
STATE_WORDS = {
    GrantState.WAITING: later("Asked"),
    GrantState.ACTIVE: later("Active"),
    GrantState.PAUSED: later("Paused"),
    GrantState.REFUSED: later("Refused"),
    GrantState.ENDED: later("Ended"),
}
SHOWN_STATES: Mapping[GrantState, views.ShownGrantState] = MappingProxyType(
    {
        GrantState.WAITING: "asked",
        GrantState.ACTIVE: "active",
        GrantState.PAUSED: "paused",
        GrantState.REFUSED: "refused",
        GrantState.ENDED: "ended",
    }
)
_YESES = frozenset({EventType.GIVEN, EventType.WIDENED, EventType.RENEWED})
TOKEN_WORDS = {"access": later("access token"), "refresh": later("refresh token")}


async def grants(visit: Visit) -> Response:
    """Search consents; without a condition nothing is listed."""
    actor = visit.check_power(Power.SEE_GRANTS).person
    conditions = Conditions(visit, HERE)
    search = _search(visit, conditions)
    found = None
    if conditions.are_given and not conditions.errors:
        found = await find_grants(visit.services, actor.person_id, search)
    view = views.AdminGrantsView(
        chrome=visit.chrome("admin"),
        doors=await doors(visit),
        section="grants",
        query=_filter(visit, conditions, search),
        asked=conditions.are_given,
        rows=await _rows(visit, found, search.email) if found else (),
        looked_through=found.looked_through if found else None,
        pager=conditions.pager(found.older if found else None),
    )
    return show("admin_grants", view, status=400 if conditions.errors else 200)


def _search(visit: Visit, conditions: Conditions) -> GrantSearch:
    since, last = conditions.day("from"), conditions.day("to")
    until = None if last is None else last + DAY
    conditions.check_order(since, until, say("The first day is after the last one."))
    state = conditions.one_of("state", map(str, GrantState))
    return GrantSearch(
        email=conditions.email,
        partner_id=conditions.one_of("partner", visit.services.registry.partners),
        field=conditions.one_of("field", FIELDS),
        state=GrantState(state) if state else None,
        since=since,
        until=until,
        before=conditions.before(),
    )


def _filter(visit: Visit, conditions: Conditions, search: GrantSearch) -> views.GrantFilter:
    return views.GrantFilter(
        action=HERE,
        person=search.email,
        from_day=conditions.text("from"),
        to_day=conditions.text("to"),
        partners=partner_options(visit, search.partner_id),
        fields=field_options(search.field),
        states=tuple(
            views.Option(value=str(state), label=say(words), chosen=state is search.state)
            for state, words in STATE_WORDS.items()
        ),
        errors=tuple(conditions.errors),
    )


async def _rows(visit: Visit, found: FoundGrants, email: str) -> tuple[views.GrantRow, ...]:
    return tuple(_row(visit, each, email) for each in await see_lines(visit.services, found.lines))


def _row(visit: Visit, own: OwnLine, email: str) -> views.GrantRow:
    line, grant, registry = own.line, own.line.grant, visit.services.registry
    word, fields = details_of(visit, own)
    was_given = grant.state not in (GrantState.WAITING, GrantState.REFUSED)
    return views.GrantRow(
        grant_id=grant.grant_id,
        url=f"{HERE}/{grant.grant_id}",
        person=email or short_person(grant.person_id),
        brand=registry.partners[grant.partner_id].partner.brand,
        offer=offer_name(registry.offers[grant.offer_id].offer),
        state=shown_state(line, visit.services.clock()),
        word=word,
        fields=fields,
        given_at=line.created_at if was_given else None,
        last_handoff_at=line.last_handoff_at,
    )


def shown_state(line: GrantLine, now: int) -> views.ShownGrantState:
    """Tell how a consent stands at a second."""
    grant = line.grant
    if grant.state is GrantState.ENDED or (grant.state in LIVE and now >= grant.ends_at):
        return "ended"
    if grant.state is GrantState.ACTIVE and grant.is_held:
        return "paused"
    if grant.state is GrantState.ACTIVE and line.is_used_up:
        return "used_up"
    return SHOWN_STATES[grant.state]


async def search_grants(visit: Visit) -> Response:
    """Take a search and go to its address."""
    form = await visit.form()
    return see_other(address_of_search(visit, form, ("partner", "field", "state", "from", "to")))


async def grant(visit: Visit) -> Response:
    """Show one consent."""
    actor = visit.check_power(Power.SEE_GRANTS).person
    seen = await see_grant(visit.services, actor.person_id, path_id(visit, "grant_id"))
    return show("admin_grant", await _grant_view(visit, seen))


async def _grant_view(
    visit: Visit, seen: SeenGrant, errors: tuple[views.FieldError, ...] = ()
) -> views.AdminGrantView:
    line, detail = seen.detail.line, seen.detail
    found, here = line.grant, f"{HERE}/{line.grant.grant_id}"
    was_given = any(each.type in _YESES for each in detail.events) and found.state is not GrantState.WAITING
    can_revoke = Power.REVOKE_GRANT in powers_of(visit.signed_in.person.role) and found.state in LIVE
    return views.AdminGrantView(
        chrome=visit.chrome("admin"),
        doors=await doors(visit),
        section="grants",
        grant_id=found.grant_id,
        state=shown_state(line, visit.services.clock()),
        brand=visit.services.registry.partners[found.partner_id].partner.brand,
        offer=offer_name(seen.offer),
        facts=_facts(seen),
        items=tuple(_item(item, found, was_given=was_given) for item in seen.offer.items),
        events=tuple(_event(event) for event in reversed(detail.events)),
        handoffs=tuple(log_row(visit, each) for each in seen.handoffs),
        tokens=tuple(
            views.TokenRow(
                token_id=each.token_id,
                kind=say(TOKEN_WORDS[each.kind]),
                client_id=each.client_id,
                issued_at=each.issued_at,
                expires_at=each.expires_at,
                alive=each.revoked_at is None and visit.services.clock() < each.expires_at,
            )
            for each in detail.tokens
        ),
        notice_url=f"/notices/{found.notice_id}",
        revoke_action=f"{here}/revoke" if can_revoke else "",
        can_ask_deletion=can_ask_deletion(visit, found),
        reasons=reason_options(REVOKE_REASONS),
        errors=errors,
    )


def _facts(seen: SeenGrant) -> tuple[views.Fact, ...]:
    line, found = seen.detail.line, seen.detail.line.grant
    facts = [
        views.Fact(label=say("Person"), value=short_person(found.person_id)),
        views.Fact(label=say("Role"), value=say(ROLE_WORDS[Role(seen.detail.role)])),
        views.Fact(label=say("Organisation"), value=seen.organisation),
        views.Fact(label=say("Offer version"), value=str(found.offer_version)),
        views.Fact(label=say("Since"), value=_day(line.created_at)),
        views.Fact(label=say("Valid until"), value=_day(found.valid_until)),
    ]
    if line.ended_at is not None:
        facts.append(views.Fact(label=say("Ended"), value=_day(line.ended_at)))
    return tuple(facts)


def _day(at: int) -> str:
    return date_words(day_of(at))


def _item(item: OfferItem, found: Grant, *, was_given: bool) -> views.GrantItemRow:
    granted = next(
        (each for each in found.items if (each.item.field, each.item.purpose) == (item.field, item.purpose)),
        None,
    )
    forms = (granted.item.form,) if granted else item.forms
    return views.GrantItemRow(
        field=field_label(item.field),
        purpose=purpose_label(item.purpose),
        form=", ".join(form_label(item.field, form) for form in forms),
        needed=str(item.necessity) == "needed",
        answer="no" if granted is None else "yes" if was_given else "asked",
        kept_seconds=(granted.retention_days if granted else item.retention_days) * DAY,
    )


def _event(event: ConsentEvent) -> views.Event:
    is_admin = event.actor_kind is ActorKind.ADMIN
    return views.Event(
        at=event.at,
        what=say(EVENT_WORDS[event.type]),
        actor=actor_words(event.actor_id) if is_admin else say(ACTOR_WORDS[event.actor_kind]),
        reason=reason_choice(event.reason) if event.reason else "",
    )


async def revoke(visit: Visit) -> Response:
    """Revoke a consent; it takes a reason, and no step-up that would delay it."""
    actor = visit.signed_in.person
    form = await visit.form()
    grant_id = path_id(visit, "grant_id")
    here = f"{HERE}/{grant_id}"
    reason = read_reason(form, REVOKE_REASONS)
    if reason is None:
        seen = await see_grant(visit.services, actor.person_id, grant_id)
        errors = (views.FieldError(field="reason", message=say("Choose a reason.")),)
        return show("admin_grant", await _grant_view(visit, seen, errors), status=400)
    delete = form.one("delete") == "yes"
    await revoke_grant(visit.services, actor.person_id, grant_id, reason, delete=delete)
    return see_other(f"{here}?done=revoked")


ROUTES = (
    Route(HERE, signed_in_page(grants), methods=["GET"]),
    ActRoute(HERE, AdminAct.SEARCH_GRANTS, search_grants, back=HERE),
    Route(_ONE, signed_in_page(grant), methods=["GET"]),
    ActRoute(f"{_ONE}/revoke", AdminAct.REVOKE_GRANT, revoke, back=_ONE),
)
