"""Administrators' pages of partners: the list, the review, every move, a client's new secret."""

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.client_retirement import retire_client
from gateway.actions.partner_rejection import reject_manifest
from gateway.actions.partner_review import OfferReview, own_clients, own_offers
from gateway.actions.partners import (
    ListedPartner,
    PartnerMove,
    SeenPartner,
    UnpublishableError,
    approve_partner,
    list_partners,
    move_partner,
    new_client_secret,
    see_partner,
)
from gateway.consent.terms import DAY
from gateway.kit.errors import Refusal
from gateway.model.grants import ReasonCode
from gateway.model.people import Power, powers_of
from gateway.store.admin_actions import AdminAction
from gateway.web import views
from gateway.web.administration import (
    actor_words,
    doors,
    password_first,
    path_id,
    read_reason,
    reason_options,
)
from gateway.web.bodies import Form
from gateway.web.formats import later, say
from gateway.web.reason_words import reason_choice
from gateway.web.visit import Answer, Visit, see_other, show, signed_in_page
from gateway.web.wording import country_name, field_label, form_label, language, purpose_label
from partners import Client, Offer, PartnerState, Profile

STOP_REASONS = (
    ReasonCode.SECURITY_INCIDENT,
    ReasonCode.PARTNER_BREACH,
    ReasonCode.MARKETING_COMPLAINT,
    ReasonCode.LEGAL_ORDER,
    ReasonCode.PARTNER_ENDED,
    ReasonCode.ADMIN_CORRECTION,
)
STOPS = (PartnerMove.PAUSE, PartnerMove.END)
OPENINGS = (PartnerMove.RESUME,)
"""Moves after which values can leave again: like approving, they take a recent password. Stopping never does."""

STATES: Mapping[PartnerState, views.PartnerState] = MappingProxyType(
    {
        PartnerState.DRAFT: "draft",
        PartnerState.REVIEW: "review",
        PartnerState.LIVE: "live",
        PartnerState.PAUSED: "paused",
        PartnerState.ENDED: "ended",
    }
)
KINDS: Mapping[PartnerMove, views.MoveKind] = MappingProxyType(
    {
        PartnerMove.REVIEW: "review",
        PartnerMove.RETURN: "return",
        PartnerMove.PAUSE: "pause",
        PartnerMove.RESUME: "resume",
        PartnerMove.END: "end",
    }
)
ACT_WORDS = {
    "review_partner": later("Sent to review"),
    "return_partner": later("Returned to draft"),
    "pause_partner": later("Paused for everyone"),
    "resume_partner": later("Resumed"),
    "end_partner": later("Ended for good"),
    "retire_client": later("A client was retired"),
    "client_left": later("A client left"),
    "approve_partner": later("Approved"),
    "reject_manifest": later("Rejected"),
    "say_yes_to_manifest": later("Approved; a second administrator has to as well"),
    "new_client_secret": later("New client secret"),
    "allow_nonce": later("A nonce allowed instead of PKCE"),
    "demand_pkce": later("PKCE demanded again"),
    "pause_for_complaints": later("Paused after complaints about advertising"),
    "gate_allow": later("Opened at a school"),
    "gate_ask": later("On request at a school"),
    "gate_deny": later("Closed at a school"),
}
ABOUT_WORDS = {"manifest": later("manifest"), "client": later("client"), "why": later("because:")}


async def partners(visit: Visit) -> Response:
    """List every partner."""
    visit.check_power(Power.SEE_PARTNERS)
    view = views.AdminPartnersView(
        chrome=visit.chrome("admin"),
        doors=await doors(visit),
        section="partners",
        rows=tuple(_row(each) for each in await list_partners(visit.services)),
    )
    return show("admin_partners", view)


def _row(each: ListedPartner) -> views.PartnerRow:
    return views.PartnerRow(
        url=f"/admin/partners/{each.record.partner_id}",
        brand=each.partner.brand,
        legal_name=each.partner.legal_name,
        country=country_name(each.partner.country),
        state=STATES[PartnerState(each.record.state)],
        offer_count=each.offer_count,
        live_grants=each.live_grants.number,
        more_grants=each.live_grants.is_more,
        changed_at=each.record.changed_at,
    )


async def partner(visit: Visit) -> Response:
    """Show one partner."""
    visit.check_power(Power.SEE_PARTNERS)
    return await _partner_page(visit, path_id(visit, "partner_id"))


