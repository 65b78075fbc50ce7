"""Receipts and the stop link: a person proves what they agreed to, and stops it without logging in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from gateway.actions.grant_changes import commit_change
from gateway.actions.partners.deletions import ask_deletion
from gateway.actions.services import Services
from gateway.consent.decisions import Actor, end
from gateway.consent.receipts import SCHEMA, ReceiptBasis, basis_of, receipt_of
from gateway.kit.errors import Refusal
from gateway.kit.secrets.digests import is_same
from gateway.model.grants import LIVE, ActorKind, Grant, ReasonCode
from gateway.model.people import Session
from gateway.oauth.jwts import is_of_type
from gateway.oauth.signing import OURS, current_key
from gateway.store.approvals import load_guardians
from gateway.store.consent.grants import GrantDetail, load_details
from gateway.store.consent.receipts import Receipt, ReceiptStory, issue_receipts, load_receipts, load_stories
from gateway.store.partners.partners import load_notices, load_offer_versions
from partners import offer_from_content

TYPE = "consent-receipt+jws"


class BadReceipt(Exception):
    """What was presented is no receipt, or was not signed by these keys."""


@dataclass(frozen=True, slots=True)
class OwnReceipt:
    """A receipt, what it says, and the address that stops its grant without log-in; empty when it is over."""

    receipt: Receipt
    content: Mapping[str, Any]
    stop_path: str


async def see_receipt(services: Services, session: Session, grant_id: str, event_id: str) -> OwnReceipt:
    """Give the receipt of one event of one's own grant; it is signed at the first look and never again.

    Raises:
        Refusal: ``not_found`` for an unknown event and for somebody else's alike.
    """
    story = await services.store.read(load_stories, event_id)
    person_id = session.person.person_id
    if story is None or (story.grant.grant_id, story.grant.person_id) != (grant_id, person_id):
        raise Refusal("not_found", detail="no such event of this grant, or somebody else's grant")
    found = await issue_receipt(services, story)
    content: Mapping[str, Any] = json.loads(jws.extract_compact(found.jws.encode()).payload)
    is_live = story.grant.state in LIVE
    return OwnReceipt(found, content, stop_path(services, grant_id) if is_live else "")


async def issue_receipt(services: Services, story: ReceiptStory) -> Receipt:
    """Give the receipt of an event; the first request for it signs it."""
    found = await services.store.lane(load_receipts, reads=True).submit(story.event.event_id)
    if found is None:
        found = await services.store.lane(issue_receipts).submit(await _sign(services, story))
    return found


async def _sign(services: Services, story: ReceiptStory) -> Receipt:
    grant = story.grant
    notice = await services.store.lane(load_notices, reads=True).submit(story.notice_id)
    if notice is None:
        raise Refusal("not_found", detail="a grant without its notice")
    version = (grant.offer_id, notice.offer_version)
    content = await services.store.lane(load_offer_versions, reads=True).submit(version)
    basis = ReceiptBasis(
        issuer=services.settings.issuer,
        service_name=services.settings.service_name,
        contact=services.settings.contact,
        partner=services.registry.partners[grant.partner_id].partner,
        offer=_offer(content),
        notice=notice,
        legal_basis=str(basis_of(story.ground)),
        jurisdiction=story.jurisdiction,
    )
    key = current_key(services.seal.ring.signing, services.registry.signing_keys)
    header = {"alg": OURS, "kid": key.kid, "typ": TYPE}
    text = json.dumps(receipt_of(story.event, basis), sort_keys=True, separators=(",", ":"))
    signed = jws.serialize_compact(header, text.encode(), key, algorithms=[OURS])
    return Receipt(story.event.event_id, grant.grant_id, SCHEMA, signed, services.clock())


_offer = lru_cache(maxsize=256)(offer_from_content)
"""Reads an offer version and keeps it, because versions never change and most receipts are about a few."""


def receipt_keys(services: Services) -> Mapping[str, Any]:
    """Give every public key that ever signed, because receipts outlive a key's use (RFC 7517)."""
    return {"keys": [json.loads(each.public_jwk) for each in services.registry.signing_keys]}


def read_receipt(text: str, keys: Mapping[str, Any]) -> Mapping[str, Any]:
    """Verify a receipt with published keys alone, offline.

    Raises:
        BadReceipt: it is no receipt, or none of these keys signed it.
    """
    try:
        known = KeySet([ECKey.import_key(each) for each in keys["keys"] if each["kty"] == "EC"])
        found = jws.deserialize_compact(text.strip().encode(), known, algorithms=[OURS])
        content = json.loads(found.payload)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise BadReceipt(error.__class__.__name__) from None
    if not is_of_type(found.protected, TYPE) or not isinstance(content, dict):
        raise BadReceipt("not a consent receipt")
    return content


def stop_path(services: Services, grant_id: str, guardian_id: str = "") -> str:
    """Give the address that stops a grant without log-in; it opens nothing else and shows no values.

    Args:
        guardian_id: the guardian whose letter it stands in, if any; it works only while they are a guardian.
    """
    return f"/stop/{grant_id}/{_stop_proof(services, grant_id, guardian_id)}"


def _stop_proof(services: Services, grant_id: str, guardian_id: str) -> str:
    return services.seal.signature("stop", grant_id, *filter(None, (guardian_id,)))


async def see_stop(services: Services, grant_id: str, proof: str) -> GrantDetail:
    """Look at what a stop link would stop.

    Raises:
        Refusal: ``not_found`` for a link that is not ours, and for one of a former guardian.
    """
    detail = await services.store.read(load_details, grant_id)
    if detail is None:
        raise Refusal("not_found", detail="unknown grant")
    guardians = await services.store.read(load_guardians, detail.line.grant.person_id)
    good = [_stop_proof(services, grant_id, each).encode() for each in ("", *guardians)]
    if not any(is_same(proof.encode(), each) for each in good):
        raise Refusal("not_found", detail="a stop link that was not made here, or a former guardian's")
    return detail


async def stop_by_link(services: Services, grant_id: str, proof: str, *, delete: bool = False) -> Grant:
    """Stop a grant for the holder of its link, which allows nothing else; a second stop changes nothing.

    Args:
        delete: ask the partner to delete what it holds, where it can be asked.
    """
    seen = (await see_stop(services, grant_id, proof)).line.grant
    if seen.state not in LIVE:
        return seen
    actor = Actor(ActorKind.SUBJECT, seen.person_id, "stop_link")
    reason = ReasonCode.USER_REQUEST
    outcome = end(seen, actor, reason, now=services.clock(), ids=services.ids)
    asked = ask_deletion(services, seen) if delete else None
    return await commit_change(services, outcome, reason, asked=asked)
