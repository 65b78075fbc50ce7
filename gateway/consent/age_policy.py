"""At which age a person decides alone, as data per jurisdiction (promise P9)."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from gateway.kit.zones import local_day, zones_of
from gateway.model.people import Role, Whereabouts

STRICTEST = 18
"""Where the jurisdiction or the date of birth is unknown."""

AGE_OF_CONSENT: Mapping[str, int] = MappingProxyType(
    {
        # India: Digital Personal Data Protection Act 2023 §2(f), §9.
        "IN": 18,
        # United States: COPPA, 16 CFR §312.2.
        "US": 13,
        # United Kingdom: Data Protection Act 2018 §9.
        "GB": 13,
        # European Union: GDPR Art. 8(1) with each member state's own law.
        "AT": 14, "BE": 13, "BG": 14, "CY": 14, "CZ": 15, "DE": 16, "DK": 15, "EE": 13, "ES": 14,
        "FI": 13, "FR": 15, "GR": 15, "HR": 16, "HU": 16, "IE": 16, "IT": 14, "LT": 14, "LU": 16,
        "LV": 13, "MT": 13, "NL": 16, "PL": 16, "PT": 13, "RO": 16, "SE": 13, "SI": 15, "SK": 16,
    }
)  # fmt: skip

_ADULT_ROLES = frozenset(
    {
        Role.PROFESSOR,
        Role.GUARDIAN,
        Role.SCHOOL_ADMIN,
        Role.PLATFORM_ADMIN,
        Role.PRIVACY_OFFICER,
        Role.SUPPORT,
        Role.AUDITOR,
        Role.PARTNER_MANAGER,
    }
)
"""The roles of adults, each by name: a role added later counts as a child's until somebody lists it here."""


def counted_day(place: Whereabouts, at: int) -> date:
    """Give the day by which somebody's age is counted at a second: of all zones they may be in, the one behind.

    A birthday begins at the local midnight. Where the organisation has said no zone, any of its country's may be
    meant; somebody who chose another zone may be there. Nobody gets older sooner by choosing one.
    """
    zones = {place.zone} if place.zone else set(zones_of(place.country))
    return min(
        local_day(at, zone) for zone in sorted(zones | ({place.own_zone} if place.own_zone else set()))
    )


def age_on(day: date, birthdate: date) -> int:
    """Count the completed years; a person born on 29 February completes one on 1 March."""
    return day.year - birthdate.year - ((day.month, day.day) < (birthdate.month, birthdate.day))


def needs_guardian(place: Whereabouts, role: Role, birthdate: date | None, at: int) -> bool:
    """Tell whether a guardian has to decide with the person at a second.

    An unknown date of birth counts as a child's, except for those whose role only an adult can have.
    """
    if birthdate is None:
        return role not in _ADULT_ROLES
    return age_on(counted_day(place, at), birthdate) < AGE_OF_CONSENT.get(place.country, STRICTEST)


def is_adult(place: Whereabouts, role: Role, birthdate: date | None, at: int) -> bool:
    """Tell whether somebody can answer for a child: they must be of age by the strictest country's policy."""
    if birthdate is None:
        return role in _ADULT_ROLES
    return age_on(counted_day(place, at), birthdate) >= STRICTEST


def age_band(place: Whereabouts, birthdate: date | None, at: int) -> str:
    """Name the age band, the only thing about an age that a list shows."""
    if birthdate is None:
        return "unknown"
    age = age_on(counted_day(place, at), birthdate)
    for limit, band in ((13, "under_13"), (16, "13_to_15"), (18, "16_to_17")):
        if age < limit:
            return band
    return "adult"
