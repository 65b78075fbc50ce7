"""Views of consents: the search, and one with its history."""

from dataclasses import dataclass
from typing import Literal

from gateway.web.pages.views.admin.frame import AdminView
from gateway.web.pages.views.admin.log import HandoffRow
from gateway.web.pages.views.consents import DetailsWord
from gateway.web.pages.views.frame import ONE_PAGE, Event, Fact, FieldError, Option, Pager

ShownGrantState = Literal["asked", "active", "paused", "used_up", "refused", "ended"]


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
    state: ShownGrantState
    word: DetailsWord
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
    """One item of a grant by name, and what was answered; *asked* is a wish that nobody has allowed.

    There is no place for a value.
    """

    field: str
    purpose: str
    form: str
    needed: bool
    answer: Literal["yes", "asked", "no"]
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
class AdminGrantView(AdminView):
    """One grant. `revoke_action` posts `reason`; empty when there is nothing to revoke.

    `can_ask_deletion` lets it take `delete=yes`.
    """

    grant_id: str
    state: ShownGrantState
    brand: str
    offer: str
    facts: tuple[Fact, ...]
    items: tuple[GrantItemRow, ...]
    events: tuple[Event, ...]
    handoffs: tuple[HandoffRow, ...]
    tokens: tuple[TokenRow, ...]
    notice_url: str
    revoke_action: str = ""
    can_ask_deletion: bool = False
    reasons: tuple[Option, ...] = ()
    errors: tuple[FieldError, ...] = ()
