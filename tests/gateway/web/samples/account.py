"""Made-up views of the pages around an account, and of the plain pages."""

from dataclasses import replace

from gateway.kit.clock import DAY
from gateway.kit.errors import ERRORS
from gateway.web.pages.error_help import HELP
from gateway.web.pages.views import (
    AuthorizationErrorView,
    DeviceDoneView,
    DeviceView,
    EditField,
    EndSessionView,
    ErrorCode,
    ErrorCodesView,
    ErrorCodeView,
    ErrorView,
    Fact,
    FieldError,
    Flash,
    FormPostView,
    Holder,
    HomeView,
    InvitationInvalidView,
    LoginView,
    Option,
    PrivacyField,
    PrivacyPartner,
    PrivacyPurpose,
    PrivacyView,
    ProfileEditView,
    ProfileLine,
    ProfileView,
    ReauthenticateView,
    SetPasswordView,
    SignedOutView,
    View,
)
from tests.gateway.web.samples.frame import NOW, at_home, at_profile, officer, person, stranger

profile_fields = (
    ProfileLine(
        key="name",
        label="Name",
        value="Asha Rao",
        source="school",
        verified=True,
        recipients=("QuizCo", "CampusPress"),
        changed_at=NOW - 500 * DAY,
    ),
    ProfileLine(
        key="email",
        label="E-mail",
        value="a•••@lakeside.example.org",
        source="school",
        masked=True,
        verified=True,
        recipients=("QuizCo",),
    ),
    ProfileLine(
        key="alternate_email", label="Other e-mail", value=None, source="self", edit_url="/profile/edit"
    ),
    ProfileLine(
        key="alternate_email_2",
        label="Other e-mail, given",
        value="a•••@home.example.org",
        source="self",
        edit_url="/profile/edit",
        verify_action="/profile/verify",
    ),
    ProfileLine(
        key="phone_number",
        label="Phone",
        value="+91 ••••• •••12",
        source="self",
        masked=True,
        recipients=(),
        changed_at=NOW - 3 * DAY,
        edit_url="/profile/edit",
    ),
    ProfileLine(
        key="address",
        label="Postal address",
        value="••• 4th Cross\nBengaluru",
        source="self",
        masked=True,
        recipients=("CampusPress",),
        changed_at=NOW - 30 * DAY,
        edit_url="/profile/edit",
    ),
)
edit_fields = (
    EditField(
        key="alternate_email",
        label="Other e-mail",
        kind="email",
        value="asha@home",
        autocomplete="email",
        hint="For getting back into your account. Never needed by a partner.",
    ),
    EditField(
        key="phone_number",
        label="Phone",
        kind="tel",
        value="+91 98450 12312",
        autocomplete="tel",
        hint="With the country's prefix",
        holders=(Holder(brand="QuizCo", since=NOW - 9 * DAY),),
    ),
    EditField(
        key="street_address",
        label="Street and number",
        kind="multiline",
        value="12, 4th Cross\nJayanagar",
        autocomplete="street-address",
        maximum_length=300,
    ),
    EditField(
        key="birthdate",
        label="Date of birth",
        kind="date",
        value="2004-02-29",
        autocomplete="bday",
        required=True,
    ),
    EditField(key="picture", label="Picture", kind="url", value="", autocomplete="photo"),
    EditField(
        key="nickname",
        label="What we call you",
        kind="text",
        value="Asha",
        autocomplete="nickname",
        maximum_length=80,
        required=True,
    ),
    EditField(
        key="locale",
        label="Language",
        kind="select",
        value="en",
        autocomplete="language",
        options=(Option(value="en", label="English", chosen=True), Option(value="hi", label="हिन्दी")),
    ),
)
wrong_email = FieldError(
    field="alternate_email", message="This is not an e-mail address: the part after @ needs a dot."
)

