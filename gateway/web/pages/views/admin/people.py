"""Views of accounts: the import, the list, one account, another role, a lost second factor."""

from dataclasses import dataclass
from typing import Literal

from gateway.web.pages.views.admin.consents import ShownGrantState
from gateway.web.pages.views.admin.frame import AdminView
from gateway.web.pages.views.frame import ONE_PAGE, Fact, FieldError, Option, Pager


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """One fault of an imported file; `line` counts from 1 with the heading, `column` may be empty."""

    line: int
    column: str
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSummary:
    """What an import did: good rows were taken, and the others are named with their faults.

    `asked` counts those who were named as guardians and have to confirm it.
    `waiting` counts the accounts with powers that a second administrator has to agree to, `to_second` the guardians.
    """

    created: int
    known: int
    asked: int = 0
    waiting: int = 0
    to_second: int = 0
    rows: tuple[ImportRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminRoleView(AdminView):
    """Ask for another role of an account: posts `role` and `why`."""

    person: str
    role: str
    roles: tuple[Option, ...]
    action: str
    reauthenticate_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminFactorView(AdminView):
    """Ask to take a lost second factor away: posts `why`."""

    person: str
    role: str
    action: str
    reauthenticate_url: str = ""


AccountState = Literal["invited", "expired", "active", "deactivated", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """An account without anything that says whose it is; `url` leads to its page."""

    person: str
    url: str
    role: str
    organisation: str
    state: AccountState
    made_at: int
    invited_until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFilter:
    """The search form of accounts: posts to `action`; a school's administrator has no `organisations`."""

    action: str
    person: str
    organisations: tuple[Option, ...] = ()
    roles: tuple[Option, ...]
    states: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonConsent:
    """A consent of the person that is not over; `url` leads to its page for whoever may see it."""

    offer: str
    brand: str
    state: ShownGrantState
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminPersonView(AdminView):
    """One account: where it stands, what it is linked with, and every door that its reader may use.

    With a `reauthenticate_url`, the password has to be given before an invitation, and before the account is
    deactivated or comes back (both are POSTs with a `reason`; with `takes_two` a second person has to agree).
    `invite_action` is a POST that sends a fresh invitation, `role_url` leads to where another role is asked for,
    `factor_url` to where a lost second factor is taken away, and `sessions_action` (a POST) signs the person out
    everywhere; each is empty where there is nothing to do.
    """

    person: str
    state: AccountState
    facts: tuple[Fact, ...]
    consents: tuple[PersonConsent, ...]
    has_more_consents: bool = False
    reauthenticate_url: str = ""
    invite_action: str = ""
    role_url: str = ""
    factor_url: str = ""
    sessions_action: str = ""
    deactivate_action: str = ""
    reactivate_action: str = ""
    takes_two: bool = False
    reasons: tuple[Option, ...] = ()
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminPeopleView(AdminView):
    """Import people (posts `file`, a CSV of at most `maximum_bytes`) and look after their invitations.

    With a `reauthenticate_url`, the password has to be given before either.
    """

    import_action: str
    reauthenticate_url: str = ""
    guardians_url: str
    columns: tuple[str, ...]
    maximum_bytes: int
    query: PeopleFilter
    asked: bool = False
    accounts: tuple[AccountRow, ...]
    report: ImportSummary | None = None
    errors: tuple[FieldError, ...] = ()
    pager: Pager = ONE_PAGE
