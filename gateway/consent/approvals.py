"""What guardians' answers amount to together: one yes allows, and any no forbids (promise P9)."""

from collections.abc import Iterable
from enum import Enum, auto

from gateway.model.grants import Approval, GuardianAnswer


class GuardianVerdict(Enum):
    """What the guardians' answers amount to together."""

    OPEN = auto()
    ALLOWED = auto()
    DENIED = auto()


def verdict(approvals: Iterable[Approval]) -> GuardianVerdict:
    """Weigh the latest answers of the guardians who are linked now: a no wins where two disagree."""
    answers = {each.answer for each in approvals}
    if GuardianAnswer.DENY in answers:
        return GuardianVerdict.DENIED
    return GuardianVerdict.ALLOWED if GuardianAnswer.ALLOW in answers else GuardianVerdict.OPEN


def with_answer(
    approvals: Iterable[Approval], guardian_id: str, answer: GuardianAnswer
) -> tuple[Approval, ...]:
    """Put one guardian's new answer in the place of the older one."""
    others = (each for each in approvals if each.guardian_id != guardian_id)
    return (*others, Approval(guardian_id, answer))
