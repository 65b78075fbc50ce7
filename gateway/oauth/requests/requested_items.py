"""What a checked request asks for, and what its code reaches of it once the person has said yes (decision 0069)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gateway.model.grants import Grant
from gateway.model.item_keys import item_key
from gateway.model.registry import LiveOffer
from gateway.oauth.requests.asked_forms import spell_forms
from gateway.oauth.requests.authorization_details import narrowed_to
from gateway.oauth.requests.checks import ExaminedRequest
from gateway.oauth.requests.claims_request import claims_of
from partners import OfferItem
from scopes import SCOPES, Necessity, scope_fields

_SPELLINGS = ("scope", "claims", "authorization_details")
"""Parameters by which a request can ask for a field."""


def requested_items(asked: ExaminedRequest) -> tuple[OfferItem, ...]:
    """Choose the items that a request asks for: those that it names, and the needed ones with them.

    Scope, `claims` and `authorization_details` are three spellings of the same items. A request with none of them
    asks for the whole combined service (RFC 6749 §3.3: a default scope); one that names no field signs in.
    """
    keys, fields = _beside_scope(asked), scope_fields(_scope(asked).split())
    items = (each for each in asked.offer.offer.items if each.field in fields or item_key(each) in keys)
    details = asked.details
    return tuple(each if details is None else narrowed_to(each, details) for each in items)


def items_on_screen(asked: ExaminedRequest, seen: Grant | None) -> tuple[OfferItem, ...]:
    """Choose what a screen serves: what is asked for, and everything that was granted and that an answer keeps.

    Args:
        seen: the grant that a yes adds to; None where the person is asked anew.
    """
    requested = {item_key(each): each for each in requested_items(asked)}
    held = {item_key(each.item) for each in seen.items} if seen else set()
    # Granted items keep their form, so no request narrows them.
    return tuple(
        item if item_key(item) in held else requested[item_key(item)]
        for item in asked.offer.offer.items
        if item_key(item) in held | requested.keys()
    )


def asked_offer(asked: ExaminedRequest) -> LiveOffer:
    """Give the offer as it was asked for: no longer than the request says."""
    live, details = asked.offer, asked.details
    if details is None or details.days is None:
        return live
    return replace(
        live, offer=replace(live.offer, duration_days=details.days, max_duration_days=details.days)
    )


@dataclass(frozen=True, slots=True)
class AskedReach:
    """What a code or token was asked for. At each use it reaches what the live grant allows of that.

    Attributes:
        scope: as it was sent; a default scope where nothing was.
        details: keys of the items by name, where the request named items (RFC 9396 §7).
        asked_items: keys of the items besides the scope, where it did not.
        asked_forms: the forms of items, where the request names forms.
    """

    scope: str
    details: str | None
    asked_items: str | None
    asked_forms: str | None


def reach_of(asked: ExaminedRequest) -> AskedReach:
    """Spell what a request asks for, as its code and tokens keep it."""
    scope, keys = _scope(asked), " ".join(sorted(_beside_scope(asked)))
    if asked.details is None:
        return AskedReach(scope, None, keys, None)
    return AskedReach(scope, keys, None, spell_forms(asked.details.forms))


def scope_of(fields: Iterable[str]) -> str:
    """Spell a scope that reaches these fields."""
    wanted = frozenset(fields)
    return " ".join(name for name, reached in SCOPES.items() if wanted.intersection(reached))


def _scope(asked: ExaminedRequest) -> str:
    """Give the scope without repetitions, or the whole service's where the request names nothing."""
    if not any(name in asked.parameters for name in _SPELLINGS):
        return scope_of(each.field for each in asked.offer.offer.items)
    return " ".join(dict.fromkeys(asked.parameters.get("scope", "").split()))


def _beside_scope(asked: ExaminedRequest) -> frozenset[str]:
    """Name the items that are asked for besides the scope: named ones, and the needed ones with anything named."""
    items, claimed = asked.offer.offer.items, claims_of(asked.parameters).fields
    named = {item_key(each) for each in items if each.field in claimed}
    if asked.details is not None:
        named |= asked.details.keys
    if not named and not scope_fields(_scope(asked).split()):
        return frozenset()
    return frozenset(named | {item_key(each) for each in items if each.necessity is Necessity.NEEDED})
