"""Acts of administrators that wait for a second person: what was asked, of which kind, and how it ended."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any

from gateway.model.people import Power, Role, powers_of

COMMAND_LINE = "cli"
"""How the ids of those begin who act at the command line: `cli:alice`. However many they are, they count as one."""


class WaitingKind(StrEnum):
    """What takes two people."""

    CHANGE_ROLE = auto()
    ADD_ACCOUNT = auto()
    GO_LIVE = auto()
    END_PARTNER = auto()
    RESET_FACTOR = auto()
    LINK_GUARDIAN = auto()
    ALLOW_NEITHER = auto()
    BRING_BACK = auto()


class WaitingState(StrEnum):
    """Where a request stands; it leaves `waiting` once, and for good."""

    WAITING = auto()
    APPROVED = auto()
    REFUSED = auto()
    WITHDRAWN = auto()
    EXPIRED = auto()


@dataclass(frozen=True, slots=True)
class WaitingAct:
    """One request, frozen: what is approved is what was asked.

    Attributes:
        content: what exactly, as canonical JSON; no personal value stands in it.
        content_digest: SHA-256 of it, in hexadecimal: whoever approves names the one that they saw.
        sealed: personal values that belong to it, under seal; None when it is over.
        organisation_id: the school whose own administrators may deal with it too; None for the service's own staff.
        decided_by: who approved, refused or withdrew it.
    """

    act_id: str
    kind: WaitingKind
    target_kind: str
    target_id: str
    content: str
    content_digest: str
    why: str
    asked_by: str
    asked_at: int
    expires_at: int
    organisation_id: str | None = None
    sealed: bytes | None = None
    state: WaitingState = WaitingState.WAITING
    decided_by: str | None = None
    decided_at: int | None = None

    @property
    def parts(self) -> Mapping[str, Any]:
        """The content, read."""
        found: dict[str, Any] = json.loads(self.content)
        return found


def canonical_content(parts: Mapping[str, Any]) -> str:
    """Spell what is asked for in the one way there is, so that its digest says everything."""
    return json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who acts: a person with a role, or, without one, whoever may run commands on the machine itself."""

    actor_id: str
    role: Role | None = None
    organisation_id: str | None = None

    def has(self, power: Power) -> bool:
        """Tell whether this administrator has a power; the command line has every one."""
        return self.role is None or power in powers_of(self.role)

    @property
    def school(self) -> str | None:
        """The only organisation that this administrator looks after; None for the service's own staff."""
        return self.organisation_id if self.role is Role.SCHOOL_ADMIN else None

    def reaches(self, organisation_id: str | None) -> bool:
        """Tell whether an organisation's affairs are this administrator's: a school's own reach their school alone."""
        return self.role is not Role.SCHOOL_ADMIN or organisation_id == self.organisation_id


def is_at_command_line(actor_id: str) -> bool:
    """Tell whether an act came from the command line."""
    return actor_id.partition(":")[0] == COMMAND_LINE
