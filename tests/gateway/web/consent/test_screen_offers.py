"""An answer takes what its screen offered and nothing else, and something sensitive takes a fresh log-in (P12, P15)."""

from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.actions.operation.upkeep import sweep
from gateway.cli.browser import Browser, Page
from tests.gateway.store.samples import rows
from tests.gateway.web.consent.test_consents import detail_of, new_version, press
from tests.world import PARTNERS, PASSWORD, QUIZCO_REDIRECT, World, answer_of, publish

ADDRESS, EMAIL = "address.delivery_of_goods", "email.results_delivery"
PHONE, STATUS = "phone_number.appointment_reminders", "student_status.eligibility_check"
STALE = 601
STEP_UP = "/reauthenticate"
FULL = "7 Lake View Road"
NOT_OFFERED = "This page did not offer that"
WITH_ADDRESS = (
    'field = "student_status"\npurpose = "eligibility_check"\nforms = ["boolean", "full"]',
    'field = "address"\npurpose = "delivery_of_goods"\nforms = ["coarse", "full"]',
)


def ask(world: World, browser: Browser, **changes: str) -> Page:
    """Ask for everything, the address among it."""
    return world.ask(browser, scope="openid profile email education phone address", **changes)


def answer(browser: Browser, page: Page, button: str, *ticked: str, **forms: str) -> Page:
    """Press a button with boxes ticked and forms chosen, whether the page has them or not."""
    given_forms = {f"form:{key.replace('__', '.')}": form for key, form in forms.items()}
    changes = {"item": ticked, **given_forms} if ticked else given_forms
    return browser.submit(page, "/consent", changes, button=button, stop_at=QUIZCO_REDIRECT)


@pytest.fixture
def coarse(each_world: World) -> tuple[World, Browser, str]:
    """Asha shares the coarse form of her address with QuizCo; her log-in is stale by now."""
    return share_coarsely(each_world)


def share_coarsely(world: World) -> tuple[World, Browser, str]:
    new_version(world, *WITH_ADDRESS)
    browser = world.signed_in()
    done = answer(browser, ask(world, browser), "share", ADDRESS)
    tokens = world.exchange(answer_of(done)["code"]).json()
    world.clock.pass_by(STALE)
    return world, browser, world.refresh(tokens["refresh_token"]).json()["access_token"]


def items(world: World) -> list[tuple[object, ...]]:
    return rows(world, "SELECT field, purpose, form FROM grant_item ORDER BY field")


def test_an_amendment_with_nothing_ticked_does_not_make_a_coarse_address_a_full_one(
    coarse: tuple[World, Browser, str],
) -> None:
    """A form is taken for what the screen asks about; what it shows as the same has no control."""
    world, browser, access = coarse
    before = items(world)
    page = ask(world, browser, prompt="consent")
    done = answer(browser, page, "share", address__delivery_of_goods="full")
    assert done.status == 400
    assert NOT_OFFERED in done.text
    assert done.form("/consent")
    assert items(world) == before
    assert "Srirangapatna" in world.userinfo(access).text
    assert FULL not in world.userinfo(access).text


@pytest.mark.parametrize(
    ("ticked", "forms"),
    [
        ((), {"address__delivery_of_goods": "full"}),
        ((), {"address__delivery_of_goods": "coarse"}),
        ((ADDRESS,), {}),
        ((EMAIL, ADDRESS), {}),
        (("name.learning_progress",), {}),
        (("student_status.eligibility_check",), {}),
        ((), {"picture__account_linking": "full"}),
        ((), {"name__learning_progress": "full"}),
        ((EMAIL,), {"email__results_delivery": "relay"}),
    ],
)
def test_what_an_amendment_has_no_control_for_is_refused_and_choices_are_kept(
    world: World, ticked: tuple[str, ...], forms: dict[str, str]
) -> None:
    _, browser, _ = share_coarsely(world)
    before = items(world)
    done = answer(browser, ask(world, browser, prompt="consent"), "share", *ticked, **forms)
    assert done.status == 400
    kept = [value for name, value in done.form("/consent").fields if name == "item"]
    assert kept == [key for key in ticked if key == EMAIL]
    assert items(world) == before


