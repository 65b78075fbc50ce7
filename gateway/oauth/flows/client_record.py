"""A registered client in the shape that Authlib asks for (`authlib.oauth2.rfc6749.ClientMixin`)."""

from dataclasses import dataclass

from authlib.oauth2.rfc6749 import ClientMixin

from gateway.model.registry import RegisteredClient
from gateway.oauth.decision_context import current_decision
from gateway.oauth.devices import device_redirect_uri
from partners import redirect_uri_matches


@dataclass(frozen=True, slots=True)
class ClientRecord(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """What Authlib may ask about a client."""

    registered: RegisteredClient

    def get_client_id(self) -> str:
        """Give the ``client_id``."""
        return self.registered.client.client_id

    def get_default_redirect_uri(self) -> None:
        """Give none, because every request names its redirect URI (RFC 9700 §2.1)."""

    def get_allowed_scope(self, scope: str | None) -> str:
        """Leave the scope as it is, because our own check has compared it with the combined service."""
        return scope or ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Compare by equality (RFC 9700 §2.1); only our own device flow can bring its own URI this far."""
        uris = (
            *self.registered.client.redirect_uris,
            device_redirect_uri(current_decision().terms.settings.issuer),
        )
        return redirect_uri_matches(uris, redirect_uri)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Accept only a client that our own methods have authenticated before."""
        return method == "authenticated"

    def check_response_type(self, response_type: str) -> bool:
        """Accept codes only (RFC 9700 §2.1.2)."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Accept the two flows for every client, and client credentials for one with scopes of its own."""
        if grant_type == "client_credentials":
            return bool(self.registered.client.own_scopes)
        return grant_type in ("authorization_code", "refresh_token")
