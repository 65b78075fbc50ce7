"""What a person can do with a connected service: narrow, shorten, pause, stop it or complain about it."""

from starlette.responses import Response

from gateway.actions.consent.complaints import complain
from gateway.actions.consent.consents import (
    let_ask_again,
    pause_sharing,
    resume_sharing,
    see_own_consent,
    shorten_sharing,
    stop,
    stop_everything,
    switch_off,
)
from gateway.consent.complaints import ComplaintKind
from gateway.consent.terms import end_of_day
from gateway.kit.errors import Refusal
from gateway.web.consent.consent_views import service_detail
from gateway.web.pages import views
from gateway.web.pages.formats import later, say
from gateway.web.pages.step_up import MAY_GO_ON, step_up
from gateway.web.pages.visit import Visit, see_other, show


async def switch_item_off(visit: Visit) -> Response:
    """Switch one item off."""
    await visit.form()
    where = visit.request.path_params
    await switch_off(visit.services, visit.signed_in, where["grant_id"], where["field"], where["purpose"])
    return see_other(f"/connected/{where['grant_id']}?done=off")


async def shorten_service(visit: Visit) -> Response:
    """Let a service end sooner, on a day."""
    form = await visit.form()
    grant_id = visit.request.path_params["grant_id"]
    until = end_of_day(form.one("until"))
    found = await see_own_consent(visit.services, visit.signed_in, grant_id)
    if until is None or not visit.services.clock() < until < found.detail.line.grant.valid_until:
        message = say(later("Choose a day before the one on which it ends."))
        errors = (views.FieldError(field="until", message=message),)
        return show("connected_detail", service_detail(visit, found, errors), status=422)
    await shorten_sharing(visit.services, visit.signed_in, grant_id, until)
    return see_other(f"/connected/{grant_id}?done=shortened")


async def stop_service(visit: Visit) -> Response:
    """Stop a service with one press and without a further question."""
    form = await visit.form()
    delete = form.one("delete") == "yes"
    grant = await stop(visit.services, visit.signed_in, visit.request.path_params["grant_id"], delete=delete)
    return see_other(f"/connected/{grant.grant_id}/stopped")


async def pause_service(visit: Visit) -> Response:
    """Pause a service."""
    await visit.form()
    grant = await pause_sharing(visit.services, visit.signed_in, visit.request.path_params["grant_id"])
    return see_other(f"/connected/{grant.grant_id}?done=paused")


async def resume_service(visit: Visit) -> Response:
    """Resume a paused service."""
    await visit.form()
    here = f"/connected/{visit.request.path_params['grant_id']}"
    grant = await resume_sharing(visit.services, visit.signed_in, visit.request.path_params["grant_id"])
    return step_up(f"{here}?done={MAY_GO_ON}") if grant is None else see_other(f"{here}?done=resumed")


async def stop_all(visit: Visit) -> Response:
    """Stop everything with one press."""
    form = await visit.form()
    await stop_everything(visit.services, visit.signed_in, delete=form.one("delete") == "yes")
    return see_other("/connected?done=all-stopped")


async def complain_about(visit: Visit) -> Response:
    """Open a case; enough complaints about advertising pause the partner."""
    form = await visit.form()
    grant_id, given = visit.request.path_params["grant_id"], form.one("kind")
    if given not in tuple(ComplaintKind):
        raise Refusal("bad_form", detail="no such complaint")
    await complain(visit.services, visit.signed_in, grant_id, ComplaintKind(given))
    return see_other(f"/connected/{grant_id}?done=complaint")


async def ask_again(visit: Visit) -> Response:
    """Forget a remembered 'no thanks'."""
    await visit.form()
    grant_id = visit.request.path_params["grant_id"]
    await let_ask_again(visit.services, visit.signed_in, grant_id)
    return see_other(f"/connected/{grant_id}?done=asked")
