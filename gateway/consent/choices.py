"""What a person chose on the consent screen: read from the form, held against what was served."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.consent.terms import read_term
from gateway.kit.errors import Refusal
from gateway.model.grants import GrantedItem
from partners import Offer, OfferItem
from scopes import Form, Item, Necessity


@dataclass(frozen=True, slots=True)
class Choice:
    """A yes: which items in which form, and for how long (seconds).

    Attributes:
        use_limit: how many hand-offs in all; None for any number.
    """

    items: tuple[GrantedItem, ...]
    duration: int
    use_limit: int | None = None


def item_key(item: OfferItem) -> str:
    """Name an item on the screen."""
    return f"{item.field}.{item.purpose}"


def read_choice(
    offer: Offer,
    served: Sequence[OfferItem],
    ticked: Iterable[str],
    forms: Mapping[str, str],
    duration: str,
    *,
    now: int,
) -> Choice:
    """Read a yes.

    Args:
        served: the items that the screen showed; nothing else can be chosen.
        ticked: keys of the optional items that were ticked.
        forms: chosen form by item key.
        duration: the answer to "for how long".

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
    term = read_term(offer, duration, now)
    return Choice(tuple(chosen), term.until - now, term.use_limit)


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
