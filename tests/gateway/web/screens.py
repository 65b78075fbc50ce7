"""Pictures of the pages that matter, for people who read and do not run: `make screens` writes docs/screens/.

Made from the gallery's samples, so every name and value is invented. Nobody compares the pictures byte for byte:
they are made anew when a page has changed.
"""

import sys
from pathlib import Path

from tests.gateway.web.gallery import CHROMIUM, CHROMIUM_ARGUMENTS, LOOKS, served

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "screens"
TALLEST = {1280: 720, 360: 1000}
"""Pixels of a page that are shown, by its width: what comes below is more of the same."""
PAGES = {
    "consent": "QuizCo asks for the first time: every item with its reason and the real value, optional ones unticked.",
    "consent.child": "The same question in a child's words; the button asks the guardian.",
    "consent_amend.must": "The terms have changed: what is new beside what was agreed, and nothing flows meanwhile.",
    "consent_blocked.school": "The school has not opened the partner: whom to ask, and the way back.",
    "connected": "Everything that is connected, by how it stands.",
    "connected_detail": "One service: what it may read, what it read and when, and how to stop it.",
    "contact": "One contact: what each shows the other, who looked at what and when, and the end by one press.",
    "guardian_request": "A guardian's page: what was asked of the child, and a separate yes for the company.",
    "admin_school": "A school's administrator opens partners or closes them, and sees who was asked for.",
    "receipt": "A receipt of one decision, to keep and to print.",
    "stop_link": "The link in the receipt stops without log-in and shows no values.",
    "admin_log": "The log of hand-offs, as an auditor reads it: fields and forms, never values.",
    "admin_partner": "A partner's new manifest under review: what changed, and whether people have to be asked again.",
}
"""Samples that are shown, each with what there is to see."""


def name_of(page: str, width: int, scheme: str) -> str:
    """Name a picture."""
    return f"{page}.{width}.{scheme}.png"


def index() -> str:
    """Write the page that says what each picture shows."""
    lines = [
        "# Screens",
        "",
        "The pages that matter, at the width of a telephone and of a desk, light and dark. All people are invented.",
        "`make screens` makes them anew from the gallery of the tests; every other page is there too",
        "(`python3 dev run python -m tests.gateway.web.gallery FOLDER`).",
    ]
    for page, what in PAGES.items():
        lines += ["", f"## {page}", "", what, ""]
        for width, scheme in LOOKS:
            name = name_of(page, width, scheme)
            lines.append(f"[![{page}, {width} px, {scheme}]({name})]({name})")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Make the pictures and their index."""
    from playwright.sync_api import sync_playwright

    if not Path(CHROMIUM).exists():
        print(f"there is no {CHROMIUM}: apt-get install chromium")
        return 1
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        for width, scheme in LOOKS:
            tab = browser.new_page(
                viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
            )
            for page in PAGES:
                tab.goto(f"{address}/{page}")
                height = tab.evaluate("document.documentElement.scrollHeight")
                tab.set_viewport_size({"width": width, "height": min(height, TALLEST[width])})
                tab.screenshot(path=FOLDER / name_of(page, width, scheme))
                tab.set_viewport_size({"width": width, "height": 800})
            tab.close()
        browser.close()
    (FOLDER / "README.md").write_text(index())
    size = sum(each.stat().st_size for each in FOLDER.glob("*.png"))
    print(f"{len(PAGES) * len(LOOKS)} pictures in {FOLDER}, {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
