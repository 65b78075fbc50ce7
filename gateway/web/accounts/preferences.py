"""Pages of a person's own choices: news by mail and statistics, and the end of news by a link in a letter."""

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.accounts.own_zone import choose_zone, see_zone
from gateway.actions.accounts.preferences import check_unsubscribe, choose, see_choices, unsubscribe
from gateway.kit.errors import Refusal
from gateway.kit.gettext_catalogues import zone_choices
from gateway.model.preferences import Preference
from gateway.web.authentication.mail_links import link_page
from gateway.web.pages import views
from gateway.web.pages.formats import zone
from gateway.web.pages.visit import Visit, see_other, show, signed_in_page
from gateway.web.server.bodies import read_body

HERE = "/preferences"
ZONE = "timezone"
"""The choice that is no switch: its wish is a zone, or empty for that of the organisation."""


async def preferences(visit: Visit) -> Response:
    """Show how the choices stand."""
    found = await see_choices(visit.services, visit.signed_in)
    news, counted = found[Preference.PROMOTIONAL_MAIL], found[Preference.STATISTICS]
    is_child = visit.signed_in.person.needs_guardian
    own_zone, usual_zone = await see_zone(visit.services, visit.signed_in)
    view = views.PreferencesView(
        chrome=visit.chrome("profile"),
        action=HERE,
        gets_news=news.is_on and not is_child,
        news_since=news.changed_at,
        news_locked=is_child,
        is_counted=counted.is_on,
        counted_since=counted.changed_at,
        usual_zone=zone(usual_zone),
        zones=tuple(
            views.Option(value=known, label=name, chosen=known == own_zone)
            for known, name in zone_choices(visit.language)
        ),
    )
    return show("preferences", view)


async def do_choose(visit: Visit) -> Response:
    """Switch one choice."""
    form = await visit.form()
    name, wish = form.one("preference"), form.one("wish")
    if name == ZONE:
        await choose_zone(visit.services, visit.signed_in, wish)
        return see_other(f"{HERE}?done=saved")
    if name not in tuple(Preference) or wish not in ("on", "off"):
        raise Refusal("bad_form", detail="an unknown preference")
    await choose(visit.services, visit.signed_in, Preference(name), is_on=wish == "on")
    return see_other(f"{HERE}?done=saved")


async def show_unsubscribe(visit: Visit) -> Response:
    """Ask whether news by mail shall end; programs open links, so opening one changes nothing (RFC 8058 §1)."""
    parameters = visit.request.path_params
    check_unsubscribe(visit.services, parameters["person_id"], parameters["proof"])
    return _unsubscribe_page(visit, visit.request.url.path)


async def do_unsubscribe(visit: Visit) -> Response:
    """End news by mail at once (RFC 8058 §3.2).

    A mail program posts from anywhere, in a form of its own and without a session: the address is the whole proof.
    """
    await read_body(visit.request)
    parameters = visit.request.path_params
    await unsubscribe(visit.services, parameters["person_id"], parameters["proof"])
    return _unsubscribe_page(visit, "")


def _unsubscribe_page(visit: Visit, action: str) -> Response:
    chrome = visit.chrome(back="" if action else "/")
    return show("unsubscribe", views.UnsubscribeView(chrome=chrome, action=action))


ROUTES = (
    Route(HERE, signed_in_page(preferences), methods=["GET"]),
    Route(HERE, signed_in_page(do_choose), methods=["POST"]),
    Route("/unsubscribe/{person_id}/{proof}", link_page(show_unsubscribe), methods=["GET"]),
    Route("/unsubscribe/{person_id}/{proof}", link_page(do_unsubscribe), methods=["POST"]),
)
