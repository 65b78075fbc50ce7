"""Find words of marketing and of trade in data in a text, however they are spelt (promise P1)."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from scopes.denied import mentions_denied
from scopes.trade_words import TRADE_WORDS

_LETTERS = frozenset("LMN")
"""First letters of the categories that words are made of (UAX #44, General_Category)."""
_INSIDE = frozenset("@$")
"""What stands for a letter inside a word."""
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_ACCENTS = ((0x0300, 0x036F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F))
"""Blocks of marks that decorate a letter; the vowel signs of Indic scripts are letters in all but name."""
_NUKTAS = frozenset("\u093c\u0cbc")
_FIGURES = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s"})
_ALIKE = str.maketrans({"l": "i", "|": "i", "1": "i"})
"""Three that no typeface keeps apart (UTS #39): folded in the words of the lists, too."""
_SMALL_CAPITAL = "LATIN LETTER SMALL CAPITAL "
_SPELT_OUT = 3
"""So many single letters in a row are a word that was spelt out."""


@dataclass(frozen=True, slots=True)
class TradeWord:
    """A word or phrase that was found.

    Attributes:
        found: as it stands in the text.
        start: of its first character in the text, counted from 0.
        language: of the list that it is on.
    """

    found: str
    start: int
    language: str


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    text: str


def find_trade_words(text: str) -> tuple[TradeWord, ...]:
    """List what is on the lists of any language, in the order of the text; of what overlaps, the longest."""
    found: list[tuple[int, int, str]] = []
    for words in _readings(text):
        for start, end, language in sorted(_matches(words), key=lambda span: (span[0] - span[1], span)):
            if not any(start < other[1] and other[0] < end for other in found):
                found.append((start, end, language))
    if not found and mentions_denied(folded(text)):
        found = [(0, len(text), "en")]
    return tuple(TradeWord(text[start:end], start, language) for start, end, language in sorted(found))


def _readings(text: str) -> Iterator[Sequence[_Word]]:
    """Read the words of a text in each way in which a person might: parted at hyphens, joined at them, spelt out."""
    words = list(_parted(text))
    yield words
    yield list(_joined(text))
    yield list(_spelt_out(words))


def _parted(text: str) -> Iterator[_Word]:
    start = 0
    for at in range(len(text) + 1):
        is_end = at == len(text) or not _is_inside(text[at])
        is_hump = not is_end and at > start and text[at].isupper() and text[at - 1].islower()
        if (is_end or is_hump) and at > start:
            yield _Word(start, at, text[start:at])
        if is_end or is_hump:
            start = at + 1 if is_end else at


def _is_inside(char: str) -> bool:
    return unicodedata.category(char)[0] in _LETTERS or char in _INSIDE or _is_ignorable(char)


def _joined(text: str) -> Iterator[_Word]:
    """Leave out what stands between letters: ``ad-verts``, ``s.p.o.n.s.o.r``."""
    for chunk in re.finditer(r"\S+", text):
        places = [at for at in range(*chunk.span()) if _is_inside(text[at])]
        if places:
            yield _Word(places[0], places[-1] + 1, "".join(text[at] for at in places))


def _spelt_out(words: Sequence[_Word]) -> Iterator[_Word]:
    run: list[_Word] = []
    for each in [*words, _Word(0, 0, "--")]:
        if len(each.text) == 1:
            run.append(each)
            continue
        if len(run) >= _SPELT_OUT:
            yield _Word(run[0].start, run[-1].end, "".join(letter.text for letter in run))
        run = []


def _matches(words: Sequence[_Word]) -> Iterator[tuple[int, int, str]]:
    for fold, is_latin in ((_latin, True), (folded, False)):
        line, firsts, lasts = " ", {}, {}
        for word in words:
            firsts[len(line)] = word.start
            line += fold(word.text)
            lasts[len(line)] = word.end
            line += " "
        for language, pattern in _patterns(is_latin):
            for match in pattern.finditer(line):
                yield firsts[match.start()], lasts[match.end()], language


@cache
def _patterns(is_latin: bool) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Make an expression of each language's entries in Latin letters, or in others."""
    fold, made = (_latin if is_latin else folded), []
    for language, entries in TRADE_WORDS.items():
        chosen = [each for each in entries if folded(each).replace("…", "").isascii() is is_latin]
        if chosen:
            either = "|".join(_expression(each, fold) for each in chosen)
            made.append((language, re.compile(f"(?<= )(?:{either})(?= )")))
    return tuple(made)


def _expression(entry: str, fold: Callable[[str], str]) -> str:
    parts = []
    for word in entry.split():
        if word == "…":
            parts.append("(?:[^ ]+ ){0,4}")
        else:
            parts.append("[^ ]*".join(re.escape(fold(each)) for each in word.split("*")) + " ")
    return "".join(parts).removesuffix(" ")


def folded(text: str) -> str:
    """Fold width, styled letters and case; leave out accents and what nobody sees (UAX #15, UTS #39)."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    kept = (char for char in apart if not (_is_ignorable(char) or _is_accent(char)))
    return unicodedata.normalize("NFC", "".join(kept))


def _is_ignorable(char: str) -> bool:
    is_selector = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
    return unicodedata.category(char) == "Cf" or is_selector or char in _FILLERS


def _is_accent(char: str) -> bool:
    return char in _NUKTAS or any(first <= ord(char) <= last for first, last in _ACCENTS)


def _latin(text: str) -> str:
    """Fold to Latin letters what looks like them, and figures inside a word."""
    letters = "".join(map(_look_alike, unicodedata.normalize("NFKC", text)))
    plain = folded(letters)
    if any(char.isalpha() for char in plain):
        plain = plain.translate(_FIGURES)
    return plain.translate(_ALIKE)


@cache
def _look_alike(char: str) -> str:
    """Give the Latin letter that a character looks like; itself where there is none."""
    if char.isascii():
        return char
    # Nine hundred kilobytes of confusables are read for a review, and not by a gateway that serves.
    from confusable_homoglyphs.confusables import confusables_data

    for each in (char, *(other["c"] for other in confusables_data.get(char, ()))):
        if len(each) == 1 and each.isascii() and each.isalpha():
            return str(each.lower())
        name = unicodedata.name(each, "") if len(each) == 1 else ""
        if name.startswith(_SMALL_CAPITAL) and len(name) == len(_SMALL_CAPITAL) + 1:
            return name[-1].lower()
    return char
