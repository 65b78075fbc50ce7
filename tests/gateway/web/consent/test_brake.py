"""Who was advertised to after a hand-off can pause a partner for everybody, with somebody else (promises P1, P17)."""

import pytest

from gateway.actions.accounts.erasure import erase_person
from gateway.actions.authentication.sessions import find_person_key, find_session
from gateway.actions.consent.complaints import complain as complain_about
from gateway.actions.partners.moves import PartnerMove, move_partner
from gateway.cli.browser import Browser
from gateway.consent.complaints import ComplaintKind
from gateway.kit.errors import Refusal
from gateway.kit.secrets.sealing import seal
from gateway.model.people import Power, Role, powers_of, roles_with
from gateway.model.profiles import place_of
from gateway.web.pages.visit import COOKIE
from tests.gateway.store.samples import act, rows
from tests.gateway.web.consent.test_consents import detail_of
from tests.world import QUIZCO_REDIRECT, World, answer_of

ASHA, BEN, AOIFE = "asha@lakeside.example", "ben@lakeside.example", "aoife@northfield.example"
BRAKED = "Complaints about advertising have paused QuizCo"


def served(world: World, email: str) -> str:
    """Let somebody share with QuizCo, and QuizCo read; give the token."""
    world.clock.pass_by(1)
    browser = world.signed_in(email)
    page = world.ask(browser)
    back = answer_of(page) if page.response.is_redirect else world.share(browser, page)
    access: str = world.exchange(back["code"]).json()["access_token"]
    assert world.userinfo(access).status_code == 200
    return access


def complain(world: World, email: str, kind: str = "advertising") -> Browser:
    browser = world.signed_in(email)
    page = browser.submit(detail_of(browser), "/complain", {"kind": kind})
    assert "cmp_" in page.text
    return browser


def state(world: World) -> str:
    found: str = rows(world, "SELECT state FROM partner WHERE partner_id = 'quizco'")[0][0]
    return found


def pauses(world: World) -> int:
    return len(rows(world, "SELECT 1 FROM admin_action WHERE action = 'pause_for_complaints'"))


def give(world: World, email: str, field: str, value: str, *, verified: bool) -> None:
    """Write a detail of an account; nothing where it is empty."""
    person_id = world.person_id(email)
    key = world.run(find_person_key, world.services, person_id)
    act(world, f"DELETE FROM person_field WHERE person_id = '{person_id}' AND field = '{field}'")
    if value:
        act(
            world,
            "INSERT INTO person_field (person_id, field, sealed, source, verified_at, changed_at) "
            "VALUES (:person, :field, :sealed, 'self', :verified, 1)",
            person=person_id,
            field=field,
            sealed=seal(key, value.encode(), place_of(person_id, field)),
            verified=1 if verified else None,
        )


def resume(world: World) -> None:
    world.clock.pass_by(1)
    world.run(move_partner, world.services, "per_officer", "quizco", PartnerMove.RESUME, None)
    world.clock.pass_by(1)


@pytest.fixture
def braked(each_world: World) -> World:
    """A world where Asha and Ben got something of QuizCo after a hand-off, and it is paused."""
    served(each_world, ASHA)
    served(each_world, BEN)
    complain(each_world, ASHA)
    complain(each_world, BEN)
    return each_world


def test_two_people_who_were_served_and_advertised_to_pause_the_partner(each_world: World) -> None:
    """The same person twice is one; the pause is on record; a complaint has a reference that the person keeps."""
    access = served(each_world, ASHA)
    served(each_world, BEN)
    for email, status in ((ASHA, 200), (ASHA, 200), (BEN, 403)):
        complain(each_world, email)
        assert each_world.userinfo(access).status_code == status
    acts = rows(
        each_world, "SELECT actor_id, reason, detail FROM admin_action WHERE action = 'pause_for_complaints'"
    )
    assert acts == [("system", "marketing_complaint", '{"people": 2}')]


def test_who_said_no_and_received_nothing_is_heard_and_stops_nobody(each_world: World) -> None:
    """Their complaints are cases like all others."""
    access = served(each_world, AOIFE)
    for email in (ASHA, BEN):
        browser = each_world.signed_in(email)
        browser.submit(each_world.ask(browser), "/consent", button="refuse", stop_at=QUIZCO_REDIRECT)
        complain(each_world, email)
    complain(each_world, AOIFE)
    assert each_world.userinfo(access).status_code == 200
    assert rows(each_world, "SELECT kind, brakes FROM complaint ORDER BY brakes") == [
        ("advertising", False),
        ("advertising", False),
        ("advertising", True),
    ]
    page = each_world.signed_in("officer@platform.example").open("/admin/complaints")
    assert page.text.count("They advertised to me") >= 3
    assert page.text.count("Counts towards the brake") == 1


def test_who_agreed_and_was_never_read_stops_nobody(world: World) -> None:
    access = served(world, AOIFE)
    for email in (ASHA, BEN):
        world.tokens(email=email)
        complain(world, email)
    assert world.userinfo(access).status_code == 200


def test_neither_old_complaints_nor_old_hand_offs_pull_again_after_a_resume(braked: World) -> None:
    """What an administrator has looked at is looked at; what comes after the resume counts."""
    assert state(braked) == "paused"
    resume(braked)
    for email in (ASHA, BEN):
        complain(braked, email)
    assert state(braked) == "live"
    served(braked, ASHA)
    served(braked, BEN)
    complain(braked, ASHA)
    assert state(braked) == "live"
    complain(braked, BEN)
    assert state(braked) == "paused"
    assert pauses(braked) == 2


