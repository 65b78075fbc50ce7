"""The authorization code flow (RFC 6749 §4.1) with PKCE (RFC 7636), decided by Authlib in the decision context."""

from typing import Any

from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge

from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.secrets.digests import digest
from gateway.model.grants import Grant, GrantedItem
from gateway.model.item_keys import item_key
from gateway.model.people import AMR
from gateway.model.tokens import AccessToken, AuthorizationCode, RefreshToken
from gateway.oauth.decision_context import DecisionContext, current_decision
from gateway.oauth.proofs.certificates import is_certificate_bound
from gateway.oauth.requests.asked_forms import in_asked_forms, narrower_forms
from gateway.oauth.requests.authorization_details import granted_details
from gateway.oauth.requests.token_items import kept_scope, token_items
from scopes import scope_fields


class CodeRecord:
    """A loaded code in the shape that Authlib asks for."""

    def __init__(self, code: AuthorizationCode, grant: Grant) -> None:
        """Wrap a code together with the grant that it stands on."""
        self.code = code
        self.grant = grant
        self.code_challenge = code.code_challenge
        self.code_challenge_method = "S256"

    def get_redirect_uri(self) -> str:
        """The redirect URI of the authorization request (RFC 6749 §4.1.3)."""
        return self.code.redirect_uri

    def get_scope(self) -> str:
        """What was asked for and is granted now: the answer's scope (RFC 6749 §5.1)."""
        return kept_scope(self.code.scope, reached_items(current_decision(), self.code, self.grant))

    def get_nonce(self) -> str | None:
        """The request's nonce (OIDC Core §3.1.2.1)."""
        return self.code.nonce

    def get_auth_time(self) -> int:
        """When the person authenticated (OIDC Core §2)."""
        return self.code.auth_time

    def get_acr(self) -> str:
        """The class of that authentication (OIDC Core §2)."""
        return self.code.acr

    def get_amr(self) -> list[str]:
        """The methods of that authentication (RFC 8176)."""
        return list(AMR[self.code.acr])


