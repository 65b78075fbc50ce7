"""The sections of the administration: whatever is forgotten of one is named here."""

from typing import get_args

import pytest

from gateway.model.people import ROLES_WITH_POWERS, Person, PersonState, Role
from gateway.web.access import NEEDS, admits
from gateway.web.pages import views
from gateway.web.pages.sections import SECTIONS
from gateway.web.routes import all_routes
from tests.gateway.web.samples import SAMPLES
from tests.gateway.web.test_roles_and_routes import ACCOUNTS
from tests.world import World

HOME = "/admin"


def somebody(role: Role) -> Person:
    return Person("per_1", "lakeside", role, PersonState.ACTIVE, "en")


def open_to(role: Role) -> list[views.Section]:
    return [section for section, rule in SECTIONS.items() if admits(rule.need, somebody(role))]


def test_every_section_that_a_page_can_name_is_declared() -> None:
    assert list(SECTIONS) == list(get_args(views.Section))


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_has_its_line_of_access_its_route_and_its_sample(section: views.Section) -> None:
    rule = SECTIONS[section]
    paths = {route.path for route in all_routes() if "GET" in (route.methods or ())}
    for path in (rule.url, *rule.other_pages):
        assert ("GET", path) in NEEDS, f"{path} has no line in gateway/web/access.py"
        assert path in paths, f"nothing answers GET {path}"
    shown = [view for _, view in SAMPLES.values() if isinstance(view, rule.view) and view.section == section]
    assert shown, f"tests/gateway/web/samples has no {rule.view.__name__} with section={section!r}"


def test_every_page_of_the_administration_is_in_a_section() -> None:
    begins = tuple(path for rule in SECTIONS.values() for path in (rule.url, *rule.other_pages))
    strays = [
        path
        for method, path in NEEDS
        if method == "GET"
        and f"{path}/".startswith(f"{HOME}/")
        and path != HOME
        and not f"{path}/".startswith(tuple(f"{each}/" for each in begins))
    ]
    assert not strays, "gateway/web/pages/sections.py declares no section for these pages"


def test_every_section_is_open_to_somebody_who_has_powers_and_to_nobody_else() -> None:
    for section, rule in SECTIONS.items():
        admitted = {role for role in Role if admits(rule.need, somebody(role))}
        assert admitted, f"nobody may enter {section}"
        assert admitted <= set(ROLES_WITH_POWERS), section


@pytest.mark.parametrize("role", ROLES_WITH_POWERS)
def test_a_role_finds_the_doors_it_may_open_and_each_opens(world: World, role: Role) -> None:
    """The page behind a door shows its own view, and marks its tab as the one where its reader is."""
    browser = world.signed_in(ACCOUNTS[role])
    doors = browser.open(HOME).response.text.split('<ul class="doors">')[1]
    assert [name for name, rule in SECTIONS.items() if f'"{rule.url}"' in doors] == open_to(role)
    for section in open_to(role):
        rule = SECTIONS[section]
        page = browser.open(rule.url)
        assert page.status == 200, section
        assert f'<a href="{rule.url}" aria-current="page">{rule.label}' in page.response.text, section
