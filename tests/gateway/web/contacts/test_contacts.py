"""Contacts between people over HTTP: nothing before a yes, each detail by itself, every look written down (P2)."""

import json
import re
from collections.abc import Callable

import httpx2
import pytest

from gateway.actions.accounts.erasure import erase_person
from gateway.cli.browser import Browser, Page
from gateway.kit.errors import Refusal
from gateway.kit.mail import Letter
from gateway.model.contacts import COOL_OFF, WAITS
from tests.gateway.store.samples import rows
from tests.ledgers import sequence
from tests.world import ISSUER, PASSWORD, PERSONAL_VALUES, World

ASHA = "asha@lakeside.example"
BEN = "ben@lakeside.example"
NOBODY = "bex@lakeside.example"
MEERA = "meera@lakeside.example"
PHONE = "+91 90000 00101"
STALE = 601


def ask(browser: Browser, who: str, *details: str, **forms: str) -> Page:
    """Ask somebody; details are given in their most private form unless another is named."""
    page = browser.open("/contacts/ask")
    return browser.submit(page, "/contacts/ask", {"who": who, **ticked(details, forms)}, button="ask")


def ticked(details: tuple[str, ...], forms: dict[str, str]) -> dict[str, str | tuple[str, ...]]:
    return {"item": (*details, *forms), **{f"form:{name}": form for name, form in forms.items()}}


def address_of(browser: Browser) -> str:
    """Find the first contact of the list."""
    page = browser.open("/contacts")
    return next(link for link in page.links if re.fullmatch(r"/contacts/con_[\w-]+", link))


def answer(browser: Browser, *details: str, decision: str = "accept", **forms: str) -> Page:
    here = address_of(browser)
    return browser.submit(browser.open(here), here, ticked(details, forms), button=decision)


def look(browser: Browser) -> Page:
    return browser.submit(browser.open(address_of(browser)), "/show")


def pair(world: World, *details: str, **forms: str) -> tuple[Browser, Browser]:
    """Make Asha and Ben contacts: she shows what is named, he his e-mail address."""
    asha, ben = world.signed_in(), world.signed_in(BEN)
    ask(asha, BEN, *details, **forms)
    answer(ben, email="full")
    return asha, ben


def boxes(page: Page, path: str) -> list[tuple[str, str]]:
    return [pair for pair in page.form(path).fields if pair[0] == "item"]


# From the question to the end


def test_nothing_is_shown_before_a_yes_and_only_what_was_ticked_after_it(each_world: World) -> None:
    asha, ben = each_world.signed_in(), each_world.signed_in(BEN)
    asked = ask(asha, BEN, phone_number="full")
    assert "Asked. It waits in your list" in asked.text
    assert BEN in asked.text
    waiting = ben.open("/contacts")
    assert "Asha Rao" in waiting.text
    question = ben.open(address_of(ben))
    assert "Asha Rao asks to be your contact" in question.text
    assert "90000" not in question.response.text
    assert boxes(question, address_of(ben)) == []
    done = answer(ben, "email")
    assert "You are contacts now." in done.text
    assert "90000" not in done.response.text
    shown = look(ben)
    assert PHONE in shown.text
    assert ASHA not in shown.response.text
    assert "This look is written down." in shown.text
    masked = look(asha)
    assert "b***@lakeside.example" in masked.text
    assert BEN not in masked.response.text


def test_both_see_who_looked_at_what(each_world: World) -> None:
    asha, ben = pair(each_world, phone_number="full")
    assert "Nobody has looked" in asha.open(address_of(asha)).text
    look(ben)
    each_world.clock.pass_by(1)
    look(asha)
    hers, his = (each.open(address_of(each)).text.partition("Looks, newest first")[2] for each in (asha, ben))
    assert re.findall("(you|Ben Okafor) (Phone|E-mail)", hers) == [("you", "E-mail"), ("Ben Okafor", "Phone")]
    assert re.findall("(you|Asha Rao) (Phone|E-mail)", his) == [("Asha Rao", "E-mail"), ("you", "Phone")]


