"""What changed between two versions, and whether the change is material (promise P4)."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from partners.records import Offer, OfferItem, Partner
from scopes import Form, Necessity


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; `before` is None for what was added, `after` for what was removed.

    After a material change people decide anew: the partner asks for more, keeps it longer, or is another.
    """

    key: str
    before: str | None
    after: str | None
    material: bool


def diff_offers(old: Offer, new: Offer) -> tuple[Change, ...]:
    """Compare two versions of a combined service."""
    return (*_offer_changes(old, new), *_item_changes(old, new))


def diff_partners(old: Partner, new: Partner) -> tuple[Change, ...]:
    """Compare two versions of a partner; another recipient or country is material."""
    changes = []
    for name in (each.name for each in fields(Partner)):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            material = name in ("partner_id", "legal_name", "country")
            if name == "storage_countries":
                material = not set(after) <= set(before)
            changes.append(Change(name, _shown(before), _shown(after), material))
    return tuple(changes)


def _offer_changes(old: Offer, new: Offer) -> Iterator[Change]:
    longer = ("duration_days", "max_duration_days", "retention_days")
    material = ("partner_id", "offer_id", "frequency", "legal_basis")
    # A person picks one of these anew at each decision; neither goes beyond the longest duration.
    picked = ("reads", "course_ends_on")
    for name in (*material, "name", "benefit", *longer, *picked):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            weighs = after > before if name in longer else name in material
            if name in picked:
                yield Change(
                    name, _shown(before) if before else None, _shown(after) if after else None, False
                )
            else:
                yield Change(name, _shown(before), _shown(after), weighs)


def _item_changes(old: Offer, new: Offer) -> Iterator[Change]:
    before = {(item.field, item.purpose): item for item in old.items}
    after = {(item.field, item.purpose): item for item in new.items}
    for pair in sorted(before.keys() | after.keys()):
        key = f"item[{pair[0]}, {pair[1]}]"
        if pair not in before:
            yield Change(key, None, _shown(after[pair].forms), material=True)
        elif pair not in after:
            yield Change(key, _shown(before[pair].forms), None, material=False)
        else:
            yield from _item_differences(key, before[pair], after[pair])


def _item_differences(key: str, old: OfferItem, new: OfferItem) -> Iterator[Change]:
    weighs = {
        "forms": reveals_more(old.forms, new.forms),
        "necessity": new.necessity is Necessity.NEEDED,
        "retention_days": new.retention_days > old.retention_days,
        "why": False,
    }
    for name, material in weighs.items():
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield Change(f"{key}.{name}", _shown(before), _shown(after), material)


def reveals_more(old: tuple[Form, ...], new: tuple[Form, ...]) -> bool:
    """Answer whether the forms on offer became more revealing.

    They did when a form came that the old full form did not cover, or when a private form that people could
    choose went away.
    """
    came, went = set(new) - set(old), set(old) - set(new)
    return (bool(came) and Form.FULL not in old) or bool(went - {Form.FULL})


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{language}: {text}" for language, text in sorted(value.items()))
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
