"""Signing in alone: a consent without items, by which a partner knows somebody again and reads nothing (0069)."""

import pytest

from gateway.cli.browser import Browser
from gateway.kit.clock import DAY
from gateway.model.grants import EventType, GrantState
from gateway.store.consent.grants import load_details
from gateway.store.ledger.handoffs import count_log
from tests.gateway.web.consent.test_consents import detail_of, press
from tests.gateway.web.consent.test_receipts import receipt_path
from tests.gateway.web.guardians.test_requests import LAKSHMI, MEERA
from tests.world import PARTNERS, QUIZCO_REDIRECT, World, answer_of, boxes, publish

QUIZCO = (PARTNERS / "quizco.toml").read_text()
ALONE = QUIZCO[: QUIZCO.index("[[offer.item]]")]


def ask(world: World, browser: Browser, **changes: str | None) -> dict[str, str]:
    """Sign in where nobody has to say anything."""
    return answer_of(world.ask(browser, **{"scope": "openid", **changes}))


def signed_in_there(world: World) -> tuple[Browser, dict[str, str]]:
    browser = world.signed_in()
    page = world.ask(browser, scope="openid")
    assert "Sign in at QuizCo ?" in page.text
    assert "Nothing of your profile is shared" in page.text
    assert "A number by which only QuizCo knows you" in page.text
    assert boxes(page) == set()
    return browser, world.exchange(world.share(browser, page)["code"]).json()


def test_a_yes_is_a_consent_event_without_items_and_the_token_reaches_sub(each_world: World) -> None:
    browser, tokens = signed_in_there(each_world)
    assert tokens["scope"] == "openid"
    told = each_world.userinfo(tokens["access_token"]).json()
    assert set(told) == {"sub"}
    assert set(
        each_world.userinfo(each_world.refresh(tokens["refresh_token"]).json()["access_token"]).json()
    ) == {"sub"}
    assert each_world.store(count_log, None)[0] == 0, "nothing was handed off"
    found = each_world.store(load_details, tokens["grant_id"])
    assert found is not None
    [event] = found.events
    assert (event.type, event.items, found.line.grant.items) == (EventType.GIVEN, (), ())
    assert "code" in ask(each_world, browser, prompt="none")
    assert ask(each_world, browser, scope="openid email", prompt="none")["error"] == "consent_required"


def test_it_is_listed_can_be_stopped_and_stands_in_the_record(world: World) -> None:
    browser, tokens = signed_in_there(world)
    assert "nothing, only signing in" in browser.open("/connected").text
    page = detail_of(browser)
    assert "Nothing of your profile is shared" in page.text
    [consent] = browser.open("/connected/my-record.json").response.json()["consents"]
    assert (consent["items"], [each["type"] for each in consent["events"]]) == ([], ["given"])
    receipt = browser.open(receipt_path(browser))
    assert "To sign in at QuizCo" in receipt.text
    press(browser, page, "/pause")
    press(browser, detail_of(browser), "/resume")
    assert "stopped" in press(browser, detail_of(browser), "/stop").url
    assert world.userinfo(tokens["access_token"]).status_code == 401
    assert "It received nothing of your profile." in browser.open("/connected").text
    [letter, *_] = [each for each in world.letters.letters if "receipt" in each.subject.lower()]
    assert "is for signing in alone" in letter.text


def test_a_no_is_a_no(world: World) -> None:
    """Remembered like any, for the whole service: signing in or more."""
    browser = world.signed_in()
    page = world.ask(browser, scope="openid")
    back = answer_of(browser.submit(page, "/consent", button="refuse", stop_at=QUIZCO_REDIRECT))
    assert back["error"] == "access_denied"
    for scope in ("openid", "openid email"):
        assert ask(world, browser, scope=scope)["error"] == "access_denied"
    world.clock.pass_by(90 * DAY)
    assert world.ask(world.signed_in(), scope="openid").form("/consent")


def test_more_is_asked_as_something_new_and_may_be_left_out(world: World) -> None:
    browser, tokens = signed_in_there(world)
    page = world.ask(browser, scope="openid email")
    assert "So far you only sign in at QuizCo : nothing of your profile is shared." in page.text
    assert "Share the 2 needed items and what I ticked" in page.text
    browser.submit(page, "/consent", button="keep", stop_at=QUIZCO_REDIRECT)
    silent = world.exchange(ask(world, browser, scope="openid email", prompt="none")["code"]).json()
    assert set(world.userinfo(silent["access_token"]).json()) == {"sub"}
    page = world.ask(browser, scope="openid email", prompt="consent")
    wider = world.exchange(world.share(browser, page, "email.results_delivery")["code"]).json()
    assert wider["grant_id"] == tokens["grant_id"]
    assert set(world.userinfo(wider["access_token"]).json()) == {"sub", "name", "course", "email_masked"}
    assert set(world.userinfo(tokens["access_token"]).json()) == {"sub"}


def test_p9_a_childs_guardian_decides_about_it(world: World) -> None:
    """Nothing leaves before; the page says what it is about."""
    child = world.signed_in(MEERA)
    page = world.ask(child, scope="openid")
    child.submit(page, "/consent", button="share")
    guardian = world.signed_in(LAKSHMI)
    listed = guardian.open("/guardian")
    assert "nothing, only signing in" in listed.text
    request = guardian.open(listed.link("/guardian/gra_"))
    assert "To sign in at QuizCo , and nothing else" in request.text
    assert "listed above" not in request.text
    grant_id = request.url.rpartition("/")[2]
    done = guardian.submit(request, f"/guardian/{grant_id}", {"third_party": "yes"}, button="allow")
    assert "done=guardian-yes" in done.url
    found = world.store(load_details, grant_id)
    assert found is not None
    assert (found.line.grant.state, found.line.grant.items) == (GrantState.ACTIVE, ())
    tokens = world.exchange(ask(world, world.signed_in(MEERA))["code"]).json()
    assert set(world.userinfo(tokens["access_token"]).json()) == {"sub"}


@pytest.mark.parametrize("scope", [None, "openid"])
def test_a_partner_may_be_registered_for_signing_in_alone(world: World, scope: str | None) -> None:
    """An offer without items: its notice says so, and no field can be asked for."""
    world.run(lambda: publish(world.services, ALONE, version=2, manifest_version=2))
    browser = world.signed_in()
    assert ask(world, browser, scope="openid email")["error"] == "invalid_scope"
    page = world.ask(browser, scope=scope)
    assert "Sign in at QuizCo ?" in page.text
    notice = browser.open(page.link("/notices/"))
    assert "To sign in, and nothing else" in notice.text
    tokens = world.exchange(world.share(browser, page)["code"]).json()
    assert tokens["scope"] == (scope or "")
    manager = world.signed_in("manager@platform.example")
    assert "it is for signing in alone" in manager.open("/admin/partners/quizco").text
    school = world.signed_in("school@lakeside.example")
    assert "nothing, only signing in" in school.open("/admin/school").text
    officer = world.signed_in("officer@platform.example")
    assert "it is for signing in alone" in officer.open(f"/admin/grants/{tokens['grant_id']}").text


def test_all_that_was_switched_off_leaves_signing_in(world: World) -> None:
    """An offer of choices alone."""
    optional = QUIZCO.replace('necessity = "needed"', 'necessity = "optional"')
    world.run(lambda: publish(world.services, optional, version=2, manifest_version=2))
    browser = world.signed_in()
    page = world.ask(browser, scope="openid email")
    world.share(browser, page, "email.results_delivery")
    press(browser, detail_of(browser), "/off/email/results_delivery")
    assert "nothing, only signing in" in browser.open("/connected").text