async def _partner_page(
    visit: Visit,
    partner_id: str,
    errors: tuple[views.FieldError, ...] = (),
    *,
    secret: views.NewSecret | None = None,
    status: int = 200,
) -> Response:
    seen = await see_partner(visit.services, partner_id)
    view = views.AdminPartnerView(
        chrome=visit.chrome("admin"),
        doors=await doors(visit),
        section="partners",
        brand=seen.partner.brand,
        state=STATES[seen.state],
        live_grants=seen.live_grants.number,
        more_grants=seen.live_grants.is_more,
        facts=_facts(seen),
        clients=_clients(visit, seen),
        offers=_offers(visit, seen),
        risks=_risks(seen),
        moves=_moves(visit, seen),
        events=_events(seen),
        late_deletions=_late(visit, seen),
        needs_second=bool(seen.approvers),
        reject=_rejection(visit, seen),
        secret=secret,
        errors=errors,
    )
    return show("admin_partner", view, status=status)


def _late(visit: Visit, seen: SeenPartner) -> tuple[views.LateDeletion, ...]:
    """List what it is late with, and lead whoever may see consents to each."""
    may = Power.SEE_GRANTS in powers_of(visit.signed_in.person.role)
    return tuple(
        views.LateDeletion(
            reference=each.request_id,
            asked_at=each.asked_at,
            received_at=each.received_at,
            complete_by=each.done_by,
            grant_url=f"/admin/grants/{each.grant_id}" if may else "",
        )
        for each in seen.late_deletions
    )


def _facts(seen: SeenPartner) -> tuple[views.Fact, ...]:
    """Show the company as it would be after an approval."""
    found = seen.review.manifest.partner if seen.review else seen.partner
    return (
        views.Fact(label=say("Legal name"), value=found.legal_name),
        views.Fact(label=say("Address"), value=found.address),
        views.Fact(label=say("Country"), value=country_name(found.country)),
        views.Fact(label=say("Stores data in"), value=", ".join(map(country_name, found.storage_countries))),
        views.Fact(label=say("Privacy policy"), value=found.policy_url, url=found.policy_url),
        views.Fact(label=say("Contact"), value=found.contact),
        views.Fact(label=say("Complaints"), value=found.grievance_contact),
        views.Fact(label=say("Attested on"), value=found.attested_on.isoformat()),
    )


def _clients(visit: Visit, seen: SeenPartner) -> tuple[views.ClientRow, ...]:
    registered = own_clients(visit.services.registry, seen.record.partner_id)
    shown = seen.review.manifest.clients if seen.review else registered
    known = {client.client_id for client in registered}
    return tuple(_client(visit, each, each.client_id in known) for each in shown)


def _client(visit: Visit, client: Client, is_registered: bool) -> views.ClientRow:
    has_secret = is_registered and client.auth_method.is_by_secret
    may = Power.REVIEW_PARTNER in powers_of(visit.signed_in.person.role)
    there = f"/admin/partners/{client.partner_id}/clients/{client.client_id}"
    nonce_reason = _nonce_reason(visit, client) if is_registered else ""
    can_switch = may and is_registered and client.profile is Profile.BASELINE
    return views.ClientRow(
        client_id=client.client_id,
        name=client.name,
        profile=str(client.profile),
        auth_method=str(client.auth_method),
        redirect_uris=client.redirect_uris,
        nonce_reason=nonce_reason,
        nonce_action=f"{there}/nonce" if can_switch and not nonce_reason else "",
        pkce_action=f"{there}/pkce" if can_switch and nonce_reason else "",
        secret_action=f"{there}/secret" if has_secret and may else "",
        retire_action=f"{there}/retire" if is_registered and may else "",
        reasons=reason_options(STOP_REASONS),
    )


def _nonce_reason(visit: Visit, client: Client) -> str:
    found = visit.services.registry.clients[client.client_id]
    return (found.nonce_reason or "") if found.may_send_nonce else ""


def _offers(visit: Visit, seen: SeenPartner) -> tuple[views.OfferReview, ...]:
    if seen.review:
        return tuple(_reviewed(each) for each in seen.review.offers)
    registry = visit.services.registry
    return tuple(
        _offer(offer, registry.offers[offer.offer_id].version)
        for offer in own_offers(registry, seen.record.partner_id)
    )


