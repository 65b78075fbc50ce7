"""ID tokens (OIDC Core §2): who signed in, when and in which session, and no personal data."""

from typing import Any

from authlib.oidc.core.grants.code import OpenIDToken

from gateway.oauth.decision_context import current_decision
from gateway.oauth.signing import PrivateKey


class IdTokens(OpenIDToken):  # type: ignore[misc]  # Authlib has no types
    """Authlib's ID token over the decision context; pairwise ``sub``, ``at_hash``."""

    def get_client_algorithm(self, client: Any) -> str:
        """Give what the client registered."""
        return current_decision().client.client.id_token_alg

    def resolve_client_private_key(self, client: Any) -> PrivateKey:
        """Give the current signing key."""
        return _key()

    def get_encode_header(self, client: Any) -> dict[str, str]:
        """Name the key."""
        return {"alg": self.get_client_algorithm(client), "kid": str(_key().kid), "typ": "JWT"}

    def get_client_claims(self, client: Any) -> dict[str, Any]:
        """Give issuer, audience and times; the clock is the context's."""
        terms = current_decision().terms
        return {
            "iss": terms.settings.issuer,
            "aud": client.get_client_id(),
            "iat": terms.now,
            "exp": terms.now + terms.settings.id_token_ttl,
        }

    def get_compatible_claims(self, request: Any) -> dict[str, Any]:
        """Take our claims as they are, because Authlib would read the machine's clock."""
        return self.get_client_claims(request.client)

    def get_authorization_code_claims(self, authorization_code: Any) -> dict[str, Any]:
        """Add the session's name to what Authlib takes from the code (Back-Channel Logout §2.1)."""
        claims: dict[str, Any] = super().get_authorization_code_claims(authorization_code)
        sid = authorization_code.code.sid
        return claims if sid is None else {**claims, "sid": sid}

    def generate_user_info(self, user: str, scope: str) -> dict[str, str]:
        """Give the pairwise subject and nothing else: values leave through the release gate only (promise P13)."""
        here = current_decision()
        return {"sub": here.terms.subject(here.client, user)}


def _key() -> PrivateKey:
    here = current_decision()
    return here.terms.signing_key(here.client.client.id_token_alg)
