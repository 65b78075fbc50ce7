"""What changed between two versions, and whether the change is material (promise P4)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import Enum, auto
from types import MappingProxyType
from typing import Any

from partners.records import Offer, OfferItem, Partner
from scopes import Form, Necessity


@dataclass(frozen=True, slots=True)
class OfferDifference:
    """One difference; `before` is None for what was added, `after` for what was removed.

    After a material change people decide anew: the partner asks for more, keeps it longer, or is another.
    """

    key: str
    before: str | None
    after: str | None
    material: bool


class Weighs(Enum):
    """When a change of a member is material: always, never, when it grows, or by a rule of its own."""

    ALWAYS = auto()
    NEVER = auto()
    LONGER = auto()
    BY_RULE = auto()


PARTNER_MEMBERS: Mapping[str, Weighs] = MappingProxyType(
    {
        "partner_id": Weighs.ALWAYS,
        "legal_name": Weighs.ALWAYS,
        "brand": Weighs.NEVER,
        "address": Weighs.NEVER,
        "country": Weighs.ALWAYS,
        "contact": Weighs.NEVER,
        "grievance_contact": Weighs.NEVER,
        "policy_url": Weighs.NEVER,
        "storage_countries": Weighs.BY_RULE,
        "attested_on": Weighs.NEVER,
        "sending_domains": Weighs.NEVER,
        "deletion_uri": Weighs.NEVER,
    }
)
"""What another recipient or country is (`diff_partners`)."""

OFFER_MEMBERS: Mapping[str, Weighs] = MappingProxyType(
    {
        "offer_id": Weighs.ALWAYS,
        "partner_id": Weighs.ALWAYS,
        "name": Weighs.NEVER,
        "benefit": Weighs.NEVER,
        "items": Weighs.BY_RULE,
        "duration_days": Weighs.LONGER,
        "max_duration_days": Weighs.LONGER,
        "retention_days": Weighs.LONGER,
        "frequency": Weighs.ALWAYS,
        "legal_basis": Weighs.ALWAYS,
        # A person picks one of these anew at each decision; neither goes beyond the longest duration.
        "reads": Weighs.NEVER,
        "course_ends_on": Weighs.NEVER,
        "language": Weighs.NEVER,
        "names": Weighs.NEVER,
        "benefits": Weighs.NEVER,
        "frequencies": Weighs.BY_RULE,
    }
)

ITEM_MEMBERS: Mapping[str, Weighs] = MappingProxyType(
    {
        # The two that name an item: another one is an item that came or went.
        "field": Weighs.BY_RULE,
        "purpose": Weighs.BY_RULE,
        "forms": Weighs.BY_RULE,
        "necessity": Weighs.BY_RULE,
        "retention_days": Weighs.LONGER,
        "why": Weighs.NEVER,
    }
)


def diff_offers(old: Offer, new: Offer) -> tuple[OfferDifference, ...]:
    """Compare two versions of a combined service."""
    return (*_changes(Offer, OFFER_MEMBERS, old, new, except_for=("items",)), *_item_changes(old, new))


def diff_partners(old: Partner, new: Partner) -> tuple[OfferDifference, ...]:
    """Compare two versions of a partner; another recipient or country is material."""
    return tuple(_changes(Partner, PARTNER_MEMBERS, old, new))


def _changes(
    record: type[Partner | Offer | OfferItem],
    members: Mapping[str, Weighs],
    old: object,
    new: object,
    *,
    except_for: tuple[str, ...] = (),
    prefix: str = "",
) -> Iterator[OfferDifference]:
    """Compare every member of a record; one that has no class is an error, so that none can change unseen."""
    for name in (each.name for each in fields(record)):
        weighs = members[name]
        before, after = getattr(old, name), getattr(new, name)
        if name not in except_for and before != after:
            yield OfferDifference(
                prefix + name, _shown(before), _shown(after), _is_material(name, weighs, before, after)
            )


def _is_material(name: str, weighs: Weighs, before: Any, after: Any) -> bool:
    if weighs is Weighs.LONGER:
        return bool(after > before)
    return _RULES[name](before, after) if weighs is Weighs.BY_RULE else weighs is Weighs.ALWAYS


def _item_changes(old: Offer, new: Offer) -> Iterator[OfferDifference]:
    before = {(item.field, item.purpose): item for item in old.items}
    after = {(item.field, item.purpose): item for item in new.items}
    for pair in sorted(before.keys() | after.keys()):
        key = f"item[{pair[0]}, {pair[1]}]"
        if pair not in before:
            yield OfferDifference(key, None, _shown(after[pair].forms), material=True)
        elif pair not in after:
            yield OfferDifference(key, _shown(before[pair].forms), None, material=False)
        else:
            yield from _changes(OfferItem, ITEM_MEMBERS, before[pair], after[pair], prefix=f"{key}.")


def reveals_more(old: tuple[Form, ...], new: tuple[Form, ...]) -> bool:
    """Answer whether the forms on offer became more revealing.

    They did when a form came that the old full form did not cover, or when a private form that people could
    choose went away.
    """
    came, went = set(new) - set(old), set(old) - set(new)
    return (bool(came) and Form.FULL not in old) or bool(went - {Form.FULL})


_RULES: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "storage_countries": lambda before, after: not set(after) <= set(before),
        # A translation that is added says what stood there already; one that is changed may say more often.
        "frequencies": lambda before, after: any(
            after.get(each, text) != text for each, text in before.items()
        ),
        "forms": reveals_more,
        "necessity": lambda before, after: after is Necessity.NEEDED,
    }
)


def _shown(value: object) -> str | None:
    """Say a value; None for one that is not set."""
    if value is None or value in ("", ()):
        return None
    if isinstance(value, Mapping):
        return ", ".join(f"{language}: {text}" for language, text in sorted(value.items()))
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
