"""Views of the pages around an account: signing in, the profile, and the plain pages anybody may read."""

from dataclasses import dataclass
from typing import Literal

from gateway.web.pages.views.frame import Fact, FieldError, Hidden, Option, View


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginView(View):
    """Sign in; posts `email` and `password`. `partner` and `offer` name what the person came for."""

    action: str
    email: str = ""
    partner: str = ""
    offer: str = ""
    errors: tuple[FieldError, ...] = ()
    throttled_seconds: int = 0
    hidden: Hidden = ()
    passkey_url: str = "/login/passkey"


StepUpReason = Literal[
    "reveal", "grant", "recent", "stronger", "export", "administer", "edit", "contact", "secure", "typed"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReauthenticateView(View):
    """Show again that it is you, before something private is shown or granted (RFC 9470).

    Posts `password` where `has_password` (not for whose role takes the second factor that they have), or `code`
    where `has_code`; `passkey_url` is empty for who has none. `things` are the sensitive details that `partner` would
    get, where it is known which.
    """

    action: str
    why: StepUpReason
    email: str
    cancel_url: str
    errors: tuple[FieldError, ...] = ()
    throttled_seconds: int = 0
    hidden: Hidden = ()
    has_password: bool = True
    has_code: bool = False
    passkey_url: str = ""
    things: tuple[str, ...] = ()
    partner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPasswordView(View):
    """Accept an invitation; posts `new_password`, which is typed once only."""

    action: str
    organisation: str
    email: str
    minimum_length: int
    rules: tuple[str, ...] = ()
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationInvalidView(View):
    """An invitation that no longer works; `unknown` stands for all reasons that must not be told apart."""

    reason: Literal["used", "expired", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOutView(View):
    """The session is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSessionView(View):
    """Ask whether to sign out; `brand` names the partner that sent the browser, if any."""

    action: str
    brand: str = ""
    hidden: Hidden = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceView(View):
    """Type a device's code; posts `user_code`. A code that is given already only has to be compared."""

    action: str
    user_code: str = ""
    is_given: bool = False
    errors: tuple[FieldError, ...] = ()
    throttled_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDoneView(View):
    """The device was told what the person decided."""

    is_approved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPostView(View):
    """The partner wants its answer as a form, which the person sends (`action`, a POST elsewhere)."""

    partner: str
    action: str
    fields: Hidden


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView(View):
    """The first page after signing in."""

    name: str
    organisation: str
    live_count: int
    attention_count: int
    profile_filled: int
    profile_total: int
    contact_count: int = 0
    contact_questions: int = 0
    last_handoff_at: int | None = None
    last_handoff_partner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileLine:
    """One field of one's own: `value` is masked where `masked` says so and None when nothing is stored.

    `source` is empty where nothing is stored. `recipients` are the brands that may read the field by a consent that
    stands, `received` who did by the log.
    """

    key: str
    label: str
    value: str | None
    source: Literal["", "self", "school"]
    masked: bool = False
    verified: bool = False
    recipients: tuple[str, ...] = ()
    received: tuple["Holder", ...] = ()
    changed_at: int | None = None
    edit_url: str = ""
    verify_action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileView(View):
    """One's own fields; `reveal_url` leads to the password and is empty once the values stand unmasked."""

    fields: tuple[ProfileLine, ...]
    reveal_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A partner that received a field, the last time at `since`, and may or may not read it again."""

    brand: str
    since: int
    may_read: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EditField:
    """One control of the profile form; posts under its `key`. `autocomplete` is a token (HTML §4.10.18.7)."""

    key: str
    label: str
    kind: Literal["text", "email", "tel", "date", "url", "multiline", "select"]
    value: str
    autocomplete: str = ""
    hint: str = ""
    required: bool = False
    maximum_length: int = 0
    options: tuple[Option, ...] = ()
    holders: tuple[Holder, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileEditView(View):
    """Change one's own fields; what was typed is kept when something is wrong."""

    action: str
    cancel_url: str
    fields: tuple[EditField, ...]
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyField:
    """A field of the catalogue, as the privacy page lists it."""

    label: str
    source: str
    forms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyPurpose:
    """A purpose of the catalogue; `allowed` is false for what no partner may ever do."""

    label: str
    text: str
    allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyPartner:
    """A partner that runs a combined service now."""

    brand: str
    legal_name: str
    country: str
    policy_url: str
    offers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyView(View):
    """What is kept, used and shared, made from the registries so that text and behaviour cannot drift.

    `contact_details` are what people can show each other.
    """

    fields: tuple[PrivacyField, ...]
    purposes: tuple[PrivacyPurpose, ...]
    partners: tuple[PrivacyPartner, ...]
    contact_details: tuple[str, ...] = ()
    retention: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorView(View):
    """Something went wrong outside the protocol; `retry_after` in seconds, 0 when waiting does not help.

    `sentence` says more exactly what happened than the status can.
    """

    status: int
    sentence: str = ""
    retry_after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCode:
    """One line of the list of error codes."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCodesView(View):
    """Every error code, for partners' developers."""

    codes: tuple[ErrorCode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCodeView(View):
    """One error code: what it means, where it appears, what causes it and what to do."""

    code: str
    sentence: str
    status: int
    places: tuple[str, ...]
    clause: str
    cause: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationErrorView(View):
    """An authorization request that may not be answered by a redirect (RFC 6749 §4.1.2.1)."""

    code: str
    sentence: str
    documentation_url: str
    partner: str = ""
