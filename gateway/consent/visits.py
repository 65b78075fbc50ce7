"""Who was there when something was handed off: the person, or the partner alone."""

VISIT = 600
"""So long after a person came to the partner, what the partner reads with that visit's tokens counts as their use."""


def is_own_use(came_at: int | None, at: int) -> bool | None:
    """Whether a hand-off belongs to a visit of the person; None where nobody knows any more.

    Args:
        came_at: when the person came from the gateway to the partner, in the visit whose tokens read.
    """
    return None if came_at is None else came_at <= at < came_at + VISIT
