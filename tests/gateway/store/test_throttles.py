"""Token buckets: never more than their capacity and refill, on every node together."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.kit.clock import DAY
from gateway.store.throttles import REMEMBERED, Take, look_at_tokens, refill_buckets, take_tokens
from tests.gateway.store.samples import one_after_the_other, rows, run_all
from tests.world import NOW, World


def take(
    bucket: bytes = b"b", at: int = NOW, *, capacity: int = 3, refill: int = 60, most: int | None = None
) -> Take:
    return Take(bucket, capacity, refill, at, most)


def test_a_bucket_gives_its_capacity_at_once_and_then_one_token_per_refill(each_world: World) -> None:
    waits = [
        each_world.store(take_tokens, take(at=at))
        for at in (NOW, NOW, NOW, NOW, NOW + 59, NOW + 60, NOW + 61)
    ]
    assert [wait == 0 for wait in waits] == [True, True, True, False, False, True, False]
    # The wait that is told is enough and, but for a second of rounding, not longer.
    assert waits[3] == 60
    assert waits[4] in (1, 2)
    assert waits[6] in (59, 60)


def test_the_same_bucket_twice_in_a_batch_is_two_tokens(each_world: World) -> None:
    """Items of a batch are independent, also where two of them are equal."""
    assert run_all(each_world, take_tokens, [take(), take(b"a"), take(), take(), take()]) == [0, 0, 0, 0, 60]
    assert run_all(each_world, take_tokens, []) == []


def test_the_right_password_fills_its_bucket_and_no_other(each_world: World) -> None:
    run_all(each_world, take_tokens, [take(b"a"), take(b"b")] * 3)
    assert run_all(each_world, refill_buckets, [b"a", b"a", b"unknown"]) == [None] * 3
    assert run_all(each_world, take_tokens, [take(b"a"), take(b"b")]) == [0, 60]


def test_a_clock_that_goes_back_gives_nothing(each_world: World) -> None:
    """Another node's clock may be behind: it must not fill what this one emptied."""
    for _ in range(3):
        each_world.store(take_tokens, take(at=NOW))
    assert each_world.store(take_tokens, take(at=NOW - 1000)) > 0
    assert each_world.store(take_tokens, take(at=NOW + 59)) > 0


def test_a_smaller_capacity_counts_at_once(each_world: World) -> None:
    each_world.store(take_tokens, take(capacity=100))
    assert [each_world.store(take_tokens, take(capacity=1)) for _ in range(2)] == [0, 60]


def test_two_nodes_share_a_bucket(each_world: World) -> None:
    """Whoever comes second waits for the first one's transaction and sees what it took."""
    assert one_after_the_other(each_world, take_tokens, take(capacity=1), take(capacity=1)) == (0, 60)


def test_a_look_tells_what_a_take_would_and_writes_nothing(each_world: World) -> None:
    assert run_all(each_world, look_at_tokens, [take(), take(b"a")]) == [0, 0]
    assert rows(each_world, "SELECT * FROM throttle") == []
    run_all(each_world, take_tokens, [take()] * 3)
    looks = [take(), take(b"a"), take(at=NOW + 59), take(at=NOW + 60)]
    assert run_all(each_world, look_at_tokens, looks) == [60, 0, 2, 0]
    assert [each_world.store(look_at_tokens, take()) for _ in range(2)] == [60, 60]


def test_so_many_in_a_row_and_no_more_however_slowly(each_world: World) -> None:
    taken = [each_world.store(take_tokens, take(at=NOW + day * DAY, most=4)) for day in range(6)]
    assert taken[:4] == [0] * 4
    assert taken[4] == REMEMBERED - DAY
    assert taken[5] == REMEMBERED - 2 * DAY
    each_world.store(refill_buckets, b"b")
    assert each_world.store(take_tokens, take(at=NOW + 6 * DAY, most=4)) == 0


def test_a_row_is_forgotten_when_nobody_added_to_it_for_long(each_world: World) -> None:
    for _ in range(2):
        each_world.store(take_tokens, take(most=2))
    assert each_world.store(look_at_tokens, take(at=NOW + REMEMBERED - 1, most=2)) == 1
    # However late the sweep is: the row is there, and counts no more.
    late = take(at=NOW + REMEMBERED, most=2)
    assert each_world.store(look_at_tokens, late) == each_world.store(take_tokens, late) == 0
    assert rows(each_world, "SELECT taken FROM throttle") == [(1,)]


def test_a_row_ends_when_its_bucket_is_full_again(each_world: World) -> None:
    run_all(each_world, take_tokens, [take()] * 2)
    assert rows(each_world, "SELECT ends_at FROM throttle") == [(NOW + 120,)]
    each_world.store(take_tokens, take(at=NOW + 30))
    assert rows(each_world, "SELECT ends_at FROM throttle") == [(NOW + 180,)]


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
