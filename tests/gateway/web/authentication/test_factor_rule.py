"""Powers take a second factor: held against every route, and attacked with an administrator's stolen password."""

import re
from urllib.parse import urlsplit

import pytest
from starlette.routing import Route

from gateway.accounts.one_time_passwords import STEP, code_at
from gateway.actions.authentication.factor_rule import is_strong_enough
from gateway.actions.authentication.sessions import find_session, is_fresh
from gateway.cli.browser import Browser, Page
from gateway.kit.clock import DAY
from gateway.model.people import ROLES_WITH_POWERS, Acr, Role, powers_of
from gateway.store.accounts.passwords import NewPassword, keep_passwords
from gateway.store.administration.administrators import begin_grace, have_factors, list_without_factor
from gateway.web.pages.sections import SECTIONS
from gateway.web.pages.visit import COOKIE
from gateway.web.routes import all_routes
from tests.gateway.store.samples import act, rows
from tests.gateway.web.authentication.test_security import (
    csrf,
    device,
    give_password,
    options_of,
    secret_cookie,
    secret_of,
    use_passkey,
)
from tests.gateway.web.pages.test_step_up import fill_in, parameters
from tests.world import NOW, PASSWORD, World

ADMIN = "admin@platform.example"
SCHOOL = "school@lakeside.example"
EVERY_ROLE = {
    Role.PLATFORM_ADMIN: ADMIN,
    Role.PRIVACY_OFFICER: "officer@platform.example",
    Role.SUPPORT: "support@platform.example",
    Role.AUDITOR: "auditor@platform.example",
    Role.PARTNER_MANAGER: "manager@platform.example",
    Role.SCHOOL_ADMIN: SCHOOL,
}
GRACE = 7 * DAY
WITH_POWERS = re.compile(r"/admin(/|$)")
STEP_UP = "/reauthenticate"
FIRST = "/second-factor"


def path_of(page: Page) -> str:
    return urlsplit(page.url).path


def enrol_code(world: World, browser: Browser, page: Page) -> tuple[bytes, list[str], Page]:
    """Set an app up from the page that a log-in leads to; give its secret, the recovery codes and the next page."""
    form = browser.open(page.link(f"{FIRST}/code"))
    secret = secret_of(form)
    done = browser.submit(form, f"{FIRST}/code", {"code": code_at(secret, world.clock())})
    codes = re.findall(r"<code[^>]*>([a-z2-7]{4}(?:-[a-z2-7]{4}){3})</code>", done.response.text)
    assert len(set(codes)) == 10
    # The page's own link stands before those of its foot: whom to ask, and what is kept.
    return secret, codes, browser.open(done.links[-3])


def with_code(world: World, email: str = ADMIN) -> tuple[Browser, bytes, list[str]]:
    """Sign an administrator in for the first time, who sets an app up."""
    browser = world.browser()
    secret, codes, _ = enrol_code(world, browser, give_password(browser, email))
    return browser, secret, codes


def test_every_role_with_powers_is_in_the_table() -> None:
    assert set(EVERY_ROLE) == set(ROLES_WITH_POWERS) == {role for role in Role if powers_of(role)}


def admin_routes() -> list[tuple[str, str]]:
    found = [
        (method, route.path)
        for route in all_routes()
        if isinstance(route, Route) and WITH_POWERS.match(route.path)
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]
    assert {rule.url for rule in SECTIONS.values()} <= {path for _, path in found}
    return found


@pytest.mark.parametrize("role", ROLES_WITH_POWERS)
def test_no_page_and_no_act_of_the_administration_with_a_password_alone(world: World, role: Role) -> None:
    """Every route, every role, with a valid form token: as soon as the grace is over, the factor comes first."""
    known = parameters_of(world)
    world.clock.pass_by(GRACE)
    browser = world.browser()
    give_password(browser, EVERY_ROLE[role])
    token = csrf(browser)
    before = rows(world, "SELECT count(*) FROM admin_action")
    for method, path in admin_routes():
        answer = browser._client.request(
            method, fill_in(path, known), data=token if method == "POST" else None
        )
        where = answer.headers.get("location", "")
        # What the role may not do at all is refused before anybody asks for the factor.
        is_held = where.startswith(STEP_UP) or answer.status_code == 403
        assert is_held, (role, method, path, answer.status_code)
    assert rows(world, "SELECT count(*) FROM admin_action") == before


def parameters_of(world: World) -> dict[str, str]:
    world.approve()
    return parameters(world, "asha@lakeside.example")


