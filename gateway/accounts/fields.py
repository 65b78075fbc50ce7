"""Checks on profile fields, by the libraries that know their formats."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit

import phonenumbers
import pycountry
from babel import Locale, UnknownLocaleError, localedata
from babel.core import get_global
from babel.languages import get_official_languages
from email_validator import EmailNotValidError, validate_email

from gateway.kit.words import Words

ADDRESS_MEMBERS = ("street_address", "locality", "region", "postal_code", "country")
"""OIDC Core §5.1.1, without `formatted`, which the projection makes."""

LONGEST = 400


class FieldFault(ValueError):
    """A value that a field does not take; the message is for the person and quotes nothing."""

    @property
    def words(self) -> str:
        """The message, as a page can say it in the reader's language."""
        found: str = self.args[0]
        return found


def check_field(name: str, text: str, today: date) -> str:
    """Check one profile value and give it in the form in which it is kept.

    Raises:
        FieldFault: in plain words.
    """
    value = PROFILE_FIELDS[name].check(_plain(text))
    if name == "birthdate" and date.fromisoformat(value) > today:
        raise FieldFault("This date is still to come.")
    return value


def _plain(text: str) -> str:
    normal = unicodedata.normalize("NFC", text).strip()
    if len(normal) > LONGEST:
        raise FieldFault(Words("Use at most %(count)s characters.", count=LONGEST))
    if any(unicodedata.category(char) in ("Cc", "Cs", "Cn") and char != "\n" for char in normal):
        raise FieldFault("There is a character that cannot be kept.")
    if normal and not any(map(_can_be_seen, normal)):
        raise FieldFault("There is nothing here that can be seen.")
    return normal


def _can_be_seen(char: str) -> bool:
    """Whether a character shows by itself: a letter, digit or sign, and none of those that are drawn as nothing."""
    return unicodedata.category(char)[0] in "LNPS" and char not in _DRAWN_AS_NOTHING


_DRAWN_AS_NOTHING = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Fillers of Hangul, which count as letters, and Braille without a dot."""


def _one_line(text: str) -> str:
    if not text or "\n" in text:
        raise FieldFault("Fill in one line.")
    return text


def check_email(text: str) -> str:
    """Check an e-mail address and spell it in its normal form (RFC 5321, RFC 6531)."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        raise FieldFault("This is not an e-mail address.") from None


