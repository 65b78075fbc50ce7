"""Views of what waits for a second person."""

from dataclasses import dataclass
from typing import Literal

from gateway.web.pages.views.admin.frame import AdminView
from gateway.web.pages.views.frame import Fact

ShownWaitingState = Literal["waiting", "approved", "refused", "withdrawn", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRow:
    """One request in the list of what takes two people."""

    url: str
    title: str
    asked_by: str
    asked_at: int
    expires_at: int
    state: ShownWaitingState


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminWaitingView(AdminView):
    """What waits for a second person, and what was dealt with of late."""

    rows: tuple[WaitingRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminWaitingActView(AdminView):
    """One request in words. `approve_action` posts `content`; `in_the_way` says why this reader cannot agree."""

    title: str
    facts: tuple[Fact, ...]
    why: str
    asked_by: str
    asked_at: int
    expires_at: int
    state: ShownWaitingState
    content: str
    about_url: str = ""
    decided_by: str = ""
    decided_at: int | None = None
    approve_action: str = ""
    refuse_action: str = ""
    withdraw_action: str = ""
    reauthenticate_url: str = ""
    in_the_way: str = ""
