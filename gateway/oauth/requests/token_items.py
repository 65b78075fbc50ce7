"""What a token reaches: the items of its request that the live grant allows (decision 0069)."""

from functools import lru_cache

from gateway.model.grants import GrantedItem
from gateway.model.item_keys import item_key
from scopes import SCOPES, scope_fields

# People who share the same items with a partner have equal answers here, which hold nothing personal.
_KEPT = 1024


@lru_cache(_KEPT)
def token_items(scope: str, keys_text: str, granted: tuple[GrantedItem, ...]) -> tuple[GrantedItem, ...]:
    """Choose the granted items that were asked for, by scope or by key.

    Args:
        keys_text: item keys with spaces between.
    """
    fields, keys = scope_fields(scope.split()), keys_text.split()
    return tuple(each for each in granted if each.item.field in fields or item_key(each.item) in keys)


@lru_cache(_KEPT)
def kept_scope(scope: str, granted: tuple[GrantedItem, ...]) -> str:
    """Keep the scope values that still yield something; what was switched off is not promised again."""
    fields = {each.item.field for each in granted}
    return " ".join(
        name for name in scope.split() if name in SCOPES and (not SCOPES[name] or fields & set(SCOPES[name]))
    )
