"""Connected services: what is shared, every hand-off, switching off, stopping; from an ordinary session (P15)."""

import asyncio
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from gateway.actions.authentication.sessions import find_session
from gateway.actions.consent.consents import let_ask_again, see_notice, see_own_consent, stop, switch_off
from gateway.cli.browser import Browser, Page
from gateway.kit.errors import Refusal
from gateway.store.consent.grants import load_details
from gateway.web.pages.visit import COOKIE
from tests.gateway.store.samples import READERS, act, given, rows
from tests.world import PARTNERS, PERSONAL_VALUES, QUIZCO_REDIRECT, World, answer_of, publish

PHONE, EMAIL = "phone_number.appointment_reminders", "email.results_delivery"


def detail_of(browser: Browser) -> Page:
    return browser.open(browser.open("/connected").link("/connected/gra_"))


def grant_id(world: World) -> str:
    found: str = rows(world, "SELECT grant_id FROM consent_grant")[0][0]
    return found


def press(browser: Browser, page: Page, ending: str) -> Page:
    return browser.submit(page, page.form(ending).action)


def new_version(
    world: World,
    old: str = "retention_days = 30",
    new: str = "retention_days = 60",
    *,
    material: bool = True,
) -> None:
    """Publish QuizCo's offer in a second version."""
    text = (PARTNERS / "quizco.toml").read_text().replace(old, new, 1)

    async def work() -> None:
        await publish(world.services, text, version=2, manifest_version=2, material=material)

    world.run(work)


def test_nothing_connected_says_how_it_begins(world: World) -> None:
    page = world.signed_in().open("/connected")
    assert "Nothing is connected" in page.text


def test_a_service_shows_what_it_reads_and_every_hand_off(each_world: World) -> None:
    tokens = each_world.tokens(PHONE)
    browser = each_world.signed_in()
    page = browser.open("/connected")
    for words in ("Practice quizzes", "QuizCo", "Course", "Name", "Phone", "never"):
        assert words in page.text
    for _ in range(2):
        each_world.userinfo(tokens["access_token"])
    assert "2 hand-offs in all" in browser.open("/connected").text
    detail = detail_of(browser)
    for words in ("Asha Rao", "+91 ••••••01", "CS-101", "You said yes", "userinfo"):
        assert words in detail.text, words
    assert detail.text.count("userinfo") == 2


def test_one_item_is_switched_off_and_the_next_read_lacks_it(each_world: World) -> None:
    tokens = each_world.tokens(PHONE, EMAIL)
    browser = each_world.signed_in()
    done = press(browser, detail_of(browser), f"/off/{PHONE.replace('.', '/')}")
    assert "The next read no longer has it" in done.text
    assert "A detail was switched off" in done.text
    claims = each_world.userinfo(tokens["access_token"]).json()
    assert "email_masked" in claims
    assert not [name for name in claims if name.startswith("phone")]
    with pytest.raises(LookupError):
        done.form(f"/off/{PHONE.replace('.', '/')}")


def test_a_needed_item_has_no_switch_and_a_made_up_one_is_refused(world: World) -> None:
    world.tokens()
    browser = world.signed_in()
    page = detail_of(browser)
    assert "Needed: to end it, stop the service." in page.text
    token = dict(page.form("/stop").fields)
    here = urlsplit(page.url).path
    assert browser._client.post(f"{here}/off/name/learning_progress", data=token).status_code == 400
    assert browser._client.post(f"{here}/off/address/delivery_of_goods", data=token).status_code == 409


def test_p15_stopping_needs_no_password_and_acts_at_once(each_world: World) -> None:
    """One press from an old session; every token is dead, and the page has no further button."""
    tokens = each_world.tokens(PHONE)
    browser = each_world.signed_in()
    each_world.clock.pass_by(3000)
    fresh = each_world.refresh(tokens["refresh_token"]).json()
    assert each_world.userinfo(fresh["access_token"]).status_code == 200
    done = press(browser, detail_of(browser), "/stop")
    assert urlsplit(done.url).path.endswith("/stopped")
    assert each_world.userinfo(fresh["access_token"]).status_code == 401
    assert each_world.refresh(fresh["refresh_token"]).json()["error"] == "invalid_grant"
    page = detail_of(browser)
    assert "You stopped it" in page.text
    assert not [
        form for form in page.forms if form.action.endswith(("/stop", "/ask-again")) or "/off/" in form.action
    ]


