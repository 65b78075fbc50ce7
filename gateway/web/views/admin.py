"""Views of the administration: names of fields, never values; no page grants anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gateway.web.views.frame import ONE_PAGE, Event, Fact, FieldError, Hidden, Option, Pager, View

Section = Literal["grants", "partners", "log", "complaints", "people", "school"]
GrantState = Literal["asked", "active", "paused", "used_up", "refused", "ended"]
PartnerState = Literal["draft", "review", "live", "paused", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A section this administrator may enter; `count` is what is in it, if known, `attention` what waits."""

    section: Section
    url: str
    count: int | None = None
    attention: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminView(View):
    """A page of the administration with the sections its reader may enter."""

    doors: tuple[Door, ...]
    section: Section | Literal[""] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminHomeView(AdminView):
    """Where an administrator begins."""

    role: str
    organisation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantFilter:
    """The search as it was asked: `person` is matched exactly, days are ISO 8601 (`2026-03-03`).

    It is posted, so that no address of a person stands in an address of a page.
    """

    action: str
    person: str = ""
    from_day: str = ""
    to_day: str = ""
    partners: tuple[Option, ...] = ()
    fields: tuple[Option, ...] = ()
    states: tuple[Option, ...] = ()
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRow:
    """One grant in a result; `person` is a short form of an id, or the address that was searched by."""

    grant_id: str
    url: str
    person: str
    brand: str
    offer: str
    state: GrantState
    fields: tuple[str, ...]
    given_at: int | None = None
    last_handoff_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminGrantsView(AdminView):
    """Search the grants.

    Attributes:
        asked: false before the first search.
        looked_through: so many were looked through, and there are older ones; None where all were.
    """

    query: GrantFilter
    asked: bool
    rows: tuple[GrantRow, ...] = ()
    looked_through: int | None = None
    pager: Pager = ONE_PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantItemRow:
    """One item of a grant by name; there is no place for a value."""

    field: str
    purpose: str
    form: str
    needed: bool
    granted: bool
    kept_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """A token by its id, never the token itself."""

    token_id: str
    kind: str
    client_id: str
    issued_at: int
    expires_at: int
    alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """One hand-off as an administrator sees it; `person` as in `GrantRow`, `fields` and `purposes` are names."""

    at: int
    handoff_id: str
    person: str
    brand: str
    client_id: str
    endpoint: str
    fields: tuple[str, ...]
    purposes: tuple[str, ...]
    grant_url: str = ""
    check_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminGrantView(AdminView):
    """One grant. `revoke_action` posts `reason`; empty when there is nothing to revoke.

    `can_ask_deletion` lets it take `delete=yes`. With a `reauthenticate_url`, the password has to be given first.
    """

    grant_id: str
    state: GrantState
    brand: str
    offer: str
    facts: tuple[Fact, ...]
    items: tuple[GrantItemRow, ...]
    events: tuple[Event, ...]
    handoffs: tuple[LogRow, ...]
    tokens: tuple[TokenRow, ...]
    notice_url: str
    revoke_action: str = ""
    can_ask_deletion: bool = False
    reauthenticate_url: str = ""
    reasons: tuple[Option, ...] = ()
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerRow:
    """One partner in the list."""

    url: str
    brand: str
    legal_name: str
    country: str
    state: PartnerState
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
    pkce_action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSecret:
    """A client's new secret: it is shown once, here."""

    client_id: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferItemRow:
    """One item of an offer as its manifest asks for it; `why` is the partner's own words."""

    field: str
    purpose: str
    forms: tuple[str, ...]
    needed: bool
    kept_seconds: int
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferChange:
    """One difference to the version before; empty `before` = added, empty `after` = removed."""

    what: str
    before: str
    after: str
    material: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferReview:
    """One offer version under review, with its computed difference to the version before."""

    name: str
    version: int
    benefit: str
    duration_seconds: int
    items: tuple[OfferItemRow, ...]
    changes: tuple[OfferChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFlag:
    """Something a reviewer should look at before saying yes."""

    serious: bool
    text: str


MoveKind = Literal["review", "approve", "return", "pause", "resume", "end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
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
class Rejection:
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
    """A partner under review or in service; the moves are those its state and its reader's role allow."""

    brand: str
    state: PartnerState
    live_grants: int
    more_grants: bool = False
    facts: tuple[Fact, ...]
    clients: tuple[ClientRow, ...]
    offers: tuple[OfferReview, ...]
    risks: tuple[RiskFlag, ...] = ()
    moves: tuple[Move, ...] = ()
    events: tuple[Event, ...] = ()
    late_deletions: tuple[LateDeletion, ...] = ()
    needs_second: bool = False
    reject: Rejection | None = None
    secret: NewSecret | None = None
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """The search of the log as it was asked; it is posted. Times are of the page's zone, `2026-03-03T10:15`."""

    action: str
    person: str = ""
    from_time: str = ""
    to_time: str = ""
    partners: tuple[Option, ...] = ()
    fields: tuple[Option, ...] = ()
    endpoints: tuple[Option, ...] = ()
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminLogView(AdminView):
    """The hand-off log, newest first.

    Attributes:
        looked_through: so many were looked through, and there are older ones; None where all were.
    """

    query: LogFilter
    rows: tuple[LogRow, ...]
    looked_through: int | None = None
    pager: Pager = ONE_PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """One fault of an imported file; `line` counts from 1 with the heading, `column` may be empty."""

    line: int
    column: str
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did: rows in order were taken, the others were left out and are named."""

    created: int
    known: int
    rows: tuple[ImportRow, ...]


AccountState = Literal["invited", "expired", "active", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """An account without anything that says whose it is; `again_action` (a POST) sends a fresh invitation."""

    person: str
    role: str
    organisation: str
    state: AccountState
    made_at: int
    invited_until: int | None = None
    again_action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminPeopleView(AdminView):
    """Import people (posts `file`, a CSV of at most `maximum_bytes`) and look after their invitations."""

    import_action: str
    guardians_url: str
    columns: tuple[str, ...]
    maximum_bytes: int
    accounts: tuple[AccountRow, ...]
    report: ImportReport | None = None
    errors: tuple[FieldError, ...] = ()
    pager: Pager = ONE_PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminGuardiansView(AdminView):
    """Link a guardian to a child, or end a link; both by exact log-ins, nobody is listed.

    `link_action` posts `child`, `guardian`, `method` and `evidence`; `end_action` posts `linked_child` and
    `linked_guardian`. `given` holds what stood in the controls, by their names.
    """

    link_action: str
    end_action: str
    methods: tuple[Option, ...]
    evidence_maximum: int
    given: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRow:
    """One partner at a school's gate; `action` takes `gate`, `waiting` counts the members who asked."""

    brand: str
    legal_name: str
    offers: tuple[str, ...]
    fields: tuple[str, ...]
    gate: Literal["allow", "deny", "ask"]
    action: str
    decided_at: int | None = None
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSchoolView(AdminView):
    """What a school says to each partner."""

    rows: tuple[GateRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintRow:
    """One complaint; `person` is a short form of an id. `action` posts `answer`, one of `answers`."""

    reference: str
    opened_at: int
    person: str
    brand: str
    what: str
    is_open: bool
    partner_url: str = ""
    grant_url: str = ""
    is_paused: bool = False
    answer: str = ""
    answered_at: int | None = None
    action: str = ""
    answers: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminComplaintsView(AdminView):
    """What people complained of, newest first; `action` posts the search."""

    action: str
    partners: tuple[Option, ...] = ()
    kinds: tuple[Option, ...] = ()
    states: tuple[Option, ...] = ()
    rows: tuple[ComplaintRow, ...] = ()
    pager: Pager = ONE_PAGE
