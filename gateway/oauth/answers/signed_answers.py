"""Answers as signed JWTs: userinfo (OIDC Core §5.3.2) and introspection (RFC 9701)."""

from collections.abc import Mapping
from typing import Any

from joserfc import jwt

from gateway.oauth.decision_context import DecisionMeans
from gateway.oauth.signing import OURS

USERINFO = "application/jwt"
INTROSPECTION = "application/token-introspection+jwt"


def signed_userinfo(terms: DecisionMeans, client_id: str, claims: Mapping[str, Any]) -> str:
    """Sign what a person shares, for the one client that reads it."""
    return _signed(terms, "JWT", {"iss": terms.settings.issuer, "aud": client_id, **claims})


def signed_introspection(terms: DecisionMeans, client_id: str, described: Mapping[str, Any]) -> str:
    """Sign a token's description, one level down, so that it is no token itself (RFC 9701 §5, §8.1)."""
    outer = {"iss": terms.settings.issuer, "aud": client_id, "iat": terms.now}
    return _signed(terms, "token-introspection+jwt", {**outer, "token_introspection": dict(described)})


def _signed(terms: DecisionMeans, kind: str, claims: Mapping[str, Any]) -> str:
    key = terms.signing_key(OURS)
    return jwt.encode({"alg": OURS, "kid": str(key.kid), "typ": kind}, dict(claims), key)
