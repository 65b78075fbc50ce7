"""Authlib's authorization server over the decision context: it decides, it never stores."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc9207 import IssuerParameter

from gateway.kit.errors import ERRORS, Refusal
from gateway.kit.ids import Kind
from gateway.oauth.answers.id_tokens import IdTokens
from gateway.oauth.answers.response_modes import Back, way_back
from gateway.oauth.decision_context import current_decision
from gateway.oauth.flows.authorization_code import AuthorizationCodeFlow, ProofKey
from gateway.oauth.flows.client_credentials import ClientCredentialsFlow
from gateway.oauth.flows.client_record import ClientRecord
from gateway.oauth.flows.refresh_token import RefreshTokenFlow
from gateway.oauth.parameters import Parameters
from gateway.oauth.proofs.certificates import cnf


class ProtocolRequest(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    """A request that offers Authlib only the parameters that our own reader has checked (trap 6)."""

    def __init__(self, method: str, path: str, parameters: Parameters) -> None:
        """Take parameters that `gateway.oauth.parameters` has read."""
        # Transport security is the listener's business; behind a TLS proxy Authlib's check would misfire (trap 17).
        super().__init__(method, f"https://gateway{path}")
        self.payload = BasicOAuth2Payload(dict(parameters))

    @property
    def form(self) -> Mapping[str, str]:
        """The body's parameters."""
        form: Mapping[str, str] = self.payload.data
        return form


@dataclass(slots=True)
class ProtocolAnswer:
    """Authlib's answer, before it becomes HTTP. `location` is settable, as its extensions want (trap 16)."""

    status: int
    body: Any
    headers: Mapping[str, str]
    location: str | None


class Issuer(IssuerParameter):  # type: ignore[misc]  # Authlib has no types
    """Authlib's extension that puts ``iss`` on authorization answers (RFC 9207)."""

    def get_issuer(self) -> str:
        """Give our issuer identifier."""
        return current_decision().terms.settings.issuer


class Decisions(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """Authlib's skeleton of flows and errors."""

    def __init__(self) -> None:
        """Register the flows, with their extensions in protocol order."""
        super().__init__()
        self.register_token_generator("default", _generate_token)
        self.register_client_auth_method("authenticated", _who_authenticated)
        self.register_grant(AuthorizationCodeFlow, [ProofKey(required=True), IdTokens()])
        self.register_grant(RefreshTokenFlow)
        self.register_grant(ClientCredentialsFlow)
        self.register_extension(Issuer())

    def register_extension(self, extension: Any) -> None:
        """Attach an extension that is already an object."""
        extension(self)

    def query_client(self, client_id: str) -> ClientRecord:
        """Give the client of this decision; the request was read and checked for this client only."""
        return ClientRecord(current_decision().client)

    def save_token(self, token: Any, request: Any) -> None:
        """Save nothing, because the plan holds the tokens until the commit (trap 11)."""

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Do nothing, because nothing listens to Authlib's signals."""

    def create_oauth2_request(self, request: ProtocolRequest) -> ProtocolRequest:
        """Take the request as it is."""
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> ProtocolAnswer:
        """Keep the answer; header names are looked up in any case (trap 16)."""
        named = {name.lower(): value for name, value in headers}
        return ProtocolAnswer(status, body, named, named.get("location"))

    def handle_error_response(self, request: Any, error: OAuth2Error) -> Any:
        """Turn Authlib's error into ours, so that refusals are answered in one place only."""
        raise refusal_of(error)


def refusal_of(error: OAuth2Error) -> Refusal:
    """Translate an error of Authlib's; an unknown code becomes ``invalid_request``."""
    code = error.error if error.error in ERRORS else "invalid_request"
    return Refusal(code, detail=f"Authlib: {error.error}: {error.get_error_description()}")


def _generate_token(*, scope: str, include_refresh_token: bool, **_: Any) -> dict[str, Any]:
    """Make a token's answer, bound to the proved key; Authlib would let it live ten days (trap 12)."""
    terms, bound = current_decision().terms, current_decision().bound_to
    settings = terms.settings
    token = {
        "access_token": terms.ids(Kind.ACCESS_TOKEN),
        "token_type": "DPoP" if "jkt" in cnf(bound) else "Bearer",
        "expires_in": settings.dpop_access_token_ttl if bound else settings.access_token_ttl,
        "scope": scope,
    }
    if include_refresh_token:
        token["refresh_token"] = terms.ids(Kind.REFRESH_TOKEN)
    return token


def _who_authenticated(query_client: Any, request: Any) -> ClientRecord:
    """Give the client that `gateway.oauth.proofs.client_authentication` has let in."""
    return ClientRecord(current_decision().client)


@dataclass(frozen=True)
class Protocol:
    """The protocol's face towards the actions; one instance serves every request."""

    @cached_property
    def decisions(self) -> Decisions:
        """Authlib's server; it holds no state of a request."""
        return Decisions()

    def decide_token(self, parameters: Parameters) -> Mapping[str, Any]:
        """Decide a token request in the present context; the plan says what to commit.

        Raises:
            Refusal: with an error of RFC 6749 §5.2.
        """
        answer: ProtocolAnswer = self.decisions.create_token_response(
            ProtocolRequest("POST", "/token", parameters)
        )
        body: Mapping[str, Any] = answer.body
        return body

    def decide_code(self, parameters: Parameters, scope: str, person_id: str) -> Back:
        """Make the code and the answer that carries it back; the granted scope is ours (trap 15).

        Returns:
            ``code``, ``state`` and ``iss`` on their way, or all of them in a signed ``response``.
        """
        request = ProtocolRequest("GET", "/authorize", {**parameters, "scope": scope})
        grant = self.decisions.get_authorization_grant(request)
        answer: ProtocolAnswer = self.decisions.create_authorization_response(
            request, grant_user=person_id, grant=grant
        )
        here = current_decision()
        if parameters.get("response_mode", "query") == "query":
            return Back(answer.location or "", parameters["client_id"])
        said = {"iss": here.terms.settings.issuer, "code": here.plan.code or ""}
        if "state" in parameters:
            said["state"] = parameters["state"]
        return way_back(parameters, said, here.terms)