@pytest.mark.parametrize("role", ROLES_WITH_POWERS)
def test_the_home_of_the_administration_leads_to_the_first_factor(world: World, role: Role) -> None:
    world.clock.pass_by(GRACE)
    browser = world.browser()
    assert path_of(give_password(browser, EVERY_ROLE[role])) == FIRST
    page = browser.open("/admin")
    assert path_of(page) == FIRST
    assert "No page of the administration opens before." in page.text
    assert "Later" not in page.text


def test_in_the_grace_the_pages_say_until_when_and_the_password_is_enough(world: World) -> None:
    browser = world.browser()
    page = give_password(browser, ADMIN, "/login?next=/admin/grants")
    assert path_of(page) == FIRST
    assert "You can do it until 25 Nov 2026" in page.text
    later = browser.open(page.link("/admin/grants"))
    assert later.status == 200
    assert path_of(later) == "/admin/grants"
    assert "Until 25 Nov 2026" in later.text
    assert "your password alone is enough here" in later.text
    assert "password alone is enough" not in browser.open("/profile").text


def test_no_log_out_and_no_new_log_in_prolongs_the_grace(world: World) -> None:
    world.clock.pass_by(GRACE - 10)
    browser = world.browser()
    give_password(browser, ADMIN)
    assert path_of(browser.open("/admin")) == "/admin"
    browser.submit(browser.open("/profile"), "/logout")
    give_password(browser, ADMIN)
    world.clock.pass_by(10)
    assert path_of(browser.open("/admin")) == FIRST


def test_without_a_grace_the_first_log_in_leads_to_the_factor_and_nowhere_else(make_world) -> None:
    world = make_world(factor_grace=0)
    browser = world.browser()
    page = give_password(browser, ADMIN)
    assert path_of(page) == FIRST
    assert path_of(browser.open("/admin/people")) == FIRST
    _, _, onward = enrol_code(world, browser, page)
    assert path_of(onward) == "/admin"


def test_an_app_is_set_up_at_the_first_log_in_and_opens_the_administration(each_world: World) -> None:
    browser = each_world.browser()
    secret, _, page = enrol_code(
        each_world, browser, give_password(browser, ADMIN, "/login?next=/admin/people")
    )
    assert path_of(page) == "/admin/people"
    assert "password alone is enough" not in page.text
    each_world.clock.pass_by(GRACE + STEP)
    again = each_world.browser()
    page = give_password(again, ADMIN)
    assert path_of(again.submit(page, "/login/code", {"code": code_at(secret, each_world.clock())})) == "/"
    assert path_of(again.open("/admin/people")) == "/admin/people"


def first_passkey(browser: Browser, page: Page, own) -> Page:
    form = browser.open(page.link(f"{FIRST}/passkey"))
    return browser.submit(form, f"{FIRST}/passkey", {"credential": own.create(options_of(form))})


def test_a_passkey_is_set_up_at_the_first_log_in_shown_at_once_and_opens_the_administration(
    each_world: World,
) -> None:
    browser, own = each_world.browser(), device()
    done = first_passkey(browser, give_password(browser, ADMIN), own)
    assert "Your recovery codes" in done.text
    assert path_of(browser.open("/admin")) == STEP_UP
    page = use_passkey(browser, own, done.link("/reauthenticate/passkey"))
    assert path_of(page) == "/admin"


def test_who_has_no_powers_is_not_led_anywhere(world: World) -> None:
    browser = world.browser()
    assert path_of(give_password(browser)) == "/"
    assert path_of(browser.open(FIRST)) == "/security"
    assert path_of(world.browser().open(f"{FIRST}?proof=x")) == "/login"


def test_an_accepted_invitation_leads_to_the_factor(world: World) -> None:
    act(world, "UPDATE person SET state = 'invited', factor_grace_from = NULL")
    person_id = world.person_id(ADMIN)
    hashed = rows(world, "SELECT secret_hash FROM credential WHERE person_id = :p", p=person_id)[0][0]
    world.clock.pass_by(100)
    world.store(keep_passwords, NewPassword(person_id, hashed, world.clock()))
    asha = world.person_id()
    world.store(keep_passwords, NewPassword(asha, hashed, world.clock()))
    found = dict(rows(world, "SELECT person_id, factor_grace_from FROM person WHERE state = 'active'"))
    assert found == {person_id: NOW + 100, asha: None}
    # A later password changes nothing about it.
    world.store(keep_passwords, NewPassword(person_id, hashed, world.clock() + 5))
    assert rows(world, "SELECT factor_grace_from FROM person WHERE person_id = :p", p=person_id) == [
        (NOW + 100,)
    ]
    assert path_of(give_password(world.browser(), ADMIN)) == FIRST


