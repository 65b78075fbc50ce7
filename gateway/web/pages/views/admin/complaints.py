"""The view of what people complained of."""

from dataclasses import dataclass

from gateway.web.pages.views.admin.frame import AdminView
from gateway.web.pages.views.frame import ONE_PAGE, Option, Pager


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintRow:
    """One complaint; `person` is a short form of an id. `action` posts `answer`, one of `answers`.

    `brakes` says that it is one of those that can pause the partner.
    """

    reference: str
    opened_at: int
    person: str
    brand: str
    what: str
    is_open: bool
    partner_url: str = ""
    grant_url: str = ""
    is_paused: bool = False
    brakes: bool = False
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
