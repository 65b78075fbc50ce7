"""Frozen records of a partner, its OAuth clients (RFC 7591 §2) and its combined services."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum, auto
from urllib.parse import urlsplit

from scopes import Form, Necessity


class AuthMethod(StrEnum):
    """How a client authenticates at the token endpoint (OIDC Core §9); the values are registered names."""

    CLIENT_SECRET_BASIC = auto()
    CLIENT_SECRET_POST = auto()
    PRIVATE_KEY_JWT = auto()
    TLS_CLIENT_AUTH = auto()
    SELF_SIGNED_TLS_CLIENT_AUTH = auto()

    @property
    def is_by_certificate(self) -> bool:
        """Whether the client shows a certificate in TLS (RFC 8705 §2)."""
        return self in (AuthMethod.TLS_CLIENT_AUTH, AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH)

    @property
    def is_by_secret(self) -> bool:
        """Whether the client has a secret that we make."""
        return self in (AuthMethod.CLIENT_SECRET_BASIC, AuthMethod.CLIENT_SECRET_POST)


OWN_SCOPES = ("events", "statistics", "grant_management_query", "grant_management_revoke")
"""Scopes of a partner's own token (RFC 6749 §4.4): none of them reaches anybody's data."""


class Profile(StrEnum):
    """The security profile that a client is held to."""

    BASELINE = "baseline"
    FAPI2 = "fapi2"


@dataclass(frozen=True, slots=True)
class Partner:
    """The company that offers combined services; countries are ISO 3166-1 alpha-2 codes.

    Attributes:
        sending_domains: whose mail alone reaches people's private addresses; empty for anybody's.
        deletion_uri: where it is asked to delete what it holds; None where people cannot ask that through us.
    """

    partner_id: str
    legal_name: str
    brand: str
    address: str
    country: str
    contact: str
    grievance_contact: str
    policy_url: str
    storage_countries: tuple[str, ...]
    attested_on: date
    sending_domains: tuple[str, ...] = ()
    deletion_uri: str | None = None


OUR_ALG = "ES256"
"""What a client's ID tokens are signed with where it asks for nothing else."""


@dataclass(frozen=True, slots=True)
class Client:
    """One registered OAuth client; its public keys are in `jwks`, or are fetched from `jwks_uri`.

    With `message_signing` it signs its requests and gets signed answers (FAPI 2.0 Message Signing).

    Attributes:
        tls_client_auth_subject: which name a certificate must carry, and its value (RFC 8705 §2.1.2).
        post_logout_redirect_uris: where a browser may go after signing out (OIDC RP-Initiated Logout §3.1).
        userinfo_signed_response_alg: ES256 where userinfo is answered as a signed JWT (OIDC Core §5.3.2).
        id_token_signed_response_alg: RS256 where ID and logout tokens are to be signed so (OIDC Registration §2).
        grant_types: flows besides the code flow and refreshing, which every client has (RFC 7591 §2).
        backchannel_logout_uri: that is told when somebody signs out (OIDC Back-Channel Logout §2.2).
        own_scopes: what a token of its own may reach, out of `OWN_SCOPES`; empty where it gets none.
        tls_client_certificate_bound_access_tokens: bound to the certificate, instead of a DPoP key (RFC 8705 §3).
    """

    client_id: str
    partner_id: str
    name: str
    profile: Profile
    auth_method: AuthMethod
    redirect_uris: tuple[str, ...]
    offer_id: str
    jwks: Mapping[str, object] | None = dataclasses.field(default=None, hash=False)
    sector_identifier: str | None = None
    message_signing: bool = False
    jwks_uri: str | None = None
    tls_client_auth_subject: tuple[str, str] | None = None
    tls_client_certificate_bound_access_tokens: bool = False
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    own_scopes: tuple[str, ...] = ()
    userinfo_signed_response_alg: str | None = None
    id_token_signed_response_alg: str | None = None
    grant_types: tuple[str, ...] = ()

    @property
    def id_token_alg(self) -> str:
        """The algorithm of its ID tokens; ES256 is five times faster to sign than RS256."""
        return self.id_token_signed_response_alg or OUR_ALG

    @property
    def sector(self) -> str:
        """The host that pairwise subjects of this client are made for (OIDC Core §8.1).

        Two partners can share a host, on one development machine for instance: make the subject from the
        partner's id and the sector together.
        """
        return self.sector_identifier or urlsplit(self.redirect_uris[0]).hostname or ""


@dataclass(frozen=True, slots=True)
class OfferItem:
    """One field for one purpose, with the forms to choose from, the most private first.

    `why` is the partner's own sentence by language, shown in addition to the purpose's text.
    """

    field: str
    purpose: str
    forms: tuple[Form, ...]
    necessity: Necessity
    retention_days: int
    why: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Offer:
    """One version of a combined service: what a person opts in to.

    Attributes:
        reads: numbers of reads that a person can allow instead of a length of time, beside a single one.
        course_ends_on: the last day of the course that the service goes with.
        language: of `name`, `benefit` and `frequency` (BCP 47); empty: English.
        names: the name by further languages; `benefits` and `frequencies` are the other two.
    """

    offer_id: str
    partner_id: str
    name: str
    benefit: str
    items: tuple[OfferItem, ...]
    duration_days: int
    max_duration_days: int
    retention_days: int
    frequency: str = ""
    legal_basis: str = "consent"
    reads: tuple[int, ...] = ()
    course_ends_on: date | None = None
    language: str = ""
    names: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)
    benefits: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)
    frequencies: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)

    @property
    def own_language(self) -> str:
        """The language of every text that has no other (BCP 47)."""
        return self.language or "en"

    def in_language(self, language: str) -> "Offer":
        """Say name, benefit and frequency in a language; what the partner did not write in it stays as it is."""
        return dataclasses.replace(
            self,
            name=self.names.get(language, self.name),
            benefit=self.benefits.get(language, self.benefit),
            frequency=self.frequencies.get(language, self.frequency),
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a partner hands in for review: itself, its clients and its offers."""

    partner: Partner
    clients: tuple[Client, ...]
    offers: tuple[Offer, ...]
