"""What an item is called wherever it is named in one word: on a screen, in a form and in a token."""

from partners.records import OfferItem
from scopes import Item


def item_key(item: Item | OfferItem) -> str:
    """Name an item: ``email.results_delivery``; the form is not part of it."""
    return f"{item.field}.{item.purpose}"
