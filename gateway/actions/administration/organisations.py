"""Organisations: added, and told their time zone."""

from gateway.actions.admin_record import act_of
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.zones import is_zone, only_zone_of
from gateway.store.accounts.organisations import Organisation, ZoneOf, add_organisations, keep_zones
from gateway.store.admin_actions import on_record

_ADD = on_record(add_organisations)
_KEEP_ZONES = on_record(keep_zones)


async def add_organisation(
    services: Services,
    organisation_id: str,
    name: str,
    country: str,
    timezone: str = "",
    actor_id: str = "cli",
) -> bool:
    """Add an organisation; False if it is there already.

    Args:
        timezone: IANA; where it is left out, the country's if it has just one.

    Raises:
        Refusal: ``bad_form`` for a zone that there is not.
    """
    zone = timezone or only_zone_of(country)
    _check_zone(zone)
    new = Organisation(organisation_id, name, country, services.clock(), zone)
    act = act_of(services, actor_id, "add_organisation", "organisation", organisation_id)
    return await services.store.run(_ADD, (new, act))


async def set_zone(services: Services, organisation_id: str, timezone: str, actor_id: str = "cli") -> bool:
    """Tell an organisation's time zone; False where there is none of that id, or it is in that zone already.

    Raises:
        Refusal: ``bad_form`` for a zone that there is not.
    """
    _check_zone(timezone)
    act = act_of(services, actor_id, "set_zone", "organisation", organisation_id, timezone)
    return await services.store.run(_KEEP_ZONES, (ZoneOf(organisation_id, timezone), act))


def _check_zone(timezone: str) -> None:
    if timezone and not is_zone(timezone):
        raise Refusal("bad_form", detail="a time zone that is not in the IANA database")