def test_a_yes_takes_the_step_up_for_what_it_keeps_and_prolongs(coarse: tuple[World, Browser, str]) -> None:
    """Nothing new is ticked, and still the address can leave for longer; the choices come back after the log-in."""
    world, browser, _ = coarse
    until = rows(world, "SELECT valid_until FROM consent_grant")
    asked = answer(browser, ask(world, browser, prompt="consent"), "share", EMAIL)
    assert urlsplit(asked.url).path == STEP_UP
    assert (
        "Your yes shares something sensitive with QuizCo : Postal address . Give your password" in asked.text
    )
    wrong = browser.submit(asked, STEP_UP, {"password": "not mine at all"})
    assert "with QuizCo : Postal address ." in wrong.text
    assert rows(world, "SELECT valid_until FROM consent_grant") == until
    page = browser.submit(asked, STEP_UP, {"password": PASSWORD})
    assert ("item", EMAIL) in page.form("/consent").fields
    assert "code" in answer_of(browser.submit(page, "/consent", button="share", stop_at=QUIZCO_REDIRECT))
    assert ("address", "delivery_of_goods", "coarse") in items(world)
    assert ("email", "results_delivery", "masked") in items(world)


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("is_swept", [False, True])
def test_keeping_old_terms_takes_the_step_up(coarse: tuple[World, Browser, str], is_swept: bool) -> None:
    """While new terms were not answered nothing left; keeping the old ones lets the address leave again."""
    world, browser, access = coarse
    text = (PARTNERS / "quizco.toml").read_text().replace(*WITH_ADDRESS)
    longer = text.replace("retention_days = 30", "retention_days = 60", 1)
    world.run(lambda: publish(world.services, longer, version=3, manifest_version=3))
    if is_swept:
        world.run(lambda: sweep(world.services))
    asked = answer(browser, ask(world, browser), "keep")
    assert urlsplit(asked.url).path == STEP_UP
    assert world.userinfo(access).status_code == 403
    page = browser.submit(asked, STEP_UP, {"password": PASSWORD})
    assert "code" in answer_of(answer(browser, page, "keep"))
    assert world.userinfo(access).status_code == 200
    assert ("address", "delivery_of_goods", "coarse") in items(world)


def test_a_no_to_another_grant_is_no_answer_to_new_terms(coarse: tuple[World, Browser, str]) -> None:
    """Who says no to a second grant has not kept the old terms of the first: it stays stopped."""
    world, browser, access = coarse
    text = (PARTNERS / "quizco.toml").read_text().replace(*WITH_ADDRESS)
    longer = text.replace("retention_days = 30", "retention_days = 60", 1)
    world.run(lambda: publish(world.services, longer, version=3, manifest_version=3))
    page = ask(world, browser, grant_management_action="create")
    assert answer_of(answer(browser, page, "refuse"))["error"] == "access_denied"
    assert world.userinfo(access).status_code == 403


def test_resuming_takes_the_step_up_where_something_sensitive_leaves_again(
    coarse: tuple[World, Browser, str],
) -> None:
    world, browser, access = coarse
    press(browser, detail_of(browser), "/pause")
    asked = press(browser, detail_of(browser), "/resume")
    assert urlsplit(asked.url).path == STEP_UP
    assert world.userinfo(access).status_code == 403
    assert "before a sensitive detail may be shared" in asked.text
    page = browser.submit(asked, STEP_UP, {"password": PASSWORD})
    assert "You can let it go on now" in page.text
    assert "done=resumed" in press(browser, page, "/resume").url
    assert world.userinfo(access).status_code == 200


def test_resuming_what_is_not_sensitive_takes_none(world: World) -> None:
    world.tokens(PHONE)
    browser = world.signed_in()
    world.clock.pass_by(STALE)
    press(browser, detail_of(browser), "/pause")
    assert "done=resumed" in press(browser, detail_of(browser), "/resume").url


KEYS = (ADDRESS, EMAIL, STATUS, PHONE, "name.learning_progress", "picture.account_linking")
FORMS = ("full", "coarse", "masked", "boolean", "relay", "")


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    ticked=st.lists(st.sampled_from(KEYS), max_size=3, unique=True),
    forms=st.dictionaries(st.sampled_from(KEYS), st.sampled_from(FORMS), max_size=3),
    decision=st.sampled_from(["share", "keep", "later", "give", "allow"]),
    duration=st.sampled_from(["once", "30", "reads-5", "181", "until:2099-01-01", "9" * 400]),
    extra=st.dictionaries(
        st.sampled_from(["use_limit", "uses", "offer", "g", "w", "person_id", "field", "sub"]),
        st.sampled_from(["1", "full", ADDRESS]),
        max_size=2,
    ),
)
def test_no_posted_body_lets_anything_leave_that_the_screen_did_not_offer(
    property_world: tuple[World, Browser, str],
    ticked: list[str],
    forms: dict[str, str],
    decision: str,
    duration: str,
    extra: dict[str, str],
) -> None:
    """A stale log-in never gets as far as a decision here: an item of the result is sensitive."""
    world, browser, access = property_world
    before = items(world), rows(world, "SELECT valid_until, use_limit, version FROM consent_grant")
    page = ask(world, browser, prompt="consent")
    body = {
        **extra,
        "item": ticked,
        "duration": duration,
        **{f"form:{key}": form for key, form in forms.items()},
    }
    browser.submit(page, "/consent", body, button=decision, stop_at=QUIZCO_REDIRECT)
    assert items(world) == before[0]
    assert FULL not in world.userinfo(access).text
    if decision != "keep":
        assert rows(world, "SELECT valid_until, use_limit, version FROM consent_grant") == before[1]


@pytest.fixture
def property_world(world: World) -> tuple[World, Browser, str]:
    return share_coarsely(world)
