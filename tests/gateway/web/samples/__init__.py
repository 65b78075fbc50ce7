"""Made-up views for every page in every state, as a real day would fill them."""

from gateway.web.pages.views import View
from tests.gateway.web.samples import (
    account,
    admin,
    connected,
    consent,
    contacts,
    guardian,
    receipts,
    security,
)

SAMPLES: dict[str, tuple[str, View]] = {
    **account.SAMPLES,
    **security.SAMPLES,
    **consent.SAMPLES,
    **connected.SAMPLES,
    **contacts.SAMPLES,
    **guardian.SAMPLES,
    **receipts.SAMPLES,
    **admin.SAMPLES,
}
"""State of a page, by a name that begins with the page's: the page and its view."""
