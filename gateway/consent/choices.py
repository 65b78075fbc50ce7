"""What a person chose on the consent screen, read from the form and checked against what was served."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.consent.terms import read_term
from gateway.kit.errors import Refusal
from gateway.model.grants import Grant, GrantedItem
from gateway.model.item_keys import item_key
from partners import Offer, OfferItem
from scopes import Form, Item, Necessity


@dataclass(frozen=True, slots=True)
class Choice:
    """What a yes allows: which items in which form, and for how long (seconds).

    Attributes:
        use_limit: how many hand-offs in all; None for any number.
    """

    items: tuple[GrantedItem, ...]
    duration: int
    use_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """What a screen puts before somebody.

    Attributes:
        asked: items with controls: their forms, and a box where the item is optional.
        kept: what was granted before and stays in its form; the screen has no control for it (consent.md rule 8).
    """

    asked: tuple[OfferItem, ...]
    kept: tuple[tuple[OfferItem, Form], ...] = ()


def offered(served: Iterable[OfferItem], seen: Grant | None) -> Offered:
    """Divide what a screen serves into what it asks for and what it keeps.

    Args:
        seen: the grant that a yes would add to; None where everything is asked anew.
    """
    present = {(each.item.field, each.item.purpose): each.item.form for each in seen.items} if seen else {}
    asked, kept = [], []
    for item in served:
        form = present.get((item.field, item.purpose))
        if form is not None and form in item.forms:
            kept.append((item, form))
        else:
            asked.append(item)
    return Offered(tuple(asked), tuple(kept))


def read_choice(
    offer: Offer,
    screen: Offered,
    ticked: Iterable[str],
    forms: Mapping[str, str],
    duration: str,
    *,
    now: int,
) -> Choice:
    """Read a yes.

    Args:
        screen: what the screen offered; nothing else can be chosen, and what it keeps cannot be changed.
        ticked: keys of the optional items that were ticked.
        forms: chosen form by item key.
        duration: the answer to "for how long".

    Raises:
        Refusal: ``bad_form`` for anything that the screen did not offer.
    """
    wanted, by_key = set(ticked), {item_key(item): item for item in screen.asked}
    boxes = {key for key, item in by_key.items() if item.necessity is Necessity.OPTIONAL}
    if not wanted <= boxes:
        raise Refusal("bad_form", detail="an item that the screen has no box for")
    for key, form in forms.items():
        if key not in by_key or form not in by_key[key].forms:
            raise Refusal("bad_form", detail="a form that the screen did not offer")
    chosen = [
        _granted(item, Form(forms.get(key, item.forms[0])))
        for key, item in by_key.items()
        if key not in boxes or key in wanted
    ]
    kept = [_granted(item, form) for item, form in screen.kept]
    term = read_term(offer, duration, now)
    return Choice((*chosen, *kept), term.until - now, term.use_limit)


def _granted(item: OfferItem, form: Form) -> GrantedItem:
    return GrantedItem(
        item=Item(item.field, item.purpose, form),
        needed=item.necessity is Necessity.NEEDED,
        retention_days=item.retention_days,
    )
