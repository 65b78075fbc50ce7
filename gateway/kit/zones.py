"""Time zones of the IANA database, and the days that they have: nothing here is ever the machine's own zone."""

from datetime import date, datetime
from functools import cache, lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global

from gateway.kit.clock import DAY

UTC_ZONE = "UTC"
LAST = "Etc/GMT+12"
"""Where a day comes last on Earth (the sign is POSIX's: twelve hours behind UTC)."""
_NOWHERE = frozenset({"001", "ZZ"})


@cache
def zones_by_country() -> MappingProxyType[str, tuple[str, ...]]:
    """Give the zones of each country (CLDR), one name for each zone: what a person can choose from."""
    known = _zones()
    found: dict[str, list[str]] = {}
    for zone, country in sorted(get_global("zone_territories").items()):
        if zone in known and country not in _NOWHERE:
            found.setdefault(country, []).append(zone)
    return MappingProxyType({country: tuple(zones) for country, zones in found.items()})


def zones_of(country: str) -> tuple[str, ...]:
    """Name the zones of a country; for an unknown country, the zone in which a day begins last."""
    return zones_by_country().get(country, (LAST,))


def last_day(at: int, zone: str) -> date:
    """Give the day up to which something holds: the one that was named, or that on which its last second falls.

    A named day ends with its last second in UTC, wherever somebody named it, and is called the same everywhere.
    """
    return local_day(at, UTC_ZONE if at % DAY == DAY - 1 else zone)


def only_zone_of(country: str) -> str:
    """Name the zone of a country that has just one; empty for any other."""
    zones = zones_of(country)
    return zones[0] if len(zones) == 1 and zones[0] != LAST else ""


@cache
def _zones() -> frozenset[str]:
    # What is no zone, but the machine's own one, or that nobody has set any.
    return frozenset(available_timezones() - {"localtime", "Factory"})


def is_zone(name: str) -> bool:
    """Tell whether this is a zone's name, spelled as the database spells it."""
    return name in _zones()


def zones_with_new_day(since: int, now: int) -> frozenset[str]:
    """Name the zones in which a day has begun after `since`, up to now."""
    if since // QUARTER == now // QUARTER:
        return frozenset()
    return frozenset(zone for zone in _zones() if local_day(since, zone) != local_day(now, zone))


@lru_cache(maxsize=4096)
def _day(quarter: int, zone: str) -> date:
    return datetime.fromtimestamp(quarter * QUARTER, ZoneInfo(zone)).date()


QUARTER = 900
"""Every zone of today is whole quarters of an hour from UTC, so a day begins with one everywhere."""


def local_day(at: int, zone: str) -> date:
    """Give the day that a second of UTC belongs to in a zone."""
    return _day(at // QUARTER, zone)
