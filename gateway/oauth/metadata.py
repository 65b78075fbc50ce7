"""Discovery: what we say about ourselves (RFC 8414, OpenID Connect Discovery 1.0) and our public keys."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.kit.settings import Settings
from gateway.model.registry import SigningKey
from gateway.oauth.authorization_details import TYPE
from gateway.oauth.checks import ACRS
from gateway.oauth.jarm import MODES
from gateway.oauth.jwts import ALGORITHMS
from scopes import CLAIMS, SCOPES

PATHS: Mapping[str, str] = {
    "authorization_endpoint": "/authorize",
    "token_endpoint": "/token",
    "pushed_authorization_request_endpoint": "/par",
    "revocation_endpoint": "/revoke",
    "introspection_endpoint": "/introspect",
    "userinfo_endpoint": "/userinfo",
    "jwks_uri": "/jwks.json",
}
"""Where each endpoint is; the routes are made from the same table."""

AUTH_METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")


def server_metadata(settings: Settings) -> dict[str, Any]:
    """Describe the server; one document serves both well-known addresses."""
    authentication: dict[str, Any] = {}
    for endpoint in ("token", "revocation", "introspection"):
        authentication[f"{endpoint}_endpoint_auth_methods_supported"] = list(AUTH_METHODS)
        authentication[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = list(ALGORITHMS)
    return {
        "issuer": settings.issuer,
        **{name: settings.issuer + path for name, path in PATHS.items()},
        **authentication,
        "scopes_supported": sorted(SCOPES),
        "claims_supported": sorted({"sub", *CLAIMS}),
        "claims_parameter_supported": True,
        "acr_values_supported": list(ACRS),
        "authorization_details_types_supported": [TYPE],
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": list(ALGORITHMS),
        "require_signed_request_object": False,
        "request_uri_parameter_supported": False,
        "require_pushed_authorization_requests": False,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", *MODES],
        "authorization_signing_alg_values_supported": ["ES256"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "authorization_response_iss_parameter_supported": True,
        "ui_locales_supported": ["en"],
        "service_documentation": settings.documentation,
    }


def key_set(keys: Iterable[SigningKey]) -> dict[str, Any]:
    """Publish the public keys (RFC 7517 §5), retired ones included until their tokens are gone."""
    return {"keys": [json.loads(key.public_jwk) for key in keys]}