SAMPLES: dict[str, tuple[str, View]] = {
    "login": ("login", LoginView(chrome=stranger, action="/login")),
    "login.partner": (
        "login",
        LoginView(
            chrome=stranger,
            action="/login",
            partner="QuizCo",
            offer="Practice Quizzes",
            hidden=(("interaction", "int_4k9"),),
        ),
    ),
    "login.partner-only": ("login", LoginView(chrome=stranger, action="/login", partner="QuizCo")),
    "login.refused": (
        "login",
        LoginView(
            chrome=stranger,
            action="/login",
            email="asha.rao@lakeside.example.org",
            errors=(
                FieldError(field="password", message="E-mail address and password do not fit together."),
            ),
        ),
    ),
    "login.throttled": (
        "login",
        LoginView(
            chrome=stranger, action="/login", email="asha.rao@lakeside.example.org", throttled_seconds=90
        ),
    ),
    "login.locked": (
        "login",
        LoginView(
            chrome=stranger,
            action="/login",
            email="asha.rao@lakeside.example.org",
            throttled_seconds=80 * DAY,
        ),
    ),
    "reauthenticate": (
        "reauthenticate",
        ReauthenticateView(
            chrome=person,
            action="/reauthenticate",
            why="reveal",
            email="asha.rao@lakeside.example.org",
            cancel_url="/profile",
        ),
    ),
    "reauthenticate.grant": (
        "reauthenticate",
        ReauthenticateView(
            chrome=person,
            action="/reauthenticate",
            why="grant",
            email="asha.rao@lakeside.example.org",
            cancel_url="/",
            errors=(FieldError(field="password", message="That is not your password."),),
        ),
    ),
    "reauthenticate.edit": (
        "reauthenticate",
        ReauthenticateView(
            chrome=person,
            action="/reauthenticate",
            why="edit",
            email="asha.rao@lakeside.example.org",
            cancel_url="/",
        ),
    ),
    "reauthenticate.contact": (
        "reauthenticate",
        ReauthenticateView(
            chrome=person,
            action="/reauthenticate",
            why="contact",
            email="asha.rao@lakeside.example.org",
            cancel_url="/",
        ),
    ),
    "reauthenticate.secure": (
        "reauthenticate",
        ReauthenticateView(
            chrome=person,
            action="/reauthenticate",
            why="secure",
            email="asha.rao@lakeside.example.org",
            cancel_url="/",
        ),
    ),
    "reauthenticate.share": (
        "reauthenticate",
        ReauthenticateView(
            chrome=person,
            action="/reauthenticate",
            why="grant",
            email="asha.rao@lakeside.example.org",
            cancel_url="/",
            things=("Phone", "Postal address"),
            partner="QuizCo",
        ),
    ),
    "reauthenticate.typed": (
        "reauthenticate",
        ReauthenticateView(
            chrome=person,
            action="/reauthenticate",
            why="typed",
            email="asha.rao@lakeside.example.org",
            cancel_url="/",
        ),
    ),
    "reauthenticate.recent": (
        "reauthenticate",
        ReauthenticateView(
            chrome=person,
            action="/reauthenticate",
            why="recent",
            email="asha.rao@lakeside.example.org",
            cancel_url="/",
        ),
    ),
    "reauthenticate.stronger": (
        "reauthenticate",
        ReauthenticateView(
            chrome=person,
            action="/reauthenticate",
            why="stronger",
            email="asha.rao@lakeside.example.org",
            cancel_url="/",
            has_code=True,
            passkey_url="/reauthenticate/passkey",
        ),
    ),
    "reauthenticate.more": (
        "reauthenticate",
        ReauthenticateView(
            chrome=person,
            action="/reauthenticate",
            why="reveal",
            email="asha.rao@lakeside.example.org",
            cancel_url="/profile",
            has_code=True,
            passkey_url="/reauthenticate/passkey",
        ),
    ),
    "reauthenticate.export": (
        "reauthenticate",
        ReauthenticateView(
            chrome=person,
            action="/reauthenticate",
            why="export",
            email="asha.rao@lakeside.example.org",
            cancel_url="/",
            throttled_seconds=3600,
        ),
    ),
    "reauthenticate.administer": (
        "reauthenticate",
        ReauthenticateView(
            chrome=officer,
            action="/reauthenticate",
            why="administer",
            email="meera@campus-video.example.org",
            cancel_url="/admin",
        ),
    ),
    "reauthenticate.factor": (
        "reauthenticate",
        ReauthenticateView(
            chrome=officer,
            action="/reauthenticate",
            why="administer",
            email="meera@campus-video.example.org",
            cancel_url="/",
            has_password=False,
            has_code=True,
            passkey_url="/reauthenticate/passkey",
        ),
    ),
    "set_password": (
        "set_password",
        SetPasswordView(
            chrome=stranger,
            action="/invitations/t",
            organisation="Lakeside University College",
            email="asha.rao@lakeside.example.org",
            minimum_length=12,
            rules=("Anything you like: words, spaces, any script", "Not one that is known from leaks"),
        ),
    ),
    "set_password.short": (
        "set_password",
        SetPasswordView(
            chrome=stranger,
            action="/invitations/t",
            organisation="Lakeside University College",
            email="asha.rao@lakeside.example.org",
            minimum_length=12,
            errors=(FieldError(field="new_password", message="Please use at least 12 characters."),),
        ),
    ),
    "invitation_invalid": ("invitation_invalid", InvitationInvalidView(chrome=stranger, reason="unknown")),
    "invitation_invalid.used": ("invitation_invalid", InvitationInvalidView(chrome=stranger, reason="used")),
    "invitation_invalid.expired": (
        "invitation_invalid",
        InvitationInvalidView(chrome=stranger, reason="expired"),
    ),
    "device": ("device", DeviceView(chrome=at_home, action="/device")),
    "device.wrong": (
        "device",
        DeviceView(
            chrome=at_home,
            action="/device",
            user_code="BCDF-GHJK",
            errors=(
                FieldError(field="user_code", message="No device waits for this code. Compare each letter."),
            ),
        ),
    ),
    "device.given": (
        "device",
        DeviceView(chrome=at_home, action="/device", user_code="BCDF-GHJK", is_given=True),
    ),
    "device.throttled": ("device", DeviceView(chrome=at_home, action="/device", throttled_seconds=40)),
    "device_done": ("device_done", DeviceDoneView(chrome=at_home, is_approved=True)),
    "device_done.refused": ("device_done", DeviceDoneView(chrome=at_home, is_approved=False)),
    "form_post": (
        "form_post",
        FormPostView(
            chrome=at_home,
            partner="QuizCo",
            action="https://quizco.example.org/callback",
            fields=(("code", "cg_ac_1"), ("state", "st-1")),
        ),
    ),
    "end_session": (
        "end_session",
        EndSessionView(chrome=at_home, action="/session/end/confirmed", brand="QuizCo"),
    ),
    "end_session.alone": ("end_session", EndSessionView(chrome=at_home, action="/session/end/confirmed")),
    "signed_out": ("signed_out", SignedOutView(chrome=stranger)),
    "home": (
        "home",
        HomeView(
            chrome=replace(at_home, flashes=(Flash(kind="done", text="Your phone number is changed."),)),
            name="Asha Rao",
            organisation="Lakeside University College",
            live_count=2,
            attention_count=1,
            profile_filled=6,
            profile_total=9,
            contact_count=2,
            contact_questions=1,
            last_handoff_at=NOW - 3600,
            last_handoff_partner="QuizCo",
        ),
    ),
    "home.administrator": (
        "home",
        HomeView(
            chrome=replace(at_home, can_administer=True),
            name="Meera",
            organisation="Campus Video",
            live_count=0,
            attention_count=0,
            profile_filled=3,
            profile_total=9,
        ),
    ),
    "profile": (
        "profile",
        ProfileView(chrome=at_profile, fields=profile_fields, reveal_url="/reauthenticate?next=profile"),
    ),
    "profile.revealed": (
        "profile",
        ProfileView(
            chrome=replace(
                at_profile,
                flashes=(
                    Flash(kind="note", text="Shown in full for ten minutes."),
                    Flash(kind="warning", text="Two partners hold an older copy."),
                ),
            ),
            fields=profile_fields,
        ),
    ),
    "profile_edit": (
        "profile_edit",
        ProfileEditView(chrome=at_profile, action="/profile/edit", cancel_url="/profile", fields=edit_fields),
    ),
    "profile_edit.wrong": (
        "profile_edit",
        ProfileEditView(
            chrome=at_profile,
            action="/profile/edit",
            cancel_url="/profile",
            fields=edit_fields,
            errors=(
                wrong_email,
                FieldError(field="", message="Nothing was saved yet."),
                FieldError(field="street_address", message="Please keep it under 300 characters."),
                FieldError(field="locale", message="Choose one."),
            ),
        ),
    ),
    "privacy": (
        "privacy",
        PrivacyView(
            chrome=stranger,
            contact_details=("E-mail", "Phone"),
            fields=(
                PrivacyField(label="Name", source="your school", forms=("as it is",)),
                PrivacyField(label="E-mail", source="your school", forms=("private address", "as it is")),
                PrivacyField(label="Date of birth", source="your school", forms=()),
            ),
            purposes=(
                PrivacyPurpose(label="Results", text="so that your results carry your name", allowed=True),
                PrivacyPurpose(label="Reminders", text="so that it can remind you", allowed=True),
                PrivacyPurpose(label="Marketing", text="advertising of any kind", allowed=False),
                PrivacyPurpose(label="Selling data", text="or insights from it", allowed=False),
            ),
            partners=(
                PrivacyPartner(
                    brand="QuizCo",
                    legal_name="QuizCo Learning Limited",
                    country="Ireland",
                    policy_url="https://quizco.example.org/privacy",
                    offers=("Practice Quizzes",),
                ),
                PrivacyPartner(
                    brand="CampusPress",
                    legal_name="CampusPress Private Limited",
                    country="India",
                    policy_url="https://campuspress.example.org/privacy",
                    offers=("Course Readers",),
                ),
            ),
            retention=(
                Fact(label="The record of your decisions", value="as long as your account, and three years"),
            ),
        ),
    ),
    "privacy.nobody": ("privacy", PrivacyView(chrome=stranger, fields=(), purposes=(), partners=())),
    "error.400": ("error", ErrorView(chrome=stranger, status=400)),
    "error.403": ("error", ErrorView(chrome=person, status=403)),
    "error.404": ("error", ErrorView(chrome=stranger, status=404)),
    "error.405": ("error", ErrorView(chrome=stranger, status=405)),
    "error.408": ("error", ErrorView(chrome=person, status=408)),
    "error.409": ("error", ErrorView(chrome=person, status=409)),
    "error.said": (
        "error",
        ErrorView(chrome=person, status=400, sentence="The form did not come from our page."),
    ),
    "error.413": ("error", ErrorView(chrome=person, status=413)),
    "error.429": ("error", ErrorView(chrome=stranger, status=429, retry_after=120)),
    "error.500": ("error", ErrorView(chrome=stranger, status=500)),
    "error.503": ("error", ErrorView(chrome=stranger, status=503, retry_after=2)),
    "error_codes": (
        "error_codes",
        ErrorCodesView(
            chrome=stranger,
            codes=tuple(ErrorCode(code=code, sentence=kind.public) for code, kind in sorted(ERRORS.items())),
        ),
    ),
    "error_code": (
        "error_code",
        ErrorCodeView(
            chrome=stranger,
            code="invalid_dpop_proof",
            sentence=ERRORS["invalid_dpop_proof"].public,
            status=400,
            places=("at endpoints where clients authenticate", "at userinfo, /release and /grants"),
            clause=ERRORS["invalid_dpop_proof"].clause,
            cause=HELP["invalid_dpop_proof"].cause,
            remedy=HELP["invalid_dpop_proof"].remedy,
        ),
    ),
    "authorization_error": (
        "authorization_error",
        AuthorizationErrorView(
            chrome=stranger,
            code="invalid_redirect_uri",
            sentence="The address to return to is not one that this partner registered.",
            documentation_url="/docs/errors/invalid_redirect_uri",
            partner="QuizCo",
        ),
    ),
    "authorization_error.unknown": (
        "authorization_error",
        AuthorizationErrorView(
            chrome=stranger,
            code="invalid_client",
            sentence="Nobody is registered under this name.",
            documentation_url="/docs/errors/invalid_client",
        ),
    ),
}
