"""Links in mail: recovery that tells nothing about who has an account, and addresses that are proven."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gateway.actions.authentication import recovery
from gateway.actions.services import Services
from gateway.cli.browser import Browser, Page
from gateway.kit.mail import FileMailer, Letter, read_folder
from gateway.kit.secrets.digests import digest
from gateway.store.accounts.logins import load_logins_of
from gateway.store.accounts.mail_links import verify_addresses
from tests.world import PASSWORD, PERSONAL_VALUES, World

ASHA = "asha@lakeside.example"
NEW = "eleven brass lanterns"


def ask(world: World, email: str = ASHA) -> Page:
    browser = world.browser()
    return browser.submit(browser.open("/recover"), "/recover", {"email": email})


def link_of(letter: Letter) -> str:
    found = re.search(r"https://gateway\.example(/(?:recover|verify)/cg_ml_[\w-]+)", letter.text)
    assert found
    return found[1]


def recovery_link(world: World) -> str:
    ask(world)
    return link_of(world.letters.letters[-1])


def set_password(browser: Browser, link: str, password: str = NEW) -> Page:
    return browser.submit(browser.open(link), link, {"new_password": password})


def log_in(world: World, password: str, email: str = ASHA) -> Page:
    browser = world.browser()
    return browser.submit(browser.open("/login"), "/login", {"email": email, "password": password})


def test_a_link_sets_a_new_password_signs_everybody_out_and_tells(each_world: World):
    thief = each_world.signed_in()
    page = set_password(each_world.browser(), recovery_link(each_world))
    assert page.url.endswith("/login?done=password")
    assert "/login" in thief.open("/profile").url
    assert log_in(each_world, PASSWORD).status == 400
    assert log_in(each_world, NEW).url.endswith("/")
    told = each_world.letters.letters[-1]
    assert told.to == ASHA
    assert "password was changed" in told.text


def test_unknown_invited_and_known_look_alike(each_world: World):
    answers = [ask(each_world, email) for email in (ASHA, "nobody@lakeside.example", "not an address")]
    bodies = {re.sub(r"req_[\w-]+", "", answer.response.text) for answer in answers}
    assert len(bodies) == 1
    assert [letter.to for letter in each_world.letters.letters] == [ASHA]


def test_a_link_works_once_and_the_newest_ends_the_others(each_world: World):
    older, newest = recovery_link(each_world), recovery_link(each_world)
    assert set_password(each_world.browser(), newest).status == 200
    for link in (older, newest, "/recover/cg_ml_never-made"):
        page = each_world.browser().open(link)
        assert page.status == 404
        assert "This link does not work" in page.text


def test_however_many_use_a_link_at_once_one_wins(each_world: World):
    link = recovery_link(each_world)
    pages = [(each_world.client(), n) for n in range(8)]

    def post(pair):
        client, number = pair
        return client.post(link, data={"new_password": f"{NEW} {number}"}).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = sorted(threads.map(post, pages))
    assert statuses == [303] + [404] * 7


def test_a_link_expires(world: World):
    link = recovery_link(world)
    world.clock.pass_by(world.services.settings.mail_link_ttl)
    assert world.browser().open(link).status == 404


def test_opening_a_link_uses_nothing_up(world: World):
    """Mail scanners open every link."""
    link = recovery_link(world)
    for _ in range(3):
        assert world.browser().open(link).status == 200
    assert set_password(world.browser(), link).status == 200


def test_a_weak_password_is_refused_and_the_link_lives_on(world: World):
    link = recovery_link(world)
    assert set_password(world.browser(), link, "short").status == 400
    assert set_password(world.browser(), link, ASHA).status == 400
    assert set_password(world.browser(), link).status == 200


def test_a_link_of_one_kind_opens_nothing_of_the_other(world: World):
    link = recovery_link(world).replace("/recover/", "/verify/")
    assert world.browser().open(link).status == 404
    assert world.client().post(link, data={"x": "y"}).status_code == 404


def test_asking_is_throttled_by_account_and_the_answer_is_the_same_for_nobodys(world: World):
    for email in (ASHA, "nobody@lakeside.example"):
        answers = [ask(world, email).status for _ in range(4)]
        assert answers == [200, 200, 200, 429]
    assert len(world.letters.letters) == 3


def test_the_host_header_is_not_believed(world: World):
    client = world.client()
    client.post(
        "/recover", data={"email": ASHA}, headers={"host": "evil.example", "x-forwarded-host": "evil.example"}
    )
    (letter,) = world.letters.letters
    assert "evil" not in letter.text
    assert "https://gateway.example/recover/" in letter.text


def test_a_foreign_page_can_neither_ask_nor_recover(world: World):
    link = recovery_link(world)
    for path, data in (("/recover", {"email": ASHA}), (link, {"new_password": NEW})):
        refused = world.client().post(path, data=data, headers={"origin": "https://evil.example"})
        assert refused.status_code == 403
    assert world.browser().open(link).status == 200


def test_the_page_behind_a_link_gives_its_address_to_nobody(world: World):
    page = world.browser().open(recovery_link(world))
    assert page.response.headers["referrer-policy"] == "strict-origin"
    assert page.response.headers["cache-control"] == "no-store"
    outside = [link for link in page.links if link.startswith("http")]
    assert not outside


def test_recovery_does_not_get_past_the_second_factor(world: World):
    from tests.gateway.web.authentication.test_security import switch_codes_on

    switch_codes_on(world, world.signed_in())
    set_password(world.browser(), recovery_link(world))
    page = log_in(world, NEW)
    assert page.form("/login/code")


# The other address


def test_an_address_is_proven_by_its_link(each_world: World):
    browser = each_world.signed_in()
    page = browser.submit(browser.open("/profile"), "/profile/verify")
    assert page.url.endswith("/profile?done=verification")
    letter = each_world.letters.letters[-1]
    assert letter.to == "asha@home.example"
    stranger = each_world.browser()
    asked = stranger.open(link_of(letter))
    assert "asha" not in asked.text
    assert (
        "verified" not in re.findall(r"Other e-mail.*?</li>", browser.open("/profile").response.text, re.S)[0]
    )
    assert "is confirmed" in stranger.submit(asked, link_of(letter)).text
    assert "verified" in re.findall(r"Other e-mail.*?</li>", browser.open("/profile").response.text, re.S)[0]
    assert stranger.open(link_of(letter)).status == 404
    with pytest.raises(LookupError):
        browser.open("/profile").form("/profile/verify")
    # From now on it helps to recover the account, and hears of it.
    ask(each_world)
    assert [each.to for each in each_world.letters.letters[-2:]] == [ASHA, "asha@home.example"]


def test_however_many_confirm_at_once_one_wins(each_world: World):
    browser = each_world.signed_in()
    browser.submit(browser.open("/profile"), "/profile/verify")
    link = link_of(each_world.letters.letters[-1])
    clients = [each_world.client() for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:
        statuses = sorted(threads.map(lambda each: each.post(link, data={"x": "y"}).status_code, clients))
    assert statuses == [200] + [404] * 5
    # Whoever loses the race finds the link used up.
    assert each_world.store(verify_addresses, (digest(link.rpartition("/")[2]), each_world.clock())) is False


def test_what_is_confirmed_a_moment_after_another_press_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link is still good at the look, and used up at the commit."""
    browser, look = world.signed_in(), recovery.find_link
    browser.submit(browser.open("/profile"), "/profile/verify")
    link = link_of(world.letters.letters[-1])

    async def look_and_lose(services: Services, secret: str, purpose: str) -> Any:
        found = await look(services, secret, purpose)
        assert await services.store.run(verify_addresses, (digest(secret), services.clock()))
        return found

    monkeypatch.setattr(recovery, "find_link", look_and_lose)
    assert world.client().post(link, data={"x": "y"}).status_code == 404


