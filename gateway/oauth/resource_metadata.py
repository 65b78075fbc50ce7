"""What the protected resources say about themselves (RFC 9728): userinfo, `/release` and grants are one resource."""

from typing import Any

from gateway.kit.settings import Settings
from gateway.oauth.jwts import ALGORITHMS
from gateway.oauth.metadata import MTLS_ENDPOINTS, OF_THE_RESOURCE, PATHS
from gateway.oauth.requests.authorization_details import TYPE
from gateway.oauth.signing import OURS
from scopes import SCOPES

PATH = "/.well-known/oauth-protected-resource"


def resource_metadata(settings: Settings) -> dict[str, Any]:
    """Describe the resource, whose identifier is the issuer's.

    Endpoints beyond userinfo are named by members of our own, which §2 allows here.
    """
    shown = [name for name in OF_THE_RESOURCE if name in MTLS_ENDPOINTS]
    aliases = {"mtls_endpoint_aliases": {name: settings.mtls_url + PATHS[name] for name in shown}}
    return {
        "resource": settings.issuer,
        "authorization_servers": [settings.issuer],
        "jwks_uri": settings.issuer + PATHS["jwks_uri"],
        **{name: settings.issuer + PATHS[name] for name in OF_THE_RESOURCE},
        **(aliases if settings.mtls_url else {}),
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
