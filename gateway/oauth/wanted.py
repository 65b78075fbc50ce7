"""What a checked request asks for, and what its code reaches once the person has said yes."""

from collections.abc import Iterable
from dataclasses import replace

from gateway.model.grants import Grant
from gateway.model.registry import LiveOffer
from gateway.oauth.authorization_details import item_key, narrowed_to
from gateway.oauth.checks import Asked
from gateway.oauth.claims_request import claims_of
from gateway.oauth.reach import kept_scope
from partners import OfferItem
from scopes import SCOPES, Necessity, scope_fields


def wanted_items(asked: Asked, seen: Grant | None = None) -> tuple[OfferItem, ...]:
    """Choose what the screen will ask: the needed items always, optional ones that the request reaches.

    Scope, `claims` and `authorization_details` are three spellings of the same items. Where none of them names
    a field, the whole combined service is asked for (RFC 6749 §3.3: a default scope).

    Args:
        seen: the person's live grant; a request that merges into it keeps its items on the screen.
    """
    details, fields = asked.details, _asked_fields(asked)
    keys = details.keys if details else frozenset()
    is_default = details is None and not fields and not asked.parameters.get("scope")
    held = _held(asked, seen)
    return tuple(
        item if details is None or item_key(item) in held else narrowed_to(item, details)
        for item in asked.offer.offer.items
        if item.necessity is Necessity.NEEDED
        or is_default
        or item.field in fields
        or item_key(item) in keys | (held if asked.grant_action == "merge" else frozenset())
    )


def _held(asked: Asked, seen: Grant | None) -> frozenset[str]:
    """Name the items of the grant that an answer would keep."""
    if seen is None or asked.grant_action in ("create", "replace"):
        return frozenset()
    return frozenset(item_key(each.item) for each in seen.items)


def _asked_fields(asked: Asked) -> frozenset[str]:
    return scope_fields(asked.parameters.get("scope", "").split()) | claims_of(asked.parameters).fields


def asked_offer(asked: Asked) -> LiveOffer:
    """Give the offer as it was asked for: no longer than the request says."""
    live, details = asked.offer, asked.details
    if details is None or details.days is None:
        return live
    return replace(
        live, offer=replace(live.offer, duration_days=details.days, max_duration_days=details.days)
    )


def granted_reach(asked: Asked, grant: Grant) -> tuple[str, str | None]:
    """Spell what a code reaches: scope, and item keys where the request named items (RFC 9396 §7).

    With a scope alone, the needed items add to it what reaches them; items asked for by name stay with their names.
    """
    scope, details = asked.parameters.get("scope", ""), asked.details
    if details is None:
        return granted_scope(scope, frozenset(each.item.field for each in grant.items)), None
    needed = {item_key(item) for item in asked.offer.offer.items if item.necessity is Necessity.NEEDED}
    claimed = claims_of(asked.parameters).fields
    keys = [
        item_key(each.item)
        for each in grant.items
        if item_key(each.item) in details.keys | needed or each.item.field in claimed
    ]
    return kept_scope(scope, grant.items), " ".join(sorted(keys))


def granted_scope(scope: str, fields: Iterable[str]) -> str:
    """Spell the scope of a token: what was asked for and yields something, and what the needed items add."""
    granted = frozenset(fields)
    asked = scope.split()
    reaching = [name for name, reached in SCOPES.items() if granted.intersection(reached)]
    kept = [name for name in asked if name in SCOPES and (not SCOPES[name] or name in reaching)]
    added = [name for name in reaching if name not in kept and not _covered(name, kept, granted)]
    return " ".join(dict.fromkeys([*kept, *added]))


def _covered(name: str, kept: list[str], fields: frozenset[str]) -> bool:
    return fields.intersection(SCOPES[name]) <= scope_fields(kept)
