"""Mask a value for a screen, so that its owner recognises it and an onlooker does not learn it."""

import unicodedata

from scopes.address import coarse_address, parse_address

_DOTS = "••••••"
_STARS = "***"
# A national number this short would be given away by the characters that stay visible.
_SHORTEST_NUMBER = 6
# ITU-T E.164 country codes of one and of two digits; every other one has three.
_ONE_DIGIT = frozenset("17")
_TWO_DIGITS = frozenset(
    str(code)
    for codes in (
        (20, 27, 36, 39, 40, 41, 81, 82, 84, 86, 98),
        (*range(30, 35), *range(43, 50), *range(51, 59), *range(60, 67), *range(90, 96)),
    )
    for code in codes
)


def masked(field: str, value: str) -> str:
    """Mask a stored value: `a***@x.edu`, `+91 ••••••12`, the town of an address, else the first letter.

    The result never holds the whole value, has no control or direction characters, and hides the length.
    """
    visible = "".join(char for char in value if unicodedata.category(char)[0] != "C").strip()
    if not visible:
        return ""
    if field in ("email", "alternate_email"):
        return _masked_email(visible)
    if field == "phone_number":
        return _masked_phone(visible)
    if field == "address":
        return ", ".join([_STARS, *coarse_address(parse_address(visible)).values()])
    if field == "name":
        return " ".join(_initial(word) + _STARS for word in visible.split())
    return _STARS


def _initial(word: str) -> str:
    """Take the first letter with its combining marks; nothing of a word of one letter."""
    end = 1
    while end < len(word) and unicodedata.category(word[end])[0] == "M":
        end += 1
    return word[:end] if end < len(word) else ""


def _masked_email(value: str) -> str:
    local, at, domain = value.rpartition("@")
    if not at or not local:
        return _STARS
    return f"{_initial(local)}{_STARS}@{domain}"


def _masked_phone(value: str) -> str:
    digits = "".join(char for char in value if char in "0123456789")
    code = _country_code(digits) if value.startswith("+") else ""
    number = digits[len(code) :]
    if len(number) < _SHORTEST_NUMBER:
        return _DOTS
    return f"+{code} {_DOTS}{number[-2:]}" if code else _DOTS + number[-2:]


def _country_code(digits: str) -> str:
    if digits[:1] in _ONE_DIGIT:
        return digits[:1]
    return digits[:2] if digits[:2] in _TWO_DIGITS else digits[:3]
