"""What becomes of an authorization request between its checks and its answer, besides a plain yes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from gateway.consent.notices import beside
from tests.races.test_revocation import move
from tests.world import PARTNERS, PASSWORD, QUIZCO_REDIRECT, World, answer_of, publish

QUIZCO = (PARTNERS / "quizco.toml").read_text()


def block(connection, rows):
    """Have a school say no to a partner."""
    for organisation_id, partner_id in rows:
        columns = {row[1] for row in connection.execute(text("PRAGMA table_info(org_policy)"))}
        values = {"organisation_id": organisation_id, "partner_id": partner_id, "decision": "deny"}
        values |= dict.fromkeys(columns - values.keys(), 1)
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        connection.execute(text(f"INSERT INTO org_policy ({names}) VALUES ({marks})"), values)
    connection.execute(text("UPDATE registry_version SET version = version + 1"))
    return rows


def test_p9_a_child_without_a_guardian_is_not_asked(world: World) -> None:
    """Nor somebody whose age is unknown; the partner learns nothing of it."""
    who = "deepa@lakeside.example"
    page = world.ask(world.signed_in(who))
    assert page.status == 200
    with pytest.raises(LookupError):
        page.form("/consent")
    back = answer_of(world.ask(world.signed_in(who), prompt="none"))
    assert (back["error"], "code" in back) == ("login_required", False)


def test_p9_a_school_that_says_no_blocks_the_partner(world: World) -> None:
    """For its own people, not for another school's."""
    world.store(block, ("lakeside", "quizco"))
    page = world.ask(world.signed_in())
    with pytest.raises(LookupError):
        page.form("/consent")
    assert answer_of(world.ask(world.signed_in(), prompt="none"))["error"] == "login_required"
    assert world.ask(world.signed_in("aoife@northfield.example")).form("/consent")


def test_an_answer_that_the_screen_has_no_button_for_is_refused(world: World) -> None:
    """And decides nothing."""
    browser = world.signed_in()
    page = world.ask(browser)
    fields = dict(page.form("/consent").filled({}))
    for decision in ("maybe", "give", "SHARE"):
        assert browser._client.post("/consent", data={**fields, "decision": decision}).status_code == 400
    none = browser._client.post("/consent", data={**fields, "decision": ""})
    assert none.headers["Location"].startswith("/authorize/continue?ticket=")
    assert world.ask(browser).form("/consent")


def test_p4_an_offer_that_changed_meanwhile_is_shown_anew(world: World) -> None:
    """The answer to the older screen is not taken for the newer offer (promise P4)."""
    browser = world.signed_in()
    page = world.ask(browser)
    changed = QUIZCO.replace("retention_days = 30", "retention_days = 20", 1)
    world.run(publish_again, world, changed)
    assert browser.submit(page, "/consent", button="share").status == 409
    back = world.share(browser, world.ask(browser))
    assert world.exchange(back["code"]).status_code == 200


async def publish_again(world: World, manifest: str) -> None:
    await publish(world.services, manifest, version=2, manifest_version=2)


def test_p5_a_grant_of_an_older_offer_asks_again(world: World) -> None:
    """Silence never releases anything new; `prompt=none` says so (promise P5)."""
    browser = world.signed_in()
    world.share(browser, world.ask(browser))
    world.run(publish_again, world, QUIZCO.replace("retention_days = 30", "retention_days = 40", 1))
    assert answer_of(world.ask(browser, prompt="none"))["error"] == "consent_required"
    assert world.ask(browser).form("/consent")


def test_rule_8_both_notices_stand_side_by_side_to_the_letter(world: World) -> None:
    """What was agreed to and what comes now, whole; what is gone is named; without a change nothing is shown."""
    browser = world.signed_in()
    world.share(browser, world.ask(browser))
    assert "side by side" not in world.ask(browser, prompt="consent").text
    changed = QUIZCO[: QUIZCO.rindex("[[offer.item]]")]
    world.run(publish_again, world, changed.replace("retention_days = 30", "retention_days = 40", 1))
    shown = world.ask(browser).text
    assert "side by side" in shown
    assert "No longer asked for" in shown
    for days in (30, 40):
        assert f"QuizCo keeps it for {days} days after you stop" in shown


@given(st.lists(st.sampled_from("abc\n")), st.lists(st.sampled_from("abc\n")))
def test_side_by_side_leaves_out_and_adds_nothing(old: list[str], new: list[str]) -> None:
    rows = beside("".join(old), "".join(new))
    assert "\n".join(each.old for each in rows if each.old is not None) == "".join(old)
    assert "\n".join(each.new for each in rows if each.new is not None) == "".join(new)
    if old == new:
        assert all(each.is_same for each in rows)


def test_rule_6_nothing_needed_and_nothing_chosen_is_a_refusal(world: World) -> None:
    """An offer may consist of choices alone."""
    world.run(publish_again, world, QUIZCO.replace('necessity = "needed"', 'necessity = "optional"'))
    browser = world.signed_in()
    page = world.ask(browser)
    back = browser.submit(page, "/consent", button="share", stop_at=QUIZCO_REDIRECT)
    assert answer_of(back)["error"] == "access_denied"


def test_a_ticket_does_not_outlive_its_partner(world: World) -> None:
    """The checks run anew when a browser comes back from log-in: a partner paused meanwhile gets nothing."""
    browser = world.browser()
    login = world.ask(browser)
    move(world, "live", "paused")
    after = browser.submit(login, "/login", {"email": "asha@lakeside.example", "password": PASSWORD})
    assert after.status == 400
    assert not after.url.startswith(QUIZCO_REDIRECT)


def test_a_ticket_opened_by_hand_asks_for_what_the_request_asked_for(world: World) -> None:
    """A fresher log-in where the request wants one; a damaged ticket opens nothing."""
    browser = world.signed_in()
    world.clock.pass_by(60)
    ticket = world.ask(world.browser(), max_age="5").url.partition("ticket=")[2]
    page = browser.open(f"/authorize/continue?ticket={ticket}")
    assert "/reauthenticate" in page.url
    for broken in ("", "x", ticket[:-4], "%00"):
        assert browser.open(f"/authorize/continue?ticket={broken}").status == 400
