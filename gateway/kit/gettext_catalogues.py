"""The languages of the pages: one gettext catalogue each, read from its source so that nothing is built beforehand."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import (
    format_date,
    format_time,
    get_datetime_format,
    get_timezone_location,
    get_timezone_name,
)
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from gateway.kit.zones import UTC_ZONE, zones_by_country
from scopes import LANGUAGES

FOLDER = Path(__file__).with_name("languages")
SOURCE = "en"
"""The messages themselves are English."""


@cache
def read_catalogue(language: str) -> NullTranslations:
    """Read a catalogue; what it does not hold yet is said in English."""
    file = FOLDER / f"{language}.po"
    with file.open("rb") as source:
        catalog = read_po(source, locale=file.stem)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)


_NONE = NullTranslations()


class Catalogues(Mapping[str, NullTranslations]):
    """Every language's catalogue, read when it is first asked for: no start waits for it."""

    def __getitem__(self, language: str) -> NullTranslations:
        """Give a language's catalogue."""
        if language not in LANGUAGES:
            raise KeyError(language)
        return _NONE if language == SOURCE else read_catalogue(language)

    def __contains__(self, language: object) -> bool:
        """Tell whether a language is one of ours, without reading it."""
        return language in LANGUAGES

    def __iter__(self) -> Iterator[str]:
        """Go through the languages."""
        return iter(LANGUAGES)

    def __len__(self) -> int:
        """Count the languages."""
        return len(LANGUAGES)


CATALOGUES = Catalogues()


@cache
def direction(language: str) -> Literal["ltr", "rtl"]:
    """Tell in which direction a language is written (CLDR)."""
    order = Locale.parse(language, sep="-").character_order
    return "rtl" if order == "right-to-left" else "ltr"


@cache
def own_name(language: str) -> str:
    """Name a language in itself: whoever looks for it may read no other."""
    name = Locale.parse(language, sep="-").display_name or language
    return name[:1].upper() + name[1:]


def preferred(accepted: str) -> str:
    """Choose among our languages by what a browser accepts (RFC 9110 §12.5.4); English when it accepts none."""
    found: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted[:500].split(",")):
        tag, _, weight = part.partition(";")
        language = tag.strip().partition("-")[0].lower()
        if language in CATALOGUES:
            found.append((-_weight(weight), place, language))
    wanted = [each for each in sorted(found) if each[0] < 0]
    return wanted[0][2] if wanted else SOURCE


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if not name:
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0


def translated(language: str, message: str, **values: object) -> str:
    """Say a sentence of ours in a language, where no page is being made: in mail."""
    said = CATALOGUES.get(language, CATALOGUES[SOURCE]).gettext(message)
    return said % values if values else said


def written_day(language: str, day: date) -> str:
    """Write a day as a reader of the language writes it (CLDR)."""
    return format_date(day, "long", locale=_locale(language))


def written_moment(language: str, at: int, zone: str) -> str:
    """Write a moment as a reader of the language in a zone writes it, by the clock of 24 hours (CLDR)."""
    local, locale = datetime.fromtimestamp(at, ZoneInfo(zone)), _locale(language)
    clock = format_time(local, "HH:mm", locale=locale)
    return str(get_datetime_format("long", locale=locale)).format(clock, written_day(language, local.date()))


@cache
def zone_name(language: str, zone: str) -> str:
    """Name a zone as people call it: India Time, Pacific Time (CLDR)."""
    if zone == UTC_ZONE:
        return UTC_ZONE
    return get_timezone_name(ZoneInfo(zone), width="long", zone_variant="generic", locale=_locale(language))


@cache
def zone_choices(language: str) -> tuple[tuple[str, str], ...]:
    """List the zones that a person can choose, each with its country and city, in the order of the words (CLDR)."""
    locale = _locale(language)
    zones = (zone for zones in zones_by_country().values() for zone in zones)
    named = ((zone, get_timezone_location(ZoneInfo(zone), locale=locale)) for zone in zones)
    return tuple(sorted(named, key=lambda each: each[1]))


def _locale(language: str) -> str:
    # Day before month for readers of English anywhere; a language of no catalogue reads English.
    return language if language in CATALOGUES and language != SOURCE else "en_001"
