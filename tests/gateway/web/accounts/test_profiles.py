"""One's own profile: masked until the password was given, edited whole, with who holds the older copy (P8, P15)."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest

from gateway.actions.accounts.profiles import EDITABLE, edit_profile
from gateway.actions.authentication.sessions import find_session
from gateway.actions.opened_profile import OpenedProfile
from gateway.cli.browser import Browser, Page
from gateway.kit.errors import Refusal
from gateway.kit.secrets.sealing import seal
from gateway.model.profiles import place_of
from gateway.store.profiles import load_profiles
from gateway.web.pages.visit import COOKIE
from tests.gateway.store.samples import act, rows
from tests.gateway.web.guardians.test_requests import MEERA, wish
from tests.world import PERSONAL_VALUES, World

STALE = 601
PHONE = "phone_number.appointment_reminders"


def edit(browser: Browser, changes: Mapping[str, str]) -> Page:
    return browser.submit(browser.open("/profile/edit"), "/profile/edit", dict(changes))


def fields(page: Page) -> dict[str, str]:
    return dict(page.form("/profile/edit").fields)


def test_everything_that_is_kept_is_shown_with_where_it_came_from(each_world: World) -> None:
    page = each_world.signed_in().open("/profile")
    for words in (
        "Asha Rao",
        "asha@lakeside.example",
        "+91 90000 00101",
        "7 Lake View Road, Srirangapatna",
        "2005-03-14",
    ):
        assert words in page.text
    empty = page.text.count("nothing here yet")
    assert page.text.count("From your school") + empty == page.response.text.count('<h2 id="label-')
    assert "From you " not in page.text
    assert empty
    assert "May read it" not in page.text


def test_p15_no_value_is_shown_to_a_stale_log_in(each_world: World) -> None:
    """Neither on the page nor in the form, and nothing can be changed."""
    browser = each_world.signed_in()
    before = fields(browser.open("/profile/edit"))
    each_world.clock.pass_by(STALE)
    for path in ("/profile", "/", "/connected", "/profile/edit"):
        page = browser.open(path)
        # Masked, an address shows its town.
        for value in set(PERSONAL_VALUES) - {"Srirangapatna"}:
            assert value not in page.response.text, (path, value)
    assert urlsplit(browser.open("/profile/edit").url).path == "/reauthenticate"
    token = dict(browser.open("/profile").form("/logout").fields)
    refused = browser._client.post(
        "/profile/edit", data={**before, **token, "phone_number": "+91 90000 00999"}
    )
    assert refused.status_code == 403
    assert rows(each_world, "SELECT count(*) FROM person_field WHERE source = 'self'") == [(0,)]


def test_an_account_with_nothing_optional_works(each_world: World) -> None:
    """Promise P7: only three required fields."""
    browser = each_world.signed_in("ben@lakeside.example")
    assert "2 of 10" in browser.open("/").text
    assert fields(browser.open("/profile/edit"))["phone_number"] == ""
    assert urlsplit(edit(browser, {}).url).path == "/profile"
    assert "Ben Okafor" in browser.open("/profile").text


def test_what_is_changed_is_kept_in_its_normal_form_as_ones_own(each_world: World) -> None:
    browser = each_world.signed_in()
    each_world.clock.pass_by(60)
    page = edit(
        browser,
        {
            "phone_number": "+91 (90000) 00999",
            "alternate_email": "Asha@HOME.example",
            "locale": "hi",
            "picture": "https://pictures.example/asha.png",
            "address.locality": " Bengaluru ",
            "address.region": "",
        },
    )
    assert urlsplit(page.url).path == "/profile"
    assert "Saved." in page.text
    for words in (
        "+91 90000 00999",
        "Asha@home.example",
        "hi",
        "https://pictures.example/asha.png",
        "Bengaluru",
    ):
        assert words in page.text
    assert "Karnataka" not in page.text
    changed = rows(each_world, "SELECT field FROM person_field WHERE source = 'self' ORDER BY field")
    assert [field for (field,) in changed] == [
        "address",
        "alternate_email",
        "locale",
        "phone_number",
        "picture",
    ]
    assert "asha.png" not in str(rows(each_world, "SELECT * FROM person_field"))


def test_what_was_not_changed_stays_the_schools_and_verified(each_world: World) -> None:
    act(each_world, "UPDATE person_field SET verified_at = 5 WHERE field = 'phone_number'")
    edit(each_world.signed_in(), {"locale": "hi"})
    source = "SELECT source, verified_at FROM person_field WHERE field = 'phone_number' AND person_id = :id"
    assert rows(each_world, source, id=each_world.person_id()) == [("school", 5)]
    assert "verified" in each_world.signed_in().open("/profile").text


def test_an_emptied_field_is_gone(each_world: World) -> None:
    browser = each_world.signed_in()
    gone = {name: "" for name in fields(browser.open("/profile/edit")) if name.startswith("address.")}
    edit(browser, {"phone_number": " ", **gone})
    page = browser.open("/profile")
    assert "90000" not in page.response.text
    assert "Lake View" not in page.response.text
    assert "phone_number" not in str(
        rows(each_world, "SELECT field FROM person_field WHERE person_id = :id", id=each_world.person_id())
    )


def test_input_is_kept_and_every_fault_is_told_at_its_field_and_nothing_is_saved(each_world: World) -> None:
    browser = each_world.signed_in()
    typed = {
        "phone_number": "12345",
        "alternate_email": "not an address",
        "locale": "hi",
        "picture": "javascript:alert(1)",
        "address.country": "Atlantis",
        "address.locality": "<b>Mysuru",
    }
    page = edit(browser, typed)
    assert page.status == 400
    assert {name: fields(page)[name] for name in typed} == typed
    assert "<b>" not in page.response.text
    for words in ("Begin with +", "not an e-mail address", "begins with https://", "Name a country"):
        assert words in page.text
    for control in ("alternate_email", "phone_number", "picture", "address.street_address"):
        assert f'href="#field-{control}"' in page.response.text, control
    assert "There is no" not in page.text
    assert rows(each_world, "SELECT count(*) FROM person_field WHERE source = 'self'") == [(0,)]
    done = browser.submit(
        page,
        "/profile/edit",
        {"phone_number": "", "alternate_email": "", "picture": "", "address.country": ""},
    )
    assert urlsplit(done.url).path == "/profile"


@pytest.mark.parametrize("name", ["name", "email", "birthdate", "role", "course"])
def test_what_is_the_schools_cannot_be_changed_by_a_made_up_form(world: World, name: str) -> None:
    browser = world.signed_in()
    edit(browser, {name: "Somebody Else"})
    assert "Somebody Else" not in browser.open("/profile").text
    session = world.run(find_session, world.services, browser._client.cookies[COOKIE])
    assert name not in EDITABLE
    with pytest.raises(Refusal) as caught:
        world.run(edit_profile, world.services, session, {name: "Somebody Else"})
    assert caught.value.code == "not_allowed"


def test_p8_the_form_says_who_holds_the_older_copy_and_the_next_read_has_the_new_one(
    each_world: World,
) -> None:
    tokens = each_world.tokens(PHONE)
    browser = each_world.signed_in()
    assert "May read it: QuizCo" in browser.open("/profile").text
    assert "Received it" not in browser.open("/profile").text
    assert "holds the copy" not in browser.open("/profile/edit").text
    first = each_world.userinfo(tokens["access_token"]).json()
    page = browser.open("/profile/edit")
    assert "QuizCo holds the copy that it received on 18 Nov" in re.sub(r"\s+", " ", page.text)
    edit(browser, {"phone_number": "+91 90000 00777"})
    second = each_world.userinfo(tokens["access_token"]).json()
    assert first["phone_number_masked"].endswith("01")
    assert second["phone_number_masked"].endswith("77")


def said(page: Page) -> str:
    """The page's words, without the marks that keep foreign text and days together."""
    return re.sub(r"\s+([.,])", r"\1", re.sub(r"\s+", " ", page.text))


