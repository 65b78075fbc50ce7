"""Stopping one person at once: signed out everywhere. One administrator does it, and never to themselves."""

from gateway.actions.admin_record import act_of
from gateway.actions.authentication.same_person import is_same_person
from gateway.actions.directory import find_in_reach
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.model.administration.waiting import Administrator
from gateway.model.people import Person, can_stop
from gateway.store.administration.person_stops import SessionsEnd, end_sessions


async def may_stop(services: Services, asker: Administrator, person: Person) -> bool:
    """Tell whether an administrator may stop somebody: not themselves, and nobody whose powers they could not have."""
    if asker.role is None:
        return True
    return can_stop(asker.role, person.role) and not await is_same_person(
        services, asker.actor_id, person.person_id
    )


async def find_stoppable(services: Services, asker: Administrator, person_id: str) -> Person:
    """Find an account that an administrator may stop.

    Raises:
        Refusal: ``not_found`` for one that is unknown or of another school; ``not_allowed`` for one's own, and for a
            role with powers that the administrator has not.
    """
    person = await find_in_reach(services, asker, person_id)
    if not await may_stop(services, asker, person):
        raise Refusal("not_allowed", detail="one's own account, or a role with other powers")
    return person


async def end_sessions_of(services: Services, asker: Administrator, person_id: str) -> None:
    """Sign somebody out in every browser; partners are told by upkeep, as of every end of a session.

    Raises:
        Refusal: those of `find_stoppable`; ``stale_form`` for somebody who is signed in nowhere.
    """
    await find_stoppable(services, asker, person_id)
    record = act_of(services, asker.actor_id, "end_sessions", "person", person_id)
    if not await services.store.run(end_sessions, SessionsEnd(person_id, record)):
        raise Refusal("stale_form", detail="signed in nowhere")
