"""The time zone that a person chose: pages and letters show times in it."""

from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.zones import zones_by_country
from gateway.model.people import Session
from gateway.store.accounts.people import ChosenZone, keep_own_zones, load_zones


async def see_zone(services: Services, session: Session) -> tuple[str, str]:
    """Give the zone that a person chose, empty without one, and the one that they have without a choice."""
    own, school = await services.store.read(load_zones, session.person.person_id)
    return own, school or services.settings.timezone


async def choose_zone(services: Services, session: Session, timezone: str) -> None:
    """Remember a person's time zone.

    A child's birthday comes by it at most later, never sooner: see `gateway.consent.age_policy.counted_day`.

    Args:
        timezone: IANA; empty: that of the organisation.

    Raises:
        Refusal: ``bad_form`` for one that is not on the list.
    """
    if timezone and not any(timezone in zones for zones in zones_by_country().values()):
        raise Refusal("bad_form", detail="a time zone that is not on the list")
    await services.store.run(keep_own_zones, ChosenZone(session.person.person_id, timezone))
