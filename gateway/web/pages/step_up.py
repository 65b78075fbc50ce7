"""The step-up in front of a page: the password, a passkey or a code, given a moment ago (promise P15, RFC 9470)."""

from urllib.parse import urlencode

from starlette.responses import Response

from gateway.actions.authentication.sessions import is_fresh
from gateway.web.pages.views import StepUpReason
from gateway.web.pages.visit import PageHandler, Visit, see_other

MAY_EXPORT = "may-export"
"""The sign, in the address of the page that offers a download, that the step-up was for it."""

MAY_GO_ON = "may-go-on"
"""The sign, in the address of a service's page, that the step-up was for letting it go on."""

_WHY: tuple[tuple[str, StepUpReason], ...] = (
    ("/guardian/", "grant"),
    ("/admin", "administer"),
    ("/contacts", "contact"),
    ("/profile/edit", "edit"),
    ("/profile", "reveal"),
    ("/connected", "reveal"),
    ("/security", "secure"),
    ("/second-factor", "secure"),
)
"""What a step-up is for, by the beginning of the address that it leads to."""
_WHY_BY_SIGN: tuple[tuple[str, StepUpReason], ...] = ((MAY_EXPORT, "export"), (MAY_GO_ON, "grant"))


def stepped_up(answer: PageHandler, *, back: str) -> PageHandler:
    """Ask for the step-up first.

    Args:
        back: the page that a form leads to after it: what was typed is not kept.
    """

    async def guarded(visit: Visit) -> Response:
        if is_fresh(visit.services, visit.signed_in):
            return await answer(visit)
        return step_up(visit.request.url.path if visit.request.method == "GET" else back)

    return guarded


def stepped_up_export(answer: PageHandler) -> PageHandler:
    """Ask for the step-up before a file; it leads back to the page that offers the file.

    A browser that is sent to a download stays where it was, which would be the form that asks for the password.
    """

    async def guarded(visit: Visit) -> Response:
        if is_fresh(visit.services, visit.signed_in):
            return await answer(visit)
        page = visit.request.url.path.rpartition("/")[0]
        return step_up(f"{page}?done={MAY_EXPORT}")

    return guarded


def step_up(onward: str) -> Response:
    """Ask for the step-up, then lead to a page of ours."""
    return see_other(f"/reauthenticate?{urlencode({'next': onward}, safe='/')}")


def reason_of(path: str) -> StepUpReason:
    """Say what a step-up on the way to a page of ours is for; an address that somebody typed may be of any page."""
    by_sign = (why for sign, why in _WHY_BY_SIGN if path.endswith(f"?done={sign}"))
    by_place = (why for begin, why in _WHY if path.startswith(begin))
    return next(by_sign, next(by_place, "typed"))