def _reviewed(review: OfferReview) -> views.OfferReview:
    changes = tuple(
        views.OfferChange(
            what=change.key, before=change.before or "", after=change.after or "", material=change.material
        )
        for change in review.changes
    )
    return _offer(review.offer, review.version, changes)


def _offer(offer: Offer, version: int, changes: tuple[views.OfferChange, ...] = ()) -> views.OfferReview:
    return views.OfferReview(
        name=offer.name,
        version=version,
        benefit=offer.benefit,
        duration_seconds=offer.duration_days * DAY,
        items=tuple(
            views.OfferItemRow(
                field=field_label(item.field),
                purpose=purpose_label(item.purpose),
                forms=tuple(form_label(item.field, form) for form in item.forms),
                needed=str(item.necessity) == "needed",
                kept_seconds=item.retention_days * DAY,
                why=item.why.get(language(), item.why.get("en", "")),
            )
            for item in offer.items
        ),
        changes=changes,
    )


def _risks(seen: SeenPartner) -> tuple[views.RiskFlag, ...]:
    if seen.review is None:
        return ()
    return (
        *(views.RiskFlag(serious=True, text=each) for each in seen.review.obstacles),
        *(views.RiskFlag(serious=False, text=f"{each.key}: {each.message}") for each in seen.review.flags),
    )


def _moves(visit: Visit, seen: SeenPartner) -> tuple[views.Move, ...]:
    """Offer the moves that state and role allow; the brake works at one press, its reason being chosen already."""
    powers = powers_of(visit.signed_in.person.role)
    here = f"/admin/partners/{seen.record.partner_id}"
    moves = []
    # Whoever approved waits for another one; with enough of them, and a node that died then, anybody may publish.
    waits = len(seen.approvers) < visit.services.settings.approvals_needed
    is_done = waits and visit.signed_in.person.person_id in seen.approvers
    if seen.review and seen.is_approvable and Power.REVIEW_PARTNER in powers and not is_done:
        moves.append(
            views.Move(
                kind="approve",
                action=f"{here}/approve",
                hidden=(("manifest", str(seen.review.version)),),
                reauthenticate_url=password_first(visit, here),
            )
        )
    for move in seen.moves:
        if _power(move) in powers:
            chosen = ReasonCode.SECURITY_INCIDENT if move is PartnerMove.PAUSE else None
            moves.append(
                views.Move(
                    kind=KINDS[move],
                    action=f"{here}/{move}",
                    reasons=reason_options(STOP_REASONS, chosen) if move in STOPS else (),
                    reauthenticate_url=password_first(visit, here) if move in OPENINGS else "",
                )
            )
    return tuple(moves)


def _rejection(visit: Visit, seen: SeenPartner) -> views.Rejection | None:
    """Offer to reject a newer manifest; what never was live is returned to draft instead."""
    may = Power.REVIEW_PARTNER in powers_of(visit.signed_in.person.role)
    if seen.review is None or seen.record.live_manifest is None or not may:
        return None
    action = f"/admin/partners/{seen.record.partner_id}/reject"
    return views.Rejection(action=action, hidden=(("manifest", str(seen.review.version)),))


def _power(move: PartnerMove) -> Power:
    return Power.BRAKE_PARTNER if move is PartnerMove.PAUSE else Power.REVIEW_PARTNER


def _events(seen: SeenPartner) -> tuple[views.Event, ...]:
    handed_in = [
        views.Event(
            at=each.submitted_at,
            what=say("Manifest %(version)s handed in", version=each.version),
            actor=actor_words(each.submitted_by),
        )
        for each in seen.record.manifests
    ]
    acts = [_event(each) for each in reversed(seen.actions)]
    return tuple(sorted(acts + handed_in, key=lambda event: event.at, reverse=True))


def _event(action: AdminAction) -> views.Event:
    about = [
        f"{say(ABOUT_WORDS[name])} {value}" for name, value in action.detail.items() if name in ABOUT_WORDS
    ]
    what = say(ACT_WORDS.get(action.action, action.action.replace("_", " ").capitalize()))
    return views.Event(
        at=action.at,
        what=": ".join([what, *about]),
        actor=actor_words(action.actor_id),
        reason=reason_choice(ReasonCode(action.reason)) if action.reason else "",
    )


def mover(kind: PartnerMove) -> Answer:
    """Make the page that moves a partner."""

    async def answer(visit: Visit) -> Response:
        return await _move(visit, kind)

    return answer


