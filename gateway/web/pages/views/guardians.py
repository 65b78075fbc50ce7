"""Views of a guardian's pages: whether they are one, their children, what waits, and one service of a child."""

from dataclasses import dataclass

from gateway.web.pages.views.consents import DetailsWord, PauseNote, ReceivedLine, ServiceState
from gateway.web.pages.views.frame import Event, FieldError, Hidden, Option, PartnerCard, Spoken, View


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildService:
    """One combined service of a child in the list."""

    brand: str
    offer: str
    state: ServiceState
    url: str
    word: DetailsWord
    fields: tuple[str, ...]
    asked_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildRow:
    """One child with its combined services, those that wait first; `method` is how the link was verified."""

    name: str
    method: str
    services: tuple[ChildService, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRow:
    """A question whether somebody is a child's guardian, in the list: no name."""

    school: str
    url: str
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardianView(View):
    """All children of a guardian, and the questions whether somebody is one."""

    children: tuple[ChildRow, ...]
    waiting: int = 0
    asked: tuple[AskedRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardianAskedView(View):
    """The question whether somebody is a child's guardian.

    `initials` are all that is told of the child before a yes. `action` takes `answer=confirm` or `answer=decline`.
    `unfit` says why this account cannot say yes; then only the no is offered.
    """

    school: str
    initials: str
    method: str
    asked_at: int
    until: int
    action: str
    unfit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedItem:
    """One item that the child chose or that is needed: no value, which is the child's own.

    `key` is set where the guardian can leave it out.
    """

    label: str
    form: str
    so_that: str
    needed: bool
    key: str = ""
    left_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardianRequestView(View):
    """One service of a child: what the child was shown, and the guardian's answer.

    `allow_action` takes the answer and is empty where nothing waits; `stop_action` ends what stands; `again_action`
    takes a no back. `other_no` says that another guardian said no. `lengths` are the times that can be allowed; empty
    where none is shorter than what was asked for. `can_ask_deletion` lets `stop_action` take `delete=yes`; `deletion`
    is what came of it. `signs_in` where nothing is asked for but that. `received` is what may be read no more.
    """

    child: str
    partner: PartnerCard
    offer: str
    benefit: Spoken
    state: ServiceState
    items: tuple[AskedItem, ...]
    events: tuple[Event, ...]
    asked_at: int
    duration_seconds: int
    until: int | None = None
    reads: int | None = None
    kept_seconds: int
    countries: tuple[str, ...]
    notice_url: str
    notice_version: int
    pause: PauseNote | None = None
    received: tuple[ReceivedLine, ...] = ()
    other_no: bool = False
    signs_in: bool = False
    lengths: tuple[Option, ...] = ()
    allow_action: str = ""
    stop_action: str = ""
    can_ask_deletion: bool = False
    deletion: tuple[Event, ...] = ()
    again_action: str = ""
    errors: tuple[FieldError, ...] = ()
    hidden: Hidden = ()
