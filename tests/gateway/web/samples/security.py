"""Made-up views of signing in by more than a password, and of links in mail."""

from dataclasses import replace

from gateway.kit.clock import DAY
from gateway.web.authentication.security import _picture
from gateway.web.pages.views import (
    CodeSetupView,
    FieldError,
    FirstFactorView,
    InboxView,
    LinkInvalidView,
    NewPasswordView,
    OpenSession,
    Option,
    OwnPasskey,
    PasskeyView,
    PreferencesView,
    RecoverView,
    RecoveryCodesView,
    SecondFactorView,
    SecurityView,
    ShownLetter,
    UnsubscribeView,
    VerifyView,
    View,
)
from tests.gateway.web.samples.frame import NOW, at_profile, officer, stranger

URI = "otpauth://totp/Campus%20Video:a?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Campus%20Video"
PICTURE, SIDE = _picture(URI)
security = SecurityView(
    chrome=at_profile,
    sessions=(
        OpenSession(
            agent="Firefox, Linux", since=NOW - 3600, last_seen_at=NOW, how="phr", is_this=True, key="aa"
        ),
        OpenSession(
            agent="Chrome, Android",
            since=NOW - DAY,
            last_seen_at=NOW - 7200,
            how="mfa",
            end_action="/security/sessions/end",
            key="bb",
        ),
        OpenSession(
            agent="",
            since=NOW - DAY,
            last_seen_at=NOW - 9000,
            how="pwd",
            end_action="/security/sessions/end",
            key="cc",
        ),
    ),
    passkeys=(
        OwnPasskey(key="01", name="My tablet", added_at=NOW - 40 * DAY, used_at=NOW - DAY),
        OwnPasskey(key="02", added_at=NOW - DAY),
    ),
    code_since=NOW - 30 * DAY,
    codes_left=8,
    has_factor=True,
)
first_factor = FirstFactorView(
    chrome=officer,
    role="privacy officer",
    passkey_url="/second-factor/passkey",
    code_url="/second-factor/code",
    later_url="/admin",
    until=NOW + 6 * DAY,
)
letter_first = FirstFactorView(chrome=officer, role="privacy officer", letter_action="/second-factor/letter")
code_setup = CodeSetupView(
    chrome=at_profile,
    action="/security/code",
    cancel_url="/security",
    secret="JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP",
    uri=URI,
    picture=PICTURE,
    side=SIDE,
    hidden=(("ticket", "t"),),
)
wrong = FieldError(field="code", message="This code is not right, or it is an old one.")
passkey = PasskeyView(
    chrome=at_profile,
    purpose="add",
    action="/security/passkey",
    options='{"challenge":"AAAA"}',
    cancel_url="/security",
    hidden=(("ticket_of_passkey", "t"),),
)
letter = ShownLetter(
    to="asha@lakeside.example.org",
    subject="Your Campus Video account",
    text="Your school made an account for you.\n\nChoose your password here:\nhttps://video.example.org/invitation/x\n",
    at=NOW - 60,
    links=("https://video.example.org/invitation/x",),
    files=("receipt.jws",),
)
recover = RecoverView(chrome=stranger, action="/recover")
new_password = NewPasswordView(chrome=stranger, action="/recover/x", minimum_length=10)

preferences = PreferencesView(
    chrome=at_profile,
    action="/preferences",
    gets_news=False,
    is_counted=True,
    usual_zone="India Time",
    zones=(Option(value="America/Los_Angeles", label="United States (Los Angeles) Time"),),
)

SAMPLES: dict[str, tuple[str, View]] = {
    "security": ("security", security),
    "security.stale": (
        "security",
        replace(security, step_up_url="/reauthenticate", code_since=None, sessions=security.sessions[:1]),
    ),
    "security.new": ("security", replace(security, passkeys=(), code_since=None, has_factor=False)),
    "security.powers": (
        "security",
        replace(security, chrome=officer, passkeys=(), code_since=None, has_factor=False, takes_factor=True),
    ),
    "security.no_codes_left": (
        "security",
        replace(security, chrome=officer, code_since=None, codes_left=0, takes_factor=True),
    ),
    "first_factor": ("first_factor", first_factor),
    "first_factor.late": ("first_factor", replace(first_factor, later_url="", until=None)),
    "first_factor.letter": ("first_factor", letter_first),
    "first_factor.sent": ("first_factor", replace(letter_first, is_sent=True)),
    "first_factor.throttled": ("first_factor", replace(letter_first, throttled_seconds=1800)),
    "code_setup": ("code_setup", code_setup),
    "code_setup.wrong": ("code_setup", replace(code_setup, errors=(wrong,))),
    "recovery_codes": (
        "recovery_codes",
        RecoveryCodesView(
            chrome=at_profile,
            codes=tuple(f"abcd-efgh-ijkl-{n}{n}{n}{n}" for n in "2345672345"),
            onward_url="/security",
        ),
    ),
    "second_factor": ("second_factor", SecondFactorView(chrome=stranger, action="/login/code")),
    "second_factor.wrong": (
        "second_factor",
        SecondFactorView(chrome=stranger, action="/login/code", errors=(wrong,), throttled_seconds=90),
    ),
    "passkey": ("passkey", passkey),
    "passkey.sign_in": ("passkey", replace(passkey, chrome=stranger, purpose="sign_in")),
    "passkey.wrong": (
        "passkey",
        replace(
            passkey,
            purpose="step_up",
            errors=(FieldError(field="", message="This passkey could not be used here."),),
        ),
    ),
    "recover": ("recover", recover),
    "recover.taken": ("recover", replace(recover, is_taken=True)),
    "recover.throttled": (
        "recover",
        replace(recover, email="asha@lakeside.example.org", throttled_seconds=600),
    ),
    "new_password": ("new_password", new_password),
    "new_password.signed_in": (
        "new_password",
        replace(new_password, chrome=at_profile, cancel_url="/security"),
    ),
    "new_password.wrong": (
        "new_password",
        replace(
            new_password,
            errors=(FieldError(field="new_password", message="Use at least 10 characters."),),
        ),
    ),
    "verify": ("verify", VerifyView(chrome=stranger, action="/verify/x")),
    "verify.done": ("verify", VerifyView(chrome=stranger)),
    "preferences": ("preferences", preferences),
    "preferences.chosen": (
        "preferences",
        replace(preferences, gets_news=True, news_since=NOW, is_counted=False, counted_since=NOW),
    ),
    "preferences.child": ("preferences", replace(preferences, news_locked=True)),
    "unsubscribe": ("unsubscribe", UnsubscribeView(chrome=stranger, action="/unsubscribe/x/y")),
    "unsubscribe.done": ("unsubscribe", UnsubscribeView(chrome=stranger)),
    "link_invalid": ("link_invalid", LinkInvalidView(chrome=stranger)),
    "inbox": ("inbox", InboxView(chrome=stranger, letters=(letter,))),
    "inbox.empty": ("inbox", InboxView(chrome=stranger, letters=())),
}
