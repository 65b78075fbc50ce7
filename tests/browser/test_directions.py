"""Every state of every page in a language from right to left that is longer than English: 320 px, large text, axe."""

from types import MappingProxyType

import pytest
from playwright.sync_api import Page

from gateway.kit import catalogues
from tests.gateway.web import gallery
from tests.gateway.web.gallery import NARROWEST, axe_findings, served, too_narrow
from tests.gateway.web.pseudo import TAG, Pseudo
from tests.gateway.web.samples import SAMPLES

CHECKED = [name for name in SAMPLES if "." not in name]


def test_every_page_fits_and_reads_from_right_to_left(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    turned = {
        name: (of, replace(view, chrome=replace(view.chrome, language=TAG, direction="rtl")))
        for name, (of, view) in SAMPLES.items()
    }
    monkeypatch.setattr(catalogues, "CATALOGUES", MappingProxyType({"en": Pseudo(), TAG: Pseudo()}))
    monkeypatch.setattr(gallery, "SAMPLES", turned)
    page.set_default_timeout(60_000)
    page.set_viewport_size({"width": NARROWEST, "height": 800})
    findings = []
    with served() as address:
        for name in SAMPLES:
            page.goto(f"{address}/{name}")
            findings += [f"{name} {line}" for line in too_narrow(page)]
            if name in CHECKED:
                findings += [f"{name} {line}" for line in axe_findings(page)]
    assert not findings, "\n".join(findings)