def test_what_is_said_of_a_paused_partner_does_not_count_after_it(braked: World) -> None:
    """Otherwise the first complaint after a resume would pull the brake at once."""
    complain(braked, ASHA)
    complain(braked, BEN)
    assert pauses(braked) == 1
    resume(braked)
    served(braked, BEN)
    complain(braked, BEN)
    assert state(braked) == "live"


def test_a_new_manifest_is_no_resume(each_world: World) -> None:
    """A complaint before it and one after it are two."""
    served(each_world, ASHA)
    served(each_world, BEN)
    complain(each_world, ASHA)
    act(each_world, "UPDATE partner SET changed_at = changed_at + 5 WHERE partner_id = 'quizco'")
    each_world.clock.pass_by(9)
    complain(each_world, BEN)
    assert state(each_world) == "paused"


@pytest.mark.parametrize(
    ("field", "asha", "ben", "verified", "expected"),
    [
        ("alternate_email", "", "asha@lakeside.example", False, "live"),
        ("alternate_email", "home@family.example", "Home+quiz@family.example", False, "live"),
        ("alternate_email", "asha@home.example", "ben@home.example", False, "paused"),
        ("phone_number", "+91 90000 00101", "+91 90000 00101", True, "live"),
        ("phone_number", "+91 90000 00101", "+91 90000 00101", False, "paused"),
        ("phone_number", "+91 90000 00101", "+91 90000 00102", True, "paused"),
    ],
)
def test_several_accounts_of_one_person_are_one(
    world: World, field: str, asha: str, ben: str, verified: bool, expected: str
) -> None:
    """An address or a verified number that both have tells: it takes two people."""
    served(world, ASHA)
    served(world, BEN)
    for email, value in ((ASHA, asha), (BEN, ben)):
        give(world, email, field, value, verified=verified)
    complain(world, ASHA)
    complain(world, BEN)
    assert state(world) == expected


def test_other_complaints_are_kept_and_pause_nobody(world: World) -> None:
    access = served(world, ASHA)
    served(world, BEN)
    for email in (ASHA, BEN):
        browser = complain(world, email, "too_much")
        assert browser.submit(detail_of(browser), "/complain", {"kind": "loud"}).status == 400
    assert world.userinfo(access).status_code == 200
    assert rows(world, "SELECT brakes, marks FROM complaint") == [(False, "")] * 2


def test_administrators_are_told_by_letter_and_on_their_pages(braked: World) -> None:
    """No letter names who complained; after a resume the page says it no more."""
    letters = [each for each in braked.letters.letters if "QuizCo is paused" in each.subject]
    told = {each.to for each in letters}
    assert told == {f"{name}@platform.example" for name in ("admin", "officer", "manager")}
    for each in letters:
        assert "/admin/complaints?partner=quizco" in each.text
        assert not [name for name in ("Asha", "Ben", "per_", "cmp_") if name in each.text]
    officer = braked.signed_in("officer@platform.example")
    page = officer.open("/admin/partners/quizco")
    assert BRAKED in page.text
    assert "Paused after complaints about advertising" in page.text
    complaints = officer.open(page.link("/admin/complaints?partner=quizco"))
    assert complaints.text.count("They advertised to me") >= 2
    resume(braked)
    assert BRAKED not in officer.open("/admin/partners/quizco").text


def test_a_brake_by_hand_is_no_brake_by_complaints(braked: World) -> None:
    resume(braked)
    braked.run(move_partner, braked.services, "per_officer", "quizco", PartnerMove.PAUSE, None)
    assert BRAKED not in braked.signed_in("officer@platform.example").open("/admin/partners/quizco").text


def test_marks_are_digests_and_are_forgotten_with_the_resume(braked: World) -> None:
    """Nothing of a person stands in them, and they are kept only as long as they count."""
    for (marks,) in rows(braked, "SELECT marks FROM complaint"):
        assert all(len(bytes.fromhex(each)) == 32 for each in marks.split())
        assert marks
    resume(braked)
    assert rows(braked, "SELECT DISTINCT brakes, marks FROM complaint") == [(False, "")]


def test_the_letter_finds_those_who_are_there_when_it_leaves(braked: World) -> None:
    """And nobody who was erased between the brake and the letter."""
    braked.run(erase_person, braked.services, "cli", "manager@platform.example")
    letters = [each for each in braked.letters.letters if "QuizCo is paused" in each.subject]
    assert {each.to for each in letters} == {"admin@platform.example", "officer@platform.example"}


def test_the_letter_goes_to_those_who_may_pull_the_brake() -> None:
    assert roles_with(Power.BRAKE_PARTNER) == {
        role for role in Role if Power.BRAKE_PARTNER in powers_of(role)
    }
    assert Role.SUPPORT not in roles_with(Power.BRAKE_PARTNER)


def test_an_unknown_consent_is_none_of_ones_own(world: World) -> None:
    browser = world.signed_in()
    session = world.run(find_session, world.services, browser._client.cookies[COOKIE])
    with pytest.raises(Refusal):
        world.run(complain_about, world.services, session, "gra_nothing", ComplaintKind.ADVERTISING)
