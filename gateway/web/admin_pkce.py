"""The switch of a client that cannot do PKCE, on its partner's page (RFC 9700 §2.1.1)."""

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.partner_review import own_clients
from gateway.actions.pkce_switch import switch_to_nonce, switch_to_pkce
from gateway.kit.errors import Refusal
from gateway.model.people import Power
from gateway.web.administration import password_first, path_id
from gateway.web.visit import Visit, see_other, signed_in_page

_CLIENT = "/admin/partners/{partner_id}/clients/{client_id}"


async def allow_nonce(visit: Visit) -> Response:
    """Let a client send a nonce instead of a code challenge; like every opening it takes a recent password."""
    actor = visit.check_power(Power.REVIEW_PARTNER).person
    form = await visit.form()
    here, client_id = _about(visit)
    away = password_first(visit, here)
    if away:
        return see_other(away)
    await switch_to_nonce(visit.services, actor.person_id, client_id, form.one("why"))
    return see_other(f"{here}?done=moved")


async def demand_pkce(visit: Visit) -> Response:
    """Demand PKCE of it again; getting stricter never takes a password."""
    actor = visit.check_power(Power.REVIEW_PARTNER).person
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
    Route(f"{_CLIENT}/nonce", signed_in_page(allow_nonce), methods=["POST"]),
    Route(f"{_CLIENT}/pkce", signed_in_page(demand_pkce), methods=["POST"]),
)
