"""Every state of every page in a language from right to left that is longer than English: 320 px, large text, axe."""

from dataclasses import replace
from types import MappingProxyType

import pytest
from playwright.sync_api import Page

from gateway.kit import gettext_catalogues
from tests.gateway.web.gallery import axe_findings, show, too_narrow
from tests.gateway.web.pseudo import TAG, Pseudo
from tests.gateway.web.samples import SAMPLES

SHARES = 4
"""So many tests, because workers that run side by side take whole ones."""


@pytest.mark.parametrize("share", range(SHARES))
def test_every_page_fits_and_reads_from_right_to_left(
    narrow_page: Page, share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gettext_catalogues, "CATALOGUES", MappingProxyType({"en": Pseudo(), TAG: Pseudo()}))
    findings = []
    for name, (of, view) in list(SAMPLES.items())[share::SHARES]:
        show(narrow_page, of, replace(view, chrome=replace(view.chrome, language=TAG, direction="rtl")))
        findings += [f"{name} {line}" for line in too_narrow(narrow_page)]
        if "." not in name:
            findings += [f"{name} {line}" for line in axe_findings(narrow_page)]
    assert not findings, "\n".join(findings)
