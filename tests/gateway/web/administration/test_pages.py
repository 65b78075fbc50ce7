"""The administrators' pages over HTTP: who may open what, what is shown, and that every change is a POST of ours."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import Connection, update

from gateway.actions.partners.submission import submit_manifest
from gateway.cli.browser import Browser, Page, read_page
from gateway.kit.clock import DAY
from gateway.kit.secrets.digests import digest
from gateway.store.admin_actions import AdminAction
from gateway.store.partners.partners import NewSecret, keep_secrets
from gateway.store.tables import consent_grant
from gateway.web.routes import all_routes
from tests.gateway.store.samples import rows
from tests.world import ISSUER, PARTNERS, PERSONAL_VALUES, QUIZCO_SECRET, World, answer_of

QUIZCO = (PARTNERS / "quizco.toml").read_text()
HEADING = "organisation,role,email,name\n"
ROLES = {
    "admin": {"grants", "partners", "log", "complaints", "people"},
    "officer": {"grants", "partners", "log", "complaints"},
    "support": {"grants", "complaints"},
    "auditor": {"grants", "partners", "log", "complaints"},
    "manager": {"partners"},
}
PLACES = {name: f"/admin/{name}" for name in ("grants", "partners", "log", "complaints", "people")}


def as_(world: World, role: str) -> Browser:
    return world.signed_in("school@lakeside.example" if role == "school" else f"{role}@platform.example")


def submit(world: World, *changes: tuple[str, str]) -> None:
    text = QUIZCO
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    world.run(submit_manifest, world.services, text, "quizco.toml", {}, "cli")


def all_read(page: Page) -> dict[str, list[str]]:
    """Tick every box of the texts, as somebody does who has read them."""
    ticks: dict[str, list[str]] = {}
    for name, value in page.form("/approve").choices:
        ticks.setdefault(name, []).append(value)
    return ticks


def grant_page(browser: Browser) -> Page:
    found = browser.submit(browser.open("/admin/grants"), "/admin/grants", {"partner": "quizco"})
    path = next(link for link in links(found) if link.startswith("/admin/grants/gra_"))
    return browser.open(path)


def links(page: Page) -> list[str]:
    return [part.split('"')[0].replace("&amp;", "&") for part in page.response.text.split('href="')[1:]]


# Who may open what


@pytest.mark.parametrize("role", ROLES)
def test_each_role_sees_its_sections_and_no_other(world: World, role: str) -> None:
    browser = as_(world, role)
    home = browser.open("/admin")
    assert home.status == 200
    assert {name for name, path in PLACES.items() if path in links(home)} == ROLES[role]
    for name, path in PLACES.items():
        page = browser.open(path)
        assert page.status == (200 if name in ROLES[role] else 403), path
        assert ("This page is not open to you" in page.text) == (name not in ROLES[role])


@pytest.mark.parametrize(
    "email", ["asha@lakeside.example", "ben@lakeside.example", "lakshmi@lakeside.example"]
)
def test_who_is_no_administrator_gets_in_nowhere(world: World, email: str) -> None:
    browser = world.signed_in(email)
    for path in ("/admin", *PLACES.values(), "/admin/partners/quizco", "/admin/grants/gra_x"):
        assert browser.open(path).status == 403, path
    assert "/admin" not in links(browser.open("/"))


def test_every_page_wants_somebody_signed_in_and_every_change_a_post_with_a_token(world: World) -> None:
    """No admin address answers a stranger, changes anything by GET, or takes a form that is not ours."""
    browser = as_(world, "admin")
    for route in (each for each in all_routes() if each.path.startswith("/admin")):
        known = route.path.replace("{partner_id}", "quizco").replace("{client_id}", "quizco-web")
        path = re.sub(r"{\w+}", "unknown", known)
        for method in sorted(route.methods or ()):
            stranger = world.client().request(method, path)
            assert stranger.status_code == 303, path
            assert stranger.headers["location"].startswith("/login")
        if route.methods == {"POST"}:
            unsigned = browser._client.post(path, data={"reason": "user_request"})
            assert unsigned.status_code in (400, 403), path
            if path not in PLACES.values():
                assert browser._client.get(path).status_code in (404, 405)
        else:
            assert route.methods == {"GET"}, path
            assert browser._client.head(path).status_code == 405
    assert "Live" in browser.open("/admin/partners/quizco").text


# Consents


def test_a_search_shows_what_was_typed_and_puts_it_into_no_address(world: World) -> None:
    """The page's address holds the person only under seal, and only for this administrator."""
    world.tokens()
    browser = as_(world, "support")
    start = browser.open("/admin/grants")
    assert "Search by any of these" in start.text
    page = browser.submit(start, "/admin/grants", {"person": " Asha@lakeside.example", "state": "active"})
    assert "Asha@lakeside.example" in page.text
    assert page.form("/admin/grants").fields[1] == ("person", "Asha@lakeside.example")
    assert "1 consent on this page" in page.text
    assert not any("sha%40" in hop or "sha@" in hop for hop in browser.hops)
    assert as_(world, "auditor").open(page.url).status == 400
    assert browser.open("/admin/grants?person=forged").status == 400


