"""Every state of every page that is not met on the way: axe, and nothing scrolls sideways at 320 px.

The first state of each page is looked at from right to left in ``test_directions.py``, and with the keyboard, large
text and dark colours on the tours of ``test_looks.py``.
"""

from playwright.sync_api import Page

from tests.gateway.web.gallery import NARROWEST, axe_findings, overflow, served
from tests.gateway.web.samples import SAMPLES

STATES = [name for name in SAMPLES if "." in name]


def test_every_state_of_every_page_is_good_for_everybody(page: Page) -> None:
    page.set_default_timeout(60_000)
    page.set_viewport_size({"width": NARROWEST, "height": 800})
    findings = []
    with served() as address:
        for name in STATES:
            page.goto(f"{address}/{name}")
            if overflow(page) > 0:
                findings.append(f"{name} scrolls sideways by {overflow(page)} px")
            findings += [f"{name} {line}" for line in axe_findings(page)]
    assert not findings, "\n".join(findings)