def test_what_is_shown_changes_at_the_next_look(each_world: World) -> None:
    asha, ben = pair(each_world, phone_number="full")
    here = address_of(asha)
    page = asha.open(here)
    assert boxes(page, "/change") == [("item", "phone_number")]
    saved = asha.submit(page, "/change", {"item": ("email",), "form:email": "full"}, button="change")
    assert "Saved. It counts from their next look on." in saved.text
    shown = look(ben)
    assert ASHA in shown.text
    assert "90000" not in shown.response.text
    assert "Changed what is shown" in shown.text


@pytest.mark.parametrize("who", [ASHA, BEN])
def test_after_the_end_neither_sees_anything_and_it_takes_no_password(each_world: World, who: str) -> None:
    asha, ben = pair(each_world, phone_number="full")
    ready = ben.open(address_of(ben))
    each_world.clock.pass_by(STALE)
    mine = asha if who == ASHA else ben
    done = mine.submit(mine.open(address_of(mine)), "/end")
    assert "has ended" in done.text
    each_world.clock.pass_by(-STALE)
    late = ben.submit(ready, "/show")
    assert late.status == 409
    assert "90000" not in late.response.text
    for each in (asha, ben):
        over = each.open(address_of(each))
        assert not [form for form in over.forms if form.action.startswith("/contacts")]
        assert "Ended it" in over.text


def test_a_yes_may_show_nothing(world: World) -> None:
    asha, ben = world.signed_in(), world.signed_in(BEN)
    ask(asha, BEN)
    assert "would show you nothing for now" in ben.open(address_of(ben)).text
    answer(ben)
    page = ben.open(address_of(ben))
    assert "/show" not in [form.action[-5:] for form in page.forms]
    assert "They may see nothing" in ben.open("/contacts").text


def test_of_a_closed_account_no_name_is_left_and_the_contact_is_over(each_world: World) -> None:
    asha, ben = pair(each_world, phone_number="full")
    look(ben)
    assert each_world.run(erase_person, each_world.services, "cli", ASHA)
    listed = ben.open("/contacts")
    assert "Asha Rao" not in listed.response.text
    page = ben.open(address_of(ben))
    assert "Somebody no longer here" in page.text
    assert "The account was closed" in page.text
    assert "Asha Rao" not in page.response.text
    assert "90000" not in page.response.text
    assert asha.open("/contacts").url.endswith("/login?next=/contacts")


# What nobody learns


def said(answer: httpx2.Response, *private: str) -> tuple[int, str, dict[str, str]]:
    """Give everything that an answer says, but for ids by chance and what its reader has written."""
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    body = re.sub(r"evt_\w+", "evt", answer.text.replace(answer.headers["x-request-id"], "req"))
    for each in private:
        body = body.replace(each, "?")
    return answer.status_code, body, headers


def send(browser: Browser, who: str) -> httpx2.Response:
    """Ask, and give the very answer, without following it."""
    fields = browser.open("/contacts/ask").form("/contacts/ask").filled({"who": who, "item": "email"}, "ask")
    return browser._client.post("/contacts/ask", data=dict(fields))


def links(browser: Browser) -> list[str]:
    """Find every contact of the list, in its order."""
    return list(dict.fromkeys(re.findall(r"/contacts/con_[\w-]+", browser.open("/contacts").response.text)))


def test_p2_an_existing_and_a_missing_person_get_the_same_answer(each_world: World) -> None:
    """Byte for byte: the answer with its headers and cookies, the contact's page, and its end."""
    asha = each_world.signed_in()
    assert said(send(asha, BEN)) == said(send(asha, NOBODY))
    again = [said(send(asha, who), who) for who in (BEN, NOBODY)]
    assert again[0] == again[1]
    assert again[0][0] == 422
    found = links(asha)
    assert len(found) == 2
    before = [said(asha._client.get(link), link, BEN, NOBODY) for link in found]
    assert before[0] == before[1]
    assert before[0][0] == 200
    ends = [asha.submit(asha.open(link), "/end") for link in found]
    after = [said(page.response, link, BEN, NOBODY) for page, link in zip(ends, found, strict=True)]
    assert after[0] == after[1]