def test_a_stranger_and_a_person_without_consents_look_alike(world: World) -> None:
    world.tokens()
    browser = as_(world, "support")
    texts = []
    for person in ("nobody@lakeside.example", "ben@lakeside.example"):
        page = browser.submit(browser.open("/admin/grants"), "/admin/grants", {"person": person})
        texts.append(page.text.replace(person, "").split("Request req_")[0])
    assert texts[0] == texts[1]
    assert "Nothing found" in texts[0]


def test_people_in_a_list_are_ids(world: World) -> None:
    world.tokens()
    page = as_(world, "support").open("/admin/grants?partner=quizco")
    assert world.person_id()[:10] in page.text
    assert world.person_id() not in page.response.text
    no_values(page)


def no_values(page: Page) -> None:
    assert not [value for value in PERSONAL_VALUES if value in page.response.text]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/admin/grants?from=2026-02-30", "There is no such day."),
        ("/admin/grants?from=2026-03-02&to=2026-03-01", "The first day is after the last one."),
        ("/admin/log?from=2026-03-03T25:00", "There is no such time."),
        (
            "/admin/log?from=2026-03-03T10:00&to=2026-03-03T10:00",
            "The first moment is not before the last one.",
        ),
    ],
)
def test_a_span_that_cannot_be_is_explained(world: World, path: str, sentence: str) -> None:
    page = as_(world, "officer").open(path)
    assert page.status == 400
    assert sentence in page.text


@pytest.mark.parametrize(
    "query",
    [
        "partner=nobody",
        "partner=%00",
        "field=password",
        "state=given",
        "before=x",
        "before=1.%00",
        "before=1.2.3",
    ],
)
def test_a_condition_that_was_not_on_offer_is_refused(world: World, query: str) -> None:
    browser = as_(world, "officer")
    assert browser.open(f"/admin/grants?{query}").status == 400
    if "state" not in query:
        assert browser.open(f"/admin/log?{query}").status == 400


def test_days_include_the_whole_of_the_last_one(world: World) -> None:
    world.tokens()
    browser = as_(world, "support")
    assert "1 consent" in browser.open("/admin/grants?from=2026-11-18&to=2026-11-18").text
    assert "Nothing found" in browser.open("/admin/grants?to=2026-11-17").text
    assert "Nothing found" in browser.open("/admin/grants?from=2026-11-19&to=9999-12-31").text


def test_pages_are_linked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.actions.administration.consents.PAGE", 1)
    world.tokens()
    world.tokens(email="aoife@northfield.example")
    browser = as_(world, "support")
    first = browser.open("/admin/grants?partner=quizco")
    older = next(link for link in links(first) if "before=" in link)
    second = browser.open(older)
    assert "1 consent" in second.text
    assert second.text != first.text
    assert "/admin/grants?partner=quizco" in links(second)


def test_one_consent_shows_names_and_ids_and_no_value(world: World) -> None:
    tokens = world.tokens("phone_number.appointment_reminders")
    world.userinfo(tokens["access_token"])
    page = grant_page(as_(world, "auditor"))
    assert page.status == 200
    for words in ("Practice quizzes", "Phone", "Given", "Lakeside College", "userinfo", "tok_"):
        assert words in page.text, words
    no_values(page)
    assert tokens["access_token"] not in page.response.text
    assert "Revoke now" not in page.text, "an auditor only reads"