def test_what_may_be_read_and_what_was_received_are_told_apart(world: World) -> None:
    """A pause is said, a wish is none of both, and what was handed over stays said after the end."""
    tokens = world.tokens(PHONE)
    world.userinfo(tokens["access_token"])
    browser = world.signed_in()
    detail = browser.open(browser.open("/connected").link("/connected/gra_"))
    paused = browser.submit(detail, "/pause")
    profile = said(browser.open("/profile"))
    assert "May read it: QuizCo (paused) Received it: QuizCo, last on 18 Nov 2026" in profile
    browser.submit(paused, "/stop")
    profile = said(browser.open("/profile"))
    assert "May read it" not in profile
    assert "Received it: QuizCo, last on 18 Nov 2026" in profile
    assert "QuizCo received it, last on 18 Nov 2026. It gets no new one." in said(
        browser.open("/profile/edit")
    )
    wish(world, "email.results_delivery")
    profile = world.signed_in(MEERA).open("/profile").text
    assert "May read it" not in profile
    assert "Received it" not in profile


def test_a_birthdate_is_read_by_whoever_may_ask_for_an_age(world: World) -> None:
    """A person sees what an answer about them is made of."""
    grant = "SELECT grant_id FROM consent_grant"
    world.tokens()
    ((grant_id,),) = rows(world, grant)
    act(
        world,
        "INSERT INTO grant_item VALUES (:id, 'age_over_16', 'age_verification', 'boolean', false, 0)",
        id=grant_id,
    )
    page = world.signed_in().open("/profile").text
    assert "May read it: QuizCo" in page[page.index("2005-03-14") : page.index("2005-03-14") + 120]


