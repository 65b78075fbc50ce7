"""The refresh flow (RFC 6749 §6, RFC 9700 §4.14), decided by Authlib in the decision context."""

from typing import Any

from authlib.oauth2.rfc6749.grants import RefreshTokenGrant

from gateway.kit.ids import Kind
from gateway.kit.secrets.digests import digest
from gateway.model.tokens import RefreshToken
from gateway.oauth.decision_context import current_decision
from gateway.oauth.flows.authorization_code import plan_access_token, reached_items
from gateway.oauth.requests.token_items import kept_scope
from partners import Profile


class RefreshRecord:
    """A loaded refresh token in the shape that Authlib asks for."""

    def __init__(self, token: RefreshToken, presented: str) -> None:
        """Wrap a token together with the secret that was presented."""
        self.token = token
        self.presented = presented

    def check_client(self, client: Any) -> bool:
        """Whether the token was issued to this client."""
        return bool(self.token.client_id == client.get_client_id())

    def get_scope(self) -> str:
        """The whole scope of the first request; asking for it again is no error (mod_auth_openidc does)."""
        return self.token.asked_scope


class RefreshTokenFlow(RefreshTokenGrant):  # type: ignore[misc]  # Authlib has no types
    """The refresh flow: `baseline` tokens rotate with one successor; `fapi2` forbids rotation."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("authenticated",)

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshRecord | None:
        """Give the loaded token if it may be used now.

        A token whose successor was used, or that comes again after the grace period, was stolen: the plan
        says so, and refusing it kills the family (RFC 9700 §4.14.2).
        """
        here = current_decision()
        held = here.refresh_token
        if held is None or held.token.client_id != here.client.client.client_id:
            return None
        token, now = held.token, here.terms.now
        if _is_reused(token, now - here.terms.settings.refresh_grace):
            here.plan.is_misused = True
            return None
        self.held = held
        alive = (
            token.revoked_at is None
            and _is_bound_still(token, here.bound_to)
            and now < token.expires_at
            and held.stands(now)
        )
        return RefreshRecord(token, refresh_token) if alive else None

    def authenticate_user(self, refresh_token: RefreshRecord) -> str:
        """Name the grant's person."""
        person_id: str = self.held.person.person_id
        return person_id

    def issue_token(self, user: str, refresh_token: RefreshRecord) -> dict[str, Any]:
        """Make the tokens: requested ∩ granted for the access token, the full scope for what follows (trap 4)."""
        here, held, grant = current_decision(), refresh_token.token, self.held.grant
        wanted = (self.request.payload.scope or held.scope).split()
        scope = " ".join(name for name in held.scope.split() if name in wanted)
        # The answer also leaves out what the person has switched off since.
        answered = kept_scope(scope, reached_items(here, held, grant))
        token: dict[str, Any] = self.generate_token(user=user, scope=answered, include_refresh_token=False)
        here.plan.access_token = plan_access_token(token, held, grant, scope)
        if _rotates():
            token["refresh_token"] = _successor(refresh_token)
        else:
            token["refresh_token"] = refresh_token.presented
        return token

    def revoke_old_credential(self, refresh_token: RefreshRecord) -> None:
        """Do nothing, because the commit marks the token used with a conditional statement (trap 11)."""


def _rotates() -> bool:
    return current_decision().client.client.profile is Profile.BASELINE


def _is_bound_still(token: RefreshToken, shown: str | None) -> bool:
    """Whether the new access token will be bound if the first one was; the key may be another one now.

    The client authenticates, so its refresh token is bound to it and not to a key: one that shows another
    key keeps its grants (RFC 9449 §5, RFC 8705 §7.1).
    """
    return token.bound_to is None or shown is not None


def _is_reused(token: RefreshToken, used_since: int) -> bool:
    """Tell a thief from a client that lost an answer: only the latter comes soon and before its successor."""
    if not _rotates() or token.used_at is None:
        return False
    return token.used_at < used_since or token.successor_used_at is not None


def _successor(record: RefreshRecord) -> str:
    here, old = current_decision(), record.token
    secret = Kind.REFRESH_TOKEN + here.terms.successor(record.presented)
    here.plan.refresh_token = RefreshToken(
        token_digest=digest(secret),
        token_id=here.terms.ids(Kind.TOKEN),
        client_id=old.client_id,
        grant_id=old.grant_id,
        family_id=old.family_id,
        scope=old.scope,
        asked_scope=old.asked_scope,
        auth_time=old.auth_time,
        issued_at=here.terms.now,
        expires_at=old.expires_at,
        bound_to=here.bound_to,
        details=old.details,
        asked_items=old.asked_items,
        asked_forms=old.asked_forms,
        acr=old.acr,
        sid=old.sid,
    )
    return secret
