"""People for administrators: found by what is known of them exactly, shown by ids, and stopped at once."""

import pytest

from gateway.actions.accounts.erasure import erase_person
from gateway.actions.administration.people_import import Importer, import_people
from gateway.actions.two_people import POWERS_REST
from gateway.cli.browser import Browser, Page
from gateway.model.people import Role, can_stop
from tests.gateway.store.samples import act, rows
from tests.gateway.web.administration.test_factor_reset import agree
from tests.gateway.web.administration.test_pages import as_, links, no_values
from tests.gateway.web.authentication.test_factor_rule import with_code
from tests.gateway.web.authentication.test_security import give_password
from tests.world import ISSUER, World

PEOPLE = "/admin/people"
ASHA, AOIFE = "asha@lakeside.example", "aoife@northfield.example"
MEERA, LAKSHMI = "meera@lakeside.example", "lakshmi@lakeside.example"
SAM = "support@platform.example"


def accounts(page: Page) -> set[str]:
    """Name the accounts that a list leads to."""
    return {link.rpartition("/")[2] for link in links(page) if link.startswith(f"{PEOPLE}/per_")}


def search(browser: Browser, **given: str) -> set[str]:
    page = browser.submit(browser.open(PEOPLE), PEOPLE, given)
    assert page.status == 200
    assert not any("@" in hop or "%40" in hop for hop in browser.hops)
    return accounts(page)


def test_people_are_found_by_what_is_known_of_them_exactly(world: World) -> None:
    """By address, role, state and organisation, and all of it at once; each search is on record, by names alone."""
    admin = as_(world, "admin")
    asha, aoife = world.person_id(ASHA), world.person_id(AOIFE)
    assert search(admin, person=" Asha@lakeside.example") == {asha}
    assert search(admin, person="asha@lakeside.exampl") == set()
    assert search(admin, person=ASHA, role="professor") == set()
    assert search(admin, organisation="northfield", role="student") == {aoife}
    assert search(admin, state="closed") == set()
    assert asha in search(admin, state="active", role="student")
    recorded = rows(
        world, "SELECT detail FROM admin_action WHERE action = 'search_people' ORDER BY at, action_id"
    )
    assert len(recorded) == 6
    assert set(recorded) == {
        (f'{{"conditions": "{names}"}}',)
        for names in ("email", "email,role", "organisation_id,role", "state", "role,state")
    }
    for wrong in ("role=dean", "state=gone", "organisation=nowhere", "person=forged", "before=x"):
        assert admin.open(f"{PEOPLE}?{wrong}").status == 400, wrong


def test_a_school_finds_its_own_and_learns_nothing_of_others(world: World) -> None:
    """Who has an account elsewhere is found where a list of the school's stood in for it, and only then."""
    school = as_(world, "school")
    assert search(school, person=AOIFE) == search(school, person="nobody@lakeside.example") == set()
    assert search(school, person=ASHA) == {world.person_id(ASHA)}
    listed = f"organisation,role,email,name\nlakeside,student,{AOIFE},Aoife\n".encode()
    importer = Importer(world.person_id("school@lakeside.example"), "lakeside", Role.SCHOOL_ADMIN)
    assert world.run(import_people, world.services, listed, importer).created
    [stand_in] = search(school, person=AOIFE)
    assert stand_in != world.person_id(AOIFE)
    assert search(as_(world, "admin"), person=AOIFE) == {stand_in, world.person_id(AOIFE)}
    # An address that names another organisation changes nothing.
    own = accounts(school.open(PEOPLE))
    assert accounts(school.open(f"{PEOPLE}?organisation=northfield")) == own
    assert school.open(f"{PEOPLE}/{world.person_id(AOIFE)}").status == 404


def test_an_account_is_shown_with_all_that_hangs_on_it_and_no_value(world: World) -> None:
    world.tokens()
    admin, school = as_(world, "admin"), as_(world, "school")
    asha = f"{PEOPLE}/{world.person_id()}"
    page = admin.open(asha)
    no_values(page)
    assert "Practice quizzes" in page.text
    assert any(link.startswith("/admin/grants/gra_") for link in links(page))
    assert {f"{asha}/role", f"{asha}/sign-out"} <= {*links(page), *(form.action for form in page.forms)}
    # A school sees which service, and not the consent itself.
    page = school.open(asha)
    assert "Practice quizzes" in page.text
    assert not any(link.startswith("/admin/grants") or link.endswith("/role") for link in links(page))
    # Both ends of a link lead to each other.
    meera, lakshmi = world.person_id(MEERA), world.person_id(LAKSHMI)
    assert lakshmi in accounts(school.open(f"{PEOPLE}/{meera}"))
    assert meera in accounts(school.open(f"{PEOPLE}/{lakshmi}"))
    with_code(world, SAM)
    sam = f"{PEOPLE}/{world.person_id(SAM)}"
    assert f"{sam}/factor" in links(admin.open(sam))
    assert admin.open(f"{PEOPLE}/per_nobody").status == 404
    looked = rows(world, "SELECT target_id FROM admin_action WHERE action = 'see_person'")
    assert looked.count((world.person_id(),)) == 2


