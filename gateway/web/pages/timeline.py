"""A picture of hand-offs over time: bars of two lanes, what the person used above, what was fetched below."""

from collections.abc import Sequence

from gateway.kit.clock import DAY
from gateway.web.pages import views

MOST_BARS = 60
WIDTH, LANE = 720, 48
"""Size of the picture, in its own units; a lane is half of its height."""


def timeline(moments: Sequence[tuple[int, bool | None]], now: int) -> views.Timeline | None:
    """Draw moments with whether the person was there; None where there is nothing to draw.

    A bar stands for a day, or for as many days as let all of it fit; the tallest bar fills its lane. What nobody
    can say any more stands with what was fetched: it is never called the person's own use.
    """
    if not moments:
        return None
    first = min(at for at, _ in moments) // DAY
    days = max(now // DAY - first + 1, 1)
    span = -(-days // MOST_BARS)
    bars = -(-days // span)
    counts = [[0, 0] for _ in range(bars)]
    for at, is_own in moments:
        counts[min((at // DAY - first) // span, bars - 1)][0 if is_own else 1] += 1
    most = max(map(max, counts))
    step = WIDTH // bars
    return views.Timeline(
        width=step * bars,
        height=2 * LANE,
        bars=tuple(
            views.TimelineBar(
                x=step * place,
                width=max(step - max(step // 8, 1), 1),
                own=_height(own, most),
                fetched=_height(fetched, most),
            )
            for place, (own, fetched) in enumerate(counts)
            if own or fetched
        ),
        own_count=sum(own for own, _ in counts),
        fetched_count=sum(fetched for _, fetched in counts),
        starts_at=first * DAY,
        ends_at=now,
    )


def _height(count: int, most: int) -> int:
    """Scale a count to its lane; even a single one can be seen."""
    return max(LANE * count // most, 4) if count else 0