def test_a_second_press_of_stop_says_that_it_is_over(each_world: World) -> None:
    each_world.tokens()
    browser = each_world.signed_in()
    page = detail_of(browser)
    assert press(browser, page, "/stop").status == 200
    assert press(browser, page, "/stop").status == 409
    assert rows(each_world, "SELECT count(*) FROM consent_event WHERE type = 'withdrawn'") == [(1,)]


def test_what_has_not_stopped_has_no_page_that_says_so(world: World) -> None:
    world.tokens()
    browser = world.signed_in()
    here = urlsplit(detail_of(browser).url).path
    assert urlsplit(browser.open(f"{here}/stopped").url).path == here


def test_somebody_elses_service_looks_like_an_unknown_one(each_world: World) -> None:
    """Same answer, byte for byte, to every page and every form."""
    each_world.tokens()
    other = each_world.signed_in("aoife@northfield.example")
    token = dict(other.open("/").form("/logout").fields)
    cut = re.compile(r"req_[\w-]+")
    for path in ("", "/notice", "/stopped"):
        answers = [
            other._client.get(f"/connected/{name}{path}") for name in (grant_id(each_world), "gra_unknown")
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert len({cut.sub("", answer.text) for answer in answers}) == 1
    for path in ("/stop", "/ask-again", f"/off/{PHONE.replace('.', '/')}"):
        answers = [
            other._client.post(f"/connected/{name}{path}", data=token)
            for name in (grant_id(each_world), "gra_unknown")
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert len({cut.sub("", answer.text) for answer in answers}) == 1
    assert rows(each_world, "SELECT state FROM consent_grant") == [("active",)]


def test_values_are_masked_until_the_password_was_given_recently(each_world: World) -> None:
    each_world.tokens(EMAIL)
    browser = each_world.signed_in()
    assert "Asha Rao" in detail_of(browser).text
    each_world.clock.pass_by(601)
    page = detail_of(browser)
    assert "Asha" not in page.response.text
    assert "CS-101" not in page.response.text
    assert page.link("/reauthenticate?next=/connected/gra_")


def test_p8_an_older_copy_is_marked_until_the_partner_reads_again(each_world: World) -> None:
    tokens = each_world.tokens(PHONE)
    browser = each_world.signed_in()
    each_world.userinfo(tokens["access_token"])
    assert "older copy" not in detail_of(browser).text
    browser.submit(browser.open("/profile/edit"), "/profile/edit", {"phone_number": "+91 90000 00777"})
    each_world.clock.pass_by(100)
    page = detail_of(browser)
    assert page.text.count("They hold an older copy, read on 18 Nov") == 1
    each_world.userinfo(tokens["access_token"])
    assert "older copy" not in detail_of(browser).text


def test_p8_of_several_reads_in_one_second_the_last_one_counts(world: World) -> None:
    """The log has whole seconds: what changed between two reads of one second is not an older copy for that."""
    tokens = world.tokens(PHONE)
    browser = world.signed_in()
    for turn in range(6):
        browser.submit(
            browser.open("/profile/edit"), "/profile/edit", {"phone_number": f"+91 90000 0077{turn}"}
        )
        world.userinfo(tokens["access_token"])
        assert "older copy" not in detail_of(browser).text


def test_a_value_that_is_gone_is_an_older_copy_too(world: World) -> None:
    tokens = world.tokens(PHONE)
    world.userinfo(tokens["access_token"])
    browser = world.signed_in()
    browser.submit(browser.open("/profile/edit"), "/profile/edit", {"phone_number": ""})
    page = detail_of(browser)
    assert "not in your profile" in page.text
    assert "They hold an older copy" in page.text


def test_p16_the_notice_that_was_agreed_to_is_shown_byte_for_byte(each_world: World) -> None:
    """Also after the offer has moved on; its hash is on the page."""
    each_world.tokens()
    found = each_world.store(load_details, grant_id(each_world))
    assert found is not None
    new_version(each_world)
    browser = each_world.signed_in()
    page = browser.open(detail_of(browser).link("/connected/gra_"))
    assert page.status == 200
    assert page.url.endswith("/notice")
    session = each_world.run(find_session, each_world.services, browser._client.cookies[COOKIE])
    notice = each_world.run(see_notice, each_world.services, session, grant_id(each_world))
    assert notice.text == found.notice_text
    assert notice.sha256.hex() in page.text
    assert "30 days" in notice.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            "UPDATE partner SET state = 'paused' WHERE partner_id = 'quizco'",
            "We paused QuizCo for everybody. Nothing is shared for now.",
        ),
        ("UPDATE consent_grant SET state = 'paused'", "You paused it. Nothing is shared for now."),
        ("UPDATE consent_grant SET valid_until = 5", "Ended"),
    ],
)
def test_a_state_is_told_in_words(world: World, change: str, words: str) -> None:
    world.tokens()
    act(world, change)
    act(world, "UPDATE registry_version SET version = version + 1")
    browser = world.signed_in()
    assert words in browser.open("/connected").text
    detail_of(browser)


