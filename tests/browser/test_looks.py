"""Every page and state that the journey meets, for everybody: axe, narrow windows, large text, dark, keyboard."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, ViewportSize

from tests.browser.keys import walk_through
from tests.browser.tours import (
    tour_of_a_minor,
    tour_of_a_person,
    tour_of_an_administrator,
    tour_of_strangers,
)
from tests.browser.visitor import Visitor, show_scheme
from tests.gateway.web.gallery import axe_findings, contrast_findings, enlarge_text, overflow

WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 320, "height": 640}


def too_wide(page: Page) -> str:
    """Name the innermost elements that stand out of the window."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5
                && e.getBoundingClientRect().width > 1 && !e.closest('.unseen, .table-room'))
            .filter((e, i, all) => !all.some(other => other !== e && e.contains(other)))
            .slice(0, 4).map(e => e.outerHTML.slice(0, 90))"""
    )
    return " and ".join(found)


def faults_of(page: Page) -> list[str]:
    """Everything that is wrong with the page shown, in every look."""
    faults = []
    show_scheme(page, "dark")
    faults += [f"dark: {line}" for line in contrast_findings(page)]
    show_scheme(page, "light")
    faults += axe_findings(page)
    for size, percents in ((WIDE, (200,)), (NARROW, (100, 200))):
        page.set_viewport_size(size)
        for percent in percents:
            enlarge_text(page, percent)
            if (by := overflow(page)) > 0:
                faults.append(
                    f"scrolls sideways by {by} px at {size['width']} px, {percent} %: {too_wide(page)}"
                )
    faults += walk_through(page)
    enlarge_text(page, 100)
    page.set_viewport_size(WIDE)
    return faults


def looker(visitor: Visitor, faults: list[str]) -> Callable[[str], None]:
    """Look at each stop of a tour and note what is wrong."""

    def look(name: str) -> None:
        faults.extend(f"{name}: {fault}" for fault in faults_of(visitor.page))

    return look


@pytest.mark.parametrize(
    "tour",
    [tour_of_strangers, tour_of_a_person, tour_of_a_minor, tour_of_an_administrator],
    ids=["stranger", "person", "minor", "administrator"],
)
def test_every_page_is_good_for_everybody(
    make_visitor: Callable[..., Visitor], tour: Callable[[Visitor, Callable[[str], None]], None]
) -> None:
    """axe finds nothing in light and dark; nothing scrolls sideways; the focus is seen on its whole way."""
    if tour is tour_of_an_administrator:
        make_visitor().opt_in("Phone")
    faults: list[str] = []
    visitor = make_visitor(expect=(400, 403, 404), viewport=WIDE)
    tour(visitor, looker(visitor, faults))
    assert not faults, "\n".join(faults)
