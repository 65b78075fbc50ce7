"""Views of the consent screen and of the pages that stand in its place.

All of them post to `action`: `decision` (share, keep, refuse, later), `item` once for each ticked optional
item (its key), `form:<key>` for the chosen form of an item, and `duration`. A body without `decision` (Enter
in a box sends one) answers nothing: the page is shown again as it was. One with `reveal` (an item's
key) asks to see that value in full, and carries the choices along.
"""

from dataclasses import dataclass
from typing import Literal

from gateway.web.views.frame import Fact, FieldError, Hidden, Partner, Spoken, View


@dataclass(frozen=True, slots=True, kw_only=True)
class FormChoice:
    """One form an item can take, with the value exactly as it would be handed over, masked for the screen.

    `label` says what it is ("a private address"), `value` is None when the profile holds nothing.
    """

    form: str
    label: str
    value: str | None
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentItem:
    """Field × purpose on the screen; `forms` begins with the most private one.

    `so_that` is our sentence from the purpose's template, `why` the partner's own words. `kept_seconds` is
    set only when this item is kept for another time than the rest; `missing_url` is where a missing value is
    added.
    """

    key: str
    label: str
    so_that: str
    forms: tuple[FormChoice, ...]
    why: Spoken | None = None
    ticked: bool = False
    kept_seconds: int | None = None
    can_reveal: bool = False
    missing_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """One answer to "for how long": `until` (a day, UTC) is None for `once`."""

    value: str
    label: str
    until: int | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What stands before the buttons: retention after the stop, places, frequency, the full notice."""

    kept_seconds: int
    countries: tuple[str, ...]
    notice_url: str
    notice_version: int
    frequency: str = ""
    more: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking(View):
    """What every consent screen says, whether it asks for the first time or again.

    `guardian_decides` ends the page in "Ask my guardian": nothing leaves until they approved this partner.
    """

    action: str
    partner: Partner
    offer: str
    benefit: Spoken
    signed_in_as: str
    not_you_url: str
    never_shared: tuple[str, ...]
    durations: tuple[Duration, ...]
    terms: Terms
    guardian_decides: bool = False
    errors: tuple[FieldError, ...] = ()
    hidden: Hidden = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView(Asking):
    """The consent screen: needed items are shown, optional ones start unticked."""

    needed: tuple[ConsentItem, ...]
    optional: tuple[ConsentItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedTerm:
    """One thing that is no longer as agreed, `before` → `after`."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SameItem:
    """An item that stays as it was agreed."""

    label: str
    value: str | None
    so_that: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentAmendView(Asking):
    """The terms changed: what is new, changed, the same. `can_keep` when the old terms are still offered."""

    agreed_at: int
    effective_at: int | None
    new_needed: tuple[ConsentItem, ...] = ()
    new_optional: tuple[ConsentItem, ...] = ()
    changed: tuple[ChangedTerm, ...] = ()
    same: tuple[SameItem, ...] = ()
    can_keep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentBlockedView(View):
    """The person cannot decide now; `ask_action` (a POST) asks the school.

    `is_alone` says that a guardian would decide and none is linked to the account.
    """

    kind: Literal["school", "guardian", "paused", "ended"]
    partner: str
    offer: str
    state: Literal["open", "asked", "refused"] = "open"
    asked_at: int | None = None
    ask_action: str = ""
    hidden: Hidden = ()
    is_alone: bool = False
    leave_url: str = ""
    leave_fields: Hidden = ()
