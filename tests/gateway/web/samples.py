"""Made-up views for every page in every state, as a real day would fill them; used by tests and by the gallery."""

from dataclasses import replace

from gateway.web.views import (
    AdminGrantsView,
    AdminGrantView,
    AdminHomeView,
    AdminLogView,
    AdminPartnersView,
    AdminPartnerView,
    AdminPeopleView,
    AuthorizationErrorView,
    ChangedTerm,
    Chrome,
    ClientRow,
    ConnectedDetailView,
    ConnectedService,
    ConnectedView,
    ConsentAmendView,
    ConsentBlockedView,
    ConsentItem,
    ConsentView,
    Door,
    Duration,
    EditField,
    ErrorView,
    Event,
    Fact,
    FieldError,
    Flash,
    FormChoice,
    GrantedItem,
    GrantFilter,
    GrantItemRow,
    GrantRow,
    Handoff,
    Holder,
    HomeView,
    ImportReport,
    ImportRow,
    InvitationInvalidView,
    InvitationRow,
    Language,
    LogFilter,
    LoginView,
    LogRow,
    Move,
    NoticeView,
    OfferChange,
    OfferItemRow,
    OfferReview,
    Option,
    Pager,
    Partner,
    PartnerRow,
    Places,
    PrivacyField,
    PrivacyPartner,
    PrivacyPurpose,
    PrivacyView,
    ProfileEditView,
    ProfileField,
    ProfileView,
    ReauthenticateView,
    RiskFlag,
    SameItem,
    SetPasswordView,
    SignedOutView,
    Spoken,
    StoppedView,
    Terms,
    TokenRow,
    View,
)

DAY = 86400
NOW = 1_795_000_000

places = Places(
    home="/",
    connected="/connected",
    profile="/profile",
    admin="/admin",
    privacy="/privacy",
    sign_in="/login",
    sign_out="/logout",
)
stranger = Chrome(
    language="en",
    direction="ltr",
    service_name="Campus Video",
    places=places,
    contact="privacy@campus-video.example.org",
    request_id="req_7Q2M9",
    csrf_token="csrf-token-of-this-session",
    languages=(
        Language(code="en", name="English", url="?lang=en"),
        Language(code="hi", name="हिन्दी", url="?lang=hi"),
        Language(code="kn", name="ಕನ್ನಡ", url="?lang=kn"),
    ),
    timezone="Asia/Kolkata",
)
person = replace(stranger, signed_in_as="a•••@lakeside.example.org")
at_home = replace(person, here="home")
at_profile = replace(person, here="profile")
at_connected = replace(person, here="connected")
officer = replace(
    person, signed_in_as="m•••@campus-video.example.org", can_administer=True, here="admin", timezone="UTC"
)