def test_an_address_that_is_no_object_any_more_is_shown_as_it_is(world: World) -> None:
    """What an older version kept is still the person's."""
    person_id = world.person_id()
    opened = OpenedProfile(world.services.seal, world.store(load_profiles, person_id))
    for text in ("12 Old Road", "{}"):
        sealed = seal(opened.key, text.encode(), place_of(person_id, "address"))
        act(
            world,
            "UPDATE person_field SET sealed = :s WHERE field = 'address' AND person_id = :id",
            s=sealed,
            id=person_id,
        )
        assert text in world.signed_in().open("/profile").response.text
    assert fields(world.signed_in().open("/profile/edit"))["address.locality"] == ""


def test_an_erased_person_has_no_page_and_no_values(each_world: World) -> None:
    """Deleting the key erases: what is left opens for nobody."""
    browser = each_world.signed_in()
    act(each_world, "DELETE FROM person_key WHERE person_id = :id", id=each_world.person_id())
    assert browser.open("/profile").status == 404


def test_p8_a_field_whose_control_the_form_does_not_have_keeps_its_value(each_world: World) -> None:
    """A form of an older page, or one cut short: what it does not speak of is not taken away."""
    browser = each_world.signed_in()
    whole = fields(browser.open("/profile/edit"))
    token = dict(browser.open("/profile").form("/logout").fields)
    for control in ("phone_number", "address.country"):
        cut = {name: value for name, value in whole.items() if name != control}
        answered = browser._client.post("/profile/edit", data={**cut, **token, "alternate_email": ""})
        assert answered.status_code == 303
        assert fields(browser.open("/profile/edit"))[control] == whole[control] != ""


def test_a_fault_shows_what_was_typed_and_what_the_form_did_not_have_as_it_is(world: World) -> None:
    browser = world.signed_in()
    whole = fields(browser.open("/profile/edit"))
    token = dict(browser.open("/profile").form("/logout").fields)
    answered = browser._client.post("/profile/edit", data={**token, "phone_number": "12"})
    assert answered.status_code == 400
    assert 'value="12"' in answered.text
    assert whole["address.locality"] in answered.text
