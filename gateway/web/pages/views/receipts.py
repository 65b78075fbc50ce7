"""Views of a receipt and of the page behind a stop link."""

from dataclasses import dataclass

from gateway.web.pages.views.frame import Fact, View


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptItem:
    """One item of a receipt; `retention_days` is None where the terms no longer name it."""

    label: str
    form: str
    purpose: str
    retention_days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptView(View):
    """A receipt to read and to print; times are as they were signed (ISO 8601, UTC).

    `signs_in` where the decision allows nothing but that.
    """

    brand: str
    offer: str
    what: str
    at: str
    until: str
    items: tuple[ReceiptItem, ...]
    facts: tuple[Fact, ...]
    jws: str
    json_url: str
    jws_url: str
    keys_url: str
    check_url: str
    back_url: str
    stop_url: str = ""
    signs_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StopLinkView(View):
    """What a stop link stops, without names or values; `stop_action` is empty once it has stopped."""

    brand: str
    offer: str
    stop_action: str
    can_ask_deletion: bool = False
    ended_at: int | None = None
