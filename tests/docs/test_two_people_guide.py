"""docs/guides/two-people.md has a line for each kind of act that takes two people, as it is declared."""

from pathlib import Path

import pytest

from gateway.actions.administration.waiting_kinds import KINDS
from gateway.actions.two_people import TwoPeople
from gateway.kit.clock import DAY
from gateway.model.administration.waiting import WaitingKind
from gateway.model.people import ROLE_WORDS, Power, Role, roles_with

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "two-people.md"


def roles(power: Power) -> str:
    return ", ".join(ROLE_WORDS[role] for role in Role if role in roles_with(power))


def row(rule: TwoPeople) -> str:
    return f"| {rule.title} | {roles(rule.ask)} | {roles(rule.approve)} | {rule.lifetime // DAY} days |"


@pytest.mark.parametrize("kind", WaitingKind)
def test_the_guide_has_the_line_of_each_kind(kind: WaitingKind) -> None:
    lines = GUIDE.read_text(encoding="utf-8").splitlines()
    assert row(KINDS[kind]) in lines, f"{GUIDE.name} needs this line: {row(KINDS[kind])}"
