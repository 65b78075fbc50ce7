"""The words of the catalogue on screens, by language; English is complete and stands in where one lacks."""

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from scopes.fields import CONTACT_FIELDS, FIELDS, Form
from scopes.purposes import PURPOSES, PurposeState
from scopes.wording_hi import HINDI
from scopes.wording_kn import KANNADA

LANGUAGES: tuple[str, ...] = ("en", "hi", "kn")
_YEAR_DAYS = (365, 366)
_RIGHT_TO_LEFT = frozenset({"R", "AL", "RLE", "RLO", "RLI", "AN"})

# The three languages have two plural categories; for counts from 1 upwards `one` is exactly 1 (CLDR).
TEXTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "field.birthdate": "Date of birth",
            "form.full": "full",
            "form.masked": "masked",
            "form.relay": "private address",
            "form.coarse": "town and region only",
            "form.boolean": "yes or no only",
            "form.masked.phone_number": "last two digits",
            "duration.once": "once",
            "duration.until_stop": "until you stop",
            "duration.year": "12 months",
            "duration.days.one": "1 day",
            "duration.days.other": "{count} days",
            "retention.none": "{partner} deletes it as soon as you stop",
            "retention.kept": "{partner} keeps it for {duration} after you stop, then deletes it",
            "never_shared": "Never shared with {partner}: {fields}",
            "never_shared.password": "your password",
            "yes": "yes",
            "no": "no",
            "notice.by": "{offer}, by {legal_name} ({brand})",
            "notice.version": "Notice version {version}",
            "notice.needed": "Needed for it to work",
            "notice.optional": "Only if you choose",
            "notice.sign_in": "To sign in, and nothing else: {partner} learns a number by which only it knows you.",
            "notice.duration": "You choose for how long, at most {duration}.",
            "notice.places": "It is stored in: {places}.",
            "notice.advertising": "{partner} may not use it for advertising, and may not sell it or pass it on.",
            "notice.stop": "You can stop at any time under Connected services. It stops at once.",
            "notice.questions": "Questions: {contact}",
            "notice.complaints": "Complaints: {contact}",
            "notice.policy": "Their privacy policy: {url}",
            "or": " or ",
            # For children: short words, what happens before why.
            "child.service_provision": "so that {service} works for you",
            "child.account_linking": "so that {partner} knows you when you come back",
            "child.service_personalisation": "so that {service} fits what you learn",
            "child.learning_progress": "so that {partner} can save how far you got, with your name",
            "child.results_delivery": "so that {partner} can tell you how you did",
            "child.delivery_of_goods": "so that {partner} can bring you what was ordered",
            "child.appointment_reminders": "so that {partner} can remind you of a date",
            "child.customer_support": "so that {partner} can help you when you ask",
            "child.accessibility_support": "so that {service} is easy for you to read and use",
            "child.eligibility_check": "so that {partner} can see if {service} is for you",
            "child.age_verification": "so that {partner} can see if you are old enough, without your birthday",
            "child.identity_verification": "so that {partner} can see that it is really you",
            "child.academic_research": "so that {partner} can use it to find something out, as the notice says",
            "child.fraud_prevention": "so that nobody else can use {service} with your name",
        },
        "hi": HINDI,
        "kn": KANNADA,
    }
)


def missing_wording(language: str) -> list[str]:
    """List the keys that a language does not have yet, sorted; empty when it is complete."""
    texts = TEXTS.get(language, {})
    missing = [key for key in TEXTS["en"] if key not in texts]
    missing += [
        key for key, by_language in _catalogue_texts() if language not in by_language and key not in texts
    ]
    return sorted(missing)


def _catalogue_texts() -> Iterator[tuple[str, Mapping[str, str]]]:
    for name, field in FIELDS.items():
        yield f"field.{name}", field.label
    for code, purpose in PURPOSES.items():
        yield f"purpose.{code}", purpose.label
        if purpose.state is not PurposeState.DENIED:
            yield f"purpose.{code}.text", purpose.text


def _text(key: str, language: str) -> str:
    return TEXTS.get(language, {}).get(key) or TEXTS["en"][key]


def _pick(key: str, by_language: Mapping[str, str], language: str) -> str:
    return TEXTS.get(language, {}).get(key) or by_language.get(language) or by_language["en"]


def _isolated(text: str) -> str:
    """Wrap text that can turn the direction of its sentence in isolates (UAX 9 §2.4)."""
    if any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in text):
        return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"
    return text


def field_label(field: str, language: str = "en") -> str:
    """Name a field, released or only stored."""
    if field in FIELDS:
        return _pick(f"field.{field}", FIELDS[field].label, language)
    return _text(f"field.{field}", language)


def form_label(field: str, form: Form, language: str = "en") -> str:
    """Name a form of a field in words: `last two digits` for a masked phone number."""
    own = f"form.{form}.{field}"
    return _text(own if own in TEXTS["en"] else f"form.{form}", language)


def purpose_label(purpose: str, language: str = "en") -> str:
    """Name a purpose shortly, as a list shows it."""
    return _pick(f"purpose.{purpose}", PURPOSES[purpose].label, language)


def so_that(purpose: str, language: str = "en", *, partner: str, service: str, child: bool = False) -> str:
    """Write the "so that …" line of an item; it is ours, only the two names come from the partner.

    Args:
        child: say it in a child's words.
    """
    own = f"purpose.{purpose}.text"
    template = _text(f"child.{purpose}", language) if child else _pick(own, PURPOSES[purpose].text, language)
    return template.format(partner=_isolated(partner), service=_isolated(service))


def duration(days: int | None, language: str = "en") -> str:
    """Say a duration in words; 0 is a single use, None lasts until the person stops."""
    if days is None:
        return _text("duration.until_stop", language)
    if days == 0:
        return _text("duration.once", language)
    if days in _YEAR_DAYS:
        return _text("duration.year", language)
    return _text(f"duration.days.{'one' if days == 1 else 'other'}", language).format(count=days)


def retention(days: int, language: str = "en", *, partner: str) -> str:
    """Say how long a partner keeps the data after the person stopped."""
    key = "retention.kept" if days else "retention.none"
    return _text(key, language).format(partner=_isolated(partner), duration=duration(days, language))


def never_shared(offered: Collection[str], language: str = "en", *, partner: str) -> str:
    """Write the sentence that lists every contact field an offer does not ask for, and the password."""
    labels = [field_label(name, language).lower() for name in CONTACT_FIELDS if name not in offered]
    labels += [field_label("birthdate", language).lower(), _text("never_shared.password", language)]
    return _text("never_shared", language).format(partner=_isolated(partner), fields=", ".join(labels))


def yes_no(value: bool, language: str = "en") -> str:
    """Say a boolean."""
    return _text("yes" if value else "no", language)


def notice_line(key: str, language: str = "en", **values: object) -> str:
    """Write one of a notice's own sentences; names and addresses in it come from the partner."""
    given = {name: _isolated(value) if isinstance(value, str) else value for name, value in values.items()}
    return _text(f"notice.{key}", language).format(**given)


def either(words: Collection[str], language: str = "en") -> str:
    """Join words of which one will hold."""
    return _text("or", language).join(words)
