"""A registered client in the shape that Authlib asks for (`authlib.oauth2.rfc6749.ClientMixin`)."""

from dataclasses import dataclass

from authlib.oauth2.rfc6749 import ClientMixin

from gateway.model.registry import RegisteredClient
from gateway.oauth.desk import desk
from gateway.oauth.device import device_redirect_uri
from partners import redirect_uri_matches


@dataclass(frozen=True, slots=True)
class ClientRecord(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """What Authlib may ask about a client."""

    registered: RegisteredClient

    def get_client_id(self) -> str:
        """Give the ``client_id``."""
        return self.registered.client.client_id

    def get_default_redirect_uri(self) -> None:
        """There is none: the request names it (RFC 9700 §2.1)."""

    def get_allowed_scope(self, scope: str | None) -> str:
        """Leave the scope as it is: our own check has already held it against the combined service."""
        return scope or ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Compare by equality (RFC 9700 §2.1); a request that names the device flow's came past our own check."""
        uris = (*self.registered.client.redirect_uris, device_redirect_uri(desk().terms.settings.issuer))
        return redirect_uri_matches(uris, redirect_uri)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Only who authenticated before, by our own methods, comes this far."""
        return method == "authenticated"

    def check_response_type(self, response_type: str) -> bool:
        """Codes only (RFC 9700 §2.1.2)."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """The two flows that are offered to everybody; a token of its own to who has scopes of its own."""
        if grant_type == "client_credentials":
            return bool(self.registered.client.own_scopes)
        return grant_type in ("authorization_code", "refresh_token")