# With a stolen password


def test_a_stolen_password_sets_no_first_factor_up_once_the_grace_is_over(each_world: World) -> None:
    """It takes a link that goes to the person's addresses."""
    each_world.clock.pass_by(GRACE)
    thief = each_world.browser()
    page = give_password(thief, ADMIN)
    assert "First a link by mail" in page.text
    assert not [link for link in page.links if link.startswith((f"{FIRST}/code", f"{FIRST}/passkey"))]
    for path in (f"{FIRST}/code", f"{FIRST}/passkey", f"{FIRST}/code?proof=AAAA", "/security/passkey"):
        assert path_of(thief.open(path)) == FIRST
    sent = thief.submit(page, f"{FIRST}/letter")
    assert "A link is on its way" in sent.text
    assert not each_world.store(have_factors, each_world.person_id(ADMIN))
    letter = each_world.letters.letters[-1]
    assert letter.to == ADMIN
    link = re.search(r"https://gateway\.example(/second-factor\?proof=\S+)", letter.text)
    assert link
    # Whoever has the mail as well goes on; another administrator's browser does not.
    owner = each_world.browser()
    assert path_of(owner.open(link[1])) == "/login"
    page = owner.submit(owner.open(link[1]), "/login", {"email": ADMIN, "password": PASSWORD})
    other = each_world.browser()
    give_password(other, "officer@platform.example")
    assert "First a link by mail" in other.open(link[1]).text
    _, _, onward = enrol_code(each_world, owner, page)
    assert path_of(onward) == "/admin"


def test_the_link_by_mail_is_sent_only_so_often_and_works_for_a_short_time(world: World) -> None:
    world.clock.pass_by(GRACE)
    browser = world.browser()
    page = give_password(browser, ADMIN)
    for _ in range(3):
        assert browser.submit(page, f"{FIRST}/letter").status == 200
    assert browser.submit(page, f"{FIRST}/letter").status == 429
    link = re.search(r"https://gateway\.example(/second-factor\?proof=\S+)", world.letters.letters[-1].text)
    assert link
    assert "Set up an app" in browser.open(link[1]).text
    world.clock.pass_by(1800)
    give_password(browser, ADMIN)
    assert "First a link by mail" in browser.open(link[1]).text


def test_a_stolen_password_adds_no_factor_beside_a_passkey(world: World) -> None:
    owner, own = world.browser(), device()
    done = first_passkey(owner, give_password(owner, ADMIN), own)
    assert path_of(use_passkey(owner, own, done.link("/reauthenticate/passkey"))) == "/admin"
    thief = world.browser()
    assert path_of(give_password(thief, ADMIN)) == "/"
    for path in (
        "/admin",
        "/security/passkey",
        "/security/code",
        FIRST,
        f"{FIRST}/passkey",
        "/security/password",
    ):
        page = thief.open(path)
        assert path_of(page) == STEP_UP, path
        assert "Your role takes your second factor here" in page.text
    token = csrf(thief)
    posted = (
        "/security/passkey",
        "/security/code",
        "/security/passkey/remove",
        "/security/codes",
        "/admin/people/import",
    )
    for path in posted:
        answer = thief._client.post(path, data={**token, "passkey": own.name.hex()})
        assert answer.headers["location"].startswith(STEP_UP), path
    assert world.store(have_factors, world.person_id(ADMIN))


def test_a_stolen_password_is_no_step_up_where_there_is_a_factor(world: World) -> None:
    """Neither at the form, nor by signing in once more in a browser whose session is strong."""
    owner, own = world.browser(), device()
    done = first_passkey(owner, give_password(owner, ADMIN), own)
    use_passkey(owner, own, done.link("/reauthenticate/passkey"))
    world.clock.pass_by(601)
    page = owner.open("/security/passkey")
    assert path_of(page) == STEP_UP
    assert not [form for form in page.forms if "password" in dict(form.fields)]
    posted = owner._client.post(
        STEP_UP, data={**csrf(owner), "password": PASSWORD, "next": "/security/passkey"}
    )
    assert posted.headers["location"].startswith(STEP_UP)
    assert path_of(owner.open("/security/passkey")) == STEP_UP
    give_password(owner, ADMIN)
    session = world.run(find_session, world.services, secret_cookie(owner))
    assert session
    assert session.acr == Acr.PWD
    assert not is_fresh(world.services, session)
    assert path_of(owner.open("/admin")) == STEP_UP