class AuthorizationCodeFlow(AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib has no types
    """The flow with codes for one use within 60 seconds, bound to client, redirect URI and code challenge."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("authenticated",)

    def generate_authorization_code(self) -> str:
        """Make the code."""
        return current_decision().terms.ids(Kind.AUTHORIZATION_CODE)

    def save_authorization_code(self, code: str, request: Any) -> None:
        """Put the code into the plan."""
        current_decision().plan.code = code

    def query_authorization_code(self, code: str, client: Any) -> CodeRecord | None:
        """Give the loaded code if it may be used by this client now.

        A used code is a replay: the plan says so, and refusing it kills the family's tokens (RFC 6749 §4.1.2).
        """
        here = current_decision()
        held = here.code
        if held is None or held.token.client_id != client.get_client_id():
            return None
        if held.token.redemption_id is not None:
            here.plan.is_misused = True
            return None
        if held.token.dpop_jkt not in (None, here.bound_to):
            # A request without the code's key uses the code up, as a wrong verifier does (RFC 9449 §10).
            here.plan.is_misused = True
            return None
        alive = held.stands(here.terms.now) and here.terms.now < held.token.expires_at
        return CodeRecord(held.token, held.grant) if alive else None

    def authenticate_user(self, authorization_code: CodeRecord) -> str:
        """Name the person who granted."""
        return authorization_code.code.person_id

    def create_token_response(self) -> Any:
        """Let Authlib make the token, then plan its storage."""
        answer = super().create_token_response()
        here, record = current_decision(), self.request.authorization_code
        token, code = answer[1], record.code
        here.plan.access_token = plan_access_token(token, code, record.grant, code.scope)
        here.plan.refresh_token = _plan_refresh_token(here, token, code)
        return answer

    def delete_authorization_code(self, authorization_code: CodeRecord) -> None:
        """Do nothing, because the commit uses the code up with a conditional statement (trap 11)."""


def plan_access_token(
    token: dict[str, Any], source: AuthorizationCode | RefreshToken, grant: Grant, scope: str
) -> AccessToken:
    """Plan an access token, which never outlives its grant, and the answer that names its grant and scope.

    Args:
        scope: what this token is asked for; the answer names what is granted of it.
    """
    here, now = current_decision(), current_decision().terms.now
    expires_at = min(now + token["expires_in"], grant.ends_at)
    token["expires_in"] = expires_at - now
    token["grant_id"] = grant.grant_id
    granted = reached_items(here, source, grant)
    details = _details(source.details, here.details, granted)
    if details is not None:
        token["authorization_details"] = granted_details(
            token_items("", details, granted), grant, here.terms.settings.issuer
        )
    return AccessToken(
        token_digest=digest(token["access_token"]),
        token_id=here.terms.ids(Kind.TOKEN),
        client_id=here.client.client.client_id,
        grant_id=grant.grant_id,
        family_id=source.family_id,
        scope=scope,
        issued_at=now,
        expires_at=expires_at,
        bound_to=here.bound_to,
        details=details,
        asked_items=_asked_items(source, scope),
        asked_forms=_asked_forms(here, source),
        auth_time=source.auth_time,
        acr=source.acr,
    )


def _asked_items(source: AuthorizationCode | RefreshToken, scope: str) -> str | None:
    """Keep what was asked for besides the scope, unless the token request narrows the scope to signing in."""
    is_narrowed = scope_fields(source.scope.split()) and not scope_fields(scope.split())
    return "" if is_narrowed else source.asked_items


def reached_items(
    here: DecisionContext, source: AuthorizationCode | RefreshToken, grant: Grant
) -> tuple[GrantedItem, ...]:
    """Give the granted items in the forms that the request and this token request asked for (decision 0069)."""
    return in_asked_forms(_asked_forms(here, source), grant.items)


def _asked_forms(here: DecisionContext, source: AuthorizationCode | RefreshToken) -> str | None:
    return narrower_forms(source.asked_forms, here.forms)


def _details(held: str | None, wanted: frozenset[str] | None, granted: tuple[GrantedItem, ...]) -> str | None:
    """Narrow the items by name to what the token request asks for (RFC 9396 §6).

    Raises:
        Refusal: ``invalid_authorization_details`` when none of them was asked for by name and granted.
    """
    if wanted is None:
        return held
    reached = wanted & {item_key(each.item) for each in granted}
    kept = [key for key in (held or "").split() if key in reached]
    if not kept:
        raise Refusal("invalid_authorization_details", detail="items that were not granted by name")
    return " ".join(kept)


def _plan_refresh_token(
    here: DecisionContext, token: dict[str, Any], code: AuthorizationCode
) -> RefreshToken:
    now = here.terms.now
    return RefreshToken(
        token_digest=digest(token["refresh_token"]),
        token_id=here.terms.ids(Kind.TOKEN),
        client_id=code.client_id,
        grant_id=code.grant_id,
        family_id=code.family_id,
        scope=code.scope,
        asked_scope=code.asked_scope,
        auth_time=code.auth_time,
        issued_at=now,
        expires_at=now + here.terms.settings.refresh_token_ttl,
        # A certificate is renewed within the life of a refresh token, which is bound to its client anyway: it
        # authenticates at each use (RFC 8705 §4, RFC 6749 §10.4).
        bound_to=None if is_certificate_bound(here.bound_to) else here.bound_to,
        details=code.details,
        asked_items=code.asked_items,
        asked_forms=code.asked_forms,
        acr=code.acr,
        sid=code.sid,
    )


class ProofKey(CodeChallenge):  # type: ignore[misc]  # Authlib has no types
    """PKCE with S256 (RFC 9700 §2.1.1); Authlib would let confidential clients omit it (trap 7).

    A code without a challenge must come without a verifier, or the request was altered (RFC 9700 §4.8.2).
    """

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_verifier(self, grant: Any, result: Any) -> None:
        """Require the verifier, then let Authlib compare it; a code can be tried once (RFC 9700 §4.5)."""
        current_decision().plan.is_misused = True
        if grant.request.authorization_code.code_challenge and "code_verifier" not in grant.request.form:
            raise Refusal(
                "invalid_grant", detail="no code_verifier", hint="The parameter code_verifier is missing."
            )
        super().validate_code_verifier(grant, result)
        current_decision().plan.is_misused = False