def test_p2_a_no_and_no_answer_look_alike_to_the_asker(each_world: World) -> None:
    """The list with its order, and the page: before the "no", after it, and when the question has run out."""
    asha, ben = each_world.signed_in(), each_world.signed_in(BEN)
    for who in (BEN, NOBODY):
        send(asha, who)
        each_world.clock.pass_by(60)
    paths = ("/contacts", *links(asha))
    before = [said(asha._client.get(path)) for path in paths]
    assert "They are not told." in answer(ben, decision="refuse").text
    assert [said(asha._client.get(path)) for path in paths] == before
    assert links(ben) == []
    each_world.clock.pass_by(WAITS)
    asha = each_world.signed_in()
    assert ["/contacts", *links(asha)] == list(paths)
    pages = [said(asha._client.get(path), path, BEN, NOBODY)[1] for path in paths[1:]]
    # They were asked a minute apart.
    one, other = (re.sub(r"\d\d:\d\d", "", body).splitlines() for body in pages)
    assert one == other


def test_a_child_can_neither_ask_nor_be_asked_and_nobody_is_told(each_world: World) -> None:
    asha, meera = each_world.signed_in(), each_world.signed_in(MEERA)
    token = dict(meera.open("/").form("/logout").fields)["csrf_token"]
    assert said(send(asha, MEERA)) == said(send(asha, "meerb@lakeside.example"))
    closed = meera.open("/contacts")
    assert "Contacts are closed for you" in closed.text
    assert "Asha Rao" not in closed.response.text
    assert meera.open("/contacts/ask").url.endswith("/contacts")
    refused = meera._client.post("/contacts/ask", data={"csrf_token": token, "who": BEN, "decision": "ask"})
    assert refused.status_code == 403
    assert "Asha" not in each_world.signed_in(BEN).open("/contacts").text


def test_after_a_no_nobody_is_asked_again_for_a_while(each_world: World) -> None:
    asha, ben = each_world.signed_in(), each_world.signed_in(BEN)
    ask(asha, BEN, "email")
    answer(ben, decision="refuse")
    each_world.clock.pass_by(WAITS)
    asha, ben = each_world.signed_in(), each_world.signed_in(BEN)
    assert "Asked. It waits" in ask(asha, BEN).text
    assert "Needs your answer" not in ben.open("/contacts").text
    each_world.clock.pass_by(COOL_OFF)
    asha, ben = each_world.signed_in(), each_world.signed_in(BEN)
    ask(asha, BEN)
    assert "Needs your answer" in ben.open("/contacts").text


def test_somebody_elses_contact_is_not_found(world: World) -> None:
    asha, _ = pair(world, "email")
    here = address_of(asha)
    other = world.signed_in("aoife@northfield.example")
    for path in (here, f"{here}/ended"):
        assert other.open(path).status == 404
    token = dict(other.open("/").form("/logout").fields)["csrf_token"]
    for path in (here, f"{here}/show", f"{here}/change", f"{here}/end"):
        data = {"csrf_token": token, "decision": "change" if path.endswith("change") else "accept"}
        assert other._client.post(path, data=data).status_code == 404, path
    assert asha.open(here).status == 200


# Private values


def test_p15_a_look_takes_a_recent_password_and_leads_back(each_world: World) -> None:
    _, ben = pair(each_world, phone_number="full")
    each_world.clock.pass_by(STALE)
    here = address_of(ben)
    page = ben.open(here)
    assert "asks for your password" in page.text
    asked = ben.submit(page, "/show")
    assert "/reauthenticate" in asked.url
    assert rows(each_world, "SELECT count(*) FROM contact_view") == [(0,)]
    back = ben.submit(asked, "/reauthenticate", {"password": PASSWORD})
    assert back.url.endswith(here)
    assert "90000" not in back.response.text
    assert PHONE in ben.submit(back, "/show").text


