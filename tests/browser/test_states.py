"""Every state of every page that is not met on the way: axe, and all of it fits at 320 px, with large text too.

All of them are looked at from right to left in ``test_directions.py``; the first state of each page with the keyboard
and in dark colours on the tours of ``test_looks.py``.
"""

import pytest
from playwright.sync_api import Page

from tests.gateway.web.gallery import axe_findings, show, too_narrow
from tests.gateway.web.samples import SAMPLES

STATES = [name for name in SAMPLES if "." in name]
SHARES = 4
"""So many tests, because workers that run side by side take whole ones."""


@pytest.mark.parametrize("share", range(SHARES))
def test_every_state_of_every_page_is_good_for_everybody(narrow_page: Page, share: int) -> None:
    findings = []
    for name in STATES[share::SHARES]:
        show(narrow_page, *SAMPLES[name])
        findings += [f"{name} {line}" for line in [*too_narrow(narrow_page), *axe_findings(narrow_page)]]
    assert not findings, "\n".join(findings)
