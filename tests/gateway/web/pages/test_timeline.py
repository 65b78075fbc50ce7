"""Hand-offs over time: who was there, and the picture of it."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.browser import Browser, Page
from gateway.consent.attendance import VISIT, is_own_use
from gateway.kit.clock import DAY
from gateway.web.pages.timeline import LANE, timeline
from tests.ledgers import run_sql
from tests.world import NOW, World

MOMENTS = st.lists(
    st.tuples(st.integers(NOW - 800 * DAY, NOW), st.sampled_from([True, False, None])), min_size=1
)


@given(MOMENTS)
def test_the_picture_shows_every_hand_off_and_no_other(moments: list[tuple[int, bool | None]]) -> None:
    """Every bar stands in its lane and beside the next one; what nobody knows is never the person's own."""
    found = timeline(moments, NOW)
    assert found is not None
    assert found.own_count == sum(is_own is True for _, is_own in moments)
    assert found.own_count + found.fetched_count == len(moments)
    ends = 0
    for bar in found.bars:
        assert ends <= bar.x
        ends = bar.x + bar.width
        assert 0 < max(bar.own, bar.fetched) <= LANE
    assert ends <= found.width
    assert max(max(bar.own, bar.fetched) for bar in found.bars) == LANE
    assert bool(found.own_count) is any(bar.own for bar in found.bars)
    assert bool(found.fetched_count) is any(bar.fetched for bar in found.bars)


def test_where_nothing_was_handed_off_there_is_no_picture() -> None:
    assert timeline([], NOW) is None


def test_a_visit_ends_after_ten_minutes() -> None:
    at = (NOW, NOW + VISIT - 1, NOW + VISIT, NOW - 1)
    assert [is_own_use(NOW, each) for each in at] == [True, True, False, False]
    assert is_own_use(None, NOW) is None


def detail(browser: Browser) -> Page:
    return browser.open(browser.open("/connected").link("/connected/gra_"))


def test_used_by_the_person_stands_apart_from_fetched_by_the_partner(each_world: World) -> None:
    """A read right after the yes, one by a refreshed token later, and one that nobody can place any more."""
    tokens = each_world.tokens()
    browser = each_world.signed_in()
    assert "Hand-offs over time" not in detail(browser).text
    assert each_world.userinfo(tokens["access_token"]).status_code == 200
    text = detail(browser).text
    assert "you were there" in text
    each_world.clock.pass_by(VISIT)
    later = each_world.refresh(tokens["refresh_token"]).json()["access_token"]
    assert each_world.userinfo(later).status_code == 200
    text = detail(each_world.signed_in()).text
    assert "1 while you were there" in text
    assert "1 fetched without you" in text
    run_sql(each_world, "DELETE FROM authorization_code")
    text = detail(each_world.signed_in()).text
    assert text.count("not known any more") == 2
    assert "2 fetched without you" in text
