"""OAuth scopes and OIDC claims, mapped on fields (RFC 6749 §3.3, OIDC Core §5.4)."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from scopes.fields import FIELDS

SCOPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "openid": (),
        "profile": ("name", "locale", "picture"),
        "email": ("email",),
        "phone": ("phone_number",),
        "address": ("address",),
        "education": ("role", "course", "organisation", "student_status"),
        "age": ("age_over_13", "age_over_16", "age_over_18"),
        "alternate_email": ("alternate_email",),
        "offline_access": (),
        "grant_management_query": (),
        "grant_management_revoke": (),
    }
)

# The claim that says whether a field's value was verified (OIDC Core §5.1).
VERIFIED_CLAIMS: Mapping[str, str] = MappingProxyType(
    {"email": "email_verified", "phone_number": "phone_number_verified"}
)


def _claims() -> Mapping[str, str]:
    by_form = {each.claim_of(form): each.name for each in FIELDS.values() for form in each.forms}
    verified = {claim: name for name, claim in VERIFIED_CLAIMS.items()}
    return MappingProxyType(dict(sorted((by_form | verified).items())))


# Every claim that a release can contain, with the field that it belongs to.
CLAIMS: Mapping[str, str] = _claims()


def scope_fields(scope: Iterable[str]) -> frozenset[str]:
    """Collect the fields that a scope reaches; an unknown scope value reaches none (RFC 6749 §3.3)."""
    return frozenset(name for value in scope for name in SCOPES.get(value, ()))
