"""Which decisions need a recent step-up: those after which more sensitive data can leave (P15)."""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.consent.decisions import DecisionOutcome
from gateway.model.grants import EventType, Grant
from scopes import FIELDS, Item, Sensitivity

OPENS: Mapping[EventType, bool] = MappingProxyType(
    {
        EventType.ASKED: True,
        EventType.GIVEN: True,
        EventType.REFUSED: False,
        EventType.NARROWED: False,
        EventType.WIDENED: True,
        EventType.RENEWED: True,
        EventType.PAUSED: False,
        EventType.RESUMED: True,
        EventType.WITHDRAWN: False,
        EventType.REVOKED: False,
        EventType.EXPIRED: False,
    }
)
"""By kind of decision, whether more can leave after it: other items or forms, longer, or after a pause."""


def takes_step_up(outcome: DecisionOutcome, seen: Grant | None) -> bool:
    """Tell whether a decision needs a recent step-up, judged by what it grants and not by what was posted.

    Args:
        seen: the grant before; where its old terms are kept, what waited for that answer can leave again.
    """
    after = outcome.grant
    is_answered = seen is not None and after.terms_version > seen.terms_version
    opens = OPENS[outcome.event.type] or is_answered
    return opens and any(is_sensitive(each.item) for each in after.items)


def is_sensitive(item: Item) -> bool:
    """Tell whether an item's field asks for the password before it is shown or shared."""
    return FIELDS[item.field].sensitivity is Sensitivity.SENSITIVE
