"""Codes and tokens as records: digests, never the secrets themselves."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.model.grants import Approval, Grant
from gateway.model.people import HAS_ACCOUNT, Person
from partners import STANDING, PartnerState

TokenT = TypeVar("TokenT", "AuthorizationCode", "AccessToken", "RefreshToken")


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """One authorization code (RFC 6749 §4.1.2).

    Attributes:
        redemption_id: who used it, so that a commit whose answer was lost can be repeated; None while unused.
        scope: what the partner asked for; a default scope where it named nothing (RFC 6749 §3.3).
        asked_scope: what it may name again; asking for it is no error.
        family_id: every token that this code led to carries it.
        dpop_jkt: thumbprint of the key that the exchange has to prove (RFC 9449 §10); None where none was named.
        details: keys of the items asked for, with spaces between, where the request named items (RFC 9396).
        asked_items: keys of the items asked for besides the scope, where it did not: the needed ones, and those
            that the claims name. None for codes and tokens of old, whose scope says it all.
        asked_forms: forms of items, where the request named forms: a token hands over no other.
        sid: what the client calls the session in which the person agreed (OIDC Front-Channel Logout §3); None for
            one of old.
    """

    code_digest: bytes
    client_id: str
    grant_id: str
    person_id: str
    redirect_uri: str
    scope: str
    asked_scope: str
    code_challenge: str
    nonce: str | None
    auth_time: int
    acr: str
    family_id: str
    issued_at: int
    expires_at: int
    redemption_id: str | None = None
    dpop_jkt: str | None = None
    details: str | None = None
    asked_items: str | None = None
    asked_forms: str | None = None
    sid: str | None = None


@dataclass(frozen=True, slots=True)
class AccessToken:
    """One opaque access token (RFC 6750), bound to a key or a certificate where it names one.

    It reaches what it was asked for: its scope, its details and its asked items, in its asked forms, each as far as the
    live grant goes.

    Attributes:
        bound_to: thumbprint of a key (RFC 9449 §6); behind ``x5t#S256:`` a certificate's (RFC 8705 §3), as
            `gateway.oauth.proofs.certificates` spells it.
        details: keys of the items that it was asked for by name (RFC 9396).
        asked_items: keys of the items that it was asked for besides.
        asked_forms: forms of items, where a request named forms.
        auth_time: when the person authenticated, and by `acr` how (RFC 9470 §6.2); None for tokens of old.
    """

    token_digest: bytes
    token_id: str
    client_id: str
    grant_id: str
    family_id: str
    scope: str
    issued_at: int
    expires_at: int
    revoked_at: int | None = None
    bound_to: str | None = None
    details: str | None = None
    asked_items: str | None = None
    asked_forms: str | None = None
    auth_time: int | None = None
    acr: str | None = None

    @property
    def keys(self) -> str:
        """Keys of all the items that it was asked for besides its scope."""
        return f"{self.details or ''} {self.asked_items or ''}"


@dataclass(frozen=True, slots=True)
class ClientToken:
    """A partner's own access token (RFC 6749 §4.4): it stands on no grant and reaches nobody's data."""

    token_digest: bytes
    token_id: str
    client_id: str
    scope: str
    issued_at: int
    expires_at: int
    revoked_at: int | None = None
    bound_to: str | None = None

    def is_live(self, now: int) -> bool:
        """Whether it opens anything at a time; whoever pauses its partner keeps it from being used at all."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """One refresh token (RFC 6749 §6, RFC 9700 §4.14.2).

    Attributes:
        scope: what was asked for at first; narrowing an access token does not change it.
        asked_scope: what the partner may name again; asking for it is no error.
        used_at: when its successor was made; None while it is the newest of its family.
        successor_used_at: when the successor was used in its turn: then a replay is no accident.
    """

    token_digest: bytes
    token_id: str
    client_id: str
    grant_id: str
    family_id: str
    scope: str
    asked_scope: str
    auth_time: int
    issued_at: int
    expires_at: int
    used_at: int | None = None
    successor_digest: bytes | None = None
    successor_used_at: int | None = None
    revoked_at: int | None = None
    bound_to: str | None = None
    details: str | None = None
    asked_items: str | None = None
    asked_forms: str | None = None
    acr: str | None = None
    sid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What codes and tokens stand on, as loaded in one go.

    Attributes:
        approvals: of the guardians who are linked now, for this child and offer; loaded where a guardian decides.
    """

    grant: Grant
    person: Person
    partner_state: PartnerState
    approvals: tuple[Approval, ...] = ()

    def stands(self, now: int) -> bool:
        """Whether grant, partner and account are not over; each may be held back."""
        return self.grant.stands(now) and self.partner_state in STANDING and self.person.state in HAS_ACCOUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(Ground, Generic[TokenT]):
    """A code or token with what it stands on."""

    token: TokenT