def test_revoking_takes_a_reason_and_acts_at_once(world: World) -> None:
    tokens = world.tokens()
    browser = as_(world, "support")
    page = grant_page(browser)
    without = browser.submit(page, "/revoke")
    assert without.status == 400
    assert "Choose a reason." in without.text
    assert world.userinfo(tokens["access_token"]).status_code == 200
    done = browser.submit(page, "/revoke", {"reason": "phone_request"})
    assert "Every token of this grant has died" in done.text
    assert "The person asked by phone" in done.text
    assert "Revoke now" not in done.text
    assert world.userinfo(tokens["access_token"]).status_code == 401
    assert browser.submit(page, "/revoke", {"reason": "phone_request"}).status == 409


def test_a_reason_that_was_not_offered_is_refused(world: World) -> None:
    tokens = world.tokens()
    browser = as_(world, "support")
    page = grant_page(browser)
    for reason in ("expired", "because"):
        assert browser.submit(page, "/revoke", {"reason": reason}).status == 400
    assert world.userinfo(tokens["access_token"]).status_code == 200


def test_revoking_is_never_held_up(world: World) -> None:
    """Stopping takes no recent password (promise P15): it takes the power and a reason."""
    tokens = world.tokens()
    browser = as_(world, "support")
    page = grant_page(browser)
    world.clock.pass_by(601)
    assert "Revoke now" in browser.open(page.url).text
    assert "Revoked" in browser.submit(page, "/revoke", {"reason": "phone_request"}).text
    assert world.refresh(tokens["refresh_token"]).status_code == 400


@pytest.mark.parametrize("role", ["auditor", "manager", "school"])
def test_a_role_without_the_power_cannot_revoke_by_hand(world: World, role: str) -> None:
    tokens = world.tokens()
    page = grant_page(as_(world, "support"))
    browser = as_(world, role)
    token = browser.open("/admin").forms[-1].fields[0][1]
    answer = browser._client.post(f"{page.url}/revoke", data={"csrf_token": token, "reason": "phone_request"})
    assert answer.status_code == 403
    assert world.userinfo(tokens["access_token"]).status_code == 200


def test_states_are_told_apart(world: World) -> None:
    """A refusal was never given; what ran out has ended, whatever its row says; both are in the list."""
    world.tokens()
    browser = world.signed_in("aoife@northfield.example")
    browser.submit(world.ask(browser), "/consent", button="refuse", stop_at="http://localhost:8100")
    support = as_(world, "support")
    page = support.open("/admin/grants?partner=quizco")
    assert "Refused" in page.text
    assert "not yet" in page.text
    assert "Nothing found" in support.open("/admin/grants?state=ended").text
    world.clock.pass_by(400 * DAY)
    page = as_(world, "support").open("/admin/grants?state=active")
    assert "QuizCo Ended" in page.text


@pytest.mark.parametrize("state", ["paused", "waiting"])
def test_what_waits_and_what_is_paused_is_shown_as_such(world: World, state: str) -> None:
    def put(connection: Connection, _: Any) -> list[None]:
        connection.execute(update(consent_grant).values(state=state))
        return [None]

    world.tokens()
    world.store(put, None)
    page = as_(world, "support").open("/admin/grants?partner=quizco")
    assert {"paused": "QuizCo Paused", "waiting": "QuizCo Asked"}[state] in page.text


@pytest.mark.parametrize("path", ["/admin/grants/%00", "/admin/partners/a%20b", "/admin/grants/gra_unknown"])
def test_no_id_no_page(world: World, path: str) -> None:
    assert as_(world, "officer").open(path).status == 404


# Partners


def test_the_brake_is_one_press_even_with_an_old_password(world: World) -> None:
    """Stopping never takes a password; what opens again does."""
    token = world.tokens()["access_token"]
    browser = as_(world, "manager")
    page = browser.open("/admin/partners/quizco")
    world.clock.pass_by(200)
    assert browser.submit(page, "/pause").status == 200
    assert world.userinfo(token).status_code == 403
    world.clock.pass_by(500)
    paused = browser.open("/admin/partners/quizco")
    assert "Security incident" in paused.text
    away = browser.submit(page, "/pause", {"reason": "partner_breach"})
    assert away.status == 409
    assert "Give your password first" in paused.text
    csrf = page.form("/pause").fields[0][1]
    hand = browser._client.post("/admin/partners/quizco/resume", data={"csrf_token": csrf})
    assert hand.headers["location"] == "/reauthenticate?next=%2Fadmin%2Fpartners%2Fquizco"
    fresh = as_(world, "manager")
    back = fresh.submit(fresh.open("/admin/partners/quizco"), "/resume")
    assert "It acts from the next request on" in back.text
    assert "Live" in back.text


