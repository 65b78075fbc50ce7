"""Who is held back and who is not: guessing is bounded, and nobody is locked out by a stranger (NIST SP 800-63B)."""

from collections.abc import Callable

import httpx2
import pytest

from gateway.actions.authentication.known_devices import KNOWN_FOR, MOST
from gateway.cli.browser import Browser
from gateway.kit.clock import DAY
from gateway.store.operation.sweep import sweep_over
from gateway.web.pages.visit import DEVICE_COOKIE
from tests.gateway.store.samples import rows
from tests.gateway.web.authentication.test_mail_links import NEW, recovery_link, set_password
from tests.gateway.web.authentication.test_security import (
    add_passkey,
    device,
    give_password,
    switch_codes_on,
    use_passkey,
)
from tests.world import PASSWORD, World

ASHA, BEN = "asha@lakeside.example", "ben@lakeside.example"
WRONG = "not the password"


def post(client: httpx2.Client, email: str = ASHA, password: str = PASSWORD, at: str = "") -> int:
    """Post the log-in form; `at` is what a proxy of ours says about the browser."""
    headers = {"X-Forwarded-For": at} if at else {}
    form = {"email": email, "password": password}
    return client.post("/login", data=form, headers=headers).status_code


def lock(world: World, email: str = ASHA) -> None:
    """Guess as a stranger until no guess is taken any more."""
    while post(world.client(), email, WRONG) != 429:
        pass


def known(world: World, email: str = ASHA) -> httpx2.Client:
    """Give a browser in which somebody signed in, and signed out again."""
    browser = world.signed_in(email)
    browser.submit(browser.open("/"), "/logout")
    return browser._client


def behind_proxy(make_world: Callable[..., World], **changes: object) -> World:
    world = make_world(trusted_proxies=("10.0.0.0/8",), **changes)
    world.asgi.client = ("10.0.0.1", 4711)
    return world


def test_a_stranger_locks_nobody_out_of_a_browser_where_they_signed_in_before(each_world: World) -> None:
    browser = known(each_world)
    lock(each_world)
    assert post(each_world.client()) == 429
    assert post(browser) == 303
    # That was a success in a row of failures, so it ends the row.
    assert post(each_world.client()) == 303


def test_a_known_browser_is_known_for_its_own_people_alone(world: World) -> None:
    browser = known(world, BEN)
    lock(world)
    assert post(browser) == 429


def test_a_known_browser_does_not_guess_for_ever_either(each_world: World) -> None:
    browser = known(each_world)
    lock(each_world)
    answers = [post(browser, password=WRONG) for _ in range(6)]
    assert answers == [400] * 5 + [429]


def test_a_passkey_passes_every_lock(each_world: World) -> None:
    key = device()
    add_passkey(each_world.signed_in(), key)
    lock(each_world)
    assert use_passkey(each_world.browser(), key).url.endswith("/")


def test_whoever_signs_in_by_a_passkey_is_known_with_the_password_too(world: World) -> None:
    key, browser = device(), world.browser()
    add_passkey(world.signed_in(), key)
    use_passkey(browser, key)
    lock(world)
    assert post(browser._client) == 303


def test_a_recovery_by_mail_ends_the_lock(each_world: World) -> None:
    lock(each_world)
    set_password(each_world.browser(), recovery_link(each_world))
    assert post(each_world.client(), password=NEW) == 303


def guesses(world: World, client: Callable[[], httpx2.Client], days: int) -> int:
    """Guess as often as one is let, for so many days; give how many guesses were looked at."""
    taken = 0
    for _ in range(days):
        while post(client(), password=WRONG) == 400:
            taken += 1
        world.clock.pass_by(DAY)
    return taken


def test_at_most_a_hundred_wrong_passwords_in_a_row_however_slowly(make_world: Callable[..., World]) -> None:
    """Strangers and a browser that is known together; the right password is held back then as well."""
    world = make_world(address_attempts=10_000)
    browser = known(world)
    taken = guesses(world, world.client, 15) + guesses(world, lambda: browser, 15)
    assert taken == 100
    assert post(world.client()) == post(browser) == 429
    set_password(world.browser(), recovery_link(world))
    assert post(world.client(), password=NEW) == 303


