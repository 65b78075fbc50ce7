"""Views of contacts between people: who shows whom how to be reached, and who looked (promise P2)."""

from dataclasses import dataclass
from typing import Literal

from gateway.web.pages.views.frame import Event, FieldError, View
from gateway.web.pages.views.screen import ConsentItem

ShownContactState = Literal["live", "to_answer", "asked", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    """One contact in the list; `name` is the address that was typed, for somebody who has not answered.

    `sees` and `shows` are labels of details: what the reader may see of the other, and the other of the reader.
    """

    name: str
    state: ShownContactState
    url: str
    at: int
    sees: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactsView(View):
    """All contacts of a person; those that need an answer come first.

    `ask_url` is empty where somebody else decides with the person, who then has no contacts.
    """

    rows: tuple[ContactRow, ...]
    ask_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactAskView(View):
    """Ask somebody; posts `who`, `item` once for each ticked detail and `form:<key>` for its form.

    `decision=ask` asks; a body without it (Enter in a box sends one) shows the page again as it was.
    """

    action: str
    items: tuple[ConsentItem, ...]
    maximum_length: int
    who: str = ""
    reveal_url: str = ""
    throttled_seconds: int = 0
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactAnswerView(View):
    """Answer somebody who asks; posts like `ContactAskView`, with `decision` accept or refuse.

    `offers` are labels of what the asker would show: the values come after a yes.
    """

    action: str
    name: str
    asked_at: int
    items: tuple[ConsentItem, ...]
    offers: tuple[str, ...] = ()
    cool_off_days: int
    reveal_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenDetail:
    """One detail that the other person shows; `value` is None until the reader asked to look."""

    label: str
    form: str
    value: str | None = None
    missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a detail: who looked at what, by label, never the value; `check_url` leads to its proof."""

    at: int
    who: str
    what: tuple[str, ...]
    check_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDetail(View):
    """One contact: what each shows the other, who looked when, what was decided, and the way out.

    `show_action` (a POST) opens the values, and is a look that is written down; `is_open` says that it happened.
    `name` is the address that was typed, for somebody who has not answered. `items` are for changing what is shown,
    and `shown` are labels where nothing can be changed. `until` is the last second in which a question is answered.
    """

    name: str
    state: ShownContactState
    since: int
    sees: tuple[SeenDetail, ...]
    items: tuple[ConsentItem, ...]
    looks: tuple[Look, ...]
    events: tuple[Event, ...]
    ended_at: int | None = None
    until: int | None = None
    shown: tuple[str, ...] = ()
    is_open: bool = False
    needs_password: bool = False
    show_action: str = ""
    change_action: str = ""
    end_action: str = ""
    reveal_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactEndedView(View):
    """A contact has ended, or a question was taken back; nothing was asked beyond the press."""

    name: str
    taken_back: bool = False
    ended_at: int
    detail_url: str
