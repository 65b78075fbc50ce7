"""What many samples share: who looks at the page, and the partner that it is about."""

from dataclasses import replace

from gateway.kit.clock import DAY
from gateway.model.people import Person, PersonState, Role
from gateway.web.access import admits
from gateway.web.pages.sections import SECTIONS, Figures, door
from gateway.web.pages.views import (
    Chrome,
    Door,
    Event,
    Language,
    PartnerCard,
    Places,
    Spoken,
)

NOW = 1_795_000_000
places = Places(
    home="/",
    connected="/connected",
    profile="/profile",
    admin="/admin",
    privacy="/privacy",
    sign_in="/login",
    sign_out="/logout",
    language="/language",
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
        Language(code="en", name="English"),
        Language(code="hi", name="हिन्दी"),
        Language(code="kn", name="ಕನ್ನಡ"),
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
quizco = PartnerCard(
    brand="QuizCo",
    legal_name="QuizCo Learning Limited",
    address="14 Grand Canal Quay, Dublin 2, Ireland",
    contact="hello@quizco.example.org",
    grievance_contact="complaints@quizco.example.org",
    policy_url="https://quizco.example.org/privacy",
)
benefit = Spoken(
    text="QuizCo builds short practice quizzes from the lectures that you watched.",
    language="en",
    direction="ltr",
)
events = (
    Event(at=NOW - DAY, what="Narrowed: phone switched off", actor="You"),
    Event(at=NOW - 40 * DAY, what="Renewed until 30 May 2027", actor="You"),
    Event(at=NOW - 90 * DAY, what="Given", actor="You", reason="version 7 of the notice"),
)


def doors_of(role: Role) -> tuple[Door, ...]:
    """Show the doors of a role, with what might wait behind each."""
    someone = Person("per_1", "lakeside", role, PersonState.ACTIVE, "en")
    return tuple(
        door(section, Figures(count=6 * place if place % 2 else None, attention=place % 3))
        for place, (section, rule) in enumerate(SECTIONS.items())
        if admits(rule.need, someone)
    )
