"""The unit of consent: one field, for one purpose, in one form."""

from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple

from scopes.fields import Form


class Necessity(StrEnum):
    """Whether a combined service can work without an item."""

    NEEDED = "needed"
    OPTIONAL = "optional"


class Item(NamedTuple):
    """Field × purpose × form; what is not listed as an item is not granted."""

    field: str
    purpose: str
    form: Form


def shared_form(granted: Form, asked: Collection[Form]) -> Form | None:
    """Find the form that a consent and a request have in common; None where they have none.

    Who gave the whole value gave what is made of it, and who asks for the whole value takes any form. A private address
    is made of nothing: it is open only where its person said yes to it. No other form stands in for another one.
    """
    if Form.FULL in asked or granted in asked:
        return granted
    if granted is not Form.FULL:
        return None
    return next((form for form in Form if form in asked and form is not Form.RELAY), None)
