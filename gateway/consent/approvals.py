"""What guardians' answers come to: one yes opens, any no closes (promise P9)."""

from collections.abc import Iterable
from enum import Enum, auto

from gateway.model.grants import Answer, Approval


class Verdict(Enum):
    """What the answers come to."""

    OPEN = auto()
    ALLOWED = auto()
    DENIED = auto()


def verdict(approvals: Iterable[Approval]) -> Verdict:
    """Weigh the latest answers of the guardians who are linked now: a no wins where two disagree."""
    answers = {each.answer for each in approvals}
    if Answer.DENY in answers:
        return Verdict.DENIED
    return Verdict.ALLOWED if Answer.ALLOW in answers else Verdict.OPEN


def with_answer(approvals: Iterable[Approval], guardian_id: str, answer: Answer) -> tuple[Approval, ...]:
    """Put one guardian's new answer in the place of the older one."""
    others = (each for each in approvals if each.guardian_id != guardian_id)
    return (*others, Approval(guardian_id, answer))
