"""Rich authorization requests of the one type ``combined_service`` (RFC 9396): items by name, not by scope."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway.kit.errors import Refusal
from gateway.model.grants import Grant, GrantedItem
from gateway.model.item_keys import item_key
from gateway.oauth.requests.asked_forms import AskedForms
from partners import Offer, OfferItem
from scopes import Form

TYPE = "combined_service"
ACTIONS = ("read",)
MOST = 20
"""The most objects that one request may hold."""

_MEMBERS = frozenset({"type", "locations", "actions", "offer", "items", "duration"})
_ITEM_MEMBERS = frozenset({"field", "purpose", "form"})
_DURATION = re.compile(r"P([1-9][0-9]{0,3})D")


@dataclass(frozen=True, slots=True)
class Details:
    """What a request asks for item by item.

    Attributes:
        keys: of the items.
        forms: by item key, the forms that were asked for; an item that is not there was asked for in any form.
        days: for how long at most; None where the request does not say.
    """

    keys: frozenset[str]
    forms: AskedForms
    days: int | None


def read_details(text: str, offer: Offer, location: str) -> Details:
    """Read an ``authorization_details`` parameter.

    Args:
        offer: the client's combined service; nothing beyond it can be asked for.
        location: the only resource server.

    Raises:
        Refusal: ``invalid_authorization_details`` for anything unknown or beyond the offer (RFC 9396 §5).
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise _refused("no JSON") from None
    if not isinstance(found, list) or not 0 < len(found) <= MOST:
        raise _refused("it must be a list of objects")
    named: dict[str, frozenset[Form]] = {}
    days: list[int] = []
    for each in found:
        _check_object(each, offer, location)
        for item, form in _items(each, offer):
            key = item_key(item)
            named[key] = named.get(key, frozenset()) | {form}
        if "duration" in each:
            days.append(_days(each["duration"], offer))
    # Who may have the whole value takes any form of it.
    limited = {key: forms for key, forms in named.items() if Form.FULL not in forms}
    return Details(frozenset(named), limited, min(days) if days else None)


def _check_object(each: Any, offer: Offer, location: str) -> None:
    if not isinstance(each, dict) or each.get("type") != TYPE:
        raise _refused(f"the only type is {TYPE}")
    if not _MEMBERS.issuperset(each):
        raise _refused("an object has a member that its type does not have")
    if each.get("offer") != offer.offer_id:
        raise _refused("offer must name the combined service of this client")
    _check_among(each, "locations", lambda value: value == location)
    _check_among(each, "actions", lambda value: value in ACTIONS)


def _check_among(each: Mapping[str, Any], name: str, is_known: Callable[[object], bool]) -> None:
    values = each.get(name)
    if name in each and not (isinstance(values, list) and values and all(map(is_known, values))):
        raise _refused(f"{name} has a value that is not offered")


def _items(each: Mapping[str, Any], offer: Offer) -> Iterator[tuple[OfferItem, Form]]:
    """Find the items that an object names; without any it names the whole service."""
    if "items" not in each:
        yield from ((item, Form.FULL) for item in offer.items)
        return
    if not isinstance(each["items"], list) or not each["items"]:
        raise _refused("items must be a list of objects")
    offered = {(item.field, item.purpose): item for item in offer.items}
    for named in each["items"]:
        if not isinstance(named, dict) or not _ITEM_MEMBERS.issuperset(named):
            raise _refused("an item has field, purpose and perhaps form")
        field, purpose = named.get("field"), named.get("purpose")
        is_text = isinstance(field, str) and isinstance(purpose, str)
        item = offered.get((field, purpose)) if is_text else None  # type: ignore[arg-type]  # both are text here
        if item is None:
            raise _refused("an item is not in the offer for that purpose")
        form = named.get("form", item.forms[-1])
        if form not in item.forms:
            raise _refused("a form is not offered for its item")
        yield item, Form(form) if "form" in named else Form.FULL


def _days(duration: Any, offer: Offer) -> int:
    """Read a duration in days (ISO 8601): no more than the offer's own limit."""
    found = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    if found is None or int(found[1]) > offer.max_duration_days:
        raise _refused("duration must be days, such as P90D, and no more than the offer allows")
    return int(found[1])


def narrowed_to(item: OfferItem, details: Details) -> OfferItem:
    """Keep the forms that were asked for; who asked for the whole value leaves the person every choice."""
    asked = details.forms.get(item_key(item))
    return item if asked is None else replace(item, forms=tuple(form for form in item.forms if form in asked))


def granted_details(items: Iterable[GrantedItem], grant: Grant, location: str) -> list[dict[str, Any]]:
    """Say what is granted, in the forms of the items that are given here (RFC 9396 §7)."""
    listed = [
        {"field": each.item.field, "purpose": each.item.purpose, "form": str(each.item.form)}
        for each in sorted(items, key=lambda granted: granted.item)
    ]
    if not listed:
        return []
    about = {"type": TYPE, "locations": [location], "actions": list(ACTIONS), "offer": grant.offer_id}
    return [{**about, "items": listed}]


def _refused(fault: str) -> Refusal:
    return Refusal(
        "invalid_authorization_details",
        detail=f"authorization_details: {fault}",
        hint=f"authorization_details: {fault}.",
    )
