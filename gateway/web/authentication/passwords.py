"""The page of a new password for somebody who is signed in."""

from starlette.responses import Response
from starlette.routing import Route

from gateway.accounts.passwords import SHORTEST
from gateway.actions.authentication.password_change import change_password
from gateway.actions.authentication.sessions import LoggedIn
from gateway.web.authentication.security import HERE
from gateway.web.pages import views
from gateway.web.pages.formats import say
from gateway.web.pages.step_up import stepped_up
from gateway.web.pages.visit import Visit, show, signed_in_page, with_session

PATH = f"{HERE}/password"


async def show_form(visit: Visit) -> Response:
    """Show the form; the step-up stands before it, so it asks for no old password."""
    return _page(visit, ())


def _page(visit: Visit, faults: tuple[str, ...]) -> Response:
    view = views.NewPasswordView(
        chrome=visit.chrome("profile"),
        action=PATH,
        minimum_length=SHORTEST,
        cancel_url=HERE,
        errors=tuple(views.FieldError(field="new_password", message=say(each)) for each in faults),
    )
    return show("new_password", view, status=400 if faults else 200)


async def take_form(visit: Visit) -> Response:
    """Set the password; this browser goes on with a new secret."""
    form = await visit.form()
    found = await change_password(visit.services, visit.signed_in, form.one("new_password"), visit.device)
    if isinstance(found, LoggedIn):
        return with_session(visit, f"{HERE}?done=password-changed", found.secret, found.device)
    return _page(visit, tuple(found))


ROUTES = (
    Route(PATH, signed_in_page(stepped_up(show_form, back=PATH)), methods=["GET"]),
    Route(PATH, signed_in_page(stepped_up(take_form, back=PATH)), methods=["POST"]),
)