def test_p4_after_a_material_change_nothing_is_shared_until_the_person_answers(each_world: World) -> None:
    """Promise P5: silence releases nothing; keeping the old terms lets it go on as it was agreed."""
    world = each_world
    tokens = world.tokens()
    before = world.userinfo(tokens["access_token"]).json()
    new_version(world)
    browser = world.signed_in()
    assert "QuizCo changed its terms. Since 18 Nov" in browser.open("/connected").text
    assert "1 needs your answer" in browser.open("/").text
    assert world.userinfo(tokens["access_token"]).status_code == 403
    page = world.ask(browser)
    browser.submit(page, "/consent", button="keep", stop_at=QUIZCO_REDIRECT)
    assert world.userinfo(tokens["access_token"]).json() == before


def test_p4_a_minor_change_informs_and_asks_nobody(each_world: World) -> None:
    tokens = each_world.tokens()
    new_version(each_world, "retention_days = 30", "retention_days = 20", material=False)
    browser = each_world.signed_in()
    assert "Needs your answer" not in browser.open("/connected").text
    assert each_world.userinfo(tokens["access_token"]).status_code == 200
    assert "code" in answer_of(each_world.ask(browser))


def test_a_no_is_listed_and_can_be_taken_back(each_world: World) -> None:
    browser = each_world.signed_in()
    each_world.ask(browser)
    refused = browser.submit(each_world.ask(browser), "/consent", button="refuse", stop_at=QUIZCO_REDIRECT)
    assert answer_of(refused)["error"] == "access_denied"
    page = detail_of(browser)
    assert "You said no" in page.text
    done = press(browser, page, "/ask-again")
    assert "may ask you again" in done.text
    with pytest.raises(LookupError):
        done.form("/ask-again")
    assert each_world.ask(browser).form("/consent")


def test_only_a_no_can_be_taken_back(world: World) -> None:
    world.tokens()
    browser = world.signed_in()
    page = detail_of(browser)
    token = dict(page.form("/stop").fields)
    assert browser._client.post(f"{urlsplit(page.url).path}/ask-again", data=token).status_code == 409


def test_somebody_who_was_quicker_is_told(each_world: World) -> None:
    """A change between looking and pressing is no error page, and does nothing twice."""
    each_world.tokens(PHONE)
    browser = each_world.signed_in()
    session = each_world.run(find_session, each_world.services, browser._client.cookies[COOKIE])
    found = each_world.run(see_own_consent, each_world.services, session, grant_id(each_world))
    each_world.run(switch_off, each_world.services, session, grant_id(each_world), *PHONE.split("."))
    with pytest.raises(Refusal) as caught:
        each_world.run(switch_off, each_world.services, session, grant_id(each_world), *PHONE.split("."))
    assert caught.value.code == "stale_form"
    each_world.run(stop, each_world.services, session, grant_id(each_world))
    for late in (stop, let_ask_again):
        with pytest.raises(Refusal) as caught:
            each_world.run(late, each_world.services, session, grant_id(each_world))
        assert caught.value.code == "stale_form"
    assert found.detail.line.grant.version == 1


def test_two_presses_at_once_are_one_stop(each_world: World) -> None:
    each_world.tokens()
    browser = each_world.signed_in()
    session = each_world.run(find_session, each_world.services, browser._client.cookies[COOKIE])
    assert session

    async def race() -> list[object]:
        pressed = (stop(each_world.services, session, grant_id_) for _ in range(2))
        return await asyncio.gather(*pressed, return_exceptions=True)

    grant_id_ = grant_id(each_world)
    outcomes = each_world.run(race)
    assert len([each for each in outcomes if isinstance(each, Refusal)]) == 1
    assert rows(each_world, "SELECT count(*) FROM consent_event WHERE type = 'withdrawn'") == [(1,)]


def test_a_grant_whose_notice_is_missing_is_not_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.tokens()
    browser = world.signed_in()
    monkeypatch.setattr(
        "gateway.actions.consent.consents.load_notices", lambda connection, ids: [None] * len(ids)
    )
    assert browser.open(f"/connected/{grant_id(world)}/notice").status == 404


