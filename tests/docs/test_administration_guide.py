"""docs/guides/administration.md lists the sections of the administration as they are declared, and who may enter."""

from pathlib import Path

import pytest

from gateway.model.people import ROLE_WORDS, Person, PersonState, Role
from gateway.web.access import admits
from gateway.web.pages.sections import SECTIONS, SectionRule
from gateway.web.pages.views import Section

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "administration.md"


def row(rule: SectionRule) -> str:
    """Write a section's line."""
    roles = [
        ROLE_WORDS[role]
        for role in Role
        if admits(rule.need, Person("per_1", "lakeside", role, PersonState.ACTIVE, "en"))
    ]
    return f"| {rule.label} | `{rule.url}` | {rule.about} | {', '.join(roles)} |"


@pytest.mark.parametrize("section", SECTIONS)
def test_the_guide_has_the_line_of_each_section(section: Section) -> None:
    lines = GUIDE.read_text(encoding="utf-8").splitlines()
    assert row(SECTIONS[section]) in lines, f"{GUIDE.name} needs this line: {row(SECTIONS[section])}"
    listed = [line for line in lines if line.startswith("| ") and "`/admin" in line]
    assert not set(listed) - {row(each) for each in SECTIONS.values()}, (
        f"{GUIDE.name} lists a section that is none"
    )
