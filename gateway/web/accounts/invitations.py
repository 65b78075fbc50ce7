"""The page of an invitation, where somebody sets the first password."""

from starlette.responses import Response
from starlette.routing import Route

from gateway.accounts.passwords import SHORTEST
from gateway.actions.accounts.invitations import accept_invitation, find_invitation
from gateway.kit.errors import Refusal
from gateway.web.pages import views
from gateway.web.pages.formats import say
from gateway.web.pages.visit import Visit, page_handler, see_other, show
from gateway.web.server.answers import note


async def show_invitation(visit: Visit) -> Response:
    """Show the form that sets the first password."""
    return await _invitation_page(visit, ())


async def do_invitation(visit: Visit) -> Response:
    """Take the first password."""
    form = await visit.form()
    try:
        faults = await accept_invitation(
            visit.services, visit.request.path_params["secret"], form.one("new_password")
        )
    except Refusal as refusal:
        return _invitation_invalid(visit, refusal)
    if faults:
        return await _invitation_page(visit, tuple(faults))
    return see_other("/login?done=password")


async def _invitation_page(visit: Visit, faults: tuple[str, ...]) -> Response:
    secret = visit.request.path_params["secret"]
    try:
        found = await find_invitation(visit.services, secret)
    except Refusal as refusal:
        return _invitation_invalid(visit, refusal)
    view = views.SetPasswordView(
        chrome=visit.chrome(),
        action=f"/invitation/{secret}",
        organisation=found.organisation_name,
        email="",
        minimum_length=SHORTEST,
        rules=(say("Length matters more than signs and digits."),),
        errors=tuple(views.FieldError(field="new_password", message=say(fault)) for fault in faults),
    )
    return show("set_password", view, status=400 if faults else 200)


def _invitation_invalid(visit: Visit, refusal: Refusal) -> Response:
    if refusal.code != "not_found":
        raise refusal
    note(refusal)
    view = views.InvitationInvalidView(chrome=visit.chrome(back="/login"), reason="unknown")
    return show("invitation_invalid", view, status=404)


ROUTES = (
    Route("/invitation/{secret}", page_handler(show_invitation), methods=["GET"]),
    Route("/invitation/{secret}", page_handler(do_invitation), methods=["POST"]),
)