def test_a_link_does_not_prove_an_address_that_came_later(each_world: World):
    browser = each_world.signed_in()
    browser.submit(browser.open("/profile"), "/profile/verify")
    link = link_of(each_world.letters.letters[-1])
    each_world.clock.pass_by(10)
    edit = browser.open("/profile/edit")
    browser.submit(edit, "/profile/edit", {"alternate_email": "mallory@evil.example"})
    assert each_world.browser().open(link).status == 404
    assert each_world.client().post(link, data={"x": "y"}).status_code == 404
    assert "Confirm" in browser.open("/profile").text


def test_the_address_that_was_replaced_is_told(world: World):
    browser = world.signed_in()
    browser.submit(browser.open("/profile"), "/profile/verify")
    link = link_of(world.letters.letters[-1])
    world.browser().submit(world.browser().open(link), link)
    browser.submit(
        browser.open("/profile/edit"), "/profile/edit", {"alternate_email": "mallory@evil.example"}
    )
    told = [letter.to for letter in world.letters.letters if "was changed" in letter.text]
    assert told == [ASHA, "asha@home.example"]


def test_verification_letters_are_throttled_and_need_an_address(world: World):
    browser = world.signed_in()
    for _ in range(3):
        browser.submit(browser.open("/profile"), "/profile/verify")
    assert browser.submit(browser.open("/profile"), "/profile/verify").status == 429
    ben = world.signed_in("ben@lakeside.example")
    token = {"csrf_token": dict(ben.open("/profile").form("/logout").fields)["csrf_token"]}
    assert ben._client.post("/profile/verify", data=token).status_code == 409


# Letters


def test_letters_are_written_in_the_persons_language_and_hold_no_values(world: World):
    browser = world.signed_in()
    browser.submit(browser.open("/"), "/language", {"language": "hi"})
    assert world.store(load_logins_of, world.person_id()).person.language == "hi"
    browser.submit(browser.open("/profile"), "/profile/verify")
    set_password(world.browser(), recovery_link(world))
    assert len(world.letters.letters) == 3
    for letter in world.letters.letters:
        assert not [value for value in PERSONAL_VALUES if value in letter.text + letter.subject]


def test_the_inbox_is_a_page_of_the_demonstration_only(world: World, make_world, tmp_path: Path):
    assert world.client().get("/inbox").status_code == 404
    import dataclasses

    from gateway.actions.mail.inbox import read_inbox

    mailer = FileMailer(tmp_path / "mail", "no-reply@x.example")
    settings = world.services.settings.model_copy(update={"show_inbox": True})
    services = dataclasses.replace(world.services, settings=settings, mailer=mailer)
    assert read_inbox(services) == ()
    world.run(
        mailer.send, Letter(ASHA, "Hello", "One\nhttps://gateway.example/recover/x\nhttps://evil.example/\n")
    )
    (letter,) = read_folder(mailer.folder, "https://gateway.example")
    assert (letter.to, letter.subject) == (ASHA, "Hello")
    assert letter.links == ("https://gateway.example/recover/x",)
    served = make_world(show_inbox=True)
    assert served.client().get("/inbox").status_code == 404
    object.__setattr__(served.services, "mailer", mailer)
    assert "https://gateway.example/recover/x" in served.client().get("/inbox").text
