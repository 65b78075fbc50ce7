"""The frame of every page of the administration, and its first page."""

from dataclasses import dataclass
from typing import Literal

from gateway.web.pages.views.frame import View

Section = Literal["grants", "partners", "log", "complaints", "people", "school", "waiting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A section this administrator may enter; `count` is what is in it, if known, `attention` what waits."""

    section: Section
    url: str
    label: str
    about: str
    count: int | None = None
    attention: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminView(View):
    """A page of the administration with the sections its reader may enter."""

    doors: tuple[Door, ...]
    section: Section | Literal[""] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutFactor:
    """An administrator who has no second factor: `until` is when the grace ends, None when it is over."""

    person: str
    role: str
    organisation: str
    until: int | None = None
    is_you: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminHomeView(AdminView):
    """Where an administrator begins."""

    role: str
    organisation: str
    without_factor: tuple[WithoutFactor, ...] = ()