def test_services_of_two_partners_stand_side_by_side(each_world: World) -> None:
    each_world.tokens()
    given(each_world, "x", offer=READERS)
    text = each_world.signed_in().open("/connected").text
    assert "Practice quizzes" in text
    assert "Course readers" in text


def test_a_pause_acts_at_the_next_read_and_only_its_maker_ends_it(each_world: World) -> None:
    """What was chosen is kept; silence resumes nothing."""
    access = each_world.tokens(PHONE)["access_token"]
    before = each_world.userinfo(access).json()
    browser = each_world.signed_in()
    page = detail_of(browser)
    paused = browser.submit(page, "/pause")
    assert "Paused" in paused.text
    assert each_world.userinfo(access).status_code == 403
    assert browser.submit(page, "/pause").status == 409
    resumed = browser.submit(paused, "/resume")
    assert "It goes on as you agreed" in resumed.text
    assert each_world.userinfo(access).json() == before
    assert browser.submit(paused, "/resume").status == 409


def test_stop_everything_is_one_press(each_world: World) -> None:
    access = each_world.tokens()["access_token"]
    browser = each_world.signed_in()
    done = browser.submit(browser.open("/connected"), "/stop-everything")
    assert "Everything has stopped" in done.text
    assert each_world.userinfo(access).status_code == 401
    with pytest.raises(LookupError):
        done.form("/stop-everything")


def test_rule_4_once_is_one_hand_off_whoever_races_for_it(each_world: World) -> None:
    browser = each_world.signed_in()
    page = each_world.ask(browser)
    back = browser.submit(page, "/consent", {"duration": "once"}, button="share", stop_at=QUIZCO_REDIRECT)
    access = each_world.exchange(answer_of(back)["code"]).json()["access_token"]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: each_world.userinfo(access).status_code, range(6)))
    assert sorted(answers) == [200, 403, 403, 403, 403, 403]
    assert rows(each_world, "SELECT count(*) FROM handoff") == [(1,)]


def test_other_complaints_are_kept_and_pause_nobody(world: World) -> None:
    access = world.tokens()["access_token"]
    world.tokens(email="ben@lakeside.example")
    for email in ("asha", "ben"):
        browser = world.signed_in(f"{email}@lakeside.example")
        browser.submit(detail_of(browser), "/complain", {"kind": "too_much"})
        assert browser.submit(detail_of(browser), "/complain", {"kind": "loud"}).status == 400
    assert world.userinfo(access).status_code == 200
    assert rows(world, "SELECT count(*) FROM complaint") == [(2,)]


def test_the_record_leaves_no_hand_off_out(each_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are: it is read page after page."""
    monkeypatch.setattr("gateway.actions.accounts.own_record.MOST", 2)
    token = each_world.tokens()["access_token"]
    for _ in range(5):
        assert each_world.userinfo(token).status_code == 200
    (consent,) = each_world.signed_in().open("/connected/my-record.json").response.json()["consents"]
    assert len({each["id"] for each in consent["handoffs"]}) == 5


def test_the_whole_record_can_be_downloaded_and_fits_its_published_schema(each_world: World) -> None:
    """Everything by name, nothing by value."""
    each_world.userinfo(each_world.tokens(PHONE)["access_token"])
    browser = each_world.signed_in()
    browser.submit(detail_of(browser), "/complain", {"kind": "other"})
    text = browser.open(browser.open("/connected").link("/connected/my-record.json")).response.text
    record = json.loads(text)
    schema = each_world.client().get(urlsplit(record["$schema"]).path).json()
    fits(record, schema)
    [consent] = record["consents"]
    assert [each["type"] for each in consent["events"]] == ["given"]
    assert len(consent["handoffs"]) == len(consent["complaints"]) == 1
    assert not [value for value in PERSONAL_VALUES if value in text]


def fits(value: object, schema: dict[str, Any]) -> None:
    """Hold a value against the part of JSON schema that ours uses."""
    if "anyOf" in schema:
        (schema,) = [each for each in schema["anyOf"] if (each["type"] == "null") is (value is None)]
    if "enum" in schema:
        assert value in schema["enum"]
        return
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    names = {
        dict: "object", list: "array", str: "string", int: "integer", bool: "boolean", type(None): "null"
    }  # fmt: skip
    assert names[type(value)] in kinds
    if isinstance(value, dict):
        assert sorted(value) == schema["required"]
        for name, each in value.items():
            fits(each, schema["properties"][name])
    elif isinstance(value, list):
        for each in value:
            fits(each, schema["items"])
