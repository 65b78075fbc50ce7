"""The lane: what arrives during a commit shares the next one, and nobody suffers from a neighbour."""

import asyncio
from collections.abc import Sequence

import pytest

from gateway.kit.errors import Refusal
from gateway.kit.telemetry.metrics import Metrics
from gateway.store.engine.lanes import Lane
from tests.patience import PATIENCE


class Commits:
    """A commit that takes a while; negative numbers are poison."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.outage: Exception | None = None

    async def __call__(self, items: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(items))
        await asyncio.sleep(0.01)
        if self.outage is not None:
            raise self.outage
        if any(item < 0 for item in items):
            raise ValueError("poison")
        return [item * 10 for item in items]


def lane_of(commits: Commits, *, width: int = 4, depth: int = 100) -> Lane[int, int]:
    return Lane(commits, width=width, depth=depth, name="tenfold", metrics=Metrics())


def test_an_idle_lane_commits_at_once_and_a_busy_one_fills_itself() -> None:
    async def story() -> None:
        commits = Commits()
        lane = lane_of(commits)
        first = asyncio.create_task(lane.submit(1))
        await asyncio.sleep(0.001)
        others = [asyncio.create_task(lane.submit(number)) for number in range(2, 9)]
        assert await asyncio.gather(first, *others) == [10, 20, 30, 40, 50, 60, 70, 80]
        assert commits.batches == [[1], [2, 3, 4, 5], [6, 7, 8]]
        assert await lane.submit(9) == 90

    asyncio.run(story())


def test_a_full_lane_refuses_and_says_when_to_come_again() -> None:
    async def story() -> None:
        lane = lane_of(Commits(), depth=2)
        waiting = [asyncio.create_task(lane.submit(number)) for number in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Refusal) as caught:
            await lane.submit(9)
        assert (caught.value.code, caught.value.retry_after) == ("temporarily_unavailable", 1)
        assert await asyncio.gather(*waiting) == [0, 10]
        assert await lane.submit(9) == 90

    asyncio.run(story())


def test_a_poisoned_item_fails_alone() -> None:
    async def story() -> None:
        commits = Commits()
        lane = lane_of(commits)
        outcomes = await asyncio.gather(*(lane.submit(item) for item in (1, -2, 3)), return_exceptions=True)
        assert outcomes[0] == 10
        assert isinstance(outcomes[1], ValueError)
        assert outcomes[2] == 30
        assert commits.batches == [[1, -2, 3], [1], [-2], [3]]

    asyncio.run(story())


def test_a_database_that_does_not_answer_is_asked_once_for_the_whole_batch() -> None:
    """Each attempt takes seconds: once per item, a full lane would make its callers wait for minutes."""

    async def story() -> None:
        commits = Commits()
        commits.outage = Refusal("temporarily_unavailable", detail="the database does not answer")
        lane = lane_of(commits)
        outcomes = await asyncio.gather(*(lane.submit(item) for item in (1, 2, 3)), return_exceptions=True)
        assert all(isinstance(each, Refusal) for each in outcomes)
        assert commits.batches == [[1, 2, 3]]
        commits.outage = None
        assert await lane.submit(4) == 40

    asyncio.run(story())


def test_an_operation_that_loses_an_outcome_leaves_nobody_waiting() -> None:
    async def commit(items: Sequence[int]) -> Sequence[int]:
        return []

    async def story() -> None:
        lane: Lane[int, int] = Lane(commit, width=4, depth=4, name="lost", metrics=Metrics())
        outcomes = await asyncio.wait_for(
            asyncio.gather(*(lane.submit(item) for item in (1, 2)), return_exceptions=True), timeout=PATIENCE
        )
        assert all(isinstance(each, RuntimeError) for each in outcomes)

    asyncio.run(story())


@pytest.mark.parametrize("item", [1, -1])
def test_a_caller_that_gave_up_disturbs_nobody(item: int) -> None:
    async def story() -> None:
        lane = lane_of(Commits())
        gone = asyncio.create_task(lane.submit(item))
        await asyncio.sleep(0.001)
        stays = asyncio.create_task(lane.submit(2))
        gone.cancel()
        assert await stays == 20
        assert gone.cancelled()

    asyncio.run(story())


def test_draining_waits_for_everything_that_was_submitted() -> None:
    async def story() -> None:
        commits = Commits()
        lane = lane_of(commits, width=1)
        waiting = [asyncio.create_task(lane.submit(number)) for number in range(3)]
        await asyncio.sleep(0)
        await lane.drain()
        assert commits.batches == [[0], [1], [2]]
        assert await asyncio.gather(*waiting) == [0, 10, 20]
        await lane.drain()

    asyncio.run(story())
