"""Template filters: times, durations and marks in the reader's language, and a fence around foreign text.

The language of the page being rendered is kept in a context variable, so that macros need not carry it about.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from gettext import NullTranslations
from types import MappingProxyType
from typing import Literal, NoReturn
from zlib import crc32
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, get_datetime_format
from babel.lists import format_list
from babel.numbers import format_decimal
from babel.units import format_unit
from markupsafe import Markup, escape

from gateway.kit import zones
from gateway.kit.clock import DAY
from gateway.kit.gettext_catalogues import direction, zone_name
from gateway.kit.words import Words
from gateway.web.pages.views import FieldError

_UNITS = (
    (365 * DAY, "duration-year"),
    (DAY, "duration-day"),
    (3600, "duration-hour"),
    (60, "duration-minute"),
)

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""Controls, lone surrogates, and bidi controls that could close the isolation of `<bdi>` (UAX #9 §2.4)."""

_SAFE_HREF = re.compile(r"(?:https?://[^/]|mailto:|tel:|otpauth:|[/](?![/\\])|[#?])", re.ASCII)

_LENGTHS: tuple[Literal["long", "short", "narrow"], ...] = ("long", "short", "narrow")
"""Babel prints the unit's own name where a language's data lacks a length: years in Hindi, days in Arabic."""

_TONES = 6


@dataclass(frozen=True, slots=True)
class Voice:
    """Language, clock and catalogue of one page."""

    language: str
    locale: Locale
    zone: ZoneInfo
    translations: NullTranslations


def speak(language: str, timezone: str, translations: NullTranslations) -> Voice:
    """Make the voice of a page from a language tag (BCP 47) and a zone of the IANA database."""
    return Voice(language, _locale(language), ZoneInfo(timezone), translations)


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    # Day before month for readers of English anywhere.
    return Locale.parse("en_001" if language == "en" else language, sep="-" if "-" in language else "_")


_ENGLISH = speak("en", "UTC", NullTranslations())
voice: ContextVar[Voice] = ContextVar("voice", default=_ENGLISH)


def translate(message: str) -> str:
    """Look a message up in the page's catalogue."""
    return voice.get().translations.gettext(message)


def written(message: str, **values: object) -> Markup:
    """Write one of a template's own sentences in the reader's language; values go into its places as text."""
    translations = voice.get().translations
    return _template(translations, message) % values if values else _sentence(translations, message)


@lru_cache(maxsize=4096)
def _sentence(translations: NullTranslations, message: str) -> Markup:
    # Percent signs are doubled in sentences without placeholders too.
    return _template(translations, message) % {}


@lru_cache(maxsize=4096)
def _template(translations: NullTranslations, message: str) -> Markup:
    return Markup(translations.gettext(message))  # noqa: S704 - the catalogues are ours, markup and all


def later(message: str) -> str:
    """Mark a message of a table for the catalogues; it is said when the page is made."""
    return message


def say(message: str, **values: object) -> str:
    """Say one of our own sentences in the reader's language; values go into its places."""
    if isinstance(message, Words):
        return say(message.template, **message.values)
    # The catalogue's entry for "" is its head.
    said = translate(message) if message else ""
    return said % values if values else said


def translate_plural(one: str, many: str, count: int) -> str:
    """Look a message with a number up in the page's catalogue."""
    return voice.get().translations.ngettext(one, many, count)


def plain(value: object) -> object:
    """Take out of a text what no reader sees and a browser may obey; markup of our own passes."""
    return _UNSAFE.sub("", value) if isinstance(value, str) and not isinstance(value, Markup) else value


def href(url: str) -> str:
    """Let an address pass if following it can run no script: http, https, mailto, tel, otpauth, or ours."""
    # A browser drops tabs and line breaks inside an address, so "/\t/host" would lead away (WHATWG URL §4.4).
    url = _UNSAFE.sub("", url).replace("\t", "").replace("\n", "")
    return url if _SAFE_HREF.match(url) else "#"


def when(seconds: int) -> Markup:
    """Show a moment in the reader's zone, by the clock of 24 hours (HTML §4.5.14)."""
    moment = datetime.fromtimestamp(seconds, UTC)
    local = moment.astimezone(voice.get().zone)
    locale = voice.get().locale
    pattern = str(get_datetime_format("medium", locale=locale))
    clock, date = format_time(local, "HH:mm", locale=locale), format_date(local, "medium", locale=locale)
    return _time(moment.strftime("%Y-%m-%dT%H:%M:%SZ"), pattern.format(clock, date))


def day(seconds: int) -> Markup:
    """Show the day of a moment in the reader's zone."""
    return _day(day_of(seconds), voice.get().locale)