async def _move(visit: Visit, kind: PartnerMove) -> Response:
    actor = visit.check_power(_power(kind)).person
    form = await visit.form()
    partner_id = path_id(visit, "partner_id")
    here = f"/admin/partners/{partner_id}"
    away = password_first(visit, here) if kind in OPENINGS else ""
    if away:
        return see_other(away)
    reason = read_reason(form, STOP_REASONS)
    if kind in STOPS and reason is None:
        errors = (views.FieldError(field="", message=say("Choose a reason.")),)
        return await _partner_page(visit, partner_id, errors, status=400)
    await move_partner(visit.services, actor.person_id, partner_id, kind, reason)
    return see_other(f"{here}?done=moved")


async def approve(visit: Visit) -> Response:
    """Approve the manifest that was looked at."""
    actor = visit.check_power(Power.REVIEW_PARTNER).person
    form = await visit.form()
    partner_id = path_id(visit, "partner_id")
    here = f"/admin/partners/{partner_id}"
    away = password_first(visit, here)
    if away:
        return see_other(away)
    try:
        await approve_partner(visit.services, actor.person_id, partner_id, _manifest_of(form))
    except UnpublishableError as error:
        errors = tuple(views.FieldError(field="", message=each) for each in error.obstacles)
        return await _partner_page(visit, partner_id, errors, status=409)
    return see_other(f"{here}?done=moved")


def _manifest_of(form: Form) -> int:
    seen = form.one("manifest")
    if not (seen.isascii() and seen.isdigit() and len(seen) < 10):
        raise Refusal("bad_form", detail="no manifest's number")
    return int(seen)


async def reject(visit: Visit) -> Response:
    """Reject the manifest that was looked at; what is live stays, so it takes no password."""
    actor = visit.check_power(Power.REVIEW_PARTNER).person
    form = await visit.form()
    partner_id = path_id(visit, "partner_id")
    await reject_manifest(visit.services, actor.person_id, partner_id, _manifest_of(form), form.one("why"))
    return see_other(f"/admin/partners/{partner_id}?done=moved")


async def new_secret(visit: Visit) -> Response:
    """Give a client a new secret and show it this once."""
    actor = visit.check_power(Power.REVIEW_PARTNER).person
    await visit.form()
    partner_id, client_id = path_id(visit, "partner_id"), path_id(visit, "client_id")
    away = password_first(visit, f"/admin/partners/{partner_id}")
    if away:
        return see_other(away)
    if client_id not in {each.client_id for each in own_clients(visit.services.registry, partner_id)}:
        raise Refusal("not_found", detail="not a client of this partner")
    secret = await new_client_secret(visit.services, actor.person_id, client_id)
    return await _partner_page(visit, partner_id, secret=views.NewSecret(client_id=client_id, secret=secret))


async def retire(visit: Visit) -> Response:
    """Retire a client: stopping takes no password."""
    actor = visit.check_power(Power.REVIEW_PARTNER).person
    form = await visit.form()
    partner_id, client_id = path_id(visit, "partner_id"), path_id(visit, "client_id")
    reason = read_reason(form, STOP_REASONS)
    if reason is None:
        errors = (views.FieldError(field="", message=say("Choose a reason.")),)
        return await _partner_page(visit, partner_id, errors, status=400)
    await retire_client(visit.services, actor.person_id, partner_id, client_id, reason)
    return see_other(f"/admin/partners/{partner_id}?done=moved")


ROUTES = (
    Route("/admin/partners", signed_in_page(partners), methods=["GET"]),
    Route("/admin/partners/{partner_id}", signed_in_page(partner), methods=["GET"]),
    Route("/admin/partners/{partner_id}/approve", signed_in_page(approve), methods=["POST"]),
    Route("/admin/partners/{partner_id}/reject", signed_in_page(reject), methods=["POST"]),
    Route(
        "/admin/partners/{partner_id}/clients/{client_id}/secret",
        signed_in_page(new_secret),
        methods=["POST"],
    ),
    Route(
        "/admin/partners/{partner_id}/clients/{client_id}/retire", signed_in_page(retire), methods=["POST"]
    ),
    *(
        Route(f"/admin/partners/{{partner_id}}/{kind}", signed_in_page(mover(kind)), methods=["POST"])
        for kind in PartnerMove
    ),
)