def test_ending_takes_a_reason(world: World) -> None:
    browser = as_(world, "officer")
    page = browser.open("/admin/partners/quizco")
    without = browser.submit(page, "/end", {"known": "yes"})
    assert without.status == 400
    assert "Choose a reason." in without.text
    done = browser.submit(page, "/end", {"reason": "partner_ended", "known": "yes"})
    assert "It can read nothing from now on" in done.text
    assert "Decide" not in done.text
    assert "Paused" in browser.open("/admin/partners").text


def test_a_review_shows_the_differences_and_approving_publishes_what_was_seen(world: World) -> None:
    submit(world, ('storage_countries = ["IE"]', 'storage_countries = ["IE", "US"]'))
    browser = as_(world, "manager")
    home = browser.open("/admin")
    assert "1 waits for somebody" in home.text
    page = browser.open("/admin/partners/quizco")
    for words in (
        "version 2",
        "partner.storage_countries",
        "material",
        "Manifest 2 handed in",
        "outside the partner",
    ):
        assert words in page.text, words
    submit(world, ('storage_countries = ["IE"]', 'storage_countries = ["IE", "FR"]'))
    assert browser.submit(page, "/approve", all_read(page)).status == 409
    newer = browser.open("/admin/partners/quizco")
    done = browser.submit(newer, "/approve", all_read(newer))
    assert "Approved: manifest 3" in done.text
    assert world.services.registry.partners["quizco"].partner.storage_countries == ("IE", "FR")
    assert "waits for somebody" not in browser.open("/admin").text


def test_approving_takes_a_recent_password_and_a_number(world: World) -> None:
    submit(world, ("retention_days = 30", "retention_days = 20"))
    browser = as_(world, "manager")
    page = browser.open("/admin/partners/quizco")
    for number in ("", "x", "-1", "²", "1" * 10):
        assert browser.submit(page, "/approve", {"manifest": number}).status == 400
    world.clock.pass_by(601)
    assert "/reauthenticate" in browser.submit(page, "/approve").url
    assert world.services.registry.offers["practice-quizzes"].version == 1


def test_what_cannot_be_published_says_why(world: World) -> None:
    before = 'purpose = "results_delivery"\nforms = ["masked", "full"]'
    submit(world, (before, before.replace("masked", "relay")))
    browser = as_(world, "manager")
    page = browser.open("/admin/partners/quizco")
    assert "private addresses are not available here" in page.text
    assert not any(form.action.endswith("/approve") for form in page.forms)
    csrf = page.form("/pause").fields[0][1]
    answer = read_page(
        browser._client.post("/admin/partners/quizco/approve", data={"csrf_token": csrf, "manifest": "2"})
    )
    assert answer.status == 409
    assert "private addresses are not available here" in answer.text


def test_a_reader_is_offered_no_move_and_has_none(world: World) -> None:
    submit(world, ("retention_days = 30", "retention_days = 20"))
    browser = as_(world, "auditor")
    page = browser.open("/admin/partners/quizco")
    assert page.status == 200
    assert "Decide" not in page.text
    assert "Make a new secret" not in page.text
    csrf = page.forms[0].fields[0][1]
    for act in ("pause", "end", "resume", "review", "return", "approve", "clients/quizco-web/secret"):
        answer = browser._client.post(f"/admin/partners/quizco/{act}", data={"csrf_token": csrf})
        assert answer.status_code == 403, act


def test_a_new_secret_is_shown_once(world: World) -> None:
    browser = as_(world, "manager")
    page = browser.open("/admin/partners/quizco")
    shown = browser.submit(page, "/clients/quizco-web/secret")
    secret = next(word for word in shown.text.split() if word.startswith("cg_cs_"))
    assert world.post("/introspect", {"token": "x"}, secret=secret).status_code == 200
    assert world.post("/introspect", {"token": "x"}).status_code == 401
    again = browser.open("/admin/partners/quizco")
    assert secret not in again.response.text
    assert "New client secret: client quizco-web" in again.text
    csrf = page.form("/pause").fields[0][1]
    for path in (
        "quizco/clients/campuspress-shop",
        "campuspress/clients/campuspress-shop",
        "quizco/clients/x",
    ):
        answer = browser._client.post(f"/admin/partners/{path}/secret", data={"csrf_token": csrf})
        assert answer.status_code == 404, path
    world.clock.pass_by(601)
    assert "/reauthenticate" in browser.submit(page, "/clients/quizco-web/secret").url


