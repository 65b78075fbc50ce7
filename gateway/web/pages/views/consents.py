"""Views of the person's dashboard: what is connected, what left, and how to stop."""

from dataclasses import dataclass
from typing import Literal

from gateway.web.pages.views.frame import (
    ONE_PAGE,
    Event,
    Fact,
    FieldError,
    HandoffLine,
    Option,
    Pager,
    PartnerCard,
    Spoken,
    View,
)
from gateway.web.pages.views.screen import OwnDay

ServiceState = Literal["live", "paused", "waiting", "changed", "used_up", "refused", "ended"]
DetailsWord = Literal["may_read", "asked", "received"]
"""What stands with names of details: what a partner may read now, what it asks or asked for, what it received."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseNote:
    """Who holds a service back and why, since when if that is on record, and how it goes on."""

    why: str
    way: str
    since: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLine:
    """One combined service in the list; `fields` are labels, `word` says what of them is so.

    `until` is None when no day is set. `reads_allowed` is None where any number of reads is. `refused_by` says whose
    no a refusal is; `may_ask_at` until when it is remembered, and `ask_again_action` (a POST) forgets it.
    """

    brand: str
    offer: str
    state: ServiceState
    url: str
    word: DetailsWord
    fields: tuple[str, ...]
    pause: PauseNote | None = None
    since: int | None = None
    until: int | None = None
    ended_at: int | None = None
    refused_by: Literal["", "you", "guardian"] = ""
    may_ask_at: int | None = None
    ask_again_action: str = ""
    last_handoff_at: int | None = None
    handoff_count: int = 0
    more_handoffs: bool = False
    reads_left: int | None = None
    reads_allowed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectedView(View):
    """All combined services of a person, those that need an answer first; what was refused or is over apart."""

    services: tuple[ServiceLine, ...] = ()
    refused: tuple[ServiceLine, ...] = ()
    ended: tuple[ServiceLine, ...] = ()
    stop_everything_action: str = ""
    can_ask_deletion: bool = False
    record_url: str = ""
    record_page_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedItem:
    """One agreed item with today's value in its form; `off_action` (a POST) switches an optional one off.

    `older_copy_at` is when the partner read a value that has changed since.
    """

    label: str
    value: str | None
    form: str
    so_that: str
    needed: bool
    off_action: str = ""
    older_copy_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedLine:
    """What a partner received, by name: in which form, when first and last, and by when it has to be gone."""

    label: str
    form: str
    first_at: int
    last_at: int
    gone_by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineBar:
    """One stretch of days: how high what the person used stands above the line, and what was fetched below."""

    x: int
    width: int
    own: int
    fetched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The picture of hand-offs, in units of its own, and what it says in numbers."""

    width: int
    height: int
    bars: tuple[TimelineBar, ...]
    own_count: int
    fetched_count: int
    starts_at: int
    ends_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectedDetailView(View):
    """One combined service: what it may read, every hand-off, what was agreed, and the way out.

    `received` is what may be read no more, which is all of it once the service is over; `asked` names what a refusal
    was about. `nobody` says that no guardian can answer. `kept_seconds` is the longest time anything may be kept.
    `refused_by` says whose no it is, and `may_ask_at` until when it is remembered.
    `stop_action` is empty when there is nothing to stop; `ask_again_action` forgets a remembered "no thanks".
    `letters` came through the person's private address.
    `can_ask_deletion` lets `stop_action` take `delete=yes`; `deletion` is what came of it.
    With `archived_before`, hand-offs may be in the log's archive only. `signs_in` where nothing is shared but that.
    """

    partner: PartnerCard
    offer: str
    benefit: Spoken
    state: ServiceState
    items: tuple[AgreedItem, ...]
    handoffs: tuple[HandoffLine, ...]
    events: tuple[Event, ...]
    notice_url: str
    notice_version: int
    kept_seconds: int
    since: int | None = None
    until: int | None = None
    ended_at: int | None = None
    archived_before: int | None = None
    pause: PauseNote | None = None
    nobody: bool = False
    received: tuple[ReceivedLine, ...] = ()
    asked: tuple[str, ...] = ()
    refused_by: Literal["", "you", "guardian"] = ""
    may_ask_at: int | None = None
    stop_action: str = ""
    can_ask_deletion: bool = False
    deletion: tuple[Event, ...] = ()
    pause_action: str = ""
    timeline: Timeline | None = None
    reads_left: int | None = None
    reads_allowed: int | None = None
    signs_in: bool = False
    shorten_action: str = ""
    shorter: OwnDay | None = None
    errors: tuple[FieldError, ...] = ()
    complain_action: str = ""
    complaints: tuple[Option, ...] = ()
    complained: tuple[Fact, ...] = ()
    resume_action: str = ""
    ask_again_action: str = ""
    reveal_url: str = ""
    letters: int = 0
    last_letter_at: int | None = None
    pager: Pager = ONE_PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedView(View):
    """Sharing has ended; nothing was asked beyond the press. `gone_by` is None where nothing was received."""

    brand: str
    offer: str
    stopped_at: int
    gone_by: int | None
    deletion_asked: bool
    detail_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView(View):
    """A notice version exactly as it was served; `digest` is the SHA-256 of its text in hexadecimal."""

    brand: str
    offer: str
    version: int
    effective_at: int
    digest: str
    text: Spoken
    back_url: str = ""
