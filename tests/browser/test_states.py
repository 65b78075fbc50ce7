"""Every state of every page that is not met on the way: axe, and all of it fits at 320 px, with large text too.

All of them are looked at from right to left in ``test_directions.py``; the first state of each page with the keyboard
and in dark colours on the tours of ``test_looks.py``.
"""

from playwright.sync_api import Page

from tests.gateway.web.gallery import NARROWEST, axe_findings, served, too_narrow
from tests.gateway.web.samples import SAMPLES

STATES = [name for name in SAMPLES if "." in name]


def test_every_state_of_every_page_is_good_for_everybody(page: Page) -> None:
    page.set_default_timeout(60_000)
    page.set_viewport_size({"width": NARROWEST, "height": 800})
    findings = []
    with served() as address:
        for name in STATES:
            page.goto(f"{address}/{name}")
            findings += [f"{name} {line}" for line in [*too_narrow(page), *axe_findings(page)]]
    assert not findings, "\n".join(findings)