def test_a_client_with_keys_has_no_secret_to_renew(world: World) -> None:
    page = as_(world, "manager").open("/admin/partners/campuspress")
    assert page.status == 200
    assert "private_key_jwt" in page.text
    assert "Make a new secret" not in page.text


def retire(world: World, page: Page, browser: Browser) -> Page:
    return browser.submit(page, "/clients/quizco-web/retire", {"reason": "partner_breach"})


def test_a_retired_client_is_worth_nothing_at_once_and_its_history_stays(each_world: World) -> None:
    """Secret, access and refresh token and code; also when a later review brings the client back."""
    tokens, code = each_world.tokens(), answer_of(each_world.ask(each_world.signed_in()))["code"]
    browser = as_(each_world, "manager")
    each_world.clock.pass_by(601)
    page = browser.open("/admin/partners/quizco")
    done = retire(each_world, page, browser)
    assert "A client was retired: client quizco-web" in done.text
    assert "The partner broke its terms" in done.text
    assert each_world.userinfo(tokens["access_token"]).status_code == 401
    assert each_world.refresh(tokens["refresh_token"]).json()["error"] == "invalid_client"
    assert retire(each_world, page, browser).status == 404
    assert rows(each_world, "SELECT state FROM consent_grant") == [("active",)]
    submit(each_world)
    again = as_(each_world, "manager")
    waiting = again.open("/admin/partners/quizco")
    again.submit(waiting, "/approve", all_read(waiting))
    assert each_world.services.registry.find_client("quizco-web")
    assert each_world.refresh(tokens["refresh_token"]).json()["error"] == "invalid_client"
    each_world.store(keep_secrets, new_secret(each_world))
    assert each_world.userinfo(tokens["access_token"]).status_code == 401
    assert each_world.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert each_world.exchange(code).json()["error"] == "invalid_grant"


def new_secret(world: World) -> NewSecret:
    action = AdminAction("act_back", "cli", "new_secret", "client", "quizco-web", world.clock())
    return NewSecret("quizco-web", digest(QUIZCO_SECRET), action)


def test_retiring_a_client_takes_the_power_a_reason_and_a_client_of_that_partner(world: World) -> None:
    browser = as_(world, "manager")
    page = browser.open("/admin/partners/quizco")
    assert "Choose a reason" in browser.submit(page, "/clients/quizco-web/retire", {"reason": ""}).text
    token = dict(page.form("/logout").fields)
    reason = {**token, "reason": "partner_breach"}
    for path, status in (("quizco/clients/campuspress-shop", 404), ("nobody/clients/quizco-web", 404)):
        answer = browser._client.post(f"/admin/partners/{path}/retire", data=reason)
        assert answer.status_code == status, path
    auditor = as_(world, "auditor")
    seen = auditor.open("/admin/partners/quizco")
    assert "Retire this client" not in seen.text
    stolen = {**dict(seen.form("/logout").fields), "reason": "partner_breach"}
    path = "/admin/partners/quizco/clients/quizco-web/retire"
    assert auditor._client.post(path, data=stolen).status_code == 403
    assert world.tokens()["access_token"]


# The log


def test_the_log_is_read_by_its_conditions_and_that_is_on_record(world: World) -> None:
    tokens = world.tokens("phone_number.appointment_reminders")
    world.userinfo(tokens["access_token"])
    browser = as_(world, "officer")
    page = browser.submit(
        browser.open("/admin/log"), "/admin/log", {"person": "asha@lakeside.example", "field": "phone_number"}
    )
    assert "asha@lakeside.example" in page.text
    assert "hof_" in page.text
    assert set(parse_qs(urlsplit(page.url).query)) == {"person", "field"}
    assert any(link.startswith("/admin/grants/gra_") for link in links(page))
    assert "hof_" not in browser.open("/admin/log?field=address").text
    assert "hof_" in browser.open("/admin/log?endpoint=userinfo").text
    no_values(browser.open("/admin/log"))
    assert "hof_" in browser.open("/admin/log?from=2026-11-18T00:00").text
    assert "No hand-off fits" in browser.open("/admin/log?to=2026-11-18T00:00").text


