"""Discovery: what we say about ourselves (RFC 8414, OpenID Connect Discovery 1.0) and our public keys."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gateway.kit.settings import Settings
from gateway.model.registry import SigningKey
from gateway.oauth.answers.response_modes import MODES
from gateway.oauth.devices import GRANT_TYPE
from gateway.oauth.jwts import ALGORITHMS
from gateway.oauth.requests.authorization_details import TYPE
from gateway.oauth.requests.checks import ACRS, GRANT_ACTIONS
from gateway.oauth.signing import OURS
from scopes import CLAIMS, LANGUAGES, SCOPES

PATHS: Mapping[str, str] = {
    "authorization_endpoint": "/authorize",
    "token_endpoint": "/token",
    "pushed_authorization_request_endpoint": "/par",
    "revocation_endpoint": "/revoke",
    "introspection_endpoint": "/introspect",
    "userinfo_endpoint": "/userinfo",
    "device_authorization_endpoint": "/device_authorization",
    "registration_endpoint": "/register",
    "release_endpoint": "/release",
    "deletion_endpoint": "/deletions",
    "grant_management_endpoint": "/grants",
    "end_session_endpoint": "/session/end",
    "jwks_uri": "/jwks.json",
}
"""Where each endpoint is; the routes are made from the same table."""

OF_THE_RESOURCE = ("release_endpoint", "deletion_endpoint")
"""Endpoints not in the registry of server metadata, so the resource's document names them (RFC 9728 §2)."""

AUTH_METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")
CERTIFICATE_METHODS = ("tls_client_auth", "self_signed_tls_client_auth")
"""The authentication methods that are offered where clients can show certificates."""

MTLS_ENDPOINTS = (
    "token_endpoint",
    "pushed_authorization_request_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "userinfo_endpoint",
    "release_endpoint",
    "grant_management_endpoint",
    "device_authorization_endpoint",
)
"""The endpoints at which a certificate counts (RFC 8705 §5)."""


def server_metadata(settings: Settings, id_token_algorithms: Sequence[str]) -> dict[str, Any]:
    """Describe the server; one document serves both well-known addresses."""
    authentication: dict[str, Any] = {}
    methods = AUTH_METHODS + (CERTIFICATE_METHODS if settings.mtls_url else ())
    for endpoint in ("token", "revocation", "introspection"):
        authentication[f"{endpoint}_endpoint_auth_methods_supported"] = list(methods)
        authentication[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = list(ALGORITHMS)
    return {
        "issuer": settings.issuer,
        **{name: settings.issuer + path for name, path in PATHS.items() if name not in OF_THE_RESOURCE},
        **authentication,
        **_mtls(settings),
        "scopes_supported": sorted(SCOPES),
        "claims_supported": sorted({"sub", *CLAIMS}),
        "claims_parameter_supported": True,
        "acr_values_supported": list(ACRS),
        "authorization_details_types_supported": [TYPE],
        "grant_management_actions_supported": [*GRANT_ACTIONS, "query", "revoke"],
        "grant_management_action_required": False,
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": list(ALGORITHMS),
        "require_signed_request_object": False,
        "request_uri_parameter_supported": False,
        "require_pushed_authorization_requests": False,
        "response_types_supported": ["code"],
        "response_modes_supported": list(MODES),
        "authorization_signing_alg_values_supported": [OURS],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials", GRANT_TYPE],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": list(id_token_algorithms),
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "authorization_response_iss_parameter_supported": True,
        "userinfo_signing_alg_values_supported": [OURS],
        "introspection_signing_alg_values_supported": [OURS],
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "ui_locales_supported": list(LANGUAGES),
        "service_documentation": settings.documentation,
    }


def _mtls(settings: Settings) -> dict[str, Any]:
    """Say where certificates are shown, and that tokens can be bound to them (RFC 8705 §3.3, §5)."""
    if not settings.mtls_url:
        return {}
    aliases = {
        name: settings.mtls_url + PATHS[name] for name in MTLS_ENDPOINTS if name not in OF_THE_RESOURCE
    }
    return {"tls_client_certificate_bound_access_tokens": True, "mtls_endpoint_aliases": aliases}


def key_set(keys: Iterable[SigningKey]) -> dict[str, Any]:
    """Publish the public keys (RFC 7517 §5), retired ones included until their tokens are gone."""
    return {"keys": [json.loads(key.public_jwk) for key in keys]}