def test_whoever_has_more_consents_than_a_page_is_said_to(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.tokens()
    monkeypatch.setattr("gateway.actions.administration.people.PAGE", 0)
    assert "There are more." in as_(world, "admin").open(f"{PEOPLE}/{world.person_id()}").text


def test_signing_out_ends_every_session_and_only_for_whom_one_may_stop(world: World) -> None:
    asha, admin = world.signed_in(), as_(world, "admin")
    page = admin.open(f"{PEOPLE}/{world.person_id()}")
    assert "signed out everywhere" in admin.submit(page, "/sign-out").text
    assert asha.open("/connected").url.startswith(f"{ISSUER}/login")
    assert admin.submit(page, "/sign-out").status == 409
    # Not oneself, and a school's administrator nobody with other powers.
    own = admin.open(f"{PEOPLE}/{world.person_id('admin@platform.example')}")
    assert not [form for form in own.forms if form.action.endswith("/sign-out")]
    school = as_(world, "school")
    for person_id in (world.person_id("school@lakeside.example"), world.person_id(AOIFE)):
        form = dict(school.open(PEOPLE).form("/import").fields)
        answer = school._client.post(f"{PEOPLE}/{person_id}/sign-out", data=form)
        assert answer.status_code in (403, 404), person_id


def test_nobody_stops_a_role_with_powers_that_they_could_not_have() -> None:
    allowed = {(role, other) for role in Role for other in Role if can_stop(role, other)}
    assert {other for role, other in allowed if role is Role.SCHOOL_ADMIN} == {
        Role.STUDENT, Role.PROFESSOR, Role.GUARDIAN, Role.SCHOOL_ADMIN
    }  # fmt: skip
    assert {other for role, other in allowed if role is Role.PLATFORM_ADMIN} == set(Role)


def press(browser: Browser, email_id: str, what: str, reason: str = "school_policy") -> Page:
    return browser.submit(browser.open(f"{PEOPLE}/{email_id}"), f"/{what}", {"reason": reason})


def letters_of(world: World) -> list[tuple[str, str]]:
    found = [(each.to, each.subject) for each in world.letters.letters if "account is" in each.subject]
    world.letters.letters.clear()
    return found


def test_a_deactivated_account_is_out_until_it_is_brought_back(world: World) -> None:
    """Signed out, no way in, nothing read; then everything is as it was, but for what ended meanwhile."""
    tokens, asha, person_id = world.tokens(), world.signed_in(), world.person_id()
    world.letters.letters.clear()
    school, admin = as_(world, "school"), as_(world, "admin")
    page = school.submit(school.open(f"{PEOPLE}/{person_id}"), "/deactivate", {"reason": ""})
    assert (page.status, "Choose a reason." in page.text) == (400, True)
    page = press(school, person_id, "deactivate")
    assert "Deactivated. The person is signed out" in page.text
    assert "Paused" in page.text
    assert letters_of(world) == [(ASHA, "Your Lecturelight account is deactivated")]
    assert asha.open("/connected").url.startswith(f"{ISSUER}/login")
    assert give_password(world.browser()).status == 400
    assert world.userinfo(tokens["access_token"]).json()["error"] == "consent_paused"
    assert accounts(admin.open(f"{PEOPLE}?state=deactivated")) == {person_id}
    assert world.browser().submit(world.browser().open("/recover"), "/recover", {"email": ASHA}).status == 200
    assert world.letters.letters == []
    again = admin.open(f"{PEOPLE}/{person_id}")
    press(admin, person_id, "reactivate")
    assert letters_of(world) == [(ASHA, "Your Lecturelight account is back")]
    assert admin.submit(again, "/reactivate", {"reason": "school_policy"}).status == 409
    assert world.userinfo(tokens["access_token"]).status_code == 200
    assert world.signed_in().open("/connected").status == 200
    acts = rows(
        world,
        "SELECT action, reason, detail FROM admin_action WHERE action LIKE '%activate_person' ORDER BY at, action",
    )
    assert acts == [
        ("deactivate_person", "school_policy", "{}"),
        ("reactivate_person", "school_policy", "{}"),
    ]


def test_what_ended_meanwhile_stays_ended_and_an_invitation_waits_again(world: World) -> None:
    tokens, person_id = world.tokens(), world.person_id()
    admin = as_(world, "admin")
    press(admin, person_id, "deactivate")
    page = admin.open(f"/admin/grants/{tokens['grant_id']}")
    assert "Paused" in page.text
    admin.submit(page, "/revoke", {"reason": "user_request"})
    press(admin, person_id, "reactivate")
    assert world.userinfo(tokens["access_token"]).status_code == 401
    listed = b"organisation,role,email,name\nlakeside,student,nia@lakeside.example,Nia\n"
    world.run(import_people, world.services, listed, Importer("cli:alice"))
    nia = world.person_id("nia@lakeside.example")
    letter = next(each for each in world.letters.letters if each.to == "nia@lakeside.example")
    link = letter.text.partition(f"{ISSUER}")[2].split()[0]
    press(admin, nia, "deactivate")
    assert not admin.open(f"{PEOPLE}/{nia}").response.text.count('/invite"')
    assert world.browser().open(link).status == 404
    press(admin, nia, "reactivate")
    assert "Invited" in admin.open(f"{PEOPLE}/{nia}").text
    assert world.browser().open(link).status == 200


def test_powers_come_back_by_two_and_rest(each_world: World) -> None:
    """One administrator stops another at once; nobody alone gives powers back (promise P15)."""
    world, sam = each_world, each_world.person_id(SAM)
    admin, officer = as_(world, "admin"), as_(world, "officer")
    press(admin, sam, "deactivate", "security_incident")
    page = admin.open(f"{PEOPLE}/{sam}")
    assert "A second administrator has to agree" in page.text
    asked = admin.submit(page, "/reactivate", {"reason": "admin_correction"})
    assert asked.url.startswith(f"{ISSUER}/admin/waiting/wai_")
    assert admin.submit(page, "/reactivate", {"reason": "admin_correction"}).status == 409
    assert "Somebody else has to agree" in asked.text
    assert "Deactivated" in admin.open(f"{PEOPLE}/{sam}").text
    world.letters.letters.clear()
    agree(world, officer)
    assert letters_of(world) == [(SAM, "Your Lecturelight account is back")]
    [(state, from_when)] = rows(world, f"SELECT state, approves_from FROM person WHERE person_id = '{sam}'")
    assert (state, from_when) == ("active", world.clock() + POWERS_REST)
    assert admin.submit(page, "/reactivate", {"reason": "admin_correction"}).status == 409
    [(reason, detail)] = rows(
        world, "SELECT reason, detail FROM admin_action WHERE action = 'reactivate_person'"
    )
    assert (reason, "wai_" in detail) == ("admin_correction", True)


def test_powers_that_changed_meanwhile_do_not_come_back_as_they_were(world: World) -> None:
    admin, officer, sam = as_(world, "admin"), as_(world, "officer"), world.person_id(SAM)
    press(admin, sam, "deactivate")
    press(admin, sam, "reactivate")
    act(world, "UPDATE person SET role = 'platform_admin' WHERE person_id = :id", id=sam)
    assert agree(world, officer).status == 409
    assert "Deactivated" in admin.open(f"{PEOPLE}/{sam}").text


def test_a_stand_in_has_nobody_to_tell(world: World) -> None:
    admin = as_(world, "admin")
    listed = f"organisation,role,email,name\nlakeside,student,{AOIFE},Aoife\n".encode()
    importer = Importer(world.person_id("school@lakeside.example"), "lakeside", Role.SCHOOL_ADMIN)
    world.run(import_people, world.services, listed, importer)
    [stand_in] = search(as_(world, "school"), person=AOIFE)
    world.letters.letters.clear()
    assert "Deactivated" in press(admin, stand_in, "deactivate").text
    assert world.letters.letters == []


def test_nobody_deactivates_themselves_or_what_is_closed(world: World) -> None:
    admin, school = as_(world, "admin"), as_(world, "school")
    person_id = world.person_id()
    page = admin.open(f"{PEOPLE}/{person_id}")
    world.run(erase_person, world.services, "cli", ASHA)
    assert admin.submit(page, "/deactivate", {"reason": "user_request"}).status == 409
    assert not [form for form in admin.open(f"{PEOPLE}/{person_id}").forms if "activate" in form.action]
    for browser, email in ((admin, "admin@platform.example"), (school, "school@lakeside.example")):
        own = f"{PEOPLE}/{world.person_id(email)}"
        form = {**dict(browser.open(PEOPLE).form("/import").fields), "reason": "user_request"}
        assert browser._client.post(f"{own}/deactivate", data=form).status_code == 403
