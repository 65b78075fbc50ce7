"""What a token reaches: its scope and its items by name, always intersected with the live grant."""

from gateway.model.grants import Grant, GrantedItem
from gateway.oauth.authorization_details import item_key
from scopes import SCOPES, scope_fields


def reached(scope: str, details: str | None, grant: Grant) -> tuple[GrantedItem, ...]:
    """Choose the granted items that a scope or the named items reach.

    Args:
        details: item keys with spaces between, where the request named items (RFC 9396); None where it did not.
    """
    fields, keys = scope_fields(scope.split()), (details or "").split()
    return tuple(each for each in grant.items if each.item.field in fields or item_key(each.item) in keys)


def kept_scope(scope: str, grant: Grant) -> str:
    """Leave the scope values that still yield something; what was switched off is not promised again."""
    fields = {each.item.field for each in grant.items}
    return " ".join(
        name for name in scope.split() if name in SCOPES and (not SCOPES[name] or fields & set(SCOPES[name]))
    )
