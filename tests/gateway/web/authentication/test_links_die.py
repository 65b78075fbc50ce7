"""Links, tickets and cookies die with what they protect, by numbers and never by seconds (decision 0063)."""

import re
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

import pytest

from gateway.accounts.one_time_passwords import STEP, code_at
from gateway.actions.accounts.invitations import find_invitation
from gateway.actions.accounts.preferences import unsubscribe_path
from gateway.actions.consent.receipts import stop_path
from gateway.cli.browser import Browser, Page
from gateway.kit.errors import Refusal
from gateway.kit.secrets.digests import digest
from gateway.oauth.metadata import PATHS
from gateway.store.accounts.invitations import InvitationRenewal, NewInvitation, renew_invitations
from gateway.store.accounts.passwords import NewPassword, forget_devices, keep_passwords
from gateway.web.authentication.security import FIRST
from gateway.web.pages.visit import COOKIE
from tests.gateway.store.samples import act, rows
from tests.gateway.web.authentication.test_factor_rule import GRACE
from tests.gateway.web.authentication.test_mail_links import (
    NEW,
    ask,
    link_of,
    log_in,
    recovery_link,
    set_password,
)
from tests.gateway.web.authentication.test_security import give_password, switch_codes_on
from tests.gateway.web.guardians.test_requests import LAKSHMI, MEERA, allow, second_guardian, wish
from tests.protocol.leaving import BYE, register
from tests.world import NOW, PASSWORD, World

OTHER = "twelve copper kettles"
HOME = "asha@home.example"


def change_password(browser: Browser, password: str = NEW) -> Page:
    return browser.submit(
        browser.open("/security/password"), "/security/password", {"new_password": password}
    )


def change_address(browser: Browser, address: str) -> Page:
    return browser.submit(browser.open("/profile/edit"), "/profile/edit", {"alternate_email": address})


def verification_link(world: World, browser: Browser) -> str:
    browser.submit(browser.open("/profile"), "/profile/verify")
    return link_of(world.letters.letters[-1])


def verified(world: World, browser: Browser) -> None:
    """Have the other address confirmed."""
    link = verification_link(world, browser)
    world.browser().submit(world.browser().open(link), link)


def is_verified(world: World) -> bool:
    source = "SELECT verified_at FROM person_field WHERE field = 'alternate_email' AND person_id = :id"
    return bool(rows(world, source, id=world.person_id())[0][0])


def is_dead(world: World, link: str, **fields: str) -> bool:
    """Whether neither looking nor posting finds anything at a link."""
    looked = world.client().get(link).status_code
    posted = world.client().post(link, data={"new_password": OTHER, **fields}).status_code
    return (looked, posted) == (404, 404)


# Recovery


def test_a_recovery_link_dies_with_a_password_that_was_chosen_while_signed_in(each_world: World) -> None:
    browser, link = each_world.signed_in(), recovery_link(each_world)
    change_password(browser)
    assert is_dead(each_world, link)
    assert log_in(each_world, NEW).url.endswith("/")


def test_a_recovery_link_dies_with_the_next_password_of_the_same_words(each_world: World) -> None:
    """The number counts, and not what the password is."""
    browser, link = each_world.signed_in(), recovery_link(each_world)
    change_password(browser, PASSWORD)
    assert is_dead(each_world, link)


def recovery_link_at(world: World, address: str) -> str:
    ask(world)
    return next(link_of(each) for each in reversed(world.letters.letters) if each.to == address)


@pytest.mark.parametrize("address", ["", "asha@elsewhere.example"])
def test_a_recovery_link_dies_with_the_address_that_it_was_sent_to(each_world: World, address: str) -> None:
    """Removed or replaced: whoever reads mail there has no way into the account any more."""
    browser = each_world.signed_in()
    verified(each_world, browser)
    link = recovery_link_at(each_world, HOME)
    assert change_address(browser, address).status == 200
    assert is_dead(each_world, link)
    assert log_in(each_world, PASSWORD).url.endswith("/")


def test_a_recovery_link_that_is_asked_for_afterwards_works(each_world: World) -> None:
    browser = each_world.signed_in()
    change_address(browser, "")
    change_password(browser)
    set_password(each_world.browser(), recovery_link(each_world), OTHER)
    assert log_in(each_world, OTHER).url.endswith("/")


def test_a_link_dies_with_the_account(each_world: World) -> None:
    link = recovery_link(each_world)
    act(each_world, "UPDATE person SET state = 'closed' WHERE person_id = :id", id=each_world.person_id())
    assert is_dead(each_world, link)


