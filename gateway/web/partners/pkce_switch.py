"""The switches of a client that cannot do PKCE, on its partner's page (RFC 9700 §2.1.1)."""

from starlette.responses import Response

from gateway.actions.partners.pkce_switch import ask_for_neither, switch_to_nonce, switch_to_pkce
from gateway.actions.partners.review import own_clients
from gateway.actions.two_people import administrator_of
from gateway.kit.errors import Refusal
from gateway.model.administration.acts import AdminAct
from gateway.web.pages.admin_acts import ActRoute
from gateway.web.pages.administrating import path_id
from gateway.web.pages.visit import Visit, see_other

_PARTNER = "/admin/partners/{partner_id}"
_CLIENT = f"{_PARTNER}/clients/{{client_id}}"


async def allow_nonce(visit: Visit) -> Response:
    """Let a client send a nonce instead of a code challenge; like every opening it takes a recent password."""
    actor = visit.signed_in.person
    form = await visit.form()
    here, client_id = _about(visit)
    await switch_to_nonce(visit.services, actor.person_id, client_id, form.one("why"))
    return see_other(f"{here}?done=moved")


async def ask_neither(visit: Visit) -> Response:
    """Ask for the second person who lets a client go with neither."""
    form = await visit.form()
    _, client_id = _about(visit)
    own = administrator_of(visit.signed_in.person)
    act = await ask_for_neither(visit.services, own, client_id, form.one("why"))
    return see_other(f"/admin/waiting/{act.act_id}?done=asked-second")


async def demand_pkce(visit: Visit) -> Response:
    """Demand PKCE of it again; getting stricter never takes a password."""
    actor = visit.signed_in.person
    await visit.form()
    here, client_id = _about(visit)
    await switch_to_pkce(visit.services, actor.person_id, client_id)
    return see_other(f"{here}?done=moved")


def _about(visit: Visit) -> tuple[str, str]:
    """Give the partner's page and the client, which has to be the partner's."""
    partner_id, client_id = path_id(visit, "partner_id"), path_id(visit, "client_id")
    if client_id not in {each.client_id for each in own_clients(visit.services.registry, partner_id)}:
        raise Refusal("not_found", detail="not a client of this partner")
    return f"/admin/partners/{partner_id}", client_id


ROUTES = (
    ActRoute(f"{_CLIENT}/nonce", AdminAct.ALLOW_NONCE, allow_nonce, back=_PARTNER),
    ActRoute(f"{_CLIENT}/neither", AdminAct.ASK_FOR_NEITHER, ask_neither, back=_PARTNER),
    ActRoute(f"{_CLIENT}/pkce", AdminAct.DEMAND_PKCE, demand_pkce, back=_PARTNER),
)
