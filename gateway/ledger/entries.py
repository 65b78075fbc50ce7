"""Every kind of entry as bytes: the canonical encoding, and the commitments to values."""

import json
from collections.abc import Mapping
from typing import Any

import orjson

from gateway.kit.secrets.digests import KeyedDigests, base64url
from gateway.ledger.marks import mark, mark_all
from gateway.model.administration.actions import ENTRY_VERSION, AdminAction
from gateway.model.contacts import ContactEvent, ContactView, GivenItem
from gateway.model.grants import DPV_STATUS, ActorKind, ConsentEvent, item_words
from gateway.model.ledger.handoffs import Handoff, LoggedHandoff
from gateway.model.ledger.rows import KIND_OF, LogRow
from scopes import Item

# json.dumps makes an encoder at every call that says how.
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))

KINDS = frozenset(KIND_OF.values())


def encode(entry: LogRow | Handoff) -> bytes:
    """Encode one entry of any kind canonically (docs/specs/handoff-log.md).

    Returns:
        JSON, keys sorted, no spaces, ASCII; for example ``{"at":1790000000,"client":"quizco-web",...}``.
    """
    if isinstance(entry, LoggedHandoff):
        return _handoff(entry, entry.words)
    if isinstance(entry, Handoff):
        return encode_entry(entry)
    if isinstance(entry, ContactView):
        return encode_view(entry)
    if isinstance(entry, ContactEvent):
        return _canonical(_contact_event(entry))
    return _canonical(_consent_event(entry) if isinstance(entry, ConsentEvent) else _admin_action(entry))


def encode_entry(handoff: Handoff) -> bytes:
    """Encode a hand-off. The grant stands for the person: nobody's id is in the log."""
    return _handoff(
        handoff,
        [
            [each.item.field, each.item.purpose, str(each.item.form), each.commitment]
            for each in handoff.items
        ],
    )


def _handoff(handoff: Handoff | LoggedHandoff, items: list[list[str]]) -> bytes:
    content = {
        "kind": "handoff",
        "id": handoff.handoff_id,
        "grant": handoff.grant_id,
        "event": handoff.event_id,
        "partner": handoff.partner_id,
        "client": handoff.client_id,
        "token": base64url(handoff.token_digest),
        "endpoint": handoff.endpoint,
        "items": items,
        "at": handoff.at,
    }
    return _canonical_quickly(content)


def encode_view(view: ContactView) -> bytes:
    """Encode a look at a contact's details. The contact stands for both people, the side for whose they are."""
    content = {
        "kind": "contact_view",
        "id": view.view_id,
        "contact": view.contact_id,
        "event": view.event_id,
        "giver": str(view.giver),
        "items": [[each.item.field, str(each.item.form), each.commitment] for each in view.items],
        "at": view.at,
    }
    return _canonical(content)


def _contact_event(event: ContactEvent) -> Mapping[str, object]:
    return {
        "kind": "contact_event",
        "id": event.event_id,
        "contact": event.contact_id,
        "seq": event.seq,
        "type": str(event.type),
        "side": str(event.side),
        "items": [[each.field, str(each.form)] for each in sorted(event.items)],
        "erasure": event.is_erasure,
        "language": event.language,
        "acr": event.acr,
        "auth_time": event.auth_time,
        "valid_until": event.valid_until,
        "at": event.at,
    }


def _consent_event(event: ConsentEvent) -> Mapping[str, object]:
    # The subject of a grant is whoever the grant belongs to; any other actor is marked.
    is_subject = event.actor_kind is ActorKind.SUBJECT
    # Left out instead of null: entries from before there was a limit stay as they are.
    uses = {} if event.use_limit is None else {"uses": event.use_limit}
    return {
        **uses,
        "kind": "consent_event",
        "id": event.event_id,
        "grant": event.grant_id,
        "seq": event.seq,
        "type": str(event.type),
        "dpv": DPV_STATUS[event.type],
        "actor": str(event.actor_kind),
        "by": None if is_subject else mark(event.event_id, event.actor_id),
        "method": event.method,
        "items": item_words(event.items),
        "reason": None if event.reason is None else str(event.reason),
        "served": event.served_id,
        "auth_time": event.auth_time,
        "acr": event.acr,
        "language": event.language,
        "valid_until": event.valid_until,
        "at": event.at,
    }


def _admin_action(act: AdminAction) -> Mapping[str, object]:
    # Entries of version 1 stay as they are: they say no version, and their details are not marked.
    is_marked = act.entry_version >= ENTRY_VERSION
    return {
        **({"v": act.entry_version} if is_marked else {}),
        "kind": "admin_action",
        "id": act.action_id,
        "by": mark(act.action_id, act.actor_id),
        "action": act.action,
        "target_kind": act.target_kind,
        "target": mark(act.action_id, act.target_id),
        "reason": act.reason,
        "detail": mark_all(act.action_id, act.detail) if is_marked else act.detail,
        "at": act.at,
    }


def _canonical(content: object) -> bytes:
    return _CANONICAL.encode(content).encode("ascii")


def _canonical_quickly(content: Mapping[str, object]) -> bytes:
    """Spell what has texts, lists of them and whole numbers of 64 bits, in a tenth of the time."""
    spelled = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    # It leaves as they are what the spelling escapes: everything beyond ASCII, and the last of ASCII.
    return spelled if spelled.isascii() and b"\x7f" not in spelled else _canonical(content)


def decode(entry: bytes) -> dict[str, Any]:
    """Read an entry that no row vouches for.

    Raises:
        ValueError: it is not spelled in the one way there is, or of no kind that there is. A key that is there
            twice, say, would tell one reader this and another reader that.
    """
    content = json.loads(entry)
    if not isinstance(content, dict) or content.get("kind") not in KINDS or _canonical(content) != entry:
        raise ValueError("not an entry of this log")
    return content


class Commitments:
    """Commits to released values under the person's key: HMAC-SHA-256, base64url.

    The same value gives the same commitment within one grant, which shows whether a partner holds an older
    copy; across grants nothing can be compared, and once the person's key is shredded nobody can tell what
    it was. A contact takes the grant's place where people see each other's details.
    """

    def __init__(self, person_key: bytes, grant_id: str) -> None:
        """Begin; for the values of one grant."""
        self._digests = KeyedDigests(person_key, "commitment", grant_id)

    def to(self, item: Item | GivenItem, value: object) -> str:
        """Commit to one item's value."""
        return base64url(self._digests.of(item.field, item.form, _CANONICAL.encode(value)))
