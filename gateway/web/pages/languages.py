"""The language switch of every page: remembered in the browser, and with the account of somebody who is signed in."""

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.accounts.languages import choose_language
from gateway.kit import gettext_catalogues
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.web.pages.visit import LANGUAGE_COOKIE, Visit, local_path, page_handler, see_other

YEAR = 365 * DAY


async def choose(visit: Visit) -> Response:
    """Take the choice and show the same page again."""
    form = await visit.form(for_strangers=True)
    language = form.one("language")
    return await keep_language(visit, language, see_other(local_path(form.one("next")) or "/"))


async def keep_language(visit: Visit, language: str, response: Response) -> Response:
    """Remember the choice in the browser, and with the account of somebody who is signed in.

    Raises:
        Refusal: ``bad_form`` for a language that we do not speak.
    """
    if language not in gettext_catalogues.CATALOGUES:
        raise Refusal("bad_form", detail="a language that we do not speak")
    if visit.session is not None:
        await choose_language(visit.services, visit.session, language)
    response.set_cookie(
        LANGUAGE_COOKIE, language, max_age=YEAR, path="/", secure=True, httponly=True, samesite="lax"
    )
    return response


ROUTES = (Route("/language", page_handler(choose), methods=["POST"]),)
