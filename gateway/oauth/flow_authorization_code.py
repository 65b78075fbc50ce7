"""The authorization code flow (RFC 6749 §4.1) with PKCE (RFC 7636), decided by Authlib at the desk."""

from typing import Any

from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge

from gateway.kit.digests import digest
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.model.grants import Grant
from gateway.model.people import AMR, PersonState
from gateway.model.tokens import AccessToken, AuthorizationCode, RefreshToken
from gateway.oauth.authorization_details import granted_details
from gateway.oauth.certificates import is_certificate_bound
from gateway.oauth.desk import Desk, desk
from gateway.oauth.reach import kept_scope, reached


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
        """What the person granted, and has not switched off since."""
        return kept_scope(self.code.scope, self.grant.items)

    def get_nonce(self) -> str | None:
        """The request's nonce (OIDC Core §3.1.2.1)."""
        return self.code.nonce

    def get_auth_time(self) -> int:
        """When the person authenticated (OIDC Core §2)."""
        return self.code.auth_time

    def get_acr(self) -> str:
        """How strongly (OIDC Core §2)."""
        return self.code.acr

    def get_amr(self) -> list[str]:
        """By which methods (RFC 8176)."""
        return list(AMR[self.code.acr])


class AuthorizationCodeFlow(AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib has no types
    """One use, at most 60 seconds, bound to client, redirect URI and code challenge."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("authenticated",)

    def generate_authorization_code(self) -> str:
        """Make the code."""
        return desk().terms.ids(Kind.AUTHORIZATION_CODE)

    def save_authorization_code(self, code: str, request: Any) -> None:
        """Put the code into the plan."""
        desk().plan.code = code

    def query_authorization_code(self, code: str, client: Any) -> CodeRecord | None:
        """Give the loaded code if it may be used by this client now.

        A used code is a replay: the plan says so, and refusing it kills the family's tokens (RFC 6749 §4.1.2).
        """
        here = desk()
        held = here.code
        if held is None or held.token.client_id != client.get_client_id():
            return None
        if held.token.redemption_id is not None:
            here.plan.is_misused = True
            return None
        if held.token.dpop_jkt not in (None, here.bound_to):
            # Whoever holds the code but not its key gets one try, as with a wrong verifier (RFC 9449 §10).
            here.plan.is_misused = True
            return None
        alive = (
            held.grant.is_live(here.terms.now)
            and held.partner_is_live
            and held.person.state is PersonState.ACTIVE
            and here.terms.now < held.token.expires_at
        )
        return CodeRecord(held.token, held.grant) if alive else None

    def authenticate_user(self, authorization_code: CodeRecord) -> str:
        """Name the person who granted."""
        return authorization_code.code.person_id

    def create_token_response(self) -> Any:
        """Let Authlib make the token, then plan its storage."""
        answer = super().create_token_response()
        here, record = desk(), self.request.authorization_code
        token, code = answer[1], record.code
        here.plan.access_token = plan_access_token(token, code, record.grant)
        here.plan.refresh_token = _plan_refresh_token(here, token, code)
        return answer

    def delete_authorization_code(self, authorization_code: CodeRecord) -> None:
        """The commit uses the code up, conditionally (trap 11)."""


def plan_access_token(
    token: dict[str, Any], source: AuthorizationCode | RefreshToken, grant: Grant
) -> AccessToken:
    """Plan an access token; it never outlives its grant. The answer says what it stands on and reaches."""
    here, now = desk(), desk().terms.now
    expires_at = min(now + token["expires_in"], grant.valid_until)
    token["expires_in"] = expires_at - now
    token["grant_id"] = grant.grant_id
    details = _details(source.details, here.details)
    if details is not None:
        token["authorization_details"] = granted_details(
            reached("", details, grant.items), grant, here.terms.settings.issuer
        )
    return AccessToken(
        token_digest=digest(token["access_token"]),
        token_id=here.terms.ids(Kind.TOKEN),
        client_id=here.client.client.client_id,
        grant_id=grant.grant_id,
        family_id=source.family_id,
        scope=token["scope"],
        issued_at=now,
        expires_at=expires_at,
        bound_to=here.bound_to,
        details=details,
        auth_time=source.auth_time,
        acr=source.acr,
    )


def _details(held: str | None, wanted: frozenset[str] | None) -> str | None:
    """Narrow the items by name to what the token request asks for (RFC 9396 §6).

    Raises:
        Refusal: ``invalid_authorization_details`` when none of them was granted by name.
    """
    if wanted is None:
        return held
    kept = [key for key in (held or "").split() if key in wanted]
    if not kept:
        raise Refusal("invalid_authorization_details", detail="items that were not granted by name")
    return " ".join(kept)


def _plan_refresh_token(here: Desk, token: dict[str, Any], code: AuthorizationCode) -> RefreshToken:
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
        acr=code.acr,
        sid=code.sid,
    )


class ProofKey(CodeChallenge):  # type: ignore[misc]  # Authlib has no types
    """PKCE with S256 (RFC 9700 §2.1.1); Authlib would let confidential clients omit it (trap 7).

    Who was let through without a challenge sends no verifier either, or was meddled with (RFC 9700 §4.8.2).
    """

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_verifier(self, grant: Any, result: Any) -> None:
        """Demand the verifier, then let Authlib compare it; a code gets one try (RFC 9700 §4.5)."""
        desk().plan.is_misused = True
        if grant.request.authorization_code.code_challenge and "code_verifier" not in grant.request.form:
            raise Refusal(
                "invalid_grant", detail="no code_verifier", hint="The parameter code_verifier is missing."
            )
        super().validate_code_verifier(grant, result)
        desk().plan.is_misused = False
