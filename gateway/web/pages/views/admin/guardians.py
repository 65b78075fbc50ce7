"""The view of who was named as a child's guardian."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gateway.web.pages.views.admin.frame import AdminView
from gateway.web.pages.views.frame import ONE_PAGE, FieldError, Option, Pager

ProposalState = Literal["waiting", "expired", "linked", "declined", "withdrawn", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalRow:
    """Somebody who was named as a child's guardian: no name and no address, the school knows its own evidence."""

    child: str
    method: str
    evidence: str
    state: ProposalState
    asked_at: int
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminGuardiansView(AdminView):
    """Name a guardian for a child, or end that; both by exact log-ins.

    `proposals` are what was begun, and what became of it. `link_action` posts `child`, `guardian`, `method` and
    `evidence`; `end_action` posts `linked_child` and `linked_guardian`. `given` holds what stood in the controls,
    by their names.
    """

    link_action: str
    end_action: str
    methods: tuple[Option, ...]
    evidence_maximum: int
    proposals: tuple[ProposalRow, ...] = ()
    pager: Pager = ONE_PAGE
    given: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()
