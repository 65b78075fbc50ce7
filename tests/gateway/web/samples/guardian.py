"""Made-up views of a guardian's pages and of a school's gate."""

from dataclasses import replace

from gateway.kit.clock import DAY
from gateway.model.people import Role
from gateway.web.pages.views import (
    AdminSchoolView,
    AskedItem,
    AskedRow,
    ChildRow,
    ChildService,
    Event,
    FieldError,
    GateRow,
    GuardianAskedView,
    GuardianRequestView,
    GuardianView,
    Option,
    View,
)
from tests.gateway.web.samples.connected import RECEIVED, SCHOOL
from tests.gateway.web.samples.frame import NOW, benefit, doors_of, officer, person, quizco

guardian = replace(person, is_guardian=True, here="guardian", signed_in_as="Guardian")
school_admin = replace(officer, signed_in_as="School admin")
school_doors = doors_of(Role.SCHOOL_ADMIN)
request = GuardianRequestView(
    chrome=guardian,
    child="Meera Iyer",
    partner=quizco,
    offer="Practice Quizzes",
    benefit=benefit,
    state="waiting",
    items=(
        AskedItem(label="Name", form="", so_that="so that the results carry the name", needed=True),
        AskedItem(
            label="E-mail",
            form="the beginning only",
            so_that="so that it can send the score",
            needed=False,
            key="email.results_delivery",
        ),
    ),
    events=(Event(at=NOW - DAY, what="The guardian was asked", actor="the person"),),
    asked_at=NOW - DAY,
    duration_seconds=180 * DAY,
    kept_seconds=30 * DAY,
    countries=("Ireland", "Germany"),
    notice_url="/notices/not_7",
    notice_version=7,
    lengths=(
        Option(value="", label="As long as asked: 180 days", chosen=True),
        Option(value="30", label="30 days"),
        Option(value="90", label="90 days"),
    ),
    allow_action="/guardian/gra_1",
    hidden=(("ticket", "sealed"),),
)
asked = GuardianAskedView(
    chrome=guardian,
    school="Lakeside College",
    initials="M. I.",
    method="By a digital locker",
    asked_at=NOW - DAY,
    until=NOW + 29 * DAY,
    action="/guardian/asked/pro_1",
)
SAMPLES: dict[str, tuple[str, View]] = {
    "guardian": (
        "guardian",
        GuardianView(
            chrome=guardian,
            waiting=1,
            children=(
                ChildRow(
                    name="Meera Iyer",
                    method="By a digital locker",
                    services=(
                        ChildService(
                            brand="QuizCo",
                            offer="Practice Quizzes",
                            state="waiting",
                            url="/guardian/gra_1",
                            word="asked",
                            fields=("Name", "Course", "E-mail"),
                            asked_at=NOW - DAY,
                        ),
                        ChildService(
                            brand="CampusPress",
                            offer="Course Readers",
                            state="live",
                            url="/guardian/gra_2",
                            word="may_read",
                            fields=("Name",),
                        ),
                    ),
                ),
                ChildRow(name="Arjun Iyer", method="in person", services=()),
            ),
        ),
    ),
    "guardian.asked": (
        "guardian",
        GuardianView(
            chrome=guardian,
            children=(),
            asked=(AskedRow(school="Lakeside College", url="/guardian/asked/pro_1", until=NOW + 20 * DAY),),
        ),
    ),
    "guardian_asked": ("guardian_asked", asked),
    "guardian_asked.unfit": (
        "guardian_asked",
        replace(asked, unfit="A guardian is of age. By the date of birth on record, this one is not."),
    ),
    "guardian.nobody": ("guardian", GuardianView(chrome=guardian, children=())),
    "guardian_request": ("guardian_request", request),
    "guardian_request.no-tick": (
        "guardian_request",
        replace(
            request, errors=(FieldError(field="third_party", message="Tick this to say yes, or press No."),)
        ),
    ),
    "guardian_request.other-no": ("guardian_request", replace(request, other_no=True, kept_seconds=0)),
    "guardian_request.live": (
        "guardian_request",
        replace(
            request,
            state="paused",
            pause=SCHOOL,
            allow_action="",
            received=RECEIVED[:1],
            stop_action="/guardian/gra_1/stop",
            can_ask_deletion=True,
        ),
    ),
    "guardian_request.refused": (
        "guardian_request",
        replace(
            request,
            state="refused",
            allow_action="",
            again_action="/guardian/gra_1/ask-again",
        ),
    ),
    "guardian_request.ended": (
        "guardian_request",
        replace(
            request,
            state="ended",
            items=(),
            allow_action="",
            received=RECEIVED,
            deletion=(Event(at=NOW - DAY, what="Deletion was asked for", actor=""),),
        ),
    ),
    "admin_school": (
        "admin_school",
        AdminSchoolView(
            chrome=school_admin,
            doors=school_doors,
            section="school",
            rows=(
                GateRow(
                    brand="QuizCo",
                    legal_name="QuizCo Learning Limited",
                    offers=("Practice Quizzes",),
                    fields=("Name", "Course", "E-mail"),
                    gate="ask",
                    action="/admin/school/quizco",
                    decided_at=NOW - 30 * DAY,
                    waiting=4,
                ),
                GateRow(
                    brand="CampusPress",
                    legal_name="Campus Press GmbH",
                    offers=("Course Readers",),
                    fields=("Name", "Postal address"),
                    gate="allow",
                    action="/admin/school/campuspress",
                ),
                GateRow(
                    brand="Skylight",
                    legal_name="Skylight SA",
                    offers=("Stars",),
                    fields=("Name",),
                    gate="deny",
                    action="/admin/school/skylight",
                    decided_at=NOW - DAY,
                ),
            ),
        ),
    ),
    "admin_school.empty": (
        "admin_school",
        AdminSchoolView(chrome=school_admin, doors=school_doors, section="school", rows=()),
    ),
}
