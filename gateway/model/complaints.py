"""What becomes of a complaint."""

from enum import StrEnum, auto


class ComplaintAnswer(StrEnum):
    """What an administrator answers: a closed list, so that no personal word is kept. All but the first close it."""

    LOOKING = auto()
    PARTNER_TOLD = auto()
    PARTNER_STOPPED = auto()
    SETTLED = auto()
    NO_BREACH = auto()


def is_open(answer: str | None) -> bool:
    """Tell whether a complaint with this answer still waits for its end."""
    return answer in (None, ComplaintAnswer.LOOKING)
