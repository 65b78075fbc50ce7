"""The sections of the administration, one declaration each: tabs, doors, addresses, samples and the guide follow.

Who may enter is not said a second time here: a section is open to whoever `gateway.web.access` lets in at its address.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.actions.administration.complaints import count_open
from gateway.actions.administration.waiting_kinds import count_open_acts
from gateway.actions.partners.overview import is_waiting
from gateway.actions.services import Services
from gateway.actions.two_people import administrator_of
from gateway.kit.words import Words
from gateway.model.people import Person
from gateway.store.consent.school_gates import load_gates
from gateway.store.partners.partners import load_partners
from gateway.web.access import NEEDS, Need, admits
from gateway.web.pages import views
from gateway.web.pages.formats import say
from gateway.web.pages.visit import Visit


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers on a door: how much is behind it, if that is counted, and how much waits there for somebody."""

    count: int | None = None
    attention: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionRule:
    """One section.

    Attributes:
        view: what its first page shows.
        label: what its tab and its door say, and `about` what can be done there.
        figures: counts, for the administrator who comes by.
        other_pages: addresses of pages that belong to it and do not begin like its own.
    """

    url: str
    view: type[views.AdminView]
    label: Words
    about: Words
    figures: Callable[[Services, Person], Awaitable[Figures]]
    other_pages: tuple[str, ...] = ()

    @property
    def need(self) -> Need:
        """Who may enter."""
        return NEEDS["GET", self.url]


async def _nothing_counted(_services: Services, _person: Person) -> Figures:
    return Figures()


async def _partners(services: Services, _person: Person) -> Figures:
    records = await services.store.read(load_partners, None)
    return Figures(len(records), attention=sum(map(is_waiting, records)))


async def _complaints(services: Services, _person: Person) -> Figures:
    return Figures(attention=await count_open(services))


async def _school(services: Services, person: Person) -> Figures:
    lines = await services.store.read(load_gates, person.organisation_id)
    return Figures(attention=sum(each.waiting for each in lines))


async def _waiting(services: Services, person: Person) -> Figures:
    return Figures(attention=await count_open_acts(services, administrator_of(person)))


SECTIONS: Mapping[views.Section, SectionRule] = MappingProxyType(
    {
        "grants": SectionRule(
            url="/admin/grants",
            view=views.AdminGrantsView,
            label=Words("Consents"),
            about=Words("Find what somebody agreed to, see its history, revoke it."),
            figures=_nothing_counted,
        ),
        "partners": SectionRule(
            url="/admin/partners",
            view=views.AdminPartnersView,
            label=Words("Partners"),
            about=Words("Review what a partner asks for, put it into service, pull the brake."),
            figures=_partners,
        ),
        "log": SectionRule(
            url="/admin/log",
            view=views.AdminLogView,
            label=Words("Hand-off log"),
            about=Words("Every hand-off, by name of detail, never its value."),
            figures=_nothing_counted,
        ),
        "complaints": SectionRule(
            url="/admin/complaints",
            view=views.AdminComplaintsView,
            label=Words("Complaints"),
            about=Words("See what people say went wrong, and answer them."),
            figures=_complaints,
        ),
        "people": SectionRule(
            url="/admin/people",
            view=views.AdminPeopleView,
            label=Words("People"),
            about=Words("Find an account, import the roster, send invitations."),
            figures=_nothing_counted,
            other_pages=("/admin/guardians",),
        ),
        "school": SectionRule(
            url="/admin/school",
            view=views.AdminSchoolView,
            label=Words("Partners at your school"),
            about=Words("Open or close a partner for your school's members, answer their requests."),
            figures=_school,
        ),
        "waiting": SectionRule(
            url="/admin/waiting",
            view=views.AdminWaitingView,
            label=Words("Waiting for a second person"),
            about=Words("Agree to what one administrator alone cannot do, or refuse it."),
            figures=_waiting,
        ),
    }
)
"""In the order of the tabs."""


async def doors(visit: Visit) -> tuple[views.Door, ...]:
    """List the sections that this administrator may enter, with what waits there."""
    person = visit.signed_in.person
    return tuple(
        [
            door(section, await rule.figures(visit.services, person))
            for section, rule in SECTIONS.items()
            if admits(rule.need, person)
        ]
    )


def door(section: views.Section, figures: Figures) -> views.Door:
    """Say what a section's door shows."""
    rule = SECTIONS[section]
    return views.Door(
        section=section,
        url=rule.url,
        label=say(rule.label),
        about=say(rule.about),
        count=figures.count,
        attention=figures.attention,
    )
