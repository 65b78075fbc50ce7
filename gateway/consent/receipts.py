"""Receipts: one consent event as a record that its person keeps (ISO/IEC TS 27560 in the terms of DPV 2, JSON-LD)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.model.grants import (
    DPV_STATUS,
    ActorKind,
    ConsentEvent,
    EventType,
    GrantState,
    LegalBasis,
    move,
)
from gateway.model.registry import Notice
from partners import Offer, Partner
from scopes import FIELDS, PURPOSES

SCHEMA = "ISO/IEC TS 27560:2023"
CONTEXT: Mapping[str, str] = {
    "dpv": "https://w3id.org/dpv#",
    "dcterms": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


@dataclass(frozen=True, slots=True)
class ReceiptBasis:
    """What a receipt says besides its event.

    Attributes:
        issuer: the gateway's address.
        notice: what the grant stood on when the event happened.
    """

    issuer: str
    service_name: str
    contact: str
    partner: Partner
    offer: Offer
    notice: Notice
    legal_basis: str
    jurisdiction: str


def receipt_of(event: ConsentEvent, basis: ReceiptBasis) -> dict[str, Any]:
    """Write the receipt of one event, with names of fields, never a value, and no id but the grant's."""
    return {
        "@context": dict(CONTEXT),
        "@id": f"{basis.issuer}/receipts/{event.event_id}",
        "@type": "dpv:ConsentRecord",
        "dcterms:conformsTo": SCHEMA,
        "dcterms:identifier": event.event_id,
        "dcterms:issued": _time(event.at),
        "dcterms:language": event.language or basis.notice.language,
        "record": event.grant_id,
        "sequence": event.seq,
        "event": str(event.type),
        "dpv:hasConsentStatus": {"@id": DPV_STATUS[event.type]},
        "dpv:hasIndicationMethod": event.method,
        "decided_by": str(event.actor_kind),
        "reason": str(event.reason) if event.reason else None,
        "valid_until": _time(event.valid_until) if event.valid_until else None,
        "dpv:hasDuration": list(_durations(event)),
        "dpv:hasLegalBasis": basis.legal_basis,
        "dpv:hasJurisdiction": basis.jurisdiction,
        "dpv:hasDataController": {"name": basis.service_name, "contact": basis.contact, "url": basis.issuer},
        "dpv:hasRecipient": _recipient(basis.partner),
        "dpv:hasService": {
            "identifier": basis.offer.offer_id,
            "name": basis.offer.in_language(event.language or basis.notice.language).name,
        },
        "dpv:hasNotice": {
            "@id": f"{basis.issuer}/notices/{basis.notice.notice_id}",
            "version": basis.notice.offer_version,
            "language": basis.notice.language,
            "sha256": basis.notice.sha256.hex(),
        },
        "dpv:hasProcess": [_process(event, basis, number) for number in range(len(event.items))],
    }


def basis_of(ground: ConsentEvent) -> LegalBasis:
    """Tell who took a decision."""
    is_guarded = ground.type is EventType.ASKED or ground.actor_kind is ActorKind.GUARDIAN
    return LegalBasis.GUARDIAN_CONSENT if is_guarded else LegalBasis.CONSENT


def _recipient(partner: Partner) -> dict[str, Any]:
    return {
        "identifier": partner.partner_id,
        "name": partner.legal_name,
        "address": partner.address,
        "country": partner.country,
        "contact": partner.contact,
        "complaints": partner.grievance_contact,
        "storage_countries": list(partner.storage_countries),
    }


def _durations(event: ConsentEvent) -> Iterator[dict[str, Any]]:
    """Say until when the consent holds, and for how many hand-offs where the decision says so (DPV 2)."""
    if event.valid_until is not None:
        yield {"@type": "dpv:UntilTimeDuration", "until": _time(event.valid_until)}
    if event.use_limit is not None:
        yield {"@type": "dpv:FixedOccurrencesDuration", "occurrences": event.use_limit}


def _process(event: ConsentEvent, basis: ReceiptBasis, number: int) -> dict[str, Any]:
    item = event.items[number]
    terms = next(
        (each for each in basis.offer.items if (each.field, each.purpose) == (item.field, item.purpose)), None
    )
    return {
        "dpv:hasPersonalData": {
            "@id": FIELDS[item.field].dpv_iri,
            "field": item.field,
            "form": str(item.form),
        },
        "dpv:hasPurpose": {"@id": PURPOSES[item.purpose].dpv_iri, "code": item.purpose},
        "necessity": str(terms.necessity) if terms else None,
        "retention_days": terms.retention_days if terms else None,
    }


def _time(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def folded(events: Iterable[ConsentEvent]) -> GrantState | None:
    """Fold events, or what their receipts say about them, into the state of their grant."""
    state: GrantState | None = None
    for event in events:
        state = move(state, event.type)
    return state
