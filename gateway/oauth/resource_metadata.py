"""What the protected resources say about themselves (RFC 9728): userinfo, `/release` and grants are one resource."""

from typing import Any

from gateway.kit.settings import Settings
from gateway.oauth.authorization_details import TYPE
from gateway.oauth.jwts import ALGORITHMS
from gateway.oauth.metadata import PATHS
from gateway.oauth.signing import OURS
from scopes import SCOPES

PATH = "/.well-known/oauth-protected-resource"


def resource_metadata(settings: Settings) -> dict[str, Any]:
    """Describe the resource, whose identifier is the issuer's."""
    return {
        "resource": settings.issuer,
        "authorization_servers": [settings.issuer],
        "jwks_uri": settings.issuer + PATHS["jwks_uri"],
        "scopes_supported": sorted(SCOPES),
        "bearer_methods_supported": ["header", "body"],
        "resource_signing_alg_values_supported": [OURS],
        "authorization_details_types_supported": [TYPE],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "dpop_bound_access_tokens_required": False,
        "tls_client_certificate_bound_access_tokens": bool(settings.mtls_url),
        "resource_name": settings.service_name,
        "resource_documentation": settings.documentation,
        "resource_policy_uri": settings.issuer + "/privacy",
    }