def test_an_account_that_nobody_has_is_locked_alike(make_world: Callable[..., World]) -> None:
    """Otherwise the fifty-first guess would tell who has an account."""
    world = make_world(address_attempts=10_000, login_attempts=100)
    for email in (ASHA, "nobody@lakeside.example"):
        answers = [post(world.client(), email, WRONG) for _ in range(52)]
        assert answers == [400] * 50 + [429] * 2


def test_a_locked_account_says_how_to_go_on(make_world: Callable[..., World]) -> None:
    world = make_world(login_failures=5)
    lock(world)
    browser = world.browser()
    page = browser.submit(browser.open("/login"), "/login", {"email": ASHA, "password": WRONG})
    assert "choose a new password" in page.text
    assert "passkey" in page.text


def test_a_code_is_not_guessed_for_ever(make_world: Callable[..., World]) -> None:
    world = make_world()
    switch_codes_on(world, world.signed_in())
    taken = 0
    for _ in range(15):
        door = give_password(world.browser())
        while taken < 200 and world.browser().submit(door, "/login/code", {"code": "000000"}).status == 400:
            taken += 1
        world.clock.pass_by(DAY)
    assert taken == 50


# Networks


def test_a_whole_school_signs_in_behind_one_address(make_world: Callable[..., World]) -> None:
    """What is right counts against nobody: here forty times what may go wrong."""
    world = behind_proxy(make_world, address_attempts=3)
    assert [post(world.client(), email, at="198.51.100.7") for email in (ASHA, BEN) * 60] == [303] * 120


def test_a_school_in_which_many_mistype_still_signs_in(make_world: Callable[..., World]) -> None:
    world = behind_proxy(make_world)
    for number in range(150):
        assert post(world.client(), f"p{number}@lakeside.example", WRONG, "198.51.100.7") == 400
    assert post(world.client(), at="198.51.100.7") == 303


def spray(world: World, addresses: list[str]) -> list[int]:
    """Try one password with an account after the other."""
    return [
        post(world.client(), f"p{number}@x.example", WRONG, address)
        for number, address in enumerate(addresses)
    ]


def test_spraying_from_one_address_ends(make_world: Callable[..., World]) -> None:
    world = behind_proxy(make_world, address_attempts=5)
    assert spray(world, ["198.51.100.7"] * 7) == [400] * 5 + [429] * 2
    assert spray(world, ["198.51.100.8"]) == [400]


@pytest.mark.parametrize(
    "spelling",
    [
        "198.51.100.7:{}",
        "[::ffff:198.51.100.7]:{}",
        "[2001:db8:1:2::1]:{}",
        "2001:db8:1:2::{}",
        "fe80::1%eth{}",
        "unknown{}",
    ],
)
def test_a_new_port_or_host_part_makes_no_new_address(
    make_world: Callable[..., World], spelling: str
) -> None:
    world = behind_proxy(make_world, address_attempts=5)
    answers = spray(world, [spelling.format(number) for number in range(4001, 4008)])
    assert answers == [400] * 5 + [429] * 2


def test_a_whole_48_is_bounded_too(make_world: Callable[..., World]) -> None:
    world = behind_proxy(make_world, address_attempts=2)
    answers = spray(world, [f"2001:db8:1:{number:x}::1" for number in range(22)])
    assert answers == [400] * 20 + [429] * 2
    assert spray(world, ["2001:db8:2::1"]) == [400]


def test_a_known_browser_signs_in_from_a_network_that_is_held_back(make_world: Callable[..., World]) -> None:
    world = behind_proxy(make_world, address_attempts=1)
    browser = known(world)
    assert spray(world, ["198.51.100.7"] * 2) == [400, 429]
    assert post(world.client(), at="198.51.100.7") == 429
    assert post(browser, at="198.51.100.7") == 303


def test_a_network_that_is_held_back_takes_no_attempt_of_an_account(make_world: Callable[..., World]) -> None:
    world = behind_proxy(make_world, address_attempts=1)
    assert spray(world, ["198.51.100.7"]) == [400]
    assert {post(world.client(), ASHA, WRONG, "198.51.100.7") for _ in range(9)} == {429}
    assert post(world.client(), at="198.51.100.8") == 303


# Known browsers


def kept(client: httpx2.Client) -> str:
    return str(client.cookies.get(DEVICE_COOKIE, ""))


