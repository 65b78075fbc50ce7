"""What a token reaches: its scope and its items by name, always intersected with the live grant."""

from functools import lru_cache

from gateway.model.grants import GrantedItem
from gateway.oauth.authorization_details import item_key
from scopes import SCOPES, scope_fields

# Whoever shares the same items with the same partner has the same answers here, and nothing in them is theirs.
_KEPT = 1024


@lru_cache(_KEPT)
def reached(scope: str, details: str | None, granted: tuple[GrantedItem, ...]) -> tuple[GrantedItem, ...]:
    """Choose the granted items that a scope or the named items reach.

    Args:
        details: item keys with spaces between, where the request named items (RFC 9396); None where it did not.
    """
    fields, keys = scope_fields(scope.split()), (details or "").split()
    return tuple(each for each in granted if each.item.field in fields or item_key(each.item) in keys)


@lru_cache(_KEPT)
def kept_scope(scope: str, granted: tuple[GrantedItem, ...]) -> str:
    """Leave the scope values that still yield something; what was switched off is not promised again."""
    fields = {each.item.field for each in granted}
    return " ".join(
        name for name in scope.split() if name in SCOPES and (not SCOPES[name] or fields & set(SCOPES[name]))
    )