def test_a_recovered_password_opens_no_administration(world: World) -> None:
    """The link of a forgotten password signs nobody in and takes no factor away."""
    with_code(world)
    world.http.post("/recover", data={"email": ADMIN})
    link = re.search(r"/recover/\S+", world.letters.letters[-1].text)
    assert link
    thief = world.browser()
    thief.submit(thief.open(link[0]), link[0], {"new_password": "another lantern here"})
    page = thief.submit(thief.open("/login"), "/login", {"email": ADMIN, "password": "another lantern here"})
    assert path_of(page) == "/login"
    assert "Now the six digits" in page.text
    assert path_of(thief.open("/admin")) == "/login"
    assert COOKIE not in thief._client.cookies


def test_a_session_of_before_acts_no_more_once_there_is_a_factor(world: World) -> None:
    """In the grace two browsers are signed in; one of them enrols, and the other, perhaps a thief's, is shut out."""
    thief = world.browser()
    give_password(thief, ADMIN)
    begun = thief.open(f"{FIRST}/code")
    assert path_of(thief.open("/admin")) == "/admin"
    with_code(world)
    assert path_of(thief.open("/admin")) == STEP_UP
    late = thief.submit(begun, f"{FIRST}/code", {"code": code_at(secret_of(begun), world.clock())})
    assert path_of(late) == STEP_UP


def test_a_password_alone_does_not_renew_what_a_partner_may_ask_of_somebody_without_powers(
    world: World,
) -> None:
    """People without powers keep what they had: the password counts, and a stronger log-in is not forgotten."""
    browser, own = world.signed_in(), device()
    form = browser.open("/security/passkey")
    browser.submit(form, "/security/passkey", {"credential": own.create(options_of(form))})
    use_passkey(browser, own, "/reauthenticate/passkey?next=/security")
    world.clock.pass_by(601)
    page = browser.submit(browser.open("/security/passkey"), STEP_UP, {"password": PASSWORD})
    assert path_of(page) == "/security/passkey"
    session = world.run(find_session, world.services, secret_cookie(browser))
    assert session
    assert session.acr == Acr.PHR


# The last factor


def test_the_last_factor_of_somebody_with_powers_stays(each_world: World) -> None:
    browser, _, _ = with_code(each_world)
    refused = browser.submit(browser.open("/security"), "/security/code/remove")
    assert refused.status == 409
    assert "this is your last one" in refused.text
    own = device()
    form = browser.open("/security/passkey")
    browser.submit(form, "/security/passkey", {"credential": own.create(options_of(form))})
    assert browser.submit(browser.open("/security"), "/security/code/remove").status == 200
    assert "10 recovery codes are left" in browser.open("/security").text
    assert browser.submit(browser.open("/security"), "/security/passkey/remove").status == 409
    assert each_world.store(have_factors, each_world.person_id(ADMIN))


def test_the_last_factor_of_somebody_without_powers_goes_with_its_codes(each_world: World) -> None:
    browser = each_world.signed_in()
    form = browser.open("/security/code")
    browser.submit(form, "/security/code", {"code": code_at(secret_of(form), each_world.clock())})
    browser.submit(browser.open("/security"), "/security/code/remove")
    assert rows(each_world, "SELECT count(*) FROM recovery_code") == [(0,)]


# Recovery codes


def test_a_recovery_code_stands_in_once_is_told_and_is_on_record(each_world: World) -> None:
    _, _, codes = with_code(each_world)
    browser = each_world.browser()
    page = browser.submit(give_password(browser, ADMIN), "/login/code", {"code": codes[3]})
    assert path_of(page) == "/"
    assert path_of(browser.open("/admin")) == "/admin"
    assert "9 recovery codes are left" in browser.open("/security").text
    person_id = each_world.person_id(ADMIN)
    assert rows(
        each_world, "SELECT actor_id, target_id FROM admin_action WHERE action = 'use_recovery_code'"
    ) == [(person_id, person_id)]
    assert "One of your recovery codes was used" in each_world.letters.letters[-1].text
    again = each_world.browser()
    assert again.submit(give_password(again, ADMIN), "/login/code", {"code": codes[3]}).status == 400


