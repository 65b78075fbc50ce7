"""A person's whole record to download: account, consents, decisions and hand-offs, by names and never by values."""

from typing import Any

from gateway.actions.accounts.own_record_schema import SCHEMA, VERSION
from gateway.actions.accounts.preferences import see_choices
from gateway.actions.consent.consents import archived_before
from gateway.actions.contacts.own_contacts import own_contacts
from gateway.actions.services import Services
from gateway.consent.attendance import is_own_use
from gateway.model.deletions import Deletion
from gateway.model.grants import ConsentEvent, item_words
from gateway.model.ledger.handoffs import Handoff
from gateway.model.people import Session
from gateway.store.accounts.own_record import load_own_rows
from gateway.store.consent.complaints import load_complaints
from gateway.store.consent.grants import GrantDetail, GrantLine, GrantQuery, load_details, search_grants
from gateway.store.ledger.handoffs import HandoffQuery, find_visits, search_handoffs
from gateway.store.partners.deletions import load_deletions

MOST = 500


async def own_record(services: Services, session: Session) -> dict[str, Any]:
    """Collect the record (GDPR Art. 15 and 20; the schema is published at its ``$schema``)."""
    person_id = session.person.person_id
    rows = await services.store.read(load_own_rows, person_id)
    (account,) = rows.pop("account")
    for each in rows["private_addresses"]:
        each["address"] = services.relay_address(each["partner_id"], person_id)
    choices = (await see_choices(services, session)).values()
    return {
        "$schema": services.settings.issuer + SCHEMA,
        "version": VERSION,
        "made_at": services.clock(),
        "account": account,
        **rows,
        "preferences": [
            {"name": str(each.preference), "is_on": each.is_on, "changed_at": each.changed_at}
            for each in choices
        ],
        "contacts": await own_contacts(services, session),
        "consents": [
            await _consent(services, line.grant.grant_id) for line in await _lines(services, person_id)
        ],
    }


async def _lines(services: Services, person_id: str) -> list[GrantLine]:
    """Read every grant of a person, newest first, page after page."""
    found: list[GrantLine] = []
    before = None
    while True:
        query = GrantQuery(person_id=person_id, before=before, limit=MOST)
        page = await services.store.read(search_grants, query)
        found += page
        if len(page) < MOST:
            return found
        before = (page[-1].created_at, page[-1].grant.grant_id)


async def _consent(services: Services, grant_id: str) -> dict[str, Any]:
    detail = await services.store.read(load_details, grant_id)
    handoffs = await _handoffs(services, grant_id)
    visits = await services.store.read(find_visits, frozenset(each.token_digest for each in handoffs))
    complaints = await services.store.read(load_complaints, grant_id)
    deletion = await services.store.read(load_deletions, grant_id)
    return {
        **(_grant(services, detail) if detail else {}),
        "events": [_event(services, each) for each in detail.events] if detail else [],
        "handoffs": [_handoff(services, each, visits.get(each.token_digest)) for each in handoffs],
        "archived_before": await archived_before(services, detail.line) if detail else None,
        "complaints": [
            {"reference": each.complaint_id, "kind": each.kind, "at": each.opened_at} for each in complaints
        ],
        "deletion": _deletion(services, deletion) if deletion else None,
    }


async def _handoffs(services: Services, grant_id: str) -> list[Handoff]:
    """Read every hand-off of a grant, newest first, page after page: the record must leave none out."""
    found: list[Handoff] = []
    before = None
    while True:
        query = HandoffQuery(grant_id=grant_id, before=before, limit=MOST)
        page = await services.store.read(search_handoffs, query)
        found += page
        if len(page) < MOST:
            return found
        before = (page[-1].at, page[-1].handoff_id)


def _grant(services: Services, detail: GrantDetail) -> dict[str, Any]:
    grant = detail.line.grant
    return {
        "id": grant.grant_id,
        "partner": services.registry.partners[grant.partner_id].partner.legal_name,
        "service": services.registry.offers[grant.offer_id].offer.name,
        "state": str(grant.state),
        "legal_basis": str(grant.legal_basis),
        "items": item_words(grant.granted),
        "since": detail.line.created_at,
        "until": grant.valid_until,
        "last_used_at": grant.used_at,
        "ended_at": detail.line.ended_at,
        "notice": f"{services.settings.issuer}/notices/{grant.notice_id}",
    }


def _deletion(services: Services, deletion: Deletion) -> dict[str, Any]:
    return {
        "reference": deletion.request_id,
        "state": str(deletion.state(services.clock())),
        "asked_at": deletion.asked_at,
        "complete_by": deletion.done_by,
        "received_at": deletion.received_at,
        "answered_at": deletion.answered_at,
    }


def _proof(services: Services, grant_id: str, entry_id: str) -> str:
    """Where the person gets the proof that the log holds it."""
    return f"{services.settings.issuer}/log/proof/inclusion?grant={grant_id}&entry={entry_id}"


def _event(services: Services, event: ConsentEvent) -> dict[str, Any]:
    return {
        "id": event.event_id,
        "type": str(event.type),
        "by": str(event.actor_kind),
        "reason": str(event.reason) if event.reason else None,
        "items": item_words(event.items),
        "uses": event.use_limit,
        "until": event.valid_until,
        "at": event.at,
        "proof": _proof(services, event.grant_id, event.event_id),
    }


def _handoff(services: Services, handoff: Handoff, came_at: int | None) -> dict[str, Any]:
    return {
        "id": handoff.handoff_id,
        "at": handoff.at,
        "through": handoff.endpoint,
        "used_by_you": is_own_use(came_at, handoff.at),
        "client": handoff.client_id,
        "items": item_words(tuple(each.item for each in handoff.items)),
        "proof": _proof(services, handoff.grant_id, handoff.handoff_id),
    }
