"""Recognise a purpose that is never allowed, however it is spelt (promise P1)."""

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

from scopes.purposes import DENIED, PURPOSES, Purpose

# A spelling that contains one of these is marketing or trade in data even when no vocabulary lists it.
_STEMS = (
    "marketing",
    "advertis",
    "retarget",
    "promotional",
    "newsletter",
    "selldata",
    "sellinsight",
    "saleofdata",
    "datasale",
    "databroker",
    "customerrelationship",
    "leadgeneration",
    "recommendation",
    "upsell",
    "crosssell",
)
# These are too short to be looked for inside a word: "ad" stands in "adapt".
_WORDS = frozenset({"ad", "ads", "crm", "promo"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SEPARATORS = re.compile(r"[#/:?&=;,<>()\[\]|]+")
# An IRI can be percent-encoded more than once on its way through forms and redirects.
_UNQUOTE_ROUNDS = 3


class PurposeError(ValueError):
    """A purpose that may not be used; the message says why."""


class PurposeDeniedError(PurposeError):
    """A purpose of the denied closure."""


class PurposeUnknownError(PurposeError):
    """A code that is not in the registry of purposes."""


def _plain(text: str) -> str:
    """Fold width, ligatures and styled letters, drop invisible characters, undo percent-encoding."""
    for _ in range(_UNQUOTE_ROUNDS):
        text = unquote(text)
    folded = unicodedata.normalize("NFKC", text)
    return "".join(char for char in folded if unicodedata.category(char) != "Cf")


def _squash(text: str) -> str:
    """Reduce to letters and digits, without case, in British spelling (so that -ize finds -ise)."""
    return re.sub(r"[^a-z0-9]", "", text.lower()).replace("z", "s")


def _spellings() -> Iterator[str]:
    for code in DENIED:
        yield _squash(code)
        yield _squash(PURPOSES[code].label["en"])
        yield _squash(PURPOSES[code].dpv_iri.partition("#")[2])


_KNOWN = frozenset(_spellings())


def mentions_denied(text: str) -> bool:
    """Answer whether a text speaks of marketing or trade in data; it may do so to rule it out."""
    plain = _plain(text)
    whole = _squash(plain)
    return any(stem in whole for stem in _STEMS) or any(
        word.lower() in _WORDS for word in _WORD.findall(plain)
    )


def is_denied(text: str) -> bool:
    """Answer whether a code, IRI, prefixed name or label means a denied purpose.

    What is not ASCII after folding is denied as well: a purpose is an ASCII code, so it is a look-alike.
    """
    plain = _plain(text)
    if not plain.isascii():
        return True
    if mentions_denied(plain) or _squash(plain) in _KNOWN:
        return True
    return any(_squash(part) in _KNOWN for part in _SEPARATORS.split(plain))


def check_purpose(code: str) -> Purpose:
    """Return the purpose of an exact code.

    Raises:
        PurposeDeniedError: the code means a denied purpose, in whatever spelling.
        PurposeUnknownError: the code is not in the registry; another spelling of one that is, is unknown too.
    """
    if is_denied(code):
        raise PurposeDeniedError("this purpose is never allowed: personal data is not provided for it")
    purpose = PURPOSES.get(code)
    if purpose is None:
        raise PurposeUnknownError("this purpose is not in the registry of purposes")
    return purpose