# Confirmation of an address


def test_a_link_proves_no_address_that_was_set_in_the_same_second(each_world: World) -> None:
    """The clock stands still all the while: A is set, the link is sent, B is set."""
    browser = each_world.signed_in()
    change_address(browser, "a@mail.example")
    link = verification_link(each_world, browser)
    change_address(browser, "b@mail.example")
    assert is_dead(each_world, link)
    assert not is_verified(each_world)


def test_a_link_proves_no_address_that_came_back(each_world: World) -> None:
    """Away and back again is another address: in between, a link for the one in between was on its way."""
    browser = each_world.signed_in()
    link = verification_link(each_world, browser)
    change_address(browser, "b@mail.example")
    change_address(browser, HOME)
    assert is_dead(each_world, link)
    assert not is_verified(each_world)


def test_a_link_does_not_die_with_what_it_does_not_protect(each_world: World) -> None:
    """Another field, another password, another browser: the address is the same."""
    browser = each_world.signed_in()
    link = verification_link(each_world, browser)
    browser.submit(browser.open("/profile/edit"), "/profile/edit", {"phone_number": "+919000000199"})
    change_password(browser)
    log_in(each_world, NEW)
    browser.submit(browser.open("/security"), "/security/sessions/end", {"session": "others"})
    each_world.browser().submit(each_world.browser().open(link), link)
    assert is_verified(each_world)


# Invitations


def test_an_invitation_dies_with_the_first_password(each_world: World) -> None:
    """However the account came to have one."""
    deepa = each_world.person_id("deepa@lakeside.example")
    act(each_world, "UPDATE person SET state = 'invited' WHERE person_id = :id", id=deepa)
    invitation = NewInvitation(digest("cg_in_one"), "cli", NOW, NOW + 900)
    assert each_world.store(renew_invitations, InvitationRenewal(deepa, None, invitation))
    assert each_world.run(find_invitation, each_world.services, "cg_in_one").person.person_id == deepa
    act(each_world, "UPDATE person SET state = 'active' WHERE person_id = :id", id=deepa)
    assert is_dead(each_world, "/invitation/cg_in_one")


# Tickets of the log-in


def test_the_ticket_between_password_and_code_dies_with_the_password(each_world: World) -> None:
    secret, _ = switch_codes_on(each_world, each_world.signed_in())
    each_world.clock.pass_by(STEP)
    thief = each_world.browser()
    door = give_password(thief)
    set_password(each_world.browser(), recovery_link(each_world))
    each_world.clock.pass_by(STEP)
    page = thief.submit(door, "/login/code", {"code": code_at(secret, each_world.clock())})
    assert page.url.endswith("/login?done=too-late")
    assert COOKIE not in thief._client.cookies


def test_the_set_up_of_an_app_dies_with_the_session(each_world: World) -> None:
    browser, other = each_world.signed_in(), each_world.signed_in()
    page = browser.open("/security/code")
    ticket = dict(page.form("/security/code").fields)["ticket"]
    given = {"ticket": ticket, "code": "000000"}
    assert other.submit(other.open("/security/code"), "/security/code", given).status == 409


def test_a_log_out_page_that_waited_leads_nowhere(world: World) -> None:
    """The address that it leads to may be no longer registered."""
    register(world)
    browser, path = world.signed_in(), PATHS["end_session_endpoint"]
    wish = {"client_id": world.quizco, "post_logout_redirect_uri": BYE}
    page = browser.open(f"{path}?{urlencode(wish)}")
    world.clock.pass_by(world.services.settings.screen_ttl)
    answer = browser.submit(page, f"{path}/confirmed")
    assert answer.url.endswith("/signed-out")
    assert "/login" in browser.open("/profile").url


def test_the_link_for_a_first_factor_dies_with_the_password(each_world: World) -> None:
    """Whoever reads the old letter and has found the new password out is no further with it."""
    admin = "admin@platform.example"
    each_world.clock.pass_by(GRACE)
    browser = each_world.browser()
    browser.submit(give_password(browser, admin), f"{FIRST}/letter")
    (link,) = re.findall(r"example(/second-factor\?proof=\S+)", each_world.letters.letters[-1].text)
    assert "Set up an app" in browser.open(link).text
    each_world.store(
        keep_passwords,
        NewPassword(each_world.person_id(admin), hash_of(each_world, admin), each_world.clock()),
    )
    later = each_world.browser()
    give_password(later, admin)
    assert "First a link by mail" in later.open(link).text


