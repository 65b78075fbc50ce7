"""A person's whole record to download: every consent, decision and hand-off, by names and never by values."""

from typing import Any

from gateway.actions.connected import archived_before
from gateway.actions.own_contacts import contact_schema, own_contacts
from gateway.actions.services import Services
from gateway.model.deletions import Deletion, DeletionState
from gateway.model.grants import ConsentEvent, item_words
from gateway.model.handoffs import Handoff
from gateway.model.people import Session
from gateway.store.complaints import load_complaints
from gateway.store.deletions import load_deletions
from gateway.store.grants import GrantDetail, GrantQuery, load_details, search_grants
from gateway.store.handoffs import HandoffQuery, search_handoffs

SCHEMA = "/schemas/own-record.json"
MOST = 500


async def own_record(services: Services, session: Session) -> dict[str, Any]:
    """Collect the record (GDPR Art. 15 and 20; the schema is published at its ``$schema``)."""
    query = GrantQuery(person_id=session.person.person_id, limit=MOST)
    lines = await services.store.read(search_grants, query)
    return {
        "$schema": services.settings.issuer + SCHEMA,
        "made_at": services.clock(),
        "consents": [await _consent(services, line.grant.grant_id) for line in lines],
        "contacts": await own_contacts(services, session),
    }


async def _consent(services: Services, grant_id: str) -> dict[str, Any]:
    detail = await services.store.read(load_details, grant_id)
    handoffs = await _handoffs(services, grant_id)
    complaints = await services.store.read(load_complaints, grant_id)
    deletion = await services.store.read(load_deletions, grant_id)
    return {
        **(_grant(services, detail) if detail else {}),
        "events": [_event(services, each) for each in detail.events] if detail else [],
        "handoffs": [_handoff(services, each) for each in handoffs],
        "archived_before": await archived_before(services, detail.line) if detail else None,
        "complaints": [
            {"reference": each.complaint_id, "kind": each.kind, "at": each.opened_at} for each in complaints
        ],
        "deletion": _deletion(services, deletion) if deletion else None,
    }


async def _handoffs(services: Services, grant_id: str) -> list[Handoff]:
    """Read every hand-off of a grant, newest first, page after page: a record that leaves some out is none."""
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


def _handoff(services: Services, handoff: Handoff) -> dict[str, Any]:
    return {
        "id": handoff.handoff_id,
        "at": handoff.at,
        "through": handoff.endpoint,
        "client": handoff.client_id,
        "items": item_words(tuple(each.item for each in handoff.items)),
        "proof": _proof(services, handoff.grant_id, handoff.handoff_id),
    }


def schema() -> dict[str, Any]:
    """Give the record's JSON schema (draft 2020-12)."""
    text, time = {"type": "string"}, {"type": "integer", "description": "Seconds UTC."}
    maybe = {"type": ["integer", "null"]}
    items = {
        "type": "array",
        "items": {"type": "array", "items": text, "minItems": 3, "maxItems": 3},
        "description": "Field, purpose, form.",
    }
    event = {
        "id": text,
        "type": text,
        "by": text,
        "reason": {"type": ["string", "null"]},
        "items": items,
        "uses": {
            **maybe,
            "description": "So many hand-offs from here on; null where it says nothing about that.",
        },
        "until": maybe,
        "at": time,
        "proof": text,
    }
    handoff = {"id": text, "at": time, "through": text, "client": text, "items": items, "proof": text}
    complaint = {"reference": text, "kind": text, "at": time}
    deletion = {
        "reference": text,
        "state": {"enum": [str(each) for each in DeletionState]},
        "asked_at": time,
        "complete_by": time,
        "received_at": maybe,
        "answered_at": maybe,
    }
    consent = {
        "id": text,
        "partner": text,
        "service": text,
        "state": text,
        "legal_basis": text,
        "items": items,
        "since": time,
        "until": time,
        "ended_at": maybe,
        "notice": text,
        "events": {"type": "array", "items": _object(event)},
        "handoffs": {"type": "array", "items": _object(handoff)},
        "archived_before": {
            **maybe,
            "description": "It was over before this second: some of its hand-offs may be in the log's archive only.",
        },
        "complaints": {"type": "array", "items": _object(complaint)},
        "deletion": {
            "anyOf": [_object(deletion), {"type": "null"}],
            "description": "What the partner was asked to delete at the end, and what it said.",
        },
    }
    record = {
        "$schema": text,
        "made_at": time,
        "consents": {"type": "array", "items": _object(consent)},
        "contacts": {"type": "array", "items": _object(contact_schema())},
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_object(record)}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }
