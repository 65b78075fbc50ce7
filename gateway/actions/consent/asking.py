"""What a request asks a person: the undecided items, shown beside those already granted (decision 0069)."""

from dataclasses import replace

from gateway.actions.consent.commit import ANEW
from gateway.actions.oauth.authorize import Authorization
from gateway.actions.services import Services
from gateway.consent.choices import Offered, offered
from gateway.model.grants import Grant
from gateway.model.registry import LiveOffer
from gateway.oauth.requests.checks import ExaminedRequest
from gateway.oauth.requests.requested_items import asked_offer, items_on_screen, requested_items
from partners import OfferItem
from scopes import Necessity


def is_decided(services: Services, authorization: Authorization, grant: Grant) -> bool:
    """Tell whether everything that a request asks for was granted, or was left out not long ago."""
    granted = {(each.item.field, each.item.purpose) for each in grant.items}
    now = services.clock()
    since = now - services.settings.decline_memory
    return all(
        (item.field, item.purpose) in granted or _is_left_out(grant, item, since, until=now)
        for item in requested_items(authorization.asked(services))
    )


def put_on_screen(
    services: Services, authorization: Authorization, standing: Grant | None, *, at: int
) -> Offered:
    """Divide the items on a screen into those it asks for and those already granted.

    What was left out not long ago is not asked again, unless the partner wants it (``prompt=consent``).
    Needed items are always asked for, because the service cannot work without them.

    Args:
        standing: the person's live grant.
        at: when the screen is, or was, served.
    """
    asked = authorization.asked(services)
    seen = None if asked.grant_action in ANEW else standing
    put = offered(items_on_screen(asked, seen), seen)
    # All is asked again, because what one window left out may be what the person has just ticked in another.
    if seen is None or "consent" in authorization.prompts or authorization.is_again:
        return put
    since = at - services.settings.decline_memory
    return replace(
        put,
        asked=tuple(
            item
            for item in put.asked
            if item.necessity is Necessity.NEEDED or not _is_left_out(seen, item, since, until=at)
        ),
    )


def offer_on_screen(asked: ExaminedRequest, put: Offered) -> LiveOffer:
    """Give the offer as a screen shows it: no longer than asked, and without reads where nothing is read."""
    live = asked_offer(asked)
    if put.asked or put.kept:
        return live
    return replace(live, offer=replace(live.offer, items=(), reads=(), frequency=""))


def _is_left_out(grant: Grant, item: OfferItem, since: int, *, until: int) -> bool:
    at = grant.left_out_at(item.field, item.purpose)
    # An answer given on another screen after this one was served removes no question from this one.
    return at is not None and since < at <= until
