"""Views of signing in by more than a password, of open sessions, and of links in mail."""

from dataclasses import dataclass
from typing import Literal

from gateway.web.pages.views.frame import FieldError, Hidden, View


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """One browser that is signed in; `agent` names it as it named itself, and `end_action` is empty for this one."""

    agent: str
    since: int
    last_seen_at: int
    how: Literal["pwd", "mfa", "phr"]
    is_this: bool = False
    end_action: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPasskey:
    """One passkey of one's own."""

    key: str
    added_at: int
    name: str = ""
    used_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityView(View):
    """How one signs in, and where; `step_up_url` leads to the password and is empty after a recent one.

    Attributes:
        codes_left: recovery codes that were not used.
        takes_factor: the person's role takes a second factor.
    """

    sessions: tuple[OpenSession, ...]
    passkeys: tuple[OwnPasskey, ...]
    code_since: int | None = None
    codes_left: int = 0
    has_factor: bool = False
    takes_factor: bool = False
    step_up_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSetupView(View):
    """Set an app up; posts `code` with the hidden ticket. `picture` is a path of an SVG of `side` units."""

    action: str
    cancel_url: str
    secret: str
    uri: str
    picture: str
    side: int
    hidden: Hidden = ()
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodesView(View):
    """The recovery codes, shown this once."""

    codes: tuple[str, ...]
    onward_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstFactorView(View):
    """Somebody with powers has no second factor yet.

    Attributes:
        passkey_url: where to set one up; empty where the letter comes first.
        later_url: where to go on without; empty when the grace is over.
        until: when the grace ends, or None.
        letter_action: where the letter is asked for, or empty.
        is_sent: the letter is on its way.
    """

    role: str
    passkey_url: str = ""
    code_url: str = ""
    later_url: str = ""
    until: int | None = None
    letter_action: str = ""
    is_sent: bool = False
    throttled_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorView(View):
    """The code after the password; posts `code`."""

    action: str
    hidden: Hidden = ()
    errors: tuple[FieldError, ...] = ()
    throttled_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyView(View):
    """Let the browser make or use a passkey: the script reads `options` and fills `credential` in."""

    purpose: Literal["add", "sign_in", "step_up"]
    action: str
    options: str
    cancel_url: str
    hidden: Hidden = ()
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverView(View):
    """Ask for a link to a new password; posts `email`. The answer is the same for every address."""

    action: str
    email: str = ""
    is_taken: bool = False
    throttled_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasswordView(View):
    """Choose a new password, by a link or (`cancel_url`) while signed in; posts `new_password`."""

    action: str
    minimum_length: int
    cancel_url: str = ""
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyView(View):
    """Confirm an address by a link: `action` is empty when it is done. The page names no address."""

    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkInvalidView(View):
    """A link in a mail that no longer works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLetter:
    """One letter that was kept as a file; `links` are the addresses in it that lead to pages of ours.

    Attributes:
        files: names of what hangs on it.
    """

    to: str
    subject: str
    text: str
    at: int
    links: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxView(View):
    """The demonstration's mail."""

    letters: tuple[ShownLetter, ...]
