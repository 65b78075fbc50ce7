"""Token buckets: never more than their capacity and refill, on every node together."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.store.throttles import Take, refill_buckets, take_tokens
from tests.gateway.store.samples import one_after_the_other, rows, run_all
from tests.world import NOW, World


def take(bucket: bytes = b"b", at: int = NOW, *, capacity: int = 3, refill: int = 60) -> Take:
    return Take(bucket, capacity, refill, at)


def test_a_bucket_gives_its_capacity_at_once_and_then_one_token_per_refill(both: World) -> None:
    waits = [
        both.store(take_tokens, take(at=at)) for at in (NOW, NOW, NOW, NOW, NOW + 59, NOW + 60, NOW + 61)
    ]
    assert [wait == 0 for wait in waits] == [True, True, True, False, False, True, False]
    # The wait that is told is enough and, but for a second of rounding, not longer.
    assert waits[3] == 60
    assert waits[4] in (1, 2)
    assert waits[6] in (59, 60)


def test_the_same_bucket_twice_in_a_batch_is_two_tokens(both: World) -> None:
    """Items of a batch are independent, also where two of them are equal."""
    assert run_all(both, take_tokens, [take(), take(b"a"), take(), take(), take()]) == [0, 0, 0, 0, 60]
    assert run_all(both, take_tokens, []) == []


def test_the_right_password_fills_its_bucket_and_no_other(both: World) -> None:
    run_all(both, take_tokens, [take(b"a"), take(b"b")] * 3)
    assert run_all(both, refill_buckets, [b"a", b"a", b"unknown"]) == [None] * 3
    assert run_all(both, take_tokens, [take(b"a"), take(b"b")]) == [0, 60]


def test_a_clock_that_goes_back_gives_nothing(both: World) -> None:
    """Another node's clock may be behind: it must not fill what this one emptied."""
    for _ in range(3):
        both.store(take_tokens, take(at=NOW))
    assert both.store(take_tokens, take(at=NOW - 1000)) > 0
    assert both.store(take_tokens, take(at=NOW + 59)) > 0


def test_a_smaller_capacity_counts_at_once(both: World) -> None:
    both.store(take_tokens, take(capacity=100))
    assert [both.store(take_tokens, take(capacity=1)) for _ in range(2)] == [0, 60]


def test_two_nodes_share_a_bucket(both: World) -> None:
    """Whoever comes second waits for the first one's transaction and sees what it took."""
    assert one_after_the_other(both, take_tokens, take(capacity=1), take(capacity=1)) == (0, 60)


def test_no_address_stands_in_the_table(world: World) -> None:
    """Buckets are keyed digests: a network address is personal."""
    world.browser().open("/login")
    world.browser().submit(
        world.browser().open("/login"), "/login", {"email": "asha@lakeside.example", "password": "wrong"}
    )
    buckets = rows(world, "SELECT bucket FROM throttle")
    assert len(buckets) == 2
    assert {len(bucket) for (bucket,) in buckets} == {32}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    capacity=st.integers(1, 5),
    refill=st.integers(1, 90),
    steps=st.lists(st.integers(0, 100), min_size=1, max_size=25),
    number=st.integers(0, 2**60),
)
def test_a_bucket_never_gives_more_than_capacity_and_refill(
    world: World, capacity: int, refill: int, steps: list[int], number: int
) -> None:
    """Whatever the rhythm: in any time from the first take on, at most capacity + elapsed / refill tokens."""
    bucket, at, taken = number.to_bytes(8, "big") + bytes([capacity, refill]), NOW, 0
    world.store(refill_buckets, bucket)
    for step in steps:
        at += step
        wait = world.store(take_tokens, take(bucket, at, capacity=capacity, refill=refill))
        taken += wait == 0
        assert taken <= capacity + (at - NOW) / refill
        if wait:
            assert wait <= refill
