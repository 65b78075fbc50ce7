"""What a person chose on the consent screen: read from the form, held against what was served."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.kit.errors import Refusal
from gateway.model.grants import GrantedItem
from partners import Offer, OfferItem
from scopes import Form, Item, Necessity

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Choice:
    """A yes: which items in which form, and for how long (seconds).

    Attributes:
        use_limit: how many hand-offs in all; None for any number.
    """

    items: tuple[GrantedItem, ...]
    duration: int
    use_limit: int | None = None


ONCE = "once"
"""The answer to "for how long" that allows a single hand-off, within a day."""


def item_key(item: OfferItem) -> str:
    """Name an item on the screen."""
    return f"{item.field}.{item.purpose}"


def durations(offer: Offer) -> tuple[int, ...]:
    """The days a person can choose from: the offer's own duration first, then the usual shorter and longer ones."""
    usual = (
        days for days in (30, 90, 180, 365) if days <= offer.max_duration_days and days != offer.duration_days
    )
    return (offer.duration_days, *usual)


def read_choice(
    offer: Offer, served: Sequence[OfferItem], ticked: Iterable[str], forms: Mapping[str, str], duration: str
) -> Choice:
    """Read a yes.

    Args:
        served: the items that the screen showed; nothing else can be chosen.
        ticked: keys of the optional items that were ticked.
        forms: chosen form by item key.
        duration: chosen number of days.

    Raises:
        Refusal: ``bad_form`` for anything that the screen did not offer.
    """
    by_key = {item_key(item): item for item in served}
    wanted = set(ticked)
    if not wanted.issubset(by_key):
        raise Refusal("bad_form", detail="an item that the screen did not show")
    chosen = [
        _granted(item, forms.get(key))
        for key, item in by_key.items()
        if item.necessity is Necessity.NEEDED or key in wanted
    ]
    # Compared as text: reading a number of thousands of digits is an error in itself.
    if duration == ONCE:
        return Choice(tuple(chosen), DAY, use_limit=1)
    if duration not in map(str, durations(offer)):
        raise Refusal("bad_form", detail="a duration that the screen did not show")
    return Choice(tuple(chosen), int(duration) * DAY)


def _granted(item: OfferItem, form: str | None) -> GrantedItem:
    offered = {str(each): each for each in item.forms}
    chosen = item.forms[0] if form is None else offered.get(form)
    if chosen is None:
        raise Refusal("bad_form", detail="a form that the screen did not show")
    return GrantedItem(
        item=Item(item.field, item.purpose, Form(chosen)),
        needed=item.necessity is Necessity.NEEDED,
        retention_days=item.retention_days,
    )
