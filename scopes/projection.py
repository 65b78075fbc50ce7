"""The one projection: what may be released is a table, and nothing else leaves (promise P13)."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from scopes.address import coarse_address, parse_address
from scopes.catalogue import VERIFIED_CLAIMS
from scopes.fields import CONTACT_FIELDS, FIELDS, Form
from scopes.items import Item
from scopes.masking import masked
from scopes.purposes import PURPOSES, PurposeState
from scopes.wording import yes_no

_STUDENTS = frozenset(
    {"active", "current", "enrolled", "evening", "exchange", "full time", "part time", "student"}
)
_NOT_STUDENTS = frozenset({"former", "graduated", "none", "not a student", "on leave", "withdrawn"})


def is_releasable(item: Item) -> bool:
    """Answer whether the catalogue lets an item leave at all: known field and form, purpose not denied."""
    field = FIELDS.get(item.field)
    purpose = PURPOSES.get(item.purpose)
    if field is None or purpose is None or purpose.state is PurposeState.DENIED:
        return False
    return item.form in field.forms and item.field in purpose.ceilings.fields


def release(
    items: Iterable[Item],
    profile: Mapping[str, str],
    *,
    today: date,
    relay_address: str | None = None,
    verified: Collection[str] | None = None,
) -> dict[str, object]:
    """Turn granted items into claims (OIDC Core §5.1); absent values stay absent (§5.3.2).

    Where two granted forms share a claim, the more revealing one stands, whatever their purposes. Items that
    the catalogue does not let leave are passed over, so that a record made under an older catalogue releases
    less, never more.

    Args:
        profile: stored values by field name; `address` is a JSON object, `birthdate` an ISO date.
        today: the date by which ages are counted.
        relay_address: this person's private address for this partner.
        verified: names of verified fields; without it no `email_verified` or `phone_number_verified` is made.
    """
    claims: dict[str, object] = {}
    for name, form, claim, verified_claim in _claimed(tuple(items)):
        value = _value(name, form, profile, today, relay_address)
        if value is None:
            continue
        claims[claim] = value
        if verified is not None and verified_claim is not None:
            claims[verified_claim] = name in verified
    return claims


# Granted items are the same few sets again and again.
@lru_cache(1024)
def _claimed(items: tuple[Item, ...]) -> tuple[tuple[str, Form, str, str | None], ...]:
    """Name field, form, claim, and the claim that says whether it is verified; what stands comes last."""
    granted = {(item.field, item.form) for item in items if is_releasable(item)}
    return tuple(
        (name, form, FIELDS[name].claim_of(form), None if form is Form.MASKED else VERIFIED_CLAIMS.get(name))
        for name, form in sorted(granted, key=_by_revelation)
    )


def preview(
    item: Item,
    profile: Mapping[str, str],
    *,
    today: date,
    relay_address: str | None = None,
    language: str = "en",
) -> str | None:
    """Show what one item would release as text for its owner's screen; None when nothing would leave."""
    if not is_releasable(item):
        return None
    return _text(_value(item.field, item.form, profile, today, relay_address), language)


CONTACT_FORMS: Mapping[str, tuple[Form, ...]] = MappingProxyType(
    {
        name: tuple(form for form in FIELDS[name].forms if form is not Form.RELAY)
        for name in FIELDS
        if name in CONTACT_FIELDS
    }
)
"""What people can give each other, most private form first (promise P2); a private address is a partner's own."""


def contact_detail(name: str, form: Form, profile: Mapping[str, str], *, today: date) -> str | None:
    """Show what somebody gives a contact, as text; None where the profile has no value or it cannot be given."""
    if form not in CONTACT_FORMS.get(name, ()):
        return None
    return _text(_value(name, form, profile, today, None), "en")


def _text(value: object | None, language: str) -> str | None:
    if isinstance(value, bool):
        return yes_no(value, language)
    if isinstance(value, dict):
        return str(value.get("formatted") or ", ".join(value.values()))
    return None if value is None else str(value)


def _by_revelation(granted: tuple[str, Form]) -> tuple[str, int]:
    name, form = granted
    return name, FIELDS[name].forms.index(form)


def _value(
    name: str, form: Form, profile: Mapping[str, str], today: date, relay_address: str | None
) -> object | None:
    if form is Form.RELAY:
        # A private address that leads nowhere would lose the partner's mail.
        return (relay_address or None) if profile.get(name, "").strip() else None
    return _WAYS[name, form](profile, today)


def _whole(name: str) -> "Way":
    return lambda profile, _today: profile.get(name, "").strip() or None


def _masked(name: str) -> "Way":
    return lambda profile, _today: masked(name, profile.get(name, "").strip()) or None


def _full_address(profile: Mapping[str, str], today: date) -> object | None:
    return parse_address(profile.get("address", "")) or None


def _coarse_address(profile: Mapping[str, str], today: date) -> object | None:
    return coarse_address(parse_address(profile.get("address", ""))) or None


def _is_student(profile: Mapping[str, str], today: date) -> object | None:
    status = " ".join(
        profile.get("student_status", "").casefold().replace("_", " ").replace("-", " ").split()
    )
    if status in _STUDENTS:
        return True
    return False if status in _NOT_STUDENTS else None


def _age_over(years: int) -> "Way":
    def answer(profile: Mapping[str, str], today: date) -> object | None:
        try:
            born = date.fromisoformat(profile.get("birthdate", "").strip())
        except ValueError:
            return None
        if born > today:
            return None
        # Somebody born on 29 February completes a year on 1 March of a common year.
        had_birthday = (today.month, today.day) >= (born.month, born.day)
        return today.year - born.year - (not had_birthday) >= years

    return answer


Way = Callable[[Mapping[str, str], date], object | None]
_WAYS: Mapping[tuple[str, Form], Way] = MappingProxyType(
    {
        ("name", Form.FULL): _whole("name"),
        ("email", Form.MASKED): _masked("email"),
        ("email", Form.FULL): _whole("email"),
        ("alternate_email", Form.MASKED): _masked("alternate_email"),
        ("alternate_email", Form.FULL): _whole("alternate_email"),
        ("phone_number", Form.MASKED): _masked("phone_number"),
        ("phone_number", Form.FULL): _whole("phone_number"),
        ("address", Form.COARSE): _coarse_address,
        ("address", Form.FULL): _full_address,
        ("role", Form.FULL): _whole("role"),
        ("course", Form.FULL): _whole("course"),
        ("organisation", Form.FULL): _whole("organisation"),
        ("locale", Form.FULL): _whole("locale"),
        ("student_status", Form.BOOLEAN): _is_student,
        ("student_status", Form.FULL): _whole("student_status"),
        ("picture", Form.FULL): _whole("picture"),
        ("age_over_13", Form.BOOLEAN): _age_over(13),
        ("age_over_16", Form.BOOLEAN): _age_over(16),
        ("age_over_18", Form.BOOLEAN): _age_over(18),
    }
)
"""How each form of each field is made: one that is not here is never made, and no whole value steps in for it."""
