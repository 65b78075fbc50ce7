"""Pages that links in mail lead to: a new password, a confirmed address. Opening a link changes nothing."""

from starlette.responses import Response
from starlette.routing import Route

from gateway.accounts.passwords import SHORTEST
from gateway.actions.authentication.recovery import (
    ask_for_recovery,
    find_link,
    recover,
    send_verification,
    verify,
)
from gateway.actions.mail.inbox import read_inbox
from gateway.kit.errors import Refusal
from gateway.store.accounts.mail_links import RECOVERY, VERIFICATION
from gateway.web.pages import views
from gateway.web.pages.formats import say
from gateway.web.pages.visit import Handler, PageHandler, Visit, page_handler, see_other, show, signed_in_page
from gateway.web.server.answers import note


async def show_recover(visit: Visit) -> Response:
    """Show the form that asks for a link."""
    return show("recover", views.RecoverView(chrome=visit.chrome(), action="/recover"))


async def do_recover(visit: Visit) -> Response:
    """Take an address; the answer tells nothing about it."""
    form = await visit.form(for_strangers=True)
    wait = await ask_for_recovery(visit.services, form.one("email"), visit.address, visit.language)
    view = views.RecoverView(
        chrome=visit.chrome(),
        action="/recover",
        email=form.one("email") if wait else "",
        is_taken=not wait,
        throttled_seconds=wait,
    )
    response = show("recover", view, status=429 if wait else 200)
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response


def link_page(answer: PageHandler) -> Handler:
    """Make the handler of a link; whatever is wrong with the link, the page is the same."""

    async def guarded(visit: Visit) -> Response:
        try:
            response = await answer(visit)
        except Refusal as refusal:
            if refusal.code != "not_found":
                raise
            note(refusal)
            view = views.LinkInvalidView(chrome=visit.chrome(back="/login"))
            response = show("link_invalid", view, status=404)
        return response

    return page_handler(guarded)


async def show_new_password(visit: Visit) -> Response:
    """Show the form that sets a new password."""
    return await _new_password_page(visit, ())


async def _new_password_page(visit: Visit, faults: tuple[str, ...]) -> Response:
    secret = visit.request.path_params["secret"]
    await find_link(visit.services, secret, RECOVERY)
    view = views.NewPasswordView(
        chrome=visit.chrome(),
        action=f"/recover/{secret}",
        minimum_length=SHORTEST,
        errors=tuple(views.FieldError(field="new_password", message=say(each)) for each in faults),
    )
    return show("new_password", view, status=400 if faults else 200)


async def do_new_password(visit: Visit) -> Response:
    """Set the new password."""
    form = await visit.form(for_strangers=True)
    faults = await recover(visit.services, visit.request.path_params["secret"], form.one("new_password"))
    if faults:
        return await _new_password_page(visit, tuple(faults))
    return see_other("/login?done=password")


async def send_verify(visit: Visit) -> Response:
    """Send a link to the person's other address."""
    await visit.form()
    wait = await send_verification(visit.services, visit.signed_in)
    if wait:
        raise Refusal("too_many_attempts", detail="verification letters", retry_after=wait)
    return see_other("/profile?done=verification")


async def show_verify(visit: Visit) -> Response:
    """Ask whether the address is the reader's: mail scanners open links, and opening must prove nothing."""
    secret = visit.request.path_params["secret"]
    await find_link(visit.services, secret, VERIFICATION)
    return show("verify", views.VerifyView(chrome=visit.chrome(), action=f"/verify/{secret}"))


async def do_verify(visit: Visit) -> Response:
    """Mark the address as verified."""
    await visit.form(for_strangers=True)
    await verify(visit.services, visit.request.path_params["secret"])
    return show("verify", views.VerifyView(chrome=visit.chrome(back="/")))


async def inbox(visit: Visit) -> Response:
    """Show the demonstration's mail."""
    letters = tuple(
        views.ShownLetter(
            to=each.to,
            subject=each.subject,
            text=each.text,
            at=each.at,
            links=each.links,
            files=each.files,
        )
        for each in read_inbox(visit.services)
    )
    return show("inbox", views.InboxView(chrome=visit.chrome(), letters=letters))


ROUTES = (
    Route("/recover", page_handler(show_recover), methods=["GET"]),
    Route("/recover", page_handler(do_recover), methods=["POST"]),
    Route("/recover/{secret}", link_page(show_new_password), methods=["GET"]),
    Route("/recover/{secret}", link_page(do_new_password), methods=["POST"]),
    Route("/profile/verify", signed_in_page(send_verify), methods=["POST"]),
    Route("/verify/{secret}", link_page(show_verify), methods=["GET"]),
    Route("/verify/{secret}", link_page(do_verify), methods=["POST"]),
    Route("/inbox", page_handler(inbox), methods=["GET"]),
)
