"""The page where a person types the code that a device shows (RFC 8628 §3.3)."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.oauth.devices import PAGE, Wait, enter_user_code, settle_device
from gateway.kit.errors import Refusal
from gateway.oauth.answers.response_modes import Back
from gateway.oauth.devices import DONE, device_redirect_uri, is_user_code
from gateway.web.pages import views
from gateway.web.pages.formats import say
from gateway.web.pages.visit import Visit, page_handler, see_other, show
from gateway.web.server.answers import note


async def leave(visit: Visit, back: Back) -> Response:
    """Send the browser back to the partner; where a device waits instead, keep the answer for it."""
    if not back.uri.startswith(device_redirect_uri(visit.services.settings.issuer) + "?"):
        return _sent_back(visit, back)
    try:
        is_yes = await settle_device(visit.services, dict(parse_qsl(urlsplit(back.uri).query)))
    except Refusal as refusal:
        note(refusal)
        return type_again()
    return see_other(f"{PAGE}/{'ready' if is_yes else 'refused'}")


def type_again() -> Response:
    """Lead to the page where a code is typed, because this answer reaches no device."""
    return see_other(f"{PAGE}?done=device-late")


def _sent_back(visit: Visit, back: Back) -> Response:
    """Redirect, or show the form that the person sends (OAuth 2.0 Form Post Response Mode §2)."""
    if not back.fields:
        return see_other(back.uri)
    registry = visit.services.registry
    partner = registry.partners[registry.clients[back.client_id].client.partner_id].partner.brand
    view = views.FormPostView(
        chrome=visit.chrome(back="/"), partner=partner, action=back.uri, fields=back.fields
    )
    return show("form_post", view, form_to=visit.beyond, posts_away=True)


async def device(visit: Visit) -> Response:
    """Show the form; a code in the address has to be compared with the device's (RFC 8628 §3.3.1)."""
    code = visit.request.query_params.get("user_code", "")
    if not is_user_code(code):
        code = ""
    here = _page_of(code)
    if visit.session is None:
        return see_other(f"/login?{urlencode({'next': here})}")
    view = views.DeviceView(chrome=visit.chrome(back=here), action=PAGE, user_code=code, is_given=bool(code))
    return show("device", view)


def _page_of(code: str) -> str:
    """Give the address of the page, with the code in it if it is well formed."""
    return f"{PAGE}?{urlencode({'user_code': code})}" if is_user_code(code) else PAGE


async def enter(visit: Visit) -> Response:
    """Take a code; the consent screen follows."""
    form = await visit.form(is_checked=False)
    code = form.one("user_code")[:20]
    if visit.session is None:
        return see_other(f"/login?{urlencode({'next': _page_of(code)})}")
    if not visit.is_made_here(form):
        return _page(visit, code)
    found = await enter_user_code(visit.services, form.one("user_code"), visit.signed_in, visit.address)
    if isinstance(found, Wait):
        return _page(visit, wait=found.seconds, status=429)
    if found is None:
        fault = views.FieldError(
            field="user_code", message=say("No device waits for this code. Compare each letter.")
        )
        return _page(visit, code, (fault,), status=400)
    return see_other(f"/authorize/continue?{urlencode({'ticket': found})}")


def _page(
    visit: Visit,
    user_code: str = "",
    errors: tuple[views.FieldError, ...] = (),
    *,
    wait: int = 0,
    status: int = 200,
) -> Response:
    view = views.DeviceView(
        chrome=visit.chrome(), action=PAGE, user_code=user_code, errors=errors, throttled_seconds=wait
    )
    return show("device", view, status=status)


async def ready(visit: Visit) -> Response:
    """Say that the device continues."""
    return show("device_done", views.DeviceDoneView(chrome=visit.chrome(), is_approved=True))


async def refused(visit: Visit) -> Response:
    """Say that the device was told no."""
    return show("device_done", views.DeviceDoneView(chrome=visit.chrome(), is_approved=False))


async def done(visit: Visit) -> Response:
    """Lead a person on who leaves a blocked screen; the device waits until its code has expired."""
    return see_other(PAGE)


ROUTES = (
    Route(DONE, page_handler(done), methods=["GET"]),
    Route(PAGE, page_handler(device), methods=["GET"]),
    Route(PAGE, page_handler(enter), methods=["POST"]),
    Route(f"{PAGE}/ready", page_handler(ready), methods=["GET"]),
    Route(f"{PAGE}/refused", page_handler(refused), methods=["GET"]),
)
