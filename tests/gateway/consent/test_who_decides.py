"""Who can open anything: the person and a guardian; whoever administers can only end (promises P7, P17)."""

import ast
from pathlib import Path

from gateway.model.people import POWERS, Power, Role

ROOT = Path(__file__).parents[3]
OPENING = {"give", "ask_guardian", "allow", "keep_terms", "resume"}
DECISIONS = "gateway.consent.decisions"
PEOPLE = {
    f"gateway/actions/{name}.py" for name in ("consent/answers", "consent/consents", "guardians/requests")
}


def taken(file: Path) -> set[str]:
    """Name what a module takes from the decisions; all of them where it takes the module itself."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == DECISIONS:
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = {each.name for each in node.names}
            if DECISIONS in names or (
                getattr(node, "module", "") == "gateway.consent" and "decisions" in names
            ):
                found |= OPENING
    return found


def test_p17_only_a_persons_and_a_guardians_own_acts_can_open_anything() -> None:
    """Support, administrators and partners have no way to a decision that lets something be read."""
    files = {file.relative_to(ROOT).as_posix(): taken(file) for file in (ROOT / "gateway").rglob("*.py")}
    assert {name for name, names in files.items() if names & OPENING} == PEOPLE
    assert "end" in files["gateway/actions/administration/consents.py"]


def test_p17_no_power_is_one_to_consent_and_support_can_stop() -> None:
    """A power that is added has to be looked at here; support sees consents, ends them, and reads complaints."""
    assert {str(each) for each in Power} == {
        "see_grants",
        "revoke_grant",
        "see_partners",
        "review_partner",
        "brake_partner",
        "read_log",
        "provision_people",
        "gate_partners",
        "see_complaints",
        "answer_complaint",
        "give_powers",
    }
    assert POWERS[Role.SUPPORT] == {Power.SEE_GRANTS, Power.REVOKE_GRANT, Power.SEE_COMPLAINTS}
