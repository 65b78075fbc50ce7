"""The first password: once, in time, by the person alone (promise P7)."""

import asyncio
import re

import pytest

from gateway.actions.accounts.invitations import accept_invitation
from gateway.actions.administration.people_import import Importer, import_people
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from tests.world import HEADING, PASSWORD, World

NIA = "nia@northfield.example"
NEW = "eleven paper boats"


@pytest.fixture
def address(each_world: World) -> str:
    """The address that a fresh invitation carries, from the letter."""
    content = f"{HEADING}\nnorthfield,student,{NIA},Nia Shah,,,,,,,,,,\n".encode()
    each_world.run(import_people, each_world.services, content, Importer("cli"))
    (letter,) = each_world.letters.letters
    assert letter.to == NIA
    found = re.search(r"https://gateway\.example(/invitation/\S+)", letter.text)
    assert found is not None
    return found[1]


def set_password(world: World, address: str, password: str = NEW) -> int:
    browser = world.browser()
    page = browser.open(address)
    if page.status != 200:
        return page.status
    return browser.submit(page, address, {"new_password": password}).status


def signs_in(world: World, password: str) -> bool:
    form = {"email": NIA, "password": password}
    return world.client().post("/login", data=form).status_code == 303


def test_the_person_chooses_a_password_and_signs_in(each_world: World, address: str) -> None:
    browser = each_world.browser()
    page = browser.open(address)
    assert "Northfield School" in page.text
    assert NIA not in page.response.text
    assert not signs_in(each_world, NEW)
    done = browser.submit(page, address, {"new_password": NEW})
    assert "Your password is set" in done.text
    assert done.form("/login")
    assert signs_in(each_world, NEW)


def test_an_invitation_works_once(each_world: World, address: str) -> None:
    open_before = each_world.browser().open(address)
    assert set_password(each_world, address) == 200
    assert set_password(each_world, address, "another password") == 404
    late = each_world.browser().submit(open_before, address, {"new_password": "another password"})
    assert late.status == 404
    assert signs_in(each_world, NEW)
    assert not signs_in(each_world, "another password")


def test_an_invitation_expires_and_looks_like_an_unknown_one(each_world: World, address: str) -> None:
    open_before = each_world.browser().open(address)
    each_world.clock.pass_by(7 * DAY)
    expired, unknown = (each_world.browser().open(each) for each in (address, "/invitation/cg_in_unknown"))
    assert expired.status == unknown.status == 404
    cut = re.compile(r"req_[\w-]+")
    assert cut.sub("", expired.response.text) == cut.sub("", unknown.response.text)
    assert each_world.browser().submit(open_before, address, {"new_password": NEW}).status == 404


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short", "at least 10 characters"),
        ("", "at least 10 characters"),
        ("aaaaaaaaaaaa", "more different"),
        (NIA, "Do not use your e-mail address"),
        (NIA.upper(), "Do not use your e-mail address"),
        ("x" * 190 + "abcdefghijklm", "at most 200"),
    ],
)
def test_a_weak_password_is_told_and_the_invitation_stays(
    each_world: World, address: str, password: str, said: str
) -> None:
    browser = each_world.browser()
    page = browser.submit(browser.open(address), address, {"new_password": password})
    assert page.status == 400
    assert said in page.text
    assert not password or password not in page.response.text
    assert browser.submit(page, address, {"new_password": NEW}).status == 200


def test_somebody_elses_address_is_a_password_like_any_other(world: World) -> None:
    """The rule must not tell who has an account."""
    content = f"{HEADING}\nnorthfield,student,{NIA},Nia Shah,,,,,,,,,,\n".encode()
    world.run(import_people, world.services, content, Importer("cli"))
    found = re.search(r"/invitation/\S+", world.letters.letters[0].text)
    assert found is not None
    assert set_password(world, found[0], "asha@lakeside.example") == 200


def test_of_two_who_send_the_form_at_once_one_sets_the_password(each_world: World, address: str) -> None:
    secret = address.rpartition("/")[2]

    async def race() -> list[object]:
        attempts = (accept_invitation(each_world.services, secret, f"{NEW} {number}") for number in range(2))
        return await asyncio.gather(*attempts, return_exceptions=True)

    outcomes = each_world.run(race)
    refused = [each for each in outcomes if isinstance(each, Refusal)]
    assert [refusal.code for refusal in refused] == ["not_found"]
    assert [each for each in outcomes if each == []] == [[]]
    assert [signs_in(each_world, f"{NEW} {number}") for number in range(2)].count(True) == 1


def test_an_overloaded_machine_is_no_invalid_invitation(each_world: World, address: str) -> None:
    each_world.services.passwords._taken = 10**6
    assert set_password(each_world, address) == 503
    each_world.services.passwords._taken = 0
    assert set_password(each_world, address) == 200


def test_a_form_from_another_site_sets_no_password(each_world: World, address: str) -> None:
    answer = each_world.client().post(
        address, data={"new_password": NEW}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert set_password(each_world, address) == 200


def test_the_letter_says_what_it_is_and_the_log_does_not(each_world: World, address: str) -> None:
    letter = each_world.letters.letters[0]
    assert "works once" in letter.text
    assert PASSWORD not in letter.text