def test_a_recovery_code_stands_in_for_a_lost_passkey_at_the_step_up(world: World) -> None:
    owner = world.browser()
    done = first_passkey(owner, give_password(owner, ADMIN), device())
    codes = re.findall(r"<code[^>]*>([a-z2-7]{4}(?:-[a-z2-7]{4}){3})</code>", done.response.text)
    browser = world.browser()
    give_password(browser, ADMIN)
    page = browser.submit(browser.open("/admin"), STEP_UP, {"code": codes[0]})
    assert path_of(page) == "/admin"


def test_new_recovery_codes_take_the_factor_and_the_old_ones_stop_working(each_world: World) -> None:
    browser, secret, codes = with_code(each_world)
    each_world.clock.pass_by(601)
    page = browser.open("/security")
    assert not [form for form in page.forms if form.action == "/security/codes"]
    posted = browser._client.post("/security/codes", data=csrf(browser))
    assert posted.headers["location"].startswith(STEP_UP)
    page = browser.submit(
        browser.open(f"{STEP_UP}?next=/security"), STEP_UP, {"code": code_at(secret, each_world.clock())}
    )
    new = browser.submit(page, "/security/codes")
    fresh = re.findall(r"<code[^>]*>([a-z2-7]{4}(?:-[a-z2-7]{4}){3})</code>", new.response.text)
    assert len(set(fresh) - set(codes)) == 10
    assert "New recovery codes were made" in each_world.letters.letters[-1].text
    other = each_world.browser()
    page = give_password(other, ADMIN)
    page = other.submit(page, "/login/code", {"code": codes[0]})
    assert page.status == 400
    assert path_of(other.submit(page, "/login/code", {"code": fresh[0]})) == "/"


def test_recovery_codes_are_long_enough_and_kept_as_digests_only(world: World) -> None:
    _, _, codes = with_code(world)
    assert all(len(code.replace("-", "")) * 5 >= 80 for code in codes)
    kept = rows(world, "SELECT code_digest FROM recovery_code")
    assert len(kept) == 10
    assert all(len(digest) == 32 and code.encode() not in digest for (digest,) in kept for code in codes)


def test_codes_without_a_factor_are_not_made_and_a_password_makes_none(world: World) -> None:
    browser = world.signed_in()
    answer = browser._client.post("/security/codes", data=csrf(browser))
    assert answer.headers["location"].startswith(STEP_UP)
    admin = world.signed_in(ADMIN)
    assert admin._client.post("/security/codes", data=csrf(admin)).status_code == 409


# Who lacks one


def test_the_home_page_names_who_lacks_a_factor_by_a_short_id_and_no_name(world: World) -> None:
    page = world.signed_in(ADMIN).open("/admin")
    ids = {world.person_id(email)[:10] for email in EVERY_ROLE.values()}
    assert all(each in page.text for each in ids)
    assert "may act until 25 Nov 2026" in page.text
    assert "@" not in page.text.replace("privacy@lecturelight.example", "")
    own = world.signed_in(SCHOOL).open("/admin").text
    assert world.person_id(SCHOOL)[:10] in own
    assert world.person_id(ADMIN)[:10] not in own
    assert "Without a second factor" not in world.signed_in("auditor@platform.example").open("/admin").text
    world.clock.pass_by(GRACE)
    assert "cannot act before it is set up" in world.signed_in(ADMIN).open("/admin").text
    with_code_again = world.store(list_without_factor, "northfield")
    assert with_code_again == []


def test_a_role_that_gets_powers_begins_a_grace_unless_there_is_a_factor(each_world: World) -> None:
    ben, asha, deepa = (each_world.person_id(f"{each}@lakeside.example") for each in ("ben", "asha", "deepa"))
    browser = each_world.signed_in("deepa@lakeside.example")
    form = browser.open("/security/code")
    browser.submit(form, "/security/code", {"code": code_at(secret_of(form), each_world.clock())})
    act(each_world, "UPDATE person SET role = 'support' WHERE person_id IN (:a, :b)", a=ben, b=deepa)
    for each in (ben, asha, deepa):
        each_world.store(begin_grace, (each, NOW + 50))
    found = dict(rows(each_world, "SELECT person_id, factor_grace_from FROM person"))
    assert (found[ben], found[asha], found[deepa]) == (NOW + 50, None, None)
    session = each_world.run(
        find_session, each_world.services, secret_cookie(each_world.signed_in("ben@lakeside.example"))
    )
    assert session
    assert is_strong_enough(each_world.services, session)
    each_world.clock.pass_by(GRACE + 50)
    assert not is_strong_enough(each_world.services, session)