def test_ones_own_details_are_masked_until_the_password_is_given(world: World) -> None:
    asha, _ = pair(world, "email")
    for path in ("/contacts/ask", address_of(asha)):
        fresh = asha.open(path)
        assert PHONE in fresh.text
        assert "Srirangapatna, Karnataka" in fresh.text
    world.clock.pass_by(STALE)
    for path in ("/contacts/ask", address_of(asha)):
        stale = asha.open(path)
        assert "90000" not in stale.response.text
        assert "Lake View" not in stale.response.text
        assert "Show your own details in full" in stale.text


def test_p15_to_show_something_sensitive_takes_a_recent_password_and_to_show_less_does_not(
    each_world: World,
) -> None:
    asha, ben = each_world.signed_in(), each_world.signed_in(BEN)
    each_world.clock.pass_by(STALE)
    asked = ask(asha, BEN, "email", "address")
    assert "/reauthenticate" in asked.url
    assert links(asha) == []
    assert "Asked. It waits" in ask(asha, BEN, "email", "phone_number").text
    assert "/reauthenticate" in answer(ben, "address").url
    answer(ben, "email")
    here = address_of(asha)
    page = asha.open(here)
    wider: dict[str, str | tuple[str, ...]] = {"item": ("email", "address")}
    asked = asha.submit(page, "/change", wider, button="change")
    assert "/reauthenticate" in asked.url
    page = asha.submit(asked, "/reauthenticate", {"password": PASSWORD})
    assert page.url.endswith(here)
    asha.submit(page, "/change", wider, button="change")
    each_world.clock.pass_by(STALE)
    page = asha.open(here)
    assert ("item", "address") in boxes(page, "/change")
    kept = asha.submit(page, "/change", {"item": ("address",)}, button="change")
    assert boxes(kept, "/change") == [("item", "address")]
    wider = {"item": ("address",), "form:address": "full"}
    assert "/reauthenticate" in asha.submit(kept, "/change", wider, button="change").url
    none = asha.submit(kept, "/change", {"item": ()}, button="change")
    assert boxes(none, "/change") == []


# What goes wrong


@pytest.mark.parametrize(
    "who",
    [
        "",
        "ben",
        "ben@",
        "@lakeside.example",
        "ben@lakeside.example, asha@lakeside.example",
        "b" * 300 + "@a.example",
    ],
)
def test_what_is_no_address_is_said_and_nothing_is_lost(world: World, who: str) -> None:
    asha = world.signed_in()
    page = ask(asha, who, phone_number="full")
    assert page.status == 422
    form = page.form("/contacts/ask")
    assert ("who", who) in form.fields
    assert ("item", "phone_number") in form.fields
    assert ("form:phone_number", "full") in form.fields


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u00ad"])
def test_marks_that_nobody_sees_make_no_other_address(each_world: World, mark: str) -> None:
    """Neither a hidden twin of a wish, nor an address that reads like another."""
    asha = each_world.signed_in()
    page = ask(asha, f"be{mark}n@lakeside.example")
    assert page.status in (200, 422)
    assert mark not in re.sub(r'value="[^"]*"', "", page.response.text)
    assert "Asha Rao" not in each_world.signed_in(BEN).open("/contacts").text


def test_oneself_cannot_be_asked(world: World) -> None:
    asha = world.signed_in()
    assert ask(asha, ASHA.upper()).status == 422
    assert "No contacts yet" in asha.open("/contacts").text


def test_who_asks_somebody_that_asks_them_is_led_to_the_question(each_world: World) -> None:
    asha, ben = each_world.signed_in(), each_world.signed_in(BEN)
    ask(asha, BEN, "email")
    told = ask(ben, ASHA)
    assert told.status == 422
    assert "They have asked you already." in told.text
    assert len(links(ben)) == len(links(asha)) == 1
    answer(ben, "email")
    assert "b***@lakeside.example" in look(asha).text


@pytest.mark.parametrize(
    "changes",
    [
        {"item": "name"},
        {"item": "phone_number", "form:phone_number": "relay"},
        {"item": "phone_number", "form:phone_number": ""},
        {"item": "email", "form:email": ["full", "masked"]},
        {"who": [BEN, ASHA]},
        {"decision": ["ask", "later"]},
    ],
)
def test_what_no_page_of_ours_sends_is_refused(world: World, changes: dict[str, str | list[str]]) -> None:
    asha = world.signed_in()
    token = dict(asha.open("/").form("/logout").fields)["csrf_token"]
    data = {"csrf_token": token, "who": BEN, "decision": "ask", **changes}
    assert asha._client.post("/contacts/ask", data=data).status_code == 400
    assert "No contacts yet" in asha.open("/contacts").text


