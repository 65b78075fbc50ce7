"""Rules for what a partner writes: text, e-mail addresses, countries, identifiers."""

import re
import unicodedata

import pycountry
from email_validator import EmailNotValidError, validate_email

from partners.faults import shown

_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.ASCII)
_IDENTIFIER = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# Indic scripts and Persian need the two joiners inside words.
_JOINERS = frozenset("\u200c\u200d")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_MOST_MARKS = 4


def text_fault(text: str, *, lines: bool = False) -> str | None:
    """Say what is wrong with a text that people will read; `lines` allows line breaks."""
    if not text.strip():
        return "it is empty"
    if text != text.strip():
        return "it begins or ends with white space: remove that"
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        if (lines and char == "\n") or char in _JOINERS:
            continue
        if category in _REFUSED_CATEGORIES or (ord(char) & 0xFFFE) == 0xFFFE:
            return f"it holds the invisible or control character U+{ord(char):04X}: remove that"
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > _MOST_MARKS:
            return "it piles up combining marks: keep at most four on a letter"
    return None


def identifier_fault(text: str) -> str | None:
    """Say what is wrong with an id of a partner, client or offer."""
    if _IDENTIFIER.fullmatch(text):
        return None
    return (
        f"{shown(text)} is no id: use lower-case letters, digits and single hyphens, beginning with a letter"
    )


def email_fault(text: str) -> str | None:
    """Say what is wrong with an e-mail address (RFC 5321), without asking the network."""
    try:
        validate_email(text, check_deliverability=False)
    except EmailNotValidError as error:
        return f"{shown(text)} is no e-mail address: {error}"
    return None


def domain_fault(text: str) -> str | None:
    """Say what is wrong with a domain that mail is sent from (RFC 5321 §2.3.5)."""
    if _DOMAIN.fullmatch(text):
        return None
    return f"{shown(text)} is no domain: write it in lower case, such as mail.example.org"


def country_fault(code: str) -> str | None:
    """Say what is wrong with a country code (ISO 3166-1 alpha-2)."""
    country = pycountry.countries.get(alpha_2=code)
    if country is not None and country.alpha_2 == code:
        return None
    return f"{shown(code)} is no country: write the two capital letters of ISO 3166-1, such as IE or IN"
