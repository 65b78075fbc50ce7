"""Lanes: calls that arrive while one transaction commits share the next one.

No call waits for a timer: an idle lane commits at once, and a busy lane collects calls while it commits.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from gateway.kit.errors import Refusal
from gateway.kit.telemetry.metrics import Metrics

ItemT = TypeVar("ItemT")
OutcomeT = TypeVar("OutcomeT")


class Lane(Generic[ItemT, OutcomeT]):
    """Coalesces submissions of one operation into transactions of up to ``width`` items."""

    def __init__(
        self,
        commit: Callable[[Sequence[ItemT]], Awaitable[Sequence[OutcomeT]]],
        *,
        width: int,
        depth: int,
        name: str,
        metrics: Metrics,
    ) -> None:
        """Make a lane.

        Args:
            commit: runs the operation over items in one transaction, outcomes in the items' order.
            width: most items of one transaction.
            depth: most items that wait; one more is refused.
            name: of the operation, for the metrics.
        """
        self._commit = commit
        self._width = width
        self._depth = depth
        self.name = name
        self._metrics = metrics
        self._waiting: deque[tuple[ItemT, asyncio.Future[OutcomeT]]] = deque()
        self._driver: asyncio.Task[None] | None = None

    async def submit(self, item: ItemT) -> OutcomeT:
        """Have one item committed and wait for its outcome.

        Raises:
            Refusal: ``temporarily_unavailable`` when the lane is full.
        """
        if len(self._waiting) >= self._depth:
            self._metrics.count("gateway_lane_refusals", self.name)
            raise Refusal("temporarily_unavailable", detail="the lane is full", retry_after=1)
        future: asyncio.Future[OutcomeT] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._driver is None:
            self._driver = asyncio.create_task(self._drive())
        return await future

    @property
    def waiting(self) -> int:
        """How many items wait now."""
        return len(self._waiting)

    async def drain(self) -> None:
        """Wait until everything submitted has its outcome."""
        while self._driver is not None:
            await asyncio.wait({self._driver})

    async def _drive(self) -> None:
        try:
            while self._waiting:
                width = min(self._width, len(self._waiting))
                self._metrics.observe("gateway_lane_batch_items", width, self.name)
                await self._run([self._waiting.popleft() for _ in range(width)])
        finally:
            self._driver = None

    async def _run(self, batch: Sequence[tuple[ItemT, asyncio.Future[OutcomeT]]]) -> None:
        try:
            outcomes = await self._commit([item for item, _ in batch])
            if len(outcomes) != len(batch):
                raise RuntimeError("the operation lost or invented an outcome")
        except Exception as error:
            # If the database does not answer, asking it once per item would only keep every caller waiting.
            if len(batch) == 1 or _is_outage(error):
                for _, future in batch:
                    _settle(future, error)
                return
            # One bad item must not fail its neighbours, so each gets a transaction of its own.
            for each in batch:
                await self._run([each])
            return
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if not future.done():
                future.set_result(outcome)


def say_what_waits(lanes: Iterable[Lane[Any, Any]], metrics: Metrics) -> None:
    """Put what waits into the metrics; an operation may have several lanes."""
    waiting: Counter[str] = Counter()
    for lane in lanes:
        waiting[lane.name] += lane.waiting
    for name, items in waiting.items():
        metrics.put("gateway_lane_waiting_items", items, name)


def _is_outage(error: Exception) -> bool:
    return isinstance(error, Refusal) and error.code == "temporarily_unavailable"


def _settle(future: "asyncio.Future[OutcomeT]", error: Exception) -> None:
    # A caller that gave up has cancelled its future and needs no outcome.
    if not future.done():
        future.set_exception(error)
