"""Pages that anybody may read, the first page, and what machines ask for."""

import html
import re

import pytest

from gateway.actions.consent.consents import list_own_consents
from gateway.actions.contacts.giving import OFFERED
from gateway.kit.errors import ERRORS, Refusal, Where
from gateway.store.engine.backend import Store
from gateway.web.pages.error_help import HELP
from gateway.web.pages.render import static_files
from scopes import FIELDS, PURPOSES, PurposeState, field_label, purpose_label
from tests.gateway.store.samples import act, given, notice_id
from tests.world import World, answer_of

PHONE = "phone_number.appointment_reminders"


def test_the_first_page_tells_what_is_connected_and_who_read_last(each_world: World) -> None:
    browser = each_world.signed_in()
    assert "Nothing has been handed over yet" in browser.open("/").text
    tokens = each_world.tokens(PHONE)
    each_world.userinfo(tokens["access_token"])
    page = browser.open("/")
    assert "Hello, Asha Rao" in page.text
    assert "Lakeside College" in page.text
    assert "Last read by QuizCo" in page.text


def test_only_administrators_see_the_way_to_administration(world: World) -> None:
    assert "Administration" not in world.signed_in().open("/").text
    assert "Administration" in world.signed_in("admin@platform.example").open("/").text


def test_p6_the_privacy_page_lists_exactly_the_registrys_fields_and_purposes(world: World) -> None:
    """Text and behaviour cannot drift: both come from the same tables."""
    page = world.browser().open("/privacy")
    for name in FIELDS:
        assert field_label(name) in page.text
    for code, purpose in PURPOSES.items():
        if purpose.state is not PurposeState.DENIED:
            assert purpose_label(code) in page.text
    for words in ("QuizCo", "CampusPress", "Practice quizzes", world.services.settings.contact):
        assert words in page.text


def test_p6_the_privacy_page_lists_exactly_what_people_can_show_each_other(world: World) -> None:
    text = world.browser().open("/privacy").text
    said = text.partition("What people can show each other as contacts")[2].partition("Only after both")[0]
    assert re.split(r" , | and ", said.strip()) == list(
        dict.fromkeys(field_label(each.field) for each in OFFERED)
    )


def test_the_privacy_page_names_live_partners_only(world: World) -> None:
    act(world, "UPDATE partner SET state = 'paused' WHERE partner_id = 'quizco'")
    act(world, "UPDATE registry_version SET version = version + 1")
    world.client().get("/ready")
    assert "QuizCo" not in world.browser().open("/privacy").text


def test_a_notice_can_be_read_by_whoever_has_its_address(each_world: World) -> None:
    page = each_world.browser().open(f"/notices/{notice_id(each_world)}")
    assert page.status == 200
    assert "QuizCo" in page.text
    assert each_world.browser().open("/notices/not_unknown").status == 404


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_code_has_its_page(world: World, code: str) -> None:
    answer = world.client().get(f"/docs/errors/{code}")
    assert answer.status_code == 200
    assert ERRORS[code].public in html.unescape(answer.text)
    assert str(ERRORS[code].status) in answer.text
    for said in (HELP[code].cause, HELP[code].remedy, ERRORS[code].clause):
        assert said in html.unescape(answer.text)
    assert "userinfo" in answer.text or Where.RESOURCE not in ERRORS[code].where


def test_the_list_leads_to_every_error_code_and_nothing_is_explained_that_there_is_not(world: World) -> None:
    links = set(world.browser().open("/docs/errors").links)
    assert {f"/docs/errors/{code}" for code in ERRORS} <= links
    assert HELP.keys() == ERRORS.keys()


def test_rfc6749_5_2_the_error_uri_of_an_answer_can_be_opened(world: World) -> None:
    """By everybody, in whichever voice the error was told."""
    told = [
        world.exchange("x").json()["error_uri"],
        world.userinfo("x").json()["error_uri"],
        answer_of(world.ask(world.browser(), scope="x"))["error_uri"],
    ]
    for uri in told:
        assert world.browser().open(uri).status == 200


def test_an_unknown_code_and_an_unknown_file_are_not_there(world: World) -> None:
    assert world.client().get("/docs/errors/nope").status_code == 404
    assert world.client().get("/static/nope.css").status_code == 404
    assert world.client().get("/static/..%2f..%2fpyproject.toml").status_code == 404


def test_rfc8246_static_files_may_be_kept_for_ever_because_their_name_is_their_content(world: World) -> None:
    for name, (content_type, content) in static_files().items():
        answer = world.client().get(f"/static/{name}")
        assert (answer.status_code, answer.content) == (200, content)
        assert answer.headers["content-type"].startswith(content_type.partition(";")[0])
        assert "immutable" in answer.headers["cache-control"]


def test_health_and_readiness(each_world: World) -> None:
    assert each_world.client().get("/health").json() == {"status": "ok"}
    ready = each_world.client().get("/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")


def test_a_node_without_a_signing_key_is_not_ready(each_world: World) -> None:
    act(each_world, "DELETE FROM signing_key")
    act(each_world, "UPDATE registry_version SET version = version + 1")
    answer = each_world.client().get("/ready")
    assert (answer.status_code, answer.json()["why"]) == (503, "no signing key")
    assert each_world.client().get("/health").status_code == 200


def test_a_node_without_a_database_is_not_ready_and_says_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(store: Store, *_: object) -> None:
        raise Refusal("temporarily_unavailable", detail="postgresql://gateway:word@db", retry_after=5)

    monkeypatch.setattr(Store, "_persist", down)
    answer = world.client().get("/ready")
    assert answer.status_code == 503
    assert "postgresql" not in answer.text
    assert world.client().get("/health").status_code == 200
    page = world.client().get("/connected", headers={"Cookie": "__Host-session=cg_se_x"})
    assert (page.status_code, page.headers["retry-after"]) == (503, "5")


def test_what_is_listed_is_the_persons_own(world: World) -> None:
    given(world, "1")
    browser = world.signed_in("aoife@northfield.example")
    assert "Nothing is connected" in browser.open("/connected").text
    assert list_own_consents.__doc__
