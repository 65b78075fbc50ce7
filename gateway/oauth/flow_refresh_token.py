"""The refresh flow (RFC 6749 §6, RFC 9700 §4.14), decided by Authlib at the desk."""

from typing import Any

from authlib.oauth2.rfc6749.grants import RefreshTokenGrant

from gateway.kit.digests import digest
from gateway.kit.ids import Kind
from gateway.model.people import PersonState
from gateway.model.tokens import RefreshToken
from gateway.oauth.desk import desk
from gateway.oauth.flow_authorization_code import plan_access_token
from gateway.oauth.reach import kept_scope
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
        """Everything that was ever asked for: asking for it again is no error (mod_auth_openidc does)."""
        return self.token.asked_scope


class RefreshTokenFlow(RefreshTokenGrant):  # type: ignore[misc]  # Authlib has no types
    """Rotation with one successor for `baseline`; none for `fapi2`, which forbids it."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("authenticated",)

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshRecord | None:
        """Give the loaded token if it may be used now.

        A token whose successor was used, or that comes again after the grace, was stolen by somebody: the plan
        says so, and refusing it kills the family (RFC 9700 §4.14.2).
        """
        here = desk()
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
            and token.bound_to in (None, here.bound_to)
            and now < token.expires_at
            and held.grant.is_live(now)
            and held.partner_is_live
            and held.person.state is PersonState.ACTIVE
        )
        return RefreshRecord(token, refresh_token) if alive else None

    def authenticate_user(self, refresh_token: RefreshRecord) -> str:
        """Name the grant's person."""
        person_id: str = self.held.person.person_id
        return person_id

    def issue_token(self, user: str, refresh_token: RefreshRecord) -> dict[str, Any]:
        """Make the tokens: requested ∩ granted for the access token, the full scope for what follows (trap 4)."""
        here, held = desk(), refresh_token.token
        wanted = (self.request.payload.scope or held.scope).split()
        # What the person switched off since is not in the answer either.
        live = kept_scope(held.scope, self.held.grant.items).split()
        scope = " ".join(name for name in live if name in wanted)
        token: dict[str, Any] = self.generate_token(user=user, scope=scope, include_refresh_token=False)
        here.plan.access_token = plan_access_token(token, held, self.held.grant)
        if _rotates():
            token["refresh_token"] = _successor(refresh_token)
        else:
            token["refresh_token"] = refresh_token.presented
        return token

    def revoke_old_credential(self, refresh_token: RefreshRecord) -> None:
        """The commit marks it used, conditionally (trap 11)."""


def _rotates() -> bool:
    return desk().client.client.profile is Profile.BASELINE


def _is_reused(token: RefreshToken, used_since: int) -> bool:
    """Tell a thief from a client that lost an answer: only the latter comes soon and before its successor."""
    if not _rotates() or token.used_at is None:
        return False
    return token.used_at < used_since or token.successor_used_at is not None


def _successor(record: RefreshRecord) -> str:
    here, old = desk(), record.token
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
        bound_to=old.bound_to,
        details=old.details,
        acr=old.acr,
        sid=old.sid,
    )
    return secret
