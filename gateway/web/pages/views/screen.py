"""Views of the consent screen and of the pages that stand in its place.

All of them post to `action`: `decision` (share, keep, refuse, later), `item` once for each ticked optional
item (its key), `form:<key>` for the chosen form of an item, and `duration`, with `until` beside it for a day of
one's own. A body without `decision` (Enter in a box sends one) answers nothing: the page is shown again as it was.
One with `reveal` (an item's key) asks to see that value in full, and carries the choices along.
"""

from dataclasses import dataclass
from typing import Literal

from gateway.web.pages.views.frame import Fact, FieldError, Hidden, PartnerCard, Spoken, View


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
    set only when this item is kept for another time than the rest; `missing` is who can add a value that the
    profile lacks; `left_out_at` is when it was decided against before; for a `guarded` person perhaps by the guardian.
    """

    key: str
    label: str
    so_that: str
    forms: tuple[FormChoice, ...]
    why: Spoken | None = None
    ticked: bool = False
    kept_seconds: int | None = None
    can_reveal: bool = False
    missing: Literal["", "own", "school"] = ""
    left_out_at: int | None = None
    guarded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """One answer to "for how long": `until` (a day, UTC) is None for `once`."""

    value: str
    label: str
    until: int | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDay:
    """The answer that names a day: `first` and `last` can be named, `day` was, as browsers spell days."""

    first: str
    last: str
    day: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenTerms:
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
    `checked_at` is when what the partner asks for was checked and went live.
    `replaced_at` is when what a yes takes the place of was agreed to.
    """

    action: str
    partner: PartnerCard
    checked_at: int
    offer: str
    benefit: Spoken
    signed_in_as: str
    not_you_url: str
    never_shared: tuple[str, ...]
    durations: tuple[Duration, ...]
    own_day: OwnDay | None = None
    terms: ScreenTerms
    guardian_decides: bool = False
    replaced_at: int | None = None
    errors: tuple[FieldError, ...] = ()
    hidden: Hidden = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView(Asking):
    """The consent screen: needed items are shown, optional ones start unticked."""

    needed: tuple[ConsentItem, ...]
    optional: tuple[ConsentItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInView(Asking):
    """The small screen of a request for no field: the partner learns a number that stands for the person there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedTerm:
    """One thing that is no longer as agreed, `before` → `after`."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLine:
    """A line of both notices; None where a notice does not have it."""

    old: str | None
    new: str | None
    same: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BothNotices:
    """The notice that was agreed to and the new one, line by line, with their languages and addresses."""

    lines: tuple[NoticeLine, ...]
    old_version: int
    new_version: int
    old_language: str
    new_language: str
    old_url: str
    new_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SameItem:
    """An item that stays as it was agreed."""

    label: str
    value: str | None
    so_that: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentAmendView(Asking):
    """Asked again: what is new, left out before, changed, gone, the same. `can_keep` when the old terms are offered.

    `texts` are both notices whole; None where nothing changed. `only_signs_in` says that nothing is shared so far.
    `effective_at` is when changed terms began, and `is_held` that nothing is shared until they are answered.
    """

    agreed_at: int
    effective_at: int | None
    is_held: bool = False
    new_needed: tuple[ConsentItem, ...] = ()
    new_optional: tuple[ConsentItem, ...] = ()
    left_out: tuple[ConsentItem, ...] = ()
    changed: tuple[ChangedTerm, ...] = ()
    gone: tuple[str, ...] = ()
    same: tuple[SameItem, ...] = ()
    texts: BothNotices | None = None
    can_keep: bool = False
    only_signs_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentBlockedView(View):
    """The person cannot decide now; `ask_action` (a POST) asks the school.

    `is_alone` says that a guardian would decide and none is linked to the account; `is_named` that the school has
    named one who has not confirmed it yet. `security_url` leads to where a stronger sign-in is set up.
    """

    kind: Literal["school", "guardian", "strength", "paused", "ended"]
    partner: str
    offer: str
    state: Literal["open", "asked", "refused"] = "open"
    asked_at: int | None = None
    ask_action: str = ""
    hidden: Hidden = ()
    is_alone: bool = False
    security_url: str = ""
    is_named: bool = False
    leave_url: str = ""
    leave_fields: Hidden = ()
