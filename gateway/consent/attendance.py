"""Whether the person was there when something was handed off, or the partner fetched it alone."""

VISIT = 600
"""How long after a person came to a partner its reads with that visit's tokens count as the person's use."""


def is_own_use(came_at: int | None, at: int) -> bool | None:
    """Whether a hand-off belongs to a visit of the person; None where it is no longer known.

    Args:
        came_at: when the person came from the gateway to the partner, in the visit whose tokens read.
    """
    return None if came_at is None else came_at <= at < came_at + VISIT
