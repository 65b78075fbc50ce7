"""The view of the hand-off log and its search."""

from dataclasses import dataclass

from gateway.web.pages.views.admin.frame import AdminView
from gateway.web.pages.views.frame import ONE_PAGE, FieldError, Option, Pager


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffRow:
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
class LogFilter:
    """The search of the log as it was asked, by POST. Times are in the page's zone, `2026-03-03T10:15`."""

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
    rows: tuple[HandoffRow, ...]
    looked_through: int | None = None
    pager: Pager = ONE_PAGE