def test_enter_in_a_box_decides_nothing_and_keeps_what_was_ticked(each_world: World) -> None:
    asha, ben = each_world.signed_in(), each_world.signed_in(BEN)
    form = asha.open("/contacts/ask")
    again = asha.submit(form, "/contacts/ask", {"who": BEN, "item": ("email",)})
    assert ("who", BEN) in again.form("/contacts/ask").fields
    assert ("item", "email") in again.form("/contacts/ask").fields
    ask(asha, BEN)
    again = answer(ben, "email", decision="")
    assert ("item", "email") in again.form(address_of(ben)).fields
    assert answer(ben, decision="later").url.endswith("/contacts")
    answer(ben, "email")
    page = ben.open(address_of(ben))
    again = ben.submit(page, "/change", {"item": ("phone_number",)})
    assert boxes(again, "/change") == [("item", "phone_number")]
    assert boxes(ben.open(address_of(ben)), "/change") == [("item", "email")]


def test_an_answer_that_comes_too_late_or_twice_changes_nothing(each_world: World) -> None:
    asha, ben = each_world.signed_in(), each_world.signed_in(BEN)
    ask(asha, BEN, "email")
    here = address_of(ben)
    page = ben.open(here)
    taken = asha.submit(asha.open(address_of(asha)), "/end")
    assert "The question is taken back" in taken.text
    late = ben.submit(page, here, {"item": ("email",)}, button="accept")
    assert late.status == 409
    assert "You are contacts" not in late.text
    ask(asha, BEN, "email")
    here = address_of(ben)
    page = ben.open(here)
    ben.submit(page, here, button="accept")
    assert ben.submit(page, here, {"item": ("email",)}, button="accept").status == 409
    assert boxes(ben.open(here), "/change") == []


def test_the_end_of_what_goes_on_leads_to_its_page(world: World) -> None:
    asha, _ = pair(world, "email")
    here = address_of(asha)
    assert asha.open(f"{here}/ended").url.endswith(here)
    page = asha.open(here)
    for _ in range(2):
        assert "has ended" in asha.submit(page, "/end").text
    assert asha.open(f"{here}/ended").status == 200


def test_who_asks_too_often_waits_and_loses_nothing(make_world: Callable[..., World]) -> None:
    world = make_world()
    asha = world.signed_in()
    page = asha.open("/contacts/ask")
    for number in range(200):
        page = ask(asha, f"somebody{number}@lakeside.example", phone_number="full")
        if page.status == 429:
            break
    assert page.status == 429
    assert int(page.response.headers["retry-after"]) > 0
    assert ("item", "phone_number") in page.form("/contacts/ask").fields
    assert "Please wait" in page.text


@pytest.mark.parametrize("path", ["/contacts", "/contacts/ask"])
def test_without_the_database_the_page_says_so_and_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """The message is plain, names nothing of ours, and pressing again later works."""
    asha = world.signed_in()
    form = asha.open("/contacts/ask")

    async def refuse(*_: object) -> None:
        raise Refusal("temporarily_unavailable", detail="postgresql://gateway:word@db", retry_after=5)

    with monkeypatch.context() as gone:
        gone.setattr(type(world.services.store), "read", refuse)
        gone.setattr(type(world.services.store), "run", refuse)
        page = (
            asha.submit(form, path, {"who": BEN}, button="ask") if path.endswith("ask") else asha.open(path)
        )
        assert page.status == 503
        assert "postgresql" not in page.response.text
    assert "Asked. It waits" in asha.submit(form, "/contacts/ask", {"who": BEN}, button="ask").text
    assert len(links(asha)) == 1


def test_the_first_page_says_that_a_question_waits(world: World) -> None:
    asha, ben = world.signed_in(), world.signed_in(BEN)
    assert "1 needs your answer" not in ben.open("/").text
    ask(asha, BEN)
    assert "1 needs your answer" in ben.open("/").text
    answer(ben)
    assert "1 person is your contact" in ben.open("/").text