def last_day(seconds: int) -> Markup:
    """Show the day up to which something holds; see `gateway.kit.zones.last_day`."""
    return _day(zones.last_day(seconds, voice.get().zone.key), voice.get().locale)


def day_of(seconds: int) -> date:
    """Give the day of a moment in the reader's zone."""
    return zones.local_day(seconds, voice.get().zone.key)


def zone(name: str) -> str:
    """Name a zone in the reader's language."""
    return zone_name(voice.get().language, name)


@lru_cache(maxsize=1024)
def _day(local: date, locale: Locale) -> Markup:
    return _time(local.isoformat(), format_date(local, "medium", locale=locale))


def date_words(found: date) -> str:
    """Write a day in the reader's language."""
    return format_date(found, "medium", locale=voice.get().locale)


def duration(seconds: int) -> str:
    """Say a length of time in the largest unit that divides it: 30 days, 12 hours, 90 seconds."""
    return _duration(seconds, voice.get().locale)


@lru_cache(maxsize=256)
def _duration(seconds: int, locale: Locale) -> str:
    size, unit = next(
        ((size, unit) for size, unit in _UNITS if seconds and seconds % size == 0), (1, "duration-second")
    )
    said = (format_unit(seconds // size, unit, length=length, locale=locale) for length in _LENGTHS)
    return next((words for words in said if unit not in words), f"{seconds} s")


def number(value: int) -> str:
    """Write a number with the reader's digits and separators."""
    return _number(value, voice.get().locale)


@lru_cache(maxsize=256)
def _number(value: int, locale: Locale) -> str:
    return format_decimal(value, locale=locale)


def listed(texts: tuple[str, ...]) -> Markup:
    """Join foreign texts to a list in words, each isolated from its neighbours (HTML §4.5.24)."""
    isolated = [Markup("<bdi>{}</bdi>").format(plain(text)) for text in texts]
    places = [f"{{{index}}}" for index in range(len(isolated))]
    return escape(format_list(places, style="standard", locale=voice.get().locale)).format(*isolated)


_BDI, _END_BDI = Markup("<bdi>"), Markup("</bdi>")
_STRONG, _END_STRONG = Markup("<strong>"), Markup("</strong>")


class Said(str):
    """A foreign text whose language is known: a page in another one says so (WCAG 2.2 SC 3.1.2).

    Attributes:
        language: BCP 47.
    """

    language: str

    def __new__(cls, text: str, language: str) -> "Said":
        """Keep the language beside the text."""
        said = super().__new__(cls, text)
        said.language = language
        return said


_TAGGED = Markup('<bdi lang="{}" dir="{}">{}</bdi>')


def own(text: object) -> Markup:
    """Isolate a foreign text from what stands around it (HTML §4.5.24): a hundred times on a page, so no macro."""
    if isinstance(text, Said) and text.language != voice.get().language:
        return _TAGGED.format(text.language, direction(text.language), plain(text))
    return _BDI + escape(plain(text)) + _END_BDI


def strong(text: object) -> Markup:
    """Isolate a foreign text that matters most."""
    return _STRONG + own(text) + _END_STRONG


@lru_cache(maxsize=64)
def icon(name: str) -> Markup:
    """Draw one of our icons; whatever it says stands beside it in words."""
    return Markup('<span class="icon icon--{}" aria-hidden="true"></span>').format(name)


def fault(errors: Iterable[FieldError], field: str) -> str:
    """Find what is wrong with a control; empty when nothing is."""
    return next((error.message for error in errors if error.field == field), "")


def initials(brand: str) -> str:
    """Take the first letters of the first two words: what stands in a partner's mark."""
    words = ("".join(c for c in word if unicodedata.category(c)[0] in "LN") for word in brand.split())
    return "".join(word[0] for word in words if word)[:2].upper()


def tone(brand: str) -> int:
    """Choose one of the marks' colours, the same for a brand everywhere."""
    return crc32(brand.encode("utf-8", "replace")) % _TONES


def no_words(value: str) -> NoReturn:
    """Fail where a template has words for a closed list and not for this member: better no page than a wrong one.

    Raises:
        LookupError: always.
    """
    raise LookupError(f"the template has no words for {value!r}")


FILTERS: Mapping[str, Callable[..., object]] = MappingProxyType(
    {
        f.__name__: f
        for f in (href, when, day, last_day, zone, duration, number, listed, fault, initials, tone)
    }
)


PARTS: Mapping[str, Callable[..., object]] = MappingProxyType({f.__name__: f for f in (own, strong, icon)})
"""Parts of every page that are too small for a macro; `_parts.html` hands them on."""


def _time(machine: str, human: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(machine, human)
