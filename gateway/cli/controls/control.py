"""What a control is, and what it examines."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any, cast

from gateway.actions.services import Services
from gateway.kit.secrets.key_ring import KeyRing
from gateway.kit.settings import Settings
from gateway.store.engine.probes import Findings


class Severity(StrEnum):
    """How serious it is in production when a control does not hold."""

    REQUIRED = auto()
    """'serve' refuses to start."""
    ADVISED = auto()
    """'serve' says so and starts."""


class Needs(StrEnum):
    """What a control needs to be checked; without that it is left out, and the missing part is named."""

    NOTHING = auto()
    DATABASE = auto()
    SERVICES = auto()


@dataclass(frozen=True, slots=True)
class Sight:
    """What controls examine; each uses only what it needs.

    Attributes:
        ring: the key ring, or why there is none.
        database: what was found, or why it does not answer; None before it was looked at.
    """

    settings: Settings
    now: int
    ring: KeyRing | Exception
    database: Findings | Exception | None = None
    services: Services | None = None

    @property
    def findings(self) -> Findings:
        """What was found in the database, for controls that need it."""
        return cast(Findings, self.database)

    @property
    def opened(self) -> Services:
        """The services, for controls that need them."""
        return cast(Services, self.services)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one control, and what to do where it does not hold."""

    ok: bool
    detail: str
    remedy: str = ""


Examine = Callable[[Sight], Finding] | Callable[[Sight], Awaitable[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """One control: its stable id, its name, what it protects, and how it is checked."""

    id: str
    name: str
    about: str
    severity: Severity
    needs: Needs
    look: Examine


@dataclass(frozen=True, slots=True)
class Control:
    """One control as it was found.

    Attributes:
        id: stays the same from version to version, whatever the words become.
        remedy: empty where it holds.
    """

    id: str
    name: str
    severity: Severity
    ok: bool
    detail: str
    remedy: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether a required control does not hold, which puts people's data at risk."""
        return not self.ok and self.severity is Severity.REQUIRED

    def as_json(self) -> Mapping[str, Any]:
        """Spell it for programs."""
        return {
            "id": self.id,
            "name": self.name,
            "severity": str(self.severity),
            "ok": self.ok,
            "detail": self.detail,
            "remedy": self.remedy,
        }