# Letters and proofs


def letters_to(world: World, who: str) -> list[Letter]:
    return [each for each in world.letters.letters if each.to == who]


def test_who_is_asked_gets_a_letter_that_says_neither_who_nor_what(each_world: World) -> None:
    asha = each_world.signed_in()
    ask(asha, BEN, phone_number="full")
    (letter,) = letters_to(each_world, BEN)
    assert letter.subject == "Somebody asks to be your contact at Lecturelight"
    assert f"{ISSUER}/contacts\n" in letter.text
    assert not [value for value in (*PERSONAL_VALUES, ASHA, BEN) if value in letter.subject + letter.text]
    # Service mail: it cannot be switched off with the news.
    assert not letter.unsubscribe


def test_taking_back_and_asking_again_sends_no_second_letter(each_world: World) -> None:
    asha = each_world.signed_in()
    for _ in range(3):
        ask(asha, BEN)
        assert len(letters_to(each_world, BEN)) == 1
        asha.submit(asha.open(address_of(asha)), "/end")
    each_world.clock.pass_by(COOL_OFF)
    ask(each_world.signed_in(), BEN)
    assert len(letters_to(each_world, BEN)) == 2


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("who", [MEERA, NOBODY, "deepa@lakeside.example"])
def test_a_child_and_nobody_get_no_letter_and_the_outbox_does_the_same_work(
    each_world: World, who: str
) -> None:
    before = list(each_world.letters.letters)
    ask(each_world.signed_in(), who)
    assert rows(each_world, "SELECT kind, state FROM letter WHERE kind = 'contact'") == [
        ("contact", "waiting")
    ]
    assert each_world.letters.letters == before


def test_no_letter_is_sent_about_what_was_taken_back_before_it_left(each_world: World) -> None:
    asha = each_world.signed_in()
    ask(asha, BEN)
    asha.submit(asha.open(address_of(asha)), "/end")
    assert letters_to(each_world, BEN) == []


def test_each_decision_and_look_is_proved_on_its_page(each_world: World) -> None:
    _, ben = pair(each_world, phone_number="full")
    look(ben)
    page = ben.open(address_of(ben))
    checks = [link for link in page.links if "/check/" in link]
    assert len(checks) == 3
    assert "waits for its place" in ben.open(checks[0]).text
    sequence(each_world)
    for link in checks:
        checked = ben.open(link)
        assert "It stands in the log, under a checkpoint" in checked.text
        proof = ben.open(checked.link(f"{link}/proof.json"))
        assert "attachment" in proof.response.headers["content-disposition"]
        entry = json.loads(proof.response.json()["entry"])
        assert entry["contact"] == address_of(ben).rpartition("/")[2]
        assert not [value for value in (*PERSONAL_VALUES, ASHA, BEN) if value in proof.response.text]


def test_a_proof_is_for_the_two_and_a_no_is_not_on_its_askers_page(each_world: World) -> None:
    asha, ben = each_world.signed_in(), each_world.signed_in(BEN)
    ask(asha, BEN)
    here = address_of(asha)
    answer(ben, decision="refuse")
    sequence(each_world)
    (asked,), (refused,) = (
        rows(each_world, "SELECT event_id FROM contact_event WHERE type = :type", type=each)
        for each in ("asked", "refused")
    )
    aoife = each_world.signed_in("aoife@northfield.example")
    for ending in ("", "/proof.json"):
        assert asha.open(f"{here}/check/{asked[0]}{ending}").status == 200
        assert asha.open(f"{here}/check/{refused[0]}{ending}").status == 404
        assert aoife.open(f"{here}/check/{asked[0]}{ending}").status == 404


def test_a_proof_that_is_not_signed_yet_is_no_file(world: World) -> None:
    asha = world.signed_in()
    ask(asha, BEN)
    (link,) = [each for each in asha.open(address_of(asha)).links if "/check/" in each]
    assert asha.open(f"{link}/proof.json").status == 404