def hash_of(world: World, email: str) -> str:
    source = "SELECT secret_hash FROM credential WHERE person_id = :id"
    return str(rows(world, source, id=world.person_id(email))[0][0])


# Links in letters that stop something


def stop_links(world: World, to: str) -> list[str]:
    letters = [each for each in world.letters.letters if each.to == to]
    return [found for each in letters for found in re.findall(r"example(/stop/[\w/-]+)", each.text)]


def end_link(world: World, email: str) -> None:
    act(world, "UPDATE guardian_link SET state = 'ended' WHERE guardian_id = :id", id=world.person_id(email))


def test_a_guardians_stop_link_dies_with_the_guardianship(each_world: World) -> None:
    second_guardian(each_world)
    wish(each_world)
    allow(each_world)
    (theirs,), (own,) = stop_links(each_world, LAKSHMI), stop_links(each_world, MEERA)
    assert theirs != own
    assert each_world.client().get(theirs).status_code == 200
    end_link(each_world, LAKSHMI)
    assert is_dead(each_world, theirs)
    assert each_world.client().get(own).status_code == 200


def test_a_guardians_stop_link_stops(each_world: World) -> None:
    wish(each_world)
    allow(each_world)
    (link,) = stop_links(each_world, LAKSHMI)
    page = each_world.browser().submit(each_world.browser().open(link), link)
    assert page.status == 200
    assert rows(each_world, "SELECT state FROM consent_grant") == [("ended",)]


def test_a_stop_link_of_a_letter_from_before_works(world: World) -> None:
    """It stands in receipts that people keep, so its form is for ever."""
    world.approve()
    grant_id = rows(world, "SELECT grant_id FROM consent_grant")[0][0]
    proof = world.services.seal.signature("stop", grant_id)
    assert stop_path(world.services, grant_id) == f"/stop/{grant_id}/{proof}"
    assert world.client().get(f"/stop/{grant_id}/{proof}").status_code == 200


def test_an_unsubscribe_link_changes_nothing_of_a_closed_account(each_world: World) -> None:
    link = unsubscribe_path(each_world.services, each_world.person_id())
    act(each_world, "UPDATE person SET state = 'closed' WHERE person_id = :id", id=each_world.person_id())
    assert each_world.client().post(link).status_code == 200
    assert rows(each_world, "SELECT * FROM preference") == []


# Sessions


def test_every_session_dies_with_the_password(each_world: World) -> None:
    thief, mine = each_world.signed_in(), each_world.signed_in()
    change_password(mine)
    assert urlsplit(thief.open("/profile").url).path == "/login"
    assert mine.open("/security").status == 200


def test_a_new_password_is_none_of_a_session_that_has_ended(each_world: World) -> None:
    """Whoever found an open browser does not overtake the owner, who has just signed it out by a new password."""
    thief, mine = each_world.signed_in(), each_world.signed_in()
    form = dict(thief.open("/security/password").form("/security/password").fields)
    change_password(mine)
    answer = thief._client.post("/security/password", data={**form, "new_password": OTHER})
    assert answer.headers["location"] == "/login"
    assert log_in(each_world, OTHER).status == 400


def test_versions_count_up_and_are_of_one_person(each_world: World) -> None:
    source = "SELECT password_version, address_version, device_version FROM person WHERE person_id = :id"
    asha, ben = each_world.person_id(), each_world.person_id("ben@lakeside.example")
    (before,), (others,) = rows(each_world, source, id=asha), rows(each_world, source, id=ben)
    browser = each_world.signed_in()
    steps: list[Callable[[], object]] = [
        lambda: change_password(browser),
        lambda: change_address(browser, "b@mail.example"),
        lambda: each_world.store(forget_devices, asha),
    ]
    for step in steps:
        step()
    assert rows(each_world, source, id=asha) == [(before[0] + 1, before[1] + 1, before[2] + 2)]
    assert rows(each_world, source, id=ben) == [others]


def test_a_dead_link_says_no_more_than_an_unknown_one(world: World) -> None:
    browser, link = world.signed_in(), recovery_link(world)
    change_password(browser)
    dead, unknown = (world.client().get(each) for each in (link, "/recover/cg_ml_never-made"))
    cut = [re.sub(r"req_[\w-]+|cg_ml_[\w-]+", "", each.text) for each in (dead, unknown)]
    assert cut[0] == cut[1]
    with pytest.raises(Refusal, match="cannot be used"):
        world.run(find_invitation, world.services, "cg_in_never-made")
