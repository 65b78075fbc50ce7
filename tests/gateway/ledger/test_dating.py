"""An entry's time lies between those of the checkpoints around its place."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.dating import BACK_DATED, POST_DATED, SET_BACK, DatingCheck

GAPS = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 60)), max_size=20)


@given(GAPS, st.integers(0, 60))
def test_what_waited_however_long_is_dated_rightly(turns: list[tuple[int, int]], slowness: int) -> None:
    """A sequencer that stood still signs nothing meanwhile; a slow commit and clocks have their tolerance."""
    check, now = DatingCheck(), 0
    found: list[str] = []
    for wait, late in turns:
        found += check.entry("early", max(now - slowness, 0))
        found += check.entry("late", now + wait + late)
        now += wait
        found += [what for _, what in check.checkpoint("checkpoint", now)]
    assert found == []


def test_what_lies_outside_is_named_with_its_entry() -> None:
    check = DatingCheck(tolerance=10)
    assert list(check.entry("a", 5)) == []
    assert list(check.checkpoint("1", 100)) == []
    assert list(check.entry("b", 90)) == []
    assert list(check.entry("c", 89)) == [BACK_DATED]
    assert list(check.entry("d", 211)) == []
    assert list(check.entry("e", 150)) == []
    assert list(check.checkpoint("2", 200)) == [("d", POST_DATED)]
    assert list(check.checkpoint("3", 189)) == [("3", SET_BACK)]
    assert list(check.entry("f", 179)) == []