quizco = Partner(
    brand="QuizCo",
    legal_name="QuizCo Learning Limited",
    address="14 Grand Canal Quay, Dublin 2, Ireland",
    contact="hello@quizco.example.org",
    grievance_contact="complaints@quizco.example.org",
    policy_url="https://quizco.example.org/privacy",
    checked_at=NOW - 200 * DAY,
)
benefit = Spoken(
    text="QuizCo builds short practice quizzes from the lectures that you watched.",
    language="en",
    direction="ltr",
)
name_item = ConsentItem(
    key="name:results_delivery",
    label="Name",
    so_that="so that your results carry your name",
    forms=(FormChoice(form="full", label="", value="Asha Rao", chosen=True),),
)
course_item = ConsentItem(
    key="course:learning_progress",
    label="Course",
    so_that="so that the quiz fits your lecture",
    forms=(FormChoice(form="full", label="", value="CS-101 Data structures", chosen=True),),
)
email_item = ConsentItem(
    key="email:results_delivery",
    label="E-mail",
    so_that="so that it can send you your score",
    why=Spoken(text="One message a week, never more.", language="en", direction="ltr"),
    forms=(
        FormChoice(
            form="relay",
            label="a private address that forwards to you",
            value="x7f4q@relay.example.org",
            chosen=True,
        ),
        FormChoice(form="full", label="your own address", value="a•••@lakeside.example.org"),
    ),
)
phone_item = ConsentItem(
    key="phone_number:appointment_reminders",
    label="Phone",
    so_that="so that it can text you reminders",
    forms=(
        FormChoice(form="masked", label="last two digits only", value="••••••••12", chosen=True),
        FormChoice(form="full", label="the whole number", value="+91 ••••• •••12"),
    ),
    can_reveal=True,
    kept_seconds=7 * DAY,
)
status_item = ConsentItem(
    key="student_status:service_personalisation",
    label="Student status",
    so_that="so that you see the student version",
    forms=(FormChoice(form="boolean", label="yes or no only", value=None, chosen=True),),
    missing_url="/profile/edit#field-student_status",
)
never = ("postal address", "other e-mail address", "date of birth", "password")
durations = (
    Duration(value="course", label="Until the course ends", until=NOW + 190 * DAY, chosen=True),
    Duration(value="once", label="Just once"),
    Duration(value="P30D", label="30 days", until=NOW + 30 * DAY),
)
terms = Terms(
    kept_seconds=30 * DAY,
    countries=("Ireland", "Germany"),
    notice_url="/notices/quizco/7",
    notice_version=7,
    frequency="It may look up to 24 times a day, which is more than most partners do.",
    more=(Fact(label="Rules that apply", value="India, and the European Union"),),
)
consent = ConsentView(
    chrome=person,
    action="/consent/int_4k9",
    partner=quizco,
    offer="Practice Quizzes",
    benefit=benefit,
    signed_in_as="a•••@lakeside.example.org",
    not_you_url="/consent/int_4k9/switch",
    never_shared=never,
    durations=durations,
    terms=terms,
    needed=(name_item, course_item),
    optional=(email_item, phone_item, status_item),
    hidden=(("served", "nsv_93x"),),
)
amend = ConsentAmendView(
    chrome=person,
    action="/consent/int_5p1",
    partner=quizco,
    offer="Practice Quizzes",
    benefit=benefit,
    signed_in_as="a•••@lakeside.example.org",
    not_you_url="/consent/int_5p1/switch",
    never_shared=never,
    durations=(),
    terms=replace(terms, notice_version=8, kept_seconds=60 * DAY, frequency=""),
    agreed_at=NOW - 90 * DAY,
    effective_at=NOW + 14 * DAY,
    new_needed=(
        replace(course_item, key="course:accessibility_support", so_that="so that captions fit your course"),
    ),
    new_optional=(phone_item,),
    changed=(
        ChangedTerm(label="They keep it", before="30 days after you stop", after="60 days after you stop"),
        ChangedTerm(label="Where", before="Ireland", after="Ireland and Germany"),
    ),
    same=(
        SameItem(label="Name", value="Asha Rao", so_that="so that your results carry your name"),
        SameItem(
            label="E-mail", value="x7f4q@relay.example.org", so_that="so that it can send you your score"
        ),
    ),
    can_keep=True,
)
handoffs = (
    Handoff(
        at=NOW - 3600,
        what=("Name", "Course", "E-mail"),
        purposes=("learning progress", "results"),
        endpoint="userinfo",
    ),
    Handoff(at=NOW - 2 * DAY, what=("Name", "Course"), purposes=("learning progress",), endpoint="userinfo"),
    Handoff(
        at=NOW - 9 * DAY,
        what=("Name", "Course", "E-mail"),
        purposes=("learning progress", "results"),
        endpoint="release",
    ),
)
events = (
    Event(at=NOW - DAY, what="Narrowed: phone switched off", actor="You"),
    Event(at=NOW - 40 * DAY, what="Renewed until 30 May 2027", actor="You"),
    Event(at=NOW - 90 * DAY, what="Given", actor="You", reason="version 7 of the notice"),
)
detail = ConnectedDetailView(
    chrome=at_connected,
    partner=quizco,
    offer="Practice Quizzes",
    benefit=benefit,
    state="live",
    items=(
        GrantedItem(
            label="Name",
            value="Asha Rao",
            form="as it is",
            so_that="so that your results carry your name",
            needed=True,
        ),
        GrantedItem(
            label="Course",
            value="CS-101 Data structures",
            form="as it is",
            so_that="so that the quiz fits your lecture",
            needed=True,
        ),
        GrantedItem(
            label="E-mail",
            value="x7f4q@relay.example.org",
            form="private address",
            so_that="so that it can send you your score",
            needed=False,
            off_action="/connected/g1/off/email",
            older_copy_at=NOW - 9 * DAY,
        ),
        GrantedItem(
            label="Phone",
            value=None,
            form="",
            so_that="so that it can text you reminders",
            needed=False,
            off=True,
        ),
    ),
    handoffs=handoffs,
    events=events,
    notice_url="/notices/quizco/7",
    notice_version=7,
    kept_seconds=30 * DAY,
    since=NOW - 90 * DAY,
    until=NOW + 190 * DAY,
    stop_action="/connected/g1/stop",
    reveal_url="/reauthenticate?next=g1",
    pager=Pager(older_url="?before=ho_77"),
)
services = (
    ConnectedService(
        brand="CampusPress",
        offer="Course Readers",
        state="changed",
        url="/connected/g2",
        fields=("Name", "Postal address"),
        since=NOW - 300 * DAY,
        last_handoff_at=NOW - 20 * DAY,
        handoff_count=14,
    ),
    ConnectedService(
        brand="QuizCo",
        offer="Practice Quizzes",
        state="live",
        url="/connected/g1",
        fields=("Name", "Course", "E-mail"),
        since=NOW - 90 * DAY,
        until=NOW + 190 * DAY,
        last_handoff_at=NOW - 3600,
        handoff_count=1204,
    ),
    ConnectedService(
        brand="Öresund Lernhilfe für Mathematik und Naturwissenschaften",
        offer="Nachhilfe",
        state="waiting",
        url="/connected/g3",
        fields=("Name",),
        waiting_for="school",
    ),
    ConnectedService(
        brand="مكتبة النور",
        offer="قراءة",
        state="paused",
        url="/connected/g4",
        fields=("Name",),
        since=NOW - 20 * DAY,
    ),
    ConnectedService(
        brand="LabTime",
        offer="Bench booking",
        state="ended",
        url="/connected/g5",
        fields=("Name", "E-mail"),
        since=NOW - 400 * DAY,
        ended_at=NOW - 30 * DAY,
        last_handoff_at=NOW - 31 * DAY,
        handoff_count=1,
    ),
)
doors = (
    Door(section="grants", url="/admin/grants", count=18234, attention=0),
    Door(section="partners", url="/admin/partners", count=6, attention=1),
    Door(section="log", url="/admin/log", count=412904),
    Door(section="people", url="/admin/people", count=2310, attention=3),
)
reasons = (
    Option(value="phone_request", label="The person asked by phone"),
    Option(value="partner_breach", label="The partner broke its terms"),
    Option(value="marketing_complaint", label="Complaint about advertising"),
    Option(value="security_incident", label="Security incident"),
)
partner_options = (
    Option(value="quizco", label="QuizCo", chosen=True),
    Option(value="campuspress", label="CampusPress"),
)
field_options = (Option(value="email", label="E-mail"), Option(value="course", label="Course"))
state_options = (Option(value="active", label="Active"), Option(value="ended", label="Ended"))
grants_query = GrantFilter(
    action="/admin/grants", partners=partner_options, fields=field_options, states=state_options
)
log_rows = (
    LogRow(
        at=NOW - 3600,
        handoff_id="ho_9f2c1",
        person="a•••@lakeside.example.org",
        brand="QuizCo",
        client_id="quizco-web",
        endpoint="userinfo",
        fields=("email", "name", "course"),
        purposes=("results_delivery", "learning_progress"),
        grant_url="/admin/grants/g1",
    ),
    LogRow(
        at=NOW - 7200,
        handoff_id="ho_9f2c0",
        person="沈•",
        brand="CampusPress",
        client_id="campuspress",
        endpoint="release",
        fields=("name", "address"),
        purposes=("delivery_of_goods",),
    ),
)
grant_rows = (
    GrantRow(
        grant_id="gr_01HZX",
        url="/admin/grants/g1",
        person="a•••@lakeside.example.org",
        brand="QuizCo",
        offer="Practice Quizzes",
        state="active",
        fields=("name", "course", "email"),
        given_at=NOW - 90 * DAY,
        last_handoff_at=NOW - 3600,
    ),
    GrantRow(
        grant_id="gr_01HZY",
        url="/admin/grants/g2",
        person="b•••@lakeside.example.org",
        brand="CampusPress",
        offer="Course Readers",
        state="asked",
        fields=("name",),
    ),
)
grant = AdminGrantView(
    chrome=officer,
    doors=doors,
    section="grants",
    grant_id="gr_01HZX",
    state="active",
    brand="QuizCo",
    offer="Practice Quizzes",
    facts=(
        Fact(label="Person", value="a•••@lakeside.example.org"),
        Fact(label="School", value="Lakeside University College"),
        Fact(label="Valid until", value="30 May 2027"),
        Fact(label="Legal basis", value="consent"),
    ),
    items=(
        GrantItemRow(
            field="name",
            purpose="results_delivery",
            form="full",
            needed=True,
            granted=True,
            kept_seconds=30 * DAY,
        ),
        GrantItemRow(
            field="phone_number",
            purpose="appointment_reminders",
            form="masked",
            needed=False,
            granted=False,
            kept_seconds=7 * DAY,
        ),
    ),
    events=events,
    handoffs=log_rows[:1],
    tokens=(
        TokenRow(
            token_id="tok_5521",
            kind="access token",
            client_id="quizco-web",
            issued_at=NOW - 3700,
            expires_at=NOW - 3400,
            alive=False,
        ),
        TokenRow(
            token_id="tok_5522",
            kind="refresh token",
            client_id="quizco-web",
            issued_at=NOW - 3700,
            expires_at=NOW + 30 * DAY,
            alive=True,
        ),
    ),
    notice_url="/notices/quizco/7",
    revoke_action="/admin/grants/g1/revoke",
    reasons=reasons,
)
partner_page = AdminPartnerView(
    chrome=officer,
    doors=doors,
    section="partners",
    brand="QuizCo",
    state="review",
    live_grants=1204,
    facts=(
        Fact(label="Legal name", value="QuizCo Learning Limited"),
        Fact(label="Country", value="Ireland"),
        Fact(label="Stores data in", value="Ireland, Germany"),
        Fact(
            label="Privacy policy",
            value="quizco.example.org/privacy",
            url="https://quizco.example.org/privacy",
        ),
        Fact(label="Complaints", value="complaints@quizco.example.org"),
        Fact(label="Attested on", value="3 Mar 2026"),
    ),
    clients=(
        ClientRow(
            client_id="quizco-web",
            name="QuizCo for the web",
            profile="baseline",
            auth_method="client_secret_basic",
            redirect_uris=("https://app.quizco.example.org/callback",),
        ),
    ),
    offers=(
        OfferReview(
            name="Practice Quizzes",
            version=8,
            benefit="Short practice quizzes from the lectures that you watched.",
            duration_seconds=190 * DAY,
            items=(
                OfferItemRow(
                    field="name",
                    purpose="results_delivery",
                    forms=("full",),
                    needed=True,
                    kept_seconds=30 * DAY,
                ),
                OfferItemRow(
                    field="email",
                    purpose="results_delivery",
                    forms=("relay", "full"),
                    needed=False,
                    kept_seconds=60 * DAY,
                    why="One message a week, never more.",
                ),
            ),
            changes=(
                OfferChange(what="email · kept", before="30 days", after="60 days", material=True),
                OfferChange(what="phone_number", before="optional, masked", after="", material=False),
                OfferChange(what="storage in Germany", before="", after="added", material=True),
            ),
        ),
    ),
    risks=(
        RiskFlag(
            serious=True, text="Keeps e-mail longer than its purpose usually needs (60 days, ceiling 90)."
        ),
        RiskFlag(serious=False, text="The attestation is older than six months."),
    ),
    moves=(
        Move(kind="approve", action="/admin/partners/quizco/approve"),
        Move(kind="return", action="/admin/partners/quizco/return"),
    ),
    reasons=reasons,
    events=(Event(at=NOW - DAY, what="Sent to review", actor="Partner manager", reason="new version"),),
)
people = AdminPeopleView(
    chrome=officer,
    doors=doors,
    section="people",
    import_action="/admin/people/import",
    columns=("organisation", "role", "email", "name", "birthdate", "locale"),
    maximum_bytes=2_000_000,
    invitations=(
        InvitationRow(
            email="p•••@northfield.example.org",
            role="student",
            organisation="Northfield School",
            state="open",
            sent_at=NOW - DAY,
            expires_at=NOW + 6 * DAY,
            again_action="/admin/people/invitations/i1/again",
        ),
        InvitationRow(
            email="q•••@northfield.example.org",
            role="professor",
            organisation="Northfield School",
            state="used",
            sent_at=NOW - 9 * DAY,
            expires_at=NOW - 2 * DAY,
        ),
        InvitationRow(
            email="r•••@lakeside.example.org",
            role="guardian",
            organisation="Lakeside University College",
            state="expired",
            sent_at=NOW - 30 * DAY,
            expires_at=NOW - 23 * DAY,
            again_action="/admin/people/invitations/i3/again",
        ),
    ),
    pager=Pager(newer_url="?after=i1", older_url="?before=i3"),
)
profile_fields = (
    ProfileField(
        key="name",
        label="Name",
        value="Asha Rao",
        source="school",
        verified=True,
        recipients=("QuizCo", "CampusPress"),
        changed_at=NOW - 500 * DAY,
    ),
    ProfileField(
        key="email",
        label="E-mail",
        value="a•••@lakeside.example.org",
        source="school",
        masked=True,
        verified=True,
        recipients=("QuizCo",),
    ),
    ProfileField(
        key="alternate_email", label="Other e-mail", value=None, source="self", edit_url="/profile/edit"
    ),
    ProfileField(
        key="phone_number",
        label="Phone",
        value="+91 ••••• •••12",
        source="self",
        masked=True,
        recipients=(),
        changed_at=NOW - 3 * DAY,
        edit_url="/profile/edit",
    ),
    ProfileField(
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
wrong_reason = FieldError(field="reason", message="Choose a reason.")

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
    "error.413": ("error", ErrorView(chrome=person, status=413)),
    "error.429": ("error", ErrorView(chrome=stranger, status=429, retry_after=120)),
    "error.500": ("error", ErrorView(chrome=stranger, status=500)),
    "error.503": ("error", ErrorView(chrome=stranger, status=503, retry_after=2)),
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
    "consent": ("consent", consent),
    "consent.needed-only": ("consent", replace(consent, optional=(), terms=replace(terms, frequency=""))),
    "consent.optional-only": (
        "consent",
        replace(consent, needed=(), partner=replace(quizco, checked_at=None)),
    ),
    "consent.child": ("consent", replace(consent, guardian_decides=True, never_shared=())),
    "consent.again": (
        "consent",
        replace(
            consent,
            optional=(replace(email_item, ticked=True), phone_item),
            errors=(FieldError(field="duration", message="Choose for how long."),),
        ),
    ),
    "consent.long": (
        "consent",
        replace(
            consent,
            partner=replace(quizco, brand="Öresund Lernhilfe für Mathematik und Naturwissenschaften"),
            offer="Individuelle Prüfungsvorbereitung",
            benefit=Spoken(
                text="يبني اختبارات قصيرة من المحاضرات التي شاهدتها.", language="ar", direction="rtl"
            ),
            needed=(
                replace(
                    name_item,
                    forms=(
                        FormChoice(
                            form="full",
                            label="",
                            value="María del Pilar Teresa Guadalupe Fernández de la Vega y Álvarez-Mendizábal de los Monteros Castañeda y Ruiz de Apodaca",
                            chosen=True,
                        ),
                    ),
                ),
                replace(
                    course_item,
                    forms=(FormChoice(form="full", label="", value="حساب التفاضل والتكامل", chosen=True),),
                ),
            ),
        ),
    ),
    "consent_amend": ("consent_amend", amend),
    "consent_amend.must": (
        "consent_amend",
        replace(amend, can_keep=False, new_optional=(), durations=durations),
    ),
    "consent_amend.child": (
        "consent_amend",
        replace(amend, guardian_decides=True, new_needed=(), changed=(), same=()),
    ),
    "consent_blocked.school": (
        "consent_blocked",
        ConsentBlockedView(
            chrome=person,
            kind="school",
            partner="QuizCo",
            offer="Practice Quizzes",
            ask_action="/consent/int/ask",
            leave_url="/consent/int/leave",
        ),
    ),
    "consent_blocked.school-asked": (
        "consent_blocked",
        ConsentBlockedView(
            chrome=person,
            kind="school",
            partner="QuizCo",
            offer="Practice Quizzes",
            state="asked",
            asked_at=NOW - DAY,
            leave_url="/consent/int/leave",
        ),
    ),
    "consent_blocked.school-refused": (
        "consent_blocked",
        ConsentBlockedView(
            chrome=person, kind="school", partner="QuizCo", offer="Practice Quizzes", state="refused"
        ),
    ),
    "consent_blocked.guardian": (
        "consent_blocked",
        ConsentBlockedView(
            chrome=person,
            kind="guardian",
            partner="QuizCo",
            offer="Practice Quizzes",
            ask_action="/consent/int/ask",
        ),
    ),
    "consent_blocked.guardian-asked": (
        "consent_blocked",
        ConsentBlockedView(
            chrome=person, kind="guardian", partner="QuizCo", offer="Practice Quizzes", state="asked"
        ),
    ),
    "consent_blocked.guardian-refused": (
        "consent_blocked",
        ConsentBlockedView(
            chrome=person, kind="guardian", partner="QuizCo", offer="Practice Quizzes", state="refused"
        ),
    ),
    "consent_blocked.paused": (
        "consent_blocked",
        ConsentBlockedView(
            chrome=person,
            kind="paused",
            partner="QuizCo",
            offer="Practice Quizzes",
            leave_url="/consent/int/leave",
        ),
    ),
    "consent_blocked.ended": (
        "consent_blocked",
        ConsentBlockedView(chrome=person, kind="ended", partner="QuizCo", offer="Practice Quizzes"),
    ),
    "connected": ("connected", ConnectedView(chrome=at_connected, services=services)),
    "connected.empty": ("connected", ConnectedView(chrome=at_connected, services=())),
    "connected.waits": (
        "connected",
        ConnectedView(
            chrome=at_connected,
            services=(replace(services[2], waiting_for="guardian"), replace(services[2], waiting_for="")),
        ),
    ),
    "connected_detail": ("connected_detail", detail),
    "connected_detail.changed": (
        "connected_detail",
        replace(detail, state="changed", review_url="/consent/int_5p1", pager=Pager()),
    ),
    "connected_detail.paused": (
        "connected_detail",
        replace(detail, state="paused", until=None, reveal_url=""),
    ),
    "connected_detail.waiting": (
        "connected_detail",
        replace(detail, state="waiting", waiting_for="guardian", handoffs=(), since=None, until=None),
    ),
    "connected_detail.school": (
        "connected_detail",
        replace(detail, state="waiting", waiting_for="school", handoffs=()),
    ),
    "connected_detail.ended": (
        "connected_detail",
        replace(
            detail,
            state="ended",
            ended_at=NOW - 3600,
            stop_action="",
            items=(replace(detail.items[0]), replace(detail.items[2], off_action="")),
        ),
    ),
    "stopped": (
        "stopped",
        StoppedView(
            chrome=at_connected,
            brand="QuizCo",
            offer="Practice Quizzes",
            stopped_at=NOW,
            kept_seconds=30 * DAY,
            deletion_asked=True,
            detail_url="/connected/g1",
        ),
    ),
    "stopped.kept": (
        "stopped",
        StoppedView(
            chrome=at_connected,
            brand="QuizCo",
            offer="Practice Quizzes",
            stopped_at=NOW,
            kept_seconds=30 * DAY,
            deletion_asked=False,
            detail_url="/connected/g1",
        ),
    ),
    "notice": (
        "notice",
        NoticeView(
            chrome=person,
            brand="QuizCo",
            offer="Practice Quizzes",
            version=7,
            effective_at=NOW - 100 * DAY,
            digest="5f" * 32,
            back_url="/connected/g1",
            text=Spoken(
                text="Practice Quizzes, version 7\n\nQuizCo Learning Limited asks for:\n\n1. Name, so that your results carry your name. Needed. Kept 30 days after you stop.\n2. Course, so that the quiz fits your lecture. Needed.\n3. E-mail, so that it can send you your score. Your choice.\n\nIt may not use any of it for advertising.",
                language="en",
                direction="ltr",
            ),
        ),
    ),
    "notice.untagged": (
        "notice",
        NoticeView(
            chrome=stranger,
            brand="QuizCo",
            offer="Practice Quizzes",
            version=1,
            effective_at=NOW,
            digest="00" * 32,
            text=Spoken(text="Version 1"),
        ),
    ),
    "admin_home": (
        "admin_home",
        AdminHomeView(chrome=officer, doors=doors, role="privacy officer", organisation="Campus Video"),
    ),
    "admin_grants": (
        "admin_grants",
        AdminGrantsView(
            chrome=officer,
            doors=doors,
            section="grants",
            asked=True,
            query=replace(grants_query, person="asha.rao@lakeside.example.org"),
            rows=grant_rows,
            pager=Pager(newer_url="?after=x", older_url="?before=y"),
        ),
    ),
    "admin_grants.new": (
        "admin_grants",
        AdminGrantsView(chrome=officer, doors=doors, section="grants", asked=False, query=grants_query),
    ),
    "admin_grants.none": (
        "admin_grants",
        AdminGrantsView(
            chrome=officer,
            doors=doors,
            section="grants",
            asked=True,
            query=replace(
                grants_query,
                from_day="2026-13-01",
                errors=(FieldError(field="from", message="There is no such day."),),
            ),
        ),
    ),
    "admin_grant": ("admin_grant", grant),
    "admin_grant.ended": (
        "admin_grant",
        replace(grant, state="ended", revoke_action="", handoffs=(), tokens=()),
    ),
    "admin_grant.paused": (
        "admin_grant",
        replace(grant, state="paused", note="Caller gave the ticket number.", errors=(wrong_reason,)),
    ),
    "admin_grant.refused": (
        "admin_grant",
        replace(grant, state="refused", revoke_action="", handoffs=(), tokens=()),
    ),
    "admin_partners": (
        "admin_partners",
        AdminPartnersView(
            chrome=officer,
            doors=doors,
            section="partners",
            rows=tuple(
                PartnerRow(
                    url=f"/admin/partners/{state}",
                    brand=brand,
                    legal_name=f"{brand} Learning Limited",
                    country="Ireland",
                    state=state,
                    offer_count=1,
                    live_grants=1204,
                    changed_at=NOW - DAY,
                )
                for brand, state in (
                    ("QuizCo", "review"),
                    ("CampusPress", "live"),
                    ("LabTime", "paused"),
                    ("NoteMill", "draft"),
                    ("Folio", "ended"),
                )
            ),
        ),
    ),
    "admin_partners.none": (
        "admin_partners",
        AdminPartnersView(chrome=officer, doors=doors, section="partners", rows=()),
    ),
    "admin_partner": ("admin_partner", partner_page),
    "admin_partner.live": (
        "admin_partner",
        replace(
            partner_page,
            state="live",
            risks=(),
            offers=(replace(partner_page.offers[0], changes=()),),
            moves=(
                Move(kind="pause", action="/admin/partners/quizco/pause"),
                Move(kind="end", action="/admin/partners/quizco/end"),
            ),
        ),
    ),
    "admin_partner.paused": (
        "admin_partner",
        replace(
            partner_page,
            state="paused",
            events=(),
            moves=(Move(kind="resume", action="/admin/partners/quizco/resume"),),
            errors=(FieldError(field="", message="Choose a reason before you resume."),),
        ),
    ),
    "admin_partner.draft": (
        "admin_partner",
        replace(
            partner_page, state="draft", moves=(Move(kind="review", action="/admin/partners/quizco/review"),)
        ),
    ),
    "admin_partner.reader": ("admin_partner", replace(partner_page, state="ended", moves=())),
    "admin_log": (
        "admin_log",
        AdminLogView(
            chrome=officer,
            doors=doors,
            section="log",
            query=LogFilter(
                action="/admin/log",
                partners=partner_options,
                fields=field_options,
                endpoints=(Option(value="userinfo", label="userinfo"),),
                from_time="2026-11-01T00:00",
            ),
            rows=log_rows,
            pager=Pager(older_url="?before=ho_9f2c0"),
        ),
    ),
    "admin_log.none": (
        "admin_log",
        AdminLogView(
            chrome=officer,
            doors=doors,
            section="log",
            query=LogFilter(
                action="/admin/log", errors=(FieldError(field="from", message="There is no such time."),)
            ),
            rows=(),
        ),
    ),
    "admin_people": ("admin_people", people),
    "admin_people.refused": (
        "admin_people",
        replace(
            people,
            report=ImportReport(
                taken=False,
                good=98,
                bad=2,
                rows=(
                    ImportRow(
                        line=17,
                        email="not an address",
                        outcome="refused",
                        faults=(
                            "email: there is no @ in it",
                            "role: unknown; one of student, professor, guardian",
                        ),
                    ),
                    ImportRow(
                        line=40,
                        email="x@lakeside.example.org",
                        outcome="refused",
                        faults=("guardian_email: nobody of this name",),
                    ),
                ),
            ),
            errors=(FieldError(field="file", message="Two rows need a look."),),
        ),
    ),
    "admin_people.taken": (
        "admin_people",
        replace(
            people,
            invitations=(),
            report=ImportReport(
                taken=True,
                good=2,
                bad=0,
                rows=(
                    ImportRow(line=2, email="a•••@lakeside.example.org", outcome="created"),
                    ImportRow(line=3, email="b•••@lakeside.example.org", outcome="updated"),
                ),
            ),
        ),
    ),
    "admin_people.plain": (
        "admin_people",
        replace(people, report=ImportReport(taken=True, good=100, bad=0, rows=())),
    ),
}
"""State of a page, by a name that begins with the page's: the page and its view."""
