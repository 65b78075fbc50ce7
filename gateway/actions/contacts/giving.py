"""What a person gives a contact: the items that can be given, the step-up they take, the name with them."""

from collections.abc import Iterable

from gateway.actions.authentication.sessions import is_fresh
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.model.contacts import ContactEvent, ContactEventType, GivenItem, Side
from gateway.model.people import Acr, Session
from gateway.store.profiles import load_profiles
from scopes import CONTACT_FORMS, FIELDS, Sensitivity

OFFERED = tuple(GivenItem(name, form) for name, forms in CONTACT_FORMS.items() for form in forms)
"""What can be given: each contact field of the catalogue in each form that a person can read, most private first."""


def seal_place(contact_id: str, part: str) -> str:
    """Name the place that a sealed part of a contact is bound to."""
    return f"contact:{contact_id}:{part}"


async def key_and_name(services: Services, person_id: str) -> tuple[bytes, bytes]:
    """Give a person's own key and name: what they hand over by asking, or by accepting."""
    opened = OpenedProfile(services.seal, await services.store.read(load_profiles, person_id))
    return opened.key, opened.values({"name"}).get("name", "").encode()


def checked_items(items: Iterable[GivenItem]) -> tuple[GivenItem, ...]:
    """Check that the items can be given, each field in one form.

    Raises:
        Refusal: ``bad_form``.
    """
    given = tuple(sorted(items))
    if not set(given) <= set(OFFERED) or len({each.field for each in given}) < len(given):
        raise Refusal("bad_form", detail="not what can be given")
    return given


def takes_step_up(
    services: Services, session: Session, items: Iterable[GivenItem], before: Iterable[GivenItem] = ()
) -> bool:
    """Tell whether something sensitive is given that was not before, which takes a recent step-up (P15)."""
    new = set(items) - set(before)
    is_sensitive = any(FIELDS[each.field].sensitivity is Sensitivity.SENSITIVE for each in new)
    return is_sensitive and not is_fresh(services, session)


def check_step_up(
    services: Services, session: Session, items: Iterable[GivenItem], before: Iterable[GivenItem] = ()
) -> None:
    """Refuse to give something sensitive anew without a recent step-up.

    Raises:
        Refusal: ``not_allowed``.
    """
    if takes_step_up(services, session, items, before):
        raise Refusal("not_allowed", detail="something sensitive takes a recent step-up")


def contact_event(
    services: Services,
    session: Session,
    contact_id: str,
    type_: ContactEventType,
    side: Side,
    items: tuple[GivenItem, ...],
    language: str,
) -> ContactEvent:
    """Make the event of a decision; its `seq` is found when it is committed."""
    return ContactEvent(
        event_id=services.ids(Kind.EVENT),
        contact_id=contact_id,
        seq=0,
        type=type_,
        side=side,
        items=items,
        is_erasure=False,
        language=language,
        acr=Acr(session.acr),
        auth_time=session.auth_time,
        valid_until=None,
        at=services.clock(),
    )
