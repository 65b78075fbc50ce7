"""Checks on profile fields, by the libraries that know their formats."""

import json
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from urllib.parse import urlsplit

import phonenumbers
import pycountry
from babel import Locale, UnknownLocaleError
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


def check_field(name: str, text: str) -> str:
    """Check one profile value and give it in the form in which it is kept.

    Raises:
        FieldFault: in plain words.
    """
    return _CHECKS[name](_plain(text))


def _plain(text: str) -> str:
    normal = unicodedata.normalize("NFC", text).strip()
    if len(normal) > LONGEST:
        raise FieldFault(Words("Use at most %(count)s characters.", count=LONGEST))
    if any(unicodedata.category(char) in ("Cc", "Cs", "Cn") and char != "\n" for char in normal):
        raise FieldFault("There is a character that cannot be kept.")
    return normal


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
    kept = {name: members[name].strip() for name in ADDRESS_MEMBERS if members.get(name, "").strip()}
    if not kept:
        raise FieldFault("Fill in at least one line of the address.")
    if "country" in kept and not _is_country(kept["country"]):
        raise FieldFault("Name the country in English or by its two letters, such as IN.")
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def _is_country(name: str) -> bool:
    try:
        pycountry.countries.lookup(name)
    except LookupError:
        return False
    return True


def _birthdate(text: str) -> str:
    try:
        born = date.fromisoformat(text)
    except ValueError:
        raise FieldFault("Write the date as year-month-day, as in 2009-03-01.") from None
    if born.year < 1900:
        raise FieldFault("This date is too long ago.")
    return born.isoformat()


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


_CHECKS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "name": _one_line,
        "email": check_email,
        "alternate_email": check_email,
        "phone_number": _phone_number,
        "address": _address,
        "course": _one_line,
        "locale": _locale,
        "birthdate": _birthdate,
        "student_status": _one_line,
        "picture": _picture,
    }
)
