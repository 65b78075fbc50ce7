"""The client credentials flow (RFC 6749 §4.4): a partner's own token, which reaches nobody's data."""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidScopeError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant

from gateway.kit.digests import digest
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.model.tokens import ClientToken
from gateway.oauth.desk import desk


class ClientCredentialsFlow(ClientCredentialsGrant):  # type: ignore[misc]  # Authlib has no types
    """Within the scopes that the client's manifest names as its own; never a refresh token (RFC 6749 §4.4.3)."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("authenticated",)

    def validate_requested_scope(self) -> None:
        """Grant what is asked for, or everything that is the client's own where nothing is (RFC 6749 §3.3)."""
        if "authorization_details" in self.request.form:
            raise Refusal(
                "invalid_request",
                detail="items for a client's own token",
                hint="A client's own token reaches no items.",
            )
        own = desk().client.client.own_scopes
        asked = (self.request.payload.scope or "").split() or own
        if not set(own).issuperset(asked):
            raise InvalidScopeError()
        self.granted = " ".join(name for name in own if name in asked)

    def create_token_response(self) -> Any:
        """Make the token and plan its storage."""
        token = self.generate_token(scope=self.granted, include_refresh_token=False)
        here = desk()
        here.plan.client_token = ClientToken(
            token_digest=digest(token["access_token"]),
            token_id=here.terms.ids(Kind.TOKEN),
            client_id=here.client.client.client_id,
            scope=self.granted,
            issued_at=here.terms.now,
            expires_at=here.terms.now + token["expires_in"],
            bound_to=here.bound_to,
        )
        return 200, token, self.TOKEN_RESPONSE_HEADER
