"""The client credentials flow (RFC 6749 §4.4): a partner's own token, which reaches no personal data."""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidScopeError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant

from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.secrets.digests import digest
from gateway.model.tokens import ClientToken
from gateway.oauth.decision_context import current_decision


class ClientCredentialsFlow(ClientCredentialsGrant):  # type: ignore[misc]  # Authlib has no types
    """The flow within the scopes of the client's own in its manifest; no refresh token (RFC 6749 §4.4.3)."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("authenticated",)

    def validate_requested_scope(self) -> None:
        """Grant the scope that is asked for, or without one all of the client's own (RFC 6749 §3.3)."""
        if "authorization_details" in self.request.form:
            raise Refusal(
                "invalid_request",
                detail="items for a client's own token",
                hint="A client's own token reaches no items.",
            )
        own = current_decision().client.client.own_scopes
        asked = (self.request.payload.scope or "").split() or own
        if not set(own).issuperset(asked):
            raise InvalidScopeError()
        self.granted = " ".join(name for name in own if name in asked)

    def create_token_response(self) -> Any:
        """Make the token and plan its storage."""
        token = self.generate_token(scope=self.granted, include_refresh_token=False)
        here = current_decision()
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