def _phone_number(text: str) -> str:
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise FieldFault("Begin with + and the country code, as in +44 20 7946 0000.") from None
    if not phonenumbers.is_possible_number(number):
        raise FieldFault("This number has too few or too many digits for its country.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _address(text: str) -> str:
    try:
        members = json.loads(text)
    except ValueError:
        raise FieldFault("An address is a JSON object with street_address, locality and so on.") from None
    if not isinstance(members, dict) or not all(isinstance(value, str) for value in members.values()):
        raise FieldFault("An address is a JSON object of texts.")
    unknown = sorted(set(members) - set(ADDRESS_MEMBERS))
    if unknown:
        listed = ", ".join(ADDRESS_MEMBERS)
        raise FieldFault(Words("An address consists of %(members)s.", members=listed))
    # What JSON spells with a backslash was not looked at yet.
    plain = {name: _plain(members[name]) for name in ADDRESS_MEMBERS if name in members}
    kept = {name: value for name, value in plain.items() if value}
    if not kept:
        raise FieldFault("Fill in at least one line of the address.")
    if "country" in kept and not _is_country(kept["country"]):
        raise FieldFault("Name a country, or give its two letters, such as IN.")
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def _is_country(name: str) -> bool:
    try:
        pycountry.countries.lookup(name)
    except LookupError:
        # UK is an alias in CLDR, though no code of ISO 3166.
        return (
            name.upper() in get_global("territory_aliases")
            or name.casefold() in _countries_in_every_language()
        )
    return True


@cache
def _countries_in_every_language() -> frozenset[str]:
    """Name the countries in all languages that are official somewhere (CLDR): most of a second, once."""
    places = [code for code in get_global("territory_languages") if len(code) == 2]
    spoken = {language for code in places for language in get_official_languages(code, de_facto=True)}
    known = [Locale.parse(each) for each in spoken if localedata.exists(each)]
    return frozenset(
        name.casefold() for each in known for code, name in each.territories.items() if code in places
    )


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
"""Python reads other spellings of ISO 8601 too, such as a day of a week."""


def _birthdate(text: str) -> str:
    try:
        born = date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise FieldFault("Write the date as year-month-day, as in 2009-03-01.") from None
    if born.year < 1900:
        raise FieldFault("This date is too long ago.")
    return text


def _locale(text: str) -> str:
    try:
        Locale.parse(text, sep="-" if "-" in text else "_")
    except (UnknownLocaleError, ValueError):
        raise FieldFault("Name a language as in en, en-IN or hi.") from None
    # Babel would add the script that it infers; the person's own spelling is kept.
    return text.replace("_", "-")


def _picture(text: str) -> str:
    try:
        parts = urlsplit(_one_line(text))
    except ValueError:
        raise FieldFault("This is not an address of a picture.") from None
    if parts.scheme != "https" or not parts.hostname:
        raise FieldFault("Give the address of a picture that begins with https://.")
    return text


@dataclass(frozen=True, slots=True)
class FieldControl:
    """How a person types a value, or one member of it.

    Attributes:
        kind: the type of the control (HTML §4.10.5.1).
        autocomplete: what a browser can fill in (HTML §4.10.18.7, WCAG 1.3.5).
        hint: what the person has to know before typing.
        member: the name within the value where it has several; empty where it has none.
        label: of the member; the field's own label serves where there is no member.
    """

    kind: Literal["text", "email", "tel", "url"]
    autocomplete: str
    hint: str = ""
    member: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class ProfileField:
    """Everything that a field's ways in have to know: people's lists, the profile form, and what is kept.

    Attributes:
        check: gives a value in the form in which it is kept, or raises `FieldFault`.
        is_listed: whether a list of people has a column for it.
        controls: what the person types it with; none where only the school writes it.
    """

    check: Callable[[str], str]
    is_listed: bool = True
    controls: tuple[FieldControl, ...] = ()


PROFILE_FIELDS: Mapping[str, ProfileField] = MappingProxyType(
    {
        "name": ProfileField(_one_line),
        "email": ProfileField(check_email),
        "birthdate": ProfileField(_birthdate),
        "alternate_email": ProfileField(
            check_email,
            controls=(
                FieldControl(
                    "email", "email", Words("For getting back into your account. Never needed by a partner.")
                ),
            ),
        ),
        "phone_number": ProfileField(
            _phone_number,
            controls=(
                FieldControl("tel", "tel", Words("With + and the country code, as in +44 20 7946 0000.")),
            ),
        ),
        "address": ProfileField(
            _address,
            controls=(
                FieldControl(
                    "text", "street-address", member="street_address", label=Words("Street and house")
                ),
                FieldControl("text", "address-level2", member="locality", label=Words("Town")),
                FieldControl("text", "address-level1", member="region", label=Words("Region or state")),
                FieldControl("text", "postal-code", member="postal_code", label=Words("Postal code")),
                FieldControl("text", "country-name", member="country", label=Words("Country")),
            ),
        ),
        "course": ProfileField(_one_line),
        "locale": ProfileField(
            _locale, controls=(FieldControl("text", "language", Words("Such as en, en-IN, hi or kn.")),)
        ),
        "student_status": ProfileField(_one_line),
        "picture": ProfileField(
            _picture,
            is_listed=False,
            controls=(FieldControl("url", "photo", Words("The address of a picture.")),),
        ),
    }
)
"""Every field that is kept, by name, in the order of a people list's columns."""
