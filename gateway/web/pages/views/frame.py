"""What surrounds every page, and the small parts that many pages share.

Times are int seconds UTC, durations int seconds, texts are ready to be shown: the templates translate their
own words and nothing else. A `url` or `action` is an address of ours unless it says otherwise.
"""

from dataclasses import dataclass
from typing import Literal

Direction = Literal["ltr", "rtl"]
Hidden = tuple[tuple[str, str], ...]
"""Names and values that a form carries along unseen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Addresses that the frame of every page links to; `sign_out` and `language` take a POST."""

    home: str
    connected: str
    profile: str
    admin: str
    privacy: str
    sign_in: str
    sign_out: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language the page can be read in; `name` is written in that language."""

    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flash:
    """A sentence about what just happened, announced as a status message (WCAG 2.2 SC 4.1.3)."""

    kind: Literal["done", "note", "warning"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chrome:
    """The frame of every page: who reads it, in which language, and whom to ask.

    `back` is where the page is found again after another language was chosen, or `language_form` the id of the form
    on the page that is sent with it, so that what was chosen there stays; `factor_until` is when an administrator
    has to have a second factor.
    """

    language: str
    direction: Direction
    service_name: str
    places: Places
    contact: str
    request_id: str
    csrf_token: str
    signed_in_as: str = ""
    can_administer: bool = False
    is_guardian: bool = False
    here: Literal["", "home", "connected", "contacts", "guardian", "profile", "admin"] = ""
    languages: tuple[Language, ...] = ()
    back: str = "/"
    flashes: tuple[Flash, ...] = ()
    factor_until: int | None = None
    timezone: str = "UTC"
    language_form: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one page shows; every page's view begins with its frame."""

    chrome: Chrome


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A partner's or a person's own words, tagged with their language (BCP 47) and direction."""

    text: str
    language: str = ""
    direction: Literal["ltr", "rtl", "auto"] = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """A fault in one control: `field` is the control's name, empty for the whole form (WCAG 2.2 SC 3.3.1)."""

    field: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One choice of a select or a group of radios."""

    value: str
    label: str
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pager:
    """Keyset pages: a missing address means that there is nothing in that direction."""

    newer_url: str = ""
    older_url: str = ""


ONE_PAGE = Pager()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of a list of facts; `url` leads to what it names when it is given."""

    label: str
    value: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerCard:
    """The company behind a combined service, as the registry knows it."""

    brand: str
    legal_name: str
    address: str
    contact: str
    grievance_contact: str
    policy_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffLine:
    """One line of the hand-off log as its person sees it: names of fields, never their values.

    `who` says whether the person was there; `check_url` leads to its proof, where there is one.
    """

    at: int
    what: tuple[str, ...]
    purposes: tuple[str, ...]
    endpoint: str
    who: str = ""
    check_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One consent event: what was decided, when, by whom (`actor`), and why (`reason` may be empty).

    `check_url` leads to its proof in the log, where there is one, `receipt_url` to its signed receipt.
    """

    at: int
    what: str
    actor: str
    reason: str = ""
    check_url: str = ""
    receipt_url: str = ""