# People


def upload(browser: Browser, file: bytes, **changes: Any) -> Page:
    page = browser.open("/admin/people")
    token = page.form("/admin/people/import").fields[0][1]
    sent: dict[str, Any] = {
        "data": {"csrf_token": token},
        "files": {"file": ("people.csv", file, "text/csv")},
    } | changes
    return read_page(browser._client.post("/admin/people/import", **sent))


def test_an_import_reports_by_line_and_column_and_repeats_no_value(world: World) -> None:
    rows = "lakeside,student,nia@lakeside.example,Nia Shah\nlakeside,student,no address,Zed Zulu\n"
    page = upload(as_(world, "school"), (HEADING + rows).encode())
    assert page.status == 200
    assert "1 account was made, 0 were there already." in page.text
    assert "This is not an e-mail address." in page.text
    # As words: three letters stand in a random id now and then.
    assert not re.search(r"\b(Nia|Zed|no address)\b|@lakeside", page.response.text)
    assert [letter.to for letter in world.letters.letters] == ["nia@lakeside.example"]
    assert "Invited" in page.text


def test_a_list_without_a_heading_repeats_nobody(world: World) -> None:
    page = upload(as_(world, "school"), b"lakeside,student,zed@lakeside.example,Zed Zulu\n")
    assert page.status == 200
    assert "There is no such column" in page.text
    assert "Zulu" not in page.response.text
    assert "zed@" not in page.response.text


def test_an_upload_without_the_sessions_token_is_refused(world: World) -> None:
    browser = as_(world, "school")
    good = (HEADING + "lakeside,student,nia@lakeside.example,Nia Shah\n").encode()
    for data in ({}, {"csrf_token": ""}, {"csrf_token": "x" * 43}, {"csrf_token": "é"}):
        assert upload(browser, good, data=data).status == 403
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert upload(browser, good, headers=headers).status == 403
    token = {"csrf_token": (None, b"x", "text/plain"), "file": ("a.csv", good)}
    assert upload(browser, good, data={}, files=token).status == 403
    assert world.letters.letters == []
    assert upload(browser, good, headers={"Origin": ISSUER}).status == 200


def test_an_upload_is_bounded_and_of_one_kind(world: World) -> None:
    browser = as_(world, "school")
    assert upload(browser, b"x" * 5_100_000).status == 413
    assert upload(browser, b"", files={}).status == 400
    assert upload(browser, b"", files={"another": ("a", b"a")}).status == 400
    assert upload(browser, b"", files=[("file", ("a", b"a")), ("file", ("b", b"b"))]).status == 400
    for kind, body in (
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--"),
        ("multipart/form-data; boundary=b", b"garbage"),
        ("multipart/form-data; boundary=" + "b" * 300, b"--b"),
    ):
        sent = {"content": body, "headers": {"Content-Type": kind}, "data": None, "files": None}
        assert upload(browser, b"", **sent).status in (400, 403), (kind, body)
    assert upload(browser, b"").status == 200


def test_inviting_again_is_one_press(world: World) -> None:
    browser = as_(world, "school")
    upload(browser, (HEADING + "lakeside,student,nia@lakeside.example,Nia Shah\n").encode())
    account = f"/admin/people/{world.person_id('nia@lakeside.example')}"
    done = browser.submit(browser.open(account), "/invite")
    assert "A new invitation is on its way" in done.text
    assert [letter.to for letter in world.letters.letters] == ["nia@lakeside.example"] * 2
    world.clock.pass_by(8 * DAY)
    assert "Invitation ran out" in as_(world, "school").open("/admin/people").text


def test_a_school_sees_its_own_people_alone(world: World) -> None:
    page = as_(world, "school").open("/admin/people")
    assert "Lakeside College" in page.text
    assert "Northfield" not in page.text
    no_values(page)
    assert "Northfield School" in as_(world, "admin").open("/admin/people").text


def test_accounts_come_in_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an import, too, the older page is one that can be opened."""
    monkeypatch.setattr("gateway.actions.administration.people.PAGE", 4)
    browser = as_(world, "admin")
    page = upload(browser, (HEADING + "lakeside,student,nia@lakeside.example,Nia Shah\n").encode())
    older = next(link for link in links(page) if "before=" in link)
    assert browser.open(older).status == 200
