"""Made-up views of the consent screen, its amendment, and the pages in their place."""

from dataclasses import replace

from gateway.kit.clock import DAY
from gateway.web.pages.views import (
    BothNotices,
    ChangedTerm,
    ConsentAmendView,
    ConsentBlockedView,
    ConsentItem,
    ConsentView,
    Duration,
    Fact,
    FieldError,
    FormChoice,
    NoticeLine,
    OwnDay,
    SameItem,
    ScreenTerms,
    SignInView,
    Spoken,
    View,
)
from tests.gateway.web.samples.frame import NOW, benefit, person, quizco

LONG_NAME = (
    "María del Pilar Teresa Guadalupe Fernández de la Vega y Álvarez-Mendizábal "
    "de los Monteros Castañeda y Ruiz de Apodaca"
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
    missing="school",
)
never = ("postal address", "other e-mail address", "date of birth", "password")
durations = (
    Duration(value="course", label="Until the course ends", until=NOW + 190 * DAY, chosen=True),
    Duration(value="once", label="Just once"),
    Duration(value="reads-5", label="5 times", until=NOW + 30 * DAY),
    Duration(value="P30D", label="30 days", until=NOW + 30 * DAY),
)
own_day = OwnDay(first="2026-11-19", last="2027-11-18")
terms = ScreenTerms(
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
    checked_at=NOW - 200 * DAY,
    offer="Practice Quizzes",
    benefit=benefit,
    signed_in_as="a•••@lakeside.example.org",
    not_you_url="/consent/int_4k9/switch",
    never_shared=never,
    durations=durations,
    own_day=own_day,
    terms=terms,
    needed=(name_item, course_item),
    optional=(email_item, phone_item, status_item),
    hidden=(("served", "nsv_93x"),),
)
sign_in = SignInView(
    chrome=person,
    action="/consent/int_6q2",
    partner=quizco,
    checked_at=NOW - 200 * DAY,
    offer="Practice Quizzes",
    benefit=benefit,
    signed_in_as="a•••@lakeside.example.org",
    not_you_url="/consent/int_6q2/switch",
    never_shared=never,
    durations=tuple(each for each in durations if each.value == "course"),
    own_day=own_day,
    terms=replace(terms, frequency=""),
)
amend = ConsentAmendView(
    chrome=person,
    action="/consent/int_5p1",
    partner=quizco,
    checked_at=NOW - 200 * DAY,
    offer="Practice Quizzes",
    benefit=benefit,
    signed_in_as="a•••@lakeside.example.org",
    not_you_url="/consent/int_5p1/switch",
    never_shared=never,
    durations=(),
    terms=replace(terms, notice_version=8, kept_seconds=60 * DAY, frequency=""),
    agreed_at=NOW - 90 * DAY,
    effective_at=NOW - 14 * DAY,
    is_held=True,
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
    gone=("Student status",),
    texts=BothNotices(
        lines=(
            NoticeLine(old="Practice Quizzes, by QuizCo", new="Practice Quizzes, by QuizCo", same=True),
            NoticeLine(old="Notice version 7", new="Notice version 8", same=False),
            NoticeLine(old="", new="", same=True),
            NoticeLine(
                old=None, new="Phone (last two digits), so that it can text you reminders", same=False
            ),
            NoticeLine(
                old="QuizCo keeps it for 30 days after you stop, then deletes it",
                new="QuizCo keeps it for 60 days after you stop, then deletes it",
                same=False,
            ),
            NoticeLine(old="Questions: hello@quizco.example.org", new=None, same=False),
        ),
        old_version=7,
        new_version=8,
        old_language="en",
        new_language="en",
        old_url="/notices/not_7",
        new_url="/notices/not_8",
    ),
    can_keep=True,
)

SAMPLES: dict[str, tuple[str, View]] = {
    "consent": ("consent", consent),
    "consent.needed-only": ("consent", replace(consent, optional=(), terms=replace(terms, frequency=""))),
    "consent.optional-only": (
        "consent",
        replace(consent, needed=()),
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
                            value=LONG_NAME,
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
    "consent_amend.again": (
        "consent_amend",
        replace(
            amend,
            durations=durations,
            own_day=own_day,
            effective_at=None,
            new_needed=(),
            left_out=(replace(status_item, left_out_at=NOW - 80 * DAY),),
            changed=(),
            gone=(),
            texts=None,
        ),
    ),
    "consent_amend.as-before": (
        "consent_amend",
        replace(amend, effective_at=None, new_needed=(), new_optional=(), changed=(), gone=(), texts=None),
    ),
    "consent_amend.after-sign-in": (
        "consent_amend",
        replace(
            amend,
            effective_at=None,
            new_needed=(name_item, replace(course_item, left_out_at=NOW - DAY, guarded=True)),
            changed=(),
            gone=(),
            same=(),
            texts=None,
            only_signs_in=True,
        ),
    ),
    "consent_sign_in": ("consent_sign_in", sign_in),
    "consent_sign_in.replaces": ("consent_sign_in", replace(sign_in, replaced_at=NOW - 9 * DAY)),
    "consent.replaces": ("consent", replace(consent, replaced_at=NOW - 9 * DAY)),
    "consent_sign_in.child": ("consent_sign_in", replace(sign_in, guardian_decides=True)),
    "consent_amend.must": (
        "consent_amend",
        replace(amend, can_keep=False, new_optional=(), durations=durations),
    ),
    "consent_amend.not-offered": (
        "consent_amend",
        replace(
            amend,
            errors=(
                FieldError(
                    field="",
                    message="This page did not offer that. Nothing was shared: look at your choices, and answer again.",
                ),
            ),
        ),
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
    "consent_blocked.alone": (
        "consent_blocked",
        ConsentBlockedView(
            chrome=person, kind="guardian", partner="QuizCo", offer="Practice Quizzes", is_alone=True
        ),
    ),
    "consent_blocked.strength": (
        "consent_blocked",
        ConsentBlockedView(
            chrome=person,
            kind="strength",
            partner="QuizCo",
            offer="Practice Quizzes",
            security_url="/security",
            leave_url="/consent/int/leave",
        ),
    ),
    "consent_blocked.named": (
        "consent_blocked",
        ConsentBlockedView(
            chrome=person,
            kind="guardian",
            partner="QuizCo",
            offer="Practice Quizzes",
            is_alone=True,
            is_named=True,
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
    "consent.right-to-left": (
        "consent",
        replace(consent, chrome=replace(person, language="ar", direction="rtl")),
    ),
}
