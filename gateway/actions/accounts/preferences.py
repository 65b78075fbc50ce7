"""A person's own choices: seen, switched while signed in, and news by mail ended by a link without log-in."""

from collections.abc import Mapping

from gateway.actions.admin_record import act_of
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.secrets.digests import base64url, is_same
from gateway.model.people import Session
from gateway.model.preferences import Preference, PreferenceChoice
from gateway.store.accounts.preferences import NewChoice, keep_choices, load_choices

BY_LINK = "link"


async def see_choices(services: Services, session: Session) -> Mapping[Preference, PreferenceChoice]:
    """Show how the person's preferences stand."""
    return await services.store.read(load_choices, session.person.person_id)


async def choose(services: Services, session: Session, preference: Preference, *, is_on: bool) -> None:
    """Switch a preference; it acts on the next letter and the next count.

    Raises:
        Refusal: ``not_allowed`` for switching news on while a guardian decides with the person.
    """
    if is_on and preference is Preference.PROMOTIONAL_MAIL and session.person.needs_guardian:
        raise Refusal("not_allowed", detail="no news by mail under age")
    await _switch(services, session.person.person_id, preference, is_on)


async def _switch(
    services: Services, person_id: str, preference: Preference, is_on: bool, through: str = ""
) -> None:
    act = act_of(
        services, person_id, f"{preference}_{'on' if is_on else 'off'}", "person", person_id, through
    )
    await services.store.run(keep_choices, NewChoice(person_id, preference, is_on, act))


def unsubscribe_path(services: Services, person_id: str) -> str:
    """Give the address that ends news by mail without log-in; it opens nothing else (RFC 8058 §3.1)."""
    return f"/unsubscribe/{person_id}/{_proof(services, person_id)}"


def _proof(services: Services, person_id: str) -> str:
    return base64url(services.seal.index("unsubscribe", person_id))


def check_unsubscribe(services: Services, person_id: str, proof: str) -> None:
    """Refuse a link that we did not make.

    Raises:
        Refusal: ``not_found``.
    """
    if not is_same(proof.encode(), _proof(services, person_id).encode()):
        raise Refusal("not_found", detail="an unsubscribe link that is not ours")


async def unsubscribe(services: Services, person_id: str, proof: str) -> None:
    """End news by mail by a link; doing it again changes nothing.

    Raises:
        Refusal: as `check_unsubscribe`.
    """
    check_unsubscribe(services, person_id, proof)
    await _switch(services, person_id, Preference.PROMOTIONAL_MAIL, is_on=False, through=BY_LINK)
