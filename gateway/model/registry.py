"""The registry: partners, clients, offers, notices and signing keys as one immutable snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto

from partners import STANDING, Client, Offer, Partner, PartnerState, Profile


@dataclass(frozen=True, slots=True)
class RegisteredPartner:
    """A partner with its state."""

    partner: Partner
    state: PartnerState

    @property
    def is_live(self) -> bool:
        """Whether it may ask for anything now."""
        return self.state is PartnerState.LIVE


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """A client with the digest of its secret, if it has one.

    Attributes:
        nonce_reason: why an administrator lets it send a nonce instead of a code challenge; None: PKCE as usual.
        neither_reason: why two administrators let it send neither; None: one of them at least.
        left_at: when it took itself off the list (RFC 7592 §2.3); its record stays for the log's sake.
    """

    client: Client
    secret_digest: bytes | None
    nonce_reason: str | None = None
    left_at: int | None = None
    neither_reason: str | None = None

    @property
    def can_be_let_off(self) -> bool:
        """Whether a code alone could do: nobody else can redeem it, and it travels by TLS only; never in `fapi2`.

        Every client authenticates, by a key or by a secret.
        """
        is_baseline = self.client.profile is Profile.BASELINE
        return is_baseline and all(uri.startswith("https://") for uri in self.client.redirect_uris)

    @property
    def may_send_neither(self) -> bool:
        """Whether it needs neither a code challenge nor a nonce (OIDC Core §3.1.2.1, where a nonce is optional)."""
        return self.neither_reason is not None and self.can_be_let_off

    @property
    def may_send_nonce(self) -> bool:
        """Whether a nonce will do where there is no code challenge (RFC 9700 §2.1.1); never in `fapi2`."""
        return self.nonce_reason is not None and self.client.profile is Profile.BASELINE

    @property
    def keys(self) -> tuple[Mapping[str, object], ...]:
        """The client's public keys; empty where it has none, or they are fetched."""
        found = (self.client.jwks or {}).get("keys", [])
        return tuple(found) if isinstance(found, list) else ()


class SchoolGate(StrEnum):
    """What a school says to a partner: its members decide, nobody can, or they ask the school first."""

    ALLOW = auto()
    DENY = auto()
    ASK = auto()


@dataclass(frozen=True, slots=True)
class LiveOffer:
    """The version of an offer that is offered now, and its notices by language.

    Attributes:
        material_version: the newest version that people have to decide about; later ones only inform (promise P4).
    """

    offer: Offer
    version: int
    notices: Mapping[str, "Notice"] = field(default_factory=dict)
    material_version: int = 1


@dataclass(frozen=True, slots=True)
class Notice:
    """One immutable notice version in one language (promise P4).

    Attributes:
        sha256: of the text's UTF-8 bytes.
    """

    notice_id: str
    offer_id: str
    offer_version: int
    language: str
    text: str
    sha256: bytes
    effective_from: int
    material: bool


LOG_ALG = "Ed25519-log"
"""Marks the keys that sign the hand-off log's checkpoints; they sign nothing else."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One signing key; the private part is sealed.

    Attributes:
        retired_at: from then on it only verifies; it is published until the retirement's grace is over.
    """

    kid: str
    alg: str
    public_jwk: str
    private_sealed: bytes
    created_at: int
    retired_at: int | None


@dataclass(frozen=True, slots=True)
class LogOrigin:
    """A name that the hand-off log bears, or has borne: its address without the scheme (C2SP tlog-tiles).

    Attributes:
        number: 1 for the name that it began with; one more with each move.
        start: leaves that it had before; checkpoints of more leaves are signed under this name.
    """

    number: int
    origin: str
    start: int
    since: int


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything that changes rarely; `version` tells whether a snapshot is still true."""

    version: int
    partners: Mapping[str, RegisteredPartner] = field(default_factory=dict)
    clients: Mapping[str, RegisteredClient] = field(default_factory=dict)
    offers: Mapping[str, LiveOffer] = field(default_factory=dict)
    signing_keys: tuple[SigningKey, ...] = ()
    log_keys: tuple[SigningKey, ...] = ()
    log_origins: tuple[LogOrigin, ...] = ()
    gates: Mapping[tuple[str, str], SchoolGate] = field(default_factory=dict)

    def gate_of(self, organisation_id: str, partner_id: str) -> SchoolGate:
        """Tell what a school says to a partner; a school that has said nothing lets its members decide."""
        return self.gates.get((organisation_id, partner_id), SchoolGate.ALLOW)

    def find_client(self, client_id: str) -> RegisteredClient | None:
        """Find a client whose partner is live; a paused partner's clients and one that left are as good as unknown."""
        client = self.find_standing_client(client_id)
        if client is None or not self.partners[client.client.partner_id].is_live:
            return None
        return client

    def find_standing_client(self, client_id: str) -> RegisteredClient | None:
        """Find a client whose partner is live or paused: it asks for nothing new, and what it holds is not over."""
        client = self.clients.get(client_id)
        if client is None or client.left_at is not None:
            return None
        return client if self.partners[client.client.partner_id].state in STANDING else None
