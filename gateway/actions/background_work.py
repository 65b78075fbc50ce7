"""When this process last did its background work, so that the doctor finds work that stands still."""

from collections.abc import Mapping

from gateway.model.nodes import Work


class BackgroundWork:
    """A note for each kind of work that this process does."""

    def __init__(self) -> None:
        """Begin with none."""
        self._last_done: dict[Work, int | None] = {}

    def begin(self, work: Work) -> None:
        """Note that this process does such work."""
        self._last_done.setdefault(work, None)

    def did(self, work: Work, now: int) -> None:
        """Note that a turn went well, whether or not there was anything to do."""
        self._last_done[work] = now

    @property
    def last_done(self) -> Mapping[Work, int | None]:
        """When each was last done; None: not yet."""
        return dict(self._last_done)