def test_a_network_that_is_held_back_writes_nothing_down_for_new_addresses(
    make_world: Callable[..., World],
) -> None:
    """Asking for recovery letters for made-up addresses makes no row for each of them for ever."""
    world = make_world(address_attempts=5)
    client = world.client()
    for number in range(20):
        client.post("/recover", data={"email": f"x{number}@nowhere.example"})
    assert rows(world, "SELECT count(*) FROM throttle") == [(6,)]
    assert rows(world, "SELECT count(*) FROM letter") == [(5,)]


def test_the_list_of_a_browser_says_nothing_to_whoever_reads_it(world: World) -> None:
    """It is sealed and no two are alike, so that it cannot be compared; we keep nothing of it."""
    one, other = kept(known(world)), kept(known(world))
    assert one
    assert one != other
    assert world.person_id() not in one
    answer = world.client().post("/login", data={"email": ASHA, "password": PASSWORD})
    (cookie,) = [each for each in answer.headers.get_list("set-cookie") if DEVICE_COOKIE in each]
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/", f"Max-Age={KNOWN_FOR}"} <= set(cookie.split("; "))


def test_the_privacy_page_says_what_the_browser_keeps_and_for_how_long(world: World) -> None:
    assert f"for {KNOWN_FOR // DAY} days at most" in world.browser().open("/privacy").text


@pytest.mark.parametrize("text", ["", "x", "garbage.garbage", "ü", "A" * 3000])
def test_a_list_that_is_not_ours_makes_nobody_known(world: World, text: str) -> None:
    lock(world)
    headers = {b"Cookie": f"{DEVICE_COOKIE}={text}".encode()}
    answer = world.client().post("/login", data={"email": ASHA, "password": PASSWORD}, headers=headers)
    assert answer.status_code == 429


def test_a_wrong_password_makes_no_browser_known(world: World) -> None:
    client = world.client()
    assert post(client, password=WRONG) == 400
    assert not kept(client)


def test_a_browser_is_known_for_half_a_year_from_the_last_log_in(world: World) -> None:
    browser = known(world)
    world.clock.pass_by(KNOWN_FOR - 1)
    lock(world)
    list_of_then = kept(browser)
    assert post(browser) == 303
    browser.cookies.set(DEVICE_COOKIE, list_of_then, domain="gateway.example", path="/")
    world.clock.pass_by(1)
    lock(world)
    assert post(browser) == 429


def test_a_browser_is_known_for_the_last_few_people(make_world: Callable[..., World]) -> None:
    others = [f"{name}@lakeside.example" for name in ("ben", "lakshmi", "school", "deepa", "meera")]
    world = make_world()
    client = world.client()
    assert [post(client, each) for each in (ASHA, *others)] == [303] * (MOST + 1)
    lock(world)
    lock(world, others[-1])
    assert post(client) == 429
    assert post(client, others[-1]) == 303


def new_password(browser: Browser) -> None:
    browser.submit(browser.open("/security/password"), "/security/password", {"new_password": NEW})


def sign_others_out(browser: Browser) -> None:
    browser.submit(browser.open("/security"), "/security/sessions/end", {"session": "others"})


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("end", [new_password, sign_others_out])
def test_a_known_browser_is_a_stranger_again_after(each_world: World, end: Callable[[Browser], None]) -> None:
    """A new password, and signing every other browser out; the one where it was done stays known."""
    theirs, mine = known(each_world), each_world.signed_in()
    each_world.signed_in()
    end(mine)
    password = NEW if end is new_password else PASSWORD
    lock(each_world)
    assert post(theirs, password=password) == 429
    mine.submit(mine.open("/"), "/logout")
    assert post(mine._client, password=password) == 303


# What is kept of it


def test_what_strangers_count_up_is_swept(each_world: World) -> None:
    for number in range(3):
        post(each_world.client(), f"p{number}@x.example", WRONG)
    assert rows(each_world, "SELECT count(*) FROM throttle") != [(0,)]
    each_world.clock.pass_by(7200)
    each_world.store(sweep_over, each_world.clock())
    # The network's is full again; that of accounts counts wrong passwords in a row.
    assert rows(each_world, "SELECT count(*) FROM throttle") == [(3,)]
    each_world.clock.pass_by(91 * DAY)
    each_world.store(sweep_over, each_world.clock())
    assert rows(each_world, "SELECT count(*) FROM throttle") == [(0,)]


def test_a_good_log_in_leaves_nothing_to_sweep(world: World) -> None:
    assert post(world.client()) == 303
    assert rows(world, "SELECT count(*) FROM throttle") == [(0,)]
