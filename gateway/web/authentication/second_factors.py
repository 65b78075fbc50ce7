"""The page after the log-in for somebody with powers who has no second factor yet."""

from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.authentication.enrolment import is_proof, lacks_factor, send_enrolment, takes_letter
from gateway.actions.authentication.factor_rule import grace_ends_at, is_in_grace
from gateway.actions.authentication.sessions import is_fresh, is_recent
from gateway.model.people import ROLE_WORDS, powers_of
from gateway.web.authentication.security import FIRST, do_code, do_passkey, place_of, show_code, show_passkey
from gateway.web.pages import views
from gateway.web.pages.formats import say
from gateway.web.pages.visit import Handler, PageHandler, Visit, page_handler, see_other, show


def on_the_way(answer: PageHandler) -> Handler:
    """Make a handler for those with powers who have no factor yet; others are led on, or show their factor first."""

    async def guarded(visit: Visit) -> Response:
        if visit.session is None:
            return see_other(f"/login?{urlencode({'next': _again(visit)})}")
        if not powers_of(visit.signed_in.person.role):
            return see_other("/security")
        onward = {"next": place_of(visit).onward}
        if await lacks_factor(visit.services, visit.signed_in.person):
            if is_recent(visit.services, visit.signed_in):
                return await answer(visit)
            onward = {"next": _again(visit)}
        elif is_fresh(visit.services, visit.signed_in):
            return see_other(onward["next"])
        return see_other(f"/reauthenticate?{urlencode(onward)}")

    return page_handler(guarded)


def _again(visit: Visit) -> str:
    """Give the address of the first page, with the proof that a link by mail may have brought."""
    query = visit.request.url.query
    return f"{FIRST}?{query}" if query else FIRST


async def first_factor(visit: Visit) -> Response:
    """Offer what the first factor can be."""
    return await _page(visit)


async def _page(visit: Visit, *, is_sent: bool = False, wait: int = 0) -> Response:
    services, person, place = visit.services, visit.signed_in.person, place_of(visit)
    proof = visit.request.query_params.get("proof", "")
    has_proof = await is_proof(services, person, proof)
    may_begin = has_proof or not takes_letter(services, person)
    query = urlencode({"next": place.next_path, "proof": proof} if has_proof else {"next": place.next_path})
    is_graced = is_in_grace(services, person)
    view = views.FirstFactorView(
        chrome=visit.chrome(back=place.at("")),
        role=say(ROLE_WORDS[person.role]),
        passkey_url=f"{FIRST}/passkey?{query}" if may_begin else "",
        code_url=f"{FIRST}/code?{query}" if may_begin else "",
        later_url=place.onward if is_graced else "",
        until=grace_ends_at(services, person) if is_graced else None,
        letter_action="" if may_begin else place.at("/letter"),
        is_sent=is_sent,
        throttled_seconds=wait,
    )
    return show("first_factor", view, status=429 if wait else 200)


async def send_letter(visit: Visit) -> Response:
    """Send the link by mail that the first factor takes once the grace is over."""
    await visit.form()
    wait = await send_enrolment(visit.services, visit.signed_in)
    return await _page(visit, is_sent=not wait, wait=wait)


ROUTES = (
    Route(FIRST, on_the_way(first_factor), methods=["GET"]),
    Route(f"{FIRST}/letter", on_the_way(send_letter), methods=["POST"]),
    Route(f"{FIRST}/code", on_the_way(show_code), methods=["GET"]),
    Route(f"{FIRST}/code", on_the_way(do_code), methods=["POST"]),
    Route(f"{FIRST}/passkey", on_the_way(show_passkey), methods=["GET"]),
    Route(f"{FIRST}/passkey", on_the_way(do_passkey), methods=["POST"]),
)
