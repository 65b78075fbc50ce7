"""The view of a school's gates."""

from dataclasses import dataclass
from typing import Literal

from gateway.web.pages.views.admin.frame import AdminView


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRow:
    """One partner at a school's gate; `action` takes `gate`, `waiting` counts the members who asked.

    With a `reauthenticate_url`, the password has to be given before it is opened.
    """

    brand: str
    legal_name: str
    offers: tuple[str, ...]
    fields: tuple[str, ...]
    gate: Literal["allow", "deny", "ask"]
    action: str
    decided_at: int | None = None
    waiting: int = 0
    reauthenticate_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSchoolView(AdminView):
    """What a school says to each partner."""

    rows: tuple[GateRow, ...]
