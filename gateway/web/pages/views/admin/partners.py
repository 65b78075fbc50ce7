"""Views of partners: the list, and one under review or in service."""

from dataclasses import dataclass
from typing import Literal

from gateway.web.pages.views.admin.frame import AdminView
from gateway.web.pages.views.admin.review import ReviewedOffer, RiskFlag, TextsToRead
from gateway.web.pages.views.frame import Event, Fact, FieldError, Hidden, Option

ShownPartnerState = Literal["draft", "review", "live", "paused", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerRow:
    """One partner in the list."""

    url: str
    brand: str
    legal_name: str
    country: str
    state: ShownPartnerState
    offer_count: int
    live_grants: int
    more_grants: bool = False
    changed_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminPartnersView(AdminView):
    """All partners, those that wait for a review first."""

    rows: tuple[PartnerRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRow:
    """A client of a partner (RFC 7591 §2); `secret_action` (a POST) gives it a new secret.

    `nonce_action` (a POST of `why`) lets it send a nonce instead of PKCE, `pkce_action` (a POST) ends that.
    `retire_action` posts `reason`.
    """

    client_id: str
    name: str
    profile: str
    auth_method: str
    redirect_uris: tuple[str, ...]
    secret_action: str = ""
    retire_action: str = ""
    reasons: tuple[Option, ...] = ()
    nonce_reason: str = ""
    nonce_action: str = ""
    neither_reason: str = ""
    neither_action: str = ""
    pkce_action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSecret:
    """A client's new secret: it is shown once, here."""

    client_id: str
    secret: str


MoveKind = Literal["review", "approve", "return", "pause", "resume"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMove:
    """A legal next state with its own form; `pause` is the brake.

    It posts `reason` where there are `reasons`; one of them must be chosen. With a `reauthenticate_url`, the
    password has to be given first.
    """

    kind: MoveKind
    action: str
    reasons: tuple[Option, ...] = ()
    hidden: Hidden = ()
    reauthenticate_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerWish:
    """Something about a partner that waits for a second person."""

    title: str
    url: str
    asked_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerEnd:
    """The end of a partner for good. `end_action` posts `reason`, `known` and `why`, `call_off_action` nothing.

    `ends_at` is when an announced end comes. With a `reauthenticate_url`, the password has to be given before either.
    """

    live_grants: int
    people: int
    takes_two: bool
    more_grants: bool = False
    more_people: bool = False
    end_action: str = ""
    ends_at: int | None = None
    call_off_action: str = ""
    reasons: tuple[Option, ...] = ()
    reauthenticate_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectionForm:
    """A no to the newer manifest; posts `why`."""

    action: str
    hidden: Hidden


@dataclass(frozen=True, slots=True, kw_only=True)
class LateDeletion:
    """A request to delete that the partner has not taken in, or not answered, in time."""

    reference: str
    asked_at: int
    received_at: int | None
    complete_by: int
    grant_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminPartnerView(AdminView):
    """A partner under review or in service; the moves are those its state and its reader's role allow.

    `is_braked` says that complaints have paused it.
    """

    brand: str
    state: ShownPartnerState
    live_grants: int
    more_grants: bool = False
    facts: tuple[Fact, ...]
    clients: tuple[ClientRow, ...]
    offers: tuple[ReviewedOffer, ...]
    risks: tuple[RiskFlag, ...] = ()
    moves: tuple[StateMove, ...] = ()
    texts: TextsToRead | None = None
    events: tuple[Event, ...] = ()
    late_deletions: tuple[LateDeletion, ...] = ()
    is_braked: bool = False
    complaints_url: str = ""
    wishes: tuple[PartnerWish, ...] = ()
    end: PartnerEnd | None = None
    reject: RejectionForm | None = None
    secret: ShownSecret | None = None
    errors: tuple[FieldError, ...] = ()
