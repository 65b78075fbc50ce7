"""By when a partner has to have deleted what it received: so long as each item may be kept after it stopped."""

from gateway.kit.clock import DAY
from gateway.model.grants import Grant
from partners import Offer
from scopes import Item


def gone_by(grant: Grant, offer: Offer, item: Item, over_at: int | None) -> int | None:
    """Tell the second by which a received item has to be gone (GDPR Art. 5(1)(e)); None while it may still be read.

    The time begins when the item was switched off, or with the end of the grant. What the grant held to the end is
    kept as long as it says; of what it no longer holds the offer says it.

    Args:
        offer: the version that the grant stands on.
        over_at: when the grant was over; None while it is not.
    """
    name = (item.field, item.purpose)
    held = [each.retention_days for each in grant.items if (each.item.field, each.item.purpose) == name]
    offered = [each.retention_days for each in offer.items if (each.field, each.purpose) == name]
    stopped_at = over_at if held else grant.left_out_at(*name) or over_at
    return None if stopped_at is None else stopped_at + (held or offered or [offer.retention_days])[0] * DAY
