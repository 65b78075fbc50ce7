"""A consent that allows so many hand-offs allows exactly those, from each decision on (consent.md rule 4)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gateway.actions.ledger.verification import verify_tree
from gateway.cli.browser import Browser
from tests.gateway.store.samples import rows
from tests.ledgers import entries, run_sql, sequence
from tests.world import QUIZCO_REDIRECT, World, answer_of

PHONE = "phone_number.appointment_reminders"
ONCE = {"duration": "once"}


def allow(world: World, browser: Browser, **changes: Any) -> dict[str, Any]:
    """Say yes on the screen with these choices, exchange, give the tokens."""
    page = world.ask(browser, prompt="consent")
    back = browser.submit(page, "/consent", changes, button="share", stop_at=QUIZCO_REDIRECT)
    tokens: dict[str, Any] = world.exchange(answer_of(back)["code"]).json()
    return tokens


def reads(world: World, tokens: dict[str, Any], count: int) -> list[int]:
    return [world.userinfo(tokens["access_token"]).status_code for _ in range(count)]


def faults(world: World) -> set[str]:
    sequence(world)
    return {each.what for each in world.run(verify_tree, world.services).faults}


def test_rule_4_once_said_again_is_once_again(each_world: World) -> None:
    """What an earlier decision's use was spent on does not count against the next one."""
    browser = each_world.signed_in()
    first = allow(each_world, browser, **ONCE)
    assert reads(each_world, first, 2) == [200, 403]
    second = allow(each_world, browser, **ONCE)
    assert second["grant_id"] == first["grant_id"]
    assert reads(each_world, second, 2) == [200, 403]
    assert reads(each_world, first, 1) == [403]
    assert faults(each_world) == set()
    limits = [each.get("uses") for each in entries(each_world) if each["kind"] == "consent_event"]
    assert limits == [1, 1]


def test_rule_4_a_yes_without_a_limit_lifts_it_and_the_next_once_sets_it(each_world: World) -> None:
    browser = each_world.signed_in()
    assert reads(each_world, allow(each_world, browser, **ONCE), 2) == [200, 403]
    assert reads(each_world, allow(each_world, browser, duration="30"), 3) == [200] * 3
    assert reads(each_world, allow(each_world, browser, **ONCE), 2) == [200, 403]
    assert faults(each_world) == set()
    events = [each for each in entries(each_world) if each["kind"] == "consent_event"]
    assert [each.get("uses") for each in events] == [1, None, 1]
    assert "uses" not in events[1]


def test_rule_4_what_is_no_yes_leaves_the_limit(each_world: World) -> None:
    """Narrowing, a pause and its end, and keeping the terms neither give a read back nor take one away."""
    browser = each_world.signed_in()
    tokens = allow(each_world, browser, item=PHONE, **ONCE)
    here = f"/connected/{tokens['grant_id']}"
    browser.submit(browser.open(here), f"{here}/off/phone_number/appointment_reminders")
    browser.submit(browser.open(here), f"{here}/pause")
    assert reads(each_world, tokens, 1) == [403]
    browser.submit(browser.open(here), f"{here}/resume")
    each_world.ask(browser, prompt="consent")
    browser.submit(
        each_world.ask(browser, prompt="consent"), "/consent", {}, button="keep", stop_at=QUIZCO_REDIRECT
    )
    assert reads(each_world, tokens, 2) == [200, 403]
    assert faults(each_world) == set()


def test_rule_4_every_decision_counts_for_itself_whoever_races(each_world: World) -> None:
    """Six read while "once" is said again: never more than the two, and the second is there for whoever comes."""
    browser = each_world.signed_in()
    tokens = allow(each_world, browser, **ONCE)
    page = each_world.ask(browser, prompt="consent")
    with ThreadPoolExecutor(7) as pool:
        racing = [pool.submit(reads, each_world, tokens, 1) for _ in range(6)]
        back = browser.submit(page, "/consent", ONCE, button="share", stop_at=QUIZCO_REDIRECT)
        answers = [status for each in racing for status in each.result()]
    again = each_world.exchange(answer_of(back)["code"]).json()
    answers += reads(each_world, again, 2)
    under = dict(rows(each_world, "SELECT event_id, count(*) FROM handoff GROUP BY event_id"))
    assert sum(under.values()) == answers.count(200)
    events = rows(each_world, "SELECT event_id FROM consent_event ORDER BY seq")
    assert [under.get(each, 0) for (each,) in events][1:] == [1]
    assert under.get(events[0][0], 0) <= 1
    assert faults(each_world) == set()


def test_a_used_up_consent_says_so_everywhere(each_world: World) -> None:
    """To its person, its partner and the administrator; the partner's next request asks again."""
    browser = each_world.signed_in()
    managed = {"scope": "openid profile email education phone grant_management_query"}
    page = each_world.ask(browser, **managed)
    back = browser.submit(page, "/consent", ONCE, button="share", stop_at=QUIZCO_REDIRECT)
    tokens = each_world.exchange(answer_of(back)["code"]).json()
    here, header = f"/grants/{tokens['grant_id']}", {"Authorization": f"Bearer {tokens['access_token']}"}
    assert each_world.client().get(here, headers=header).json()["uses_left"] == 1
    assert reads(each_world, tokens, 1) == [200]
    assert each_world.client().get(here, headers=header).json()["uses_left"] == 0
    assert "read as often as you allowed" in browser.open("/connected").text
    assert "read as often as you allowed" in browser.open(f"/connected/{tokens['grant_id']}").text
    support = each_world.signed_in("support@platform.example")
    assert "Used up" in support.open(f"/admin/grants/{tokens['grant_id']}").text
    assert answer_of(each_world.ask(browser, prompt="none"))["error"] == "consent_required"
    asked = each_world.ask(browser)
    kept = browser.submit(asked, "/consent", {}, button="keep", stop_at=QUIZCO_REDIRECT)
    assert answer_of(kept)["error"] == "access_denied"


def test_a_consent_without_a_limit_says_nothing_of_one(world: World) -> None:
    tokens = world.tokens(scope="openid profile grant_management_query")
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    found = world.client().get(f"/grants/{tokens['grant_id']}", headers=header).json()
    assert "uses_left" not in found


def test_the_log_itself_shows_a_read_too_many(each_world: World) -> None:
    """Whoever lifts the limit in the database and reads on is found by anybody who reads the log."""
    browser = each_world.signed_in()
    tokens = allow(each_world, browser, **ONCE)
    run_sql(each_world, "UPDATE consent_grant SET use_limit = 2")
    assert reads(each_world, tokens, 3) == [200, 200, 403]
    run_sql(each_world, "UPDATE consent_grant SET use_limit = 1, uses_before = 1")
    assert faults(each_world) == {"a hand-off more than its consent allows"} | {
        "it was read more often than it allows"
    }


def test_a_limit_that_was_changed_behind_the_gateways_back_is_named(each_world: World) -> None:
    allow(each_world, each_world.signed_in(), **ONCE)
    assert faults(each_world) == set()
    for changed in ("7", "NULL"):
        run_sql(each_world, f"UPDATE consent_grant SET use_limit = {changed}")
        assert faults(each_world) == {"it allows another number of reads than was decided"}
