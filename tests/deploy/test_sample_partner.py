"""The sample partner, run as people run it, against an authorization server that tests can bend."""

import json
import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jwt

from tests.patience import PATIENCE

if TYPE_CHECKING:
    from .conftest import FakeGateway, Partner

ROOT = Path(__file__).resolve().parents[2]
HTML = {"Accept": "text/html"}


class Tags(HTMLParser):
    """The names of all elements of a page, as a browser would read it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)


def connect(browser: Any, service: str = "quizco") -> dict[str, Any]:
    """Press the button and come back; what the page says afterwards."""
    answer = browser.post(f"/{service}/start")
    assert answer.status_code == 200, answer.text
    facts: dict[str, Any] = answer.json()
    return facts


def test_a_person_who_says_yes_is_read_and_the_request_was_pushed(
    gateway: "FakeGateway", partner: "Partner"
) -> None:
    """RFC 9126 and RFC 7636: everything is pushed, with S256; the browser carries only the handle."""
    with partner.browser() as browser:
        facts = connect(browser)
    assert facts["state"] == "connected"
    assert facts["received"] == {"name": "Asha Rao", "course": "CS-101"}
    assert facts["reads"] == 1
    assert facts["id_token"]["sub"] == "pairwise-1"
    assert facts["token"]["refreshable"] is True
    assert 0 < facts["token"]["expires_in"] <= 300
    assert gateway.pushed[0]["scope"] == "openid profile email offline_access"
    assert gateway.pushed[0]["redirect_uri"] == f"{partner.base_url}/quizco/callback"
    assert set(gateway.authenticated) == {"client_secret_basic"}


def test_private_key_jwt_names_the_issuer_as_its_audience(gateway: "FakeGateway", partner: "Partner") -> None:
    """FAPI 2.0 §5.3.3.1: the server below checks `aud`, life time and `jti` of every assertion."""
    gateway.claims = {"address": {"formatted": "12 Lake Road\nMysuru 570006"}}
    with partner.browser() as browser:
        assert connect(browser, "campuspress")["state"] == "connected"
        browser.post("/campuspress/refresh")
        browser.post("/campuspress/disconnect")
    assert gateway.authenticated == ["private_key_jwt"] * 4
    # And it binds its tokens to a key (RFC 9449): at push, exchange, read and refresh.
    assert gateway.proved == ["/par", "/token", "/userinfo", "/token"]


def test_a_no_is_kind_and_nothing_was_shared(gateway: "FakeGateway", partner: "Partner") -> None:
    gateway.answer = {"error": "access_denied", "code": ""}
    with partner.browser() as browser:
        facts = connect(browser)
        page = browser.get("/quizco", headers=HTML).text
    assert (facts["state"], facts["received"], facts["token"]) == ("declined", {}, None)
    assert "You said no — nothing was shared" in page


@pytest.mark.parametrize(
    ("bent", "kind"),
    [
        ({"state": "another"}, "wrong_state"),
        ({"state": ""}, "wrong_state"),
        ({"iss": "https://evil.example"}, "wrong_issuer"),
        ({"iss": ""}, "wrong_issuer"),
        ({"iss": "https://evil.example", "error": "access_denied", "code": ""}, "wrong_issuer"),
        ({"code": ""}, "no_code"),
    ],
)
def test_an_answer_that_is_not_ours_is_not_used(
    gateway: "FakeGateway", partner: "Partner", bent: dict[str, str], kind: str
) -> None:
    """RFC 9207 §2.4, RFC 6749 §10.12: no token request follows."""
    gateway.answer = bent
    with partner.browser() as browser:
        answer = browser.post("/quizco/start")
        state = browser.get("/quizco").json()["state"]
    assert (answer.status_code, answer.json()["error"]) == (400, kind)
    assert state == "none"
    assert gateway.access == set()


def test_a_callback_works_once_and_only_in_its_own_browser(
    gateway: "FakeGateway", partner: "Partner"
) -> None:
    with partner.browser() as browser, partner.browser() as thief:
        asked = browser.post("/quizco/start", follow_redirects=False)
        back = browser.get(asked.headers["location"], follow_redirects=False).headers["location"]
        assert thief.get(back).json()["error"] == "wrong_state"
        assert browser.get(back).json()["state"] == "connected"
        replay = browser.get(back)
        assert (replay.status_code, replay.json()["error"]) == (400, "wrong_state")
        assert browser.get("/quizco").json()["state"] == "connected"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"nonce": "another"},
        {"exp": 1},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
    ids=lambda claims: next(iter(claims)),
)
def test_an_id_token_that_does_not_fit_is_thrown_away(
    gateway: "FakeGateway", partner: "Partner", claims: dict[str, Any]
) -> None:
    """OpenID Connect Core §3.1.3.7: no read follows."""
    gateway.id_token = claims
    with partner.browser() as browser:
        facts = connect(browser)
    assert (facts["state"], facts["problem"], facts["received"]) == ("failed", "not_believed", {})
    assert not any(answer["path"] == "/userinfo" for answer in facts["answers"])


def test_userinfo_of_another_person_is_thrown_away(gateway: "FakeGateway", partner: "Partner") -> None:
    """OpenID Connect Core §5.3.4."""
    gateway.claims = {"sub": "somebody-else", "name": "Not Asha"}
    with partner.browser() as browser:
        facts = connect(browser)
    assert (facts["state"], facts["problem"]) == ("failed", "not_believed")
    assert "Not Asha" not in json.dumps(facts)


def test_reading_again_shows_what_changed_and_drops_what_is_no_longer_shared(
    gateway: "FakeGateway", partner: "Partner"
) -> None:
    with partner.browser() as browser:
        connect(browser)
        gateway.claims = {"name": "Asha Rao-Menon", "email": "a@lakeside.example"}
        facts = browser.post("/quizco/read").json()
        page = browser.get("/quizco", headers=HTML).text
    assert facts["changes"] == {"added": ["email"], "changed": ["name"], "removed": ["course"]}
    assert facts["received"] == {"name": "Asha Rao-Menon", "email": "a@lakeside.example"}
    assert facts["reads"] == 2
    assert "CS-101" not in page
    assert "no longer shared" in page


def test_after_a_stop_the_next_read_ends_it_and_the_copy_is_gone(
    gateway: "FakeGateway", partner: "Partner"
) -> None:
    """401 at userinfo, then `invalid_grant` at the token endpoint: nothing is kept but the fields' names."""
    with partner.browser() as browser:
        connect(browser)
        gateway.live = False
        facts = browser.post("/quizco/read").json()
        page = browser.get("/quizco", headers=HTML).text
    assert (facts["state"], facts["problem"]) == ("ended", "invalid_grant")
    assert (facts["received"], facts["token"], facts["id_token"]) == ({}, None, {})
    assert [(answer["path"], answer["status"]) for answer in facts["answers"]] == [
        ("/userinfo", 401),
        ("/token", 400),
    ]
    assert "The person has stopped sharing" in page
    assert "Asha" not in page


def test_paused_is_not_stopped(gateway: "FakeGateway", partner: "Partner") -> None:
    """403 `consent_paused`: tokens and copy are kept until it goes on; at an end they go as ever."""
    with partner.browser() as browser:
        before = connect(browser)
        gateway.paused = True
        facts = browser.post("/quizco/read").json()
        page = browser.get("/quizco", headers=HTML).text
        assert (facts["state"], facts["problem"]) == ("paused", "consent_paused")
        assert (facts["received"], facts["token"]) == (before["received"], before["token"])
        assert "Sharing is paused" in page
        assert "Paused" in browser.get("/", headers=HTML).text
        # A no to a question that comes meanwhile is no end either.
        gateway.answer = {"error": "access_denied", "code": ""}
        assert connect(browser)["state"] == "paused"
        gateway.down = True
        assert browser.post("/quizco/start").json()["state"] == "paused"
        gateway.paused = False
        facts = browser.post("/quizco/read").json()
        assert (facts["state"], facts["problem"], facts["reads"]) == ("connected", "", 2)
        gateway.paused = True
        assert browser.post("/quizco/read").json()["state"] == "paused"
        gateway.live = False
        facts = browser.post("/quizco/read").json()
    assert (facts["state"], facts["received"], facts["token"]) == ("ended", {}, None)


def test_without_a_refresh_token_a_401_ends_it(gateway: "FakeGateway", partner: "Partner") -> None:
    gateway.refreshable = False
    with partner.browser() as browser:
        connect(browser)
        gateway.live = False
        facts = browser.post("/quizco/read").json()
    assert (facts["state"], facts["problem"]) == ("ended", "invalid_token")


def test_refreshing_swaps_both_tokens_and_asks_for_no_scope(
    gateway: "FakeGateway", partner: "Partner"
) -> None:
    """RFC 6749 §6: no scope means what is still granted; the used refresh token is not used again."""
    with partner.browser() as browser:
        connect(browser)
        browser.post("/quizco/refresh")
        facts = browser.post("/quizco/refresh").json()
        assert browser.post("/quizco/read").json()["state"] == "connected"
    assert facts["state"] == "connected"
    assert len({form["refresh_token"] for form in gateway.refreshed}) == 2
    assert all("scope" not in form for form in gateway.refreshed)


def test_an_access_token_that_ran_out_is_refreshed_before_the_read(
    gateway: "FakeGateway", partner: "Partner"
) -> None:
    with partner.browser() as browser:
        gateway.expires_in = -1
        connect(browser)
        gateway.expires_in = 300
        facts = browser.post("/quizco/read").json()
    assert (facts["state"], facts["reads"]) == ("connected", 2)
    assert [answer["path"] for answer in facts["answers"]] == ["/token", "/userinfo"]


def test_an_access_that_ran_out_and_cannot_be_refreshed_is_not_called_a_stop(
    gateway: "FakeGateway", partner: "Partner"
) -> None:
    gateway.bend(refreshable=False, expires_in=-1)
    with partner.browser() as browser:
        connect(browser)
        gateway.access.clear()
        facts = browser.post("/quizco/read").json()
        page = browser.get("/quizco", headers=HTML).text
    assert (facts["state"], facts["problem"], facts["token"]) == ("ended", "expired", None)
    assert "Our access has run out" in page


def test_disconnecting_gives_the_refresh_token_back_and_forgets(
    gateway: "FakeGateway", partner: "Partner"
) -> None:
    """RFC 7009 §2.1."""
    with partner.browser() as browser:
        connect(browser)
        facts = browser.post("/quizco/disconnect").json()
    assert gateway.revoked == list(gateway.refresh)
    assert (facts["state"], facts["received"], facts["token"]) == ("none", {}, None)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_or_broken_gateway_ends_nothing(
    gateway: "FakeGateway", partner: "Partner", status: int
) -> None:
    with partner.browser() as browser:
        connect(browser)
        gateway.userinfo_status = status
        facts = browser.post("/quizco/read").json()
        assert (facts["state"], facts["problem"]) == ("connected", "unavailable")
        assert facts["received"] == {"name": "Asha Rao", "course": "CS-101"}
        gateway.userinfo_status = 200
        assert browser.post("/quizco/read").json()["problem"] == ""


def test_a_gateway_that_cannot_take_the_request_is_said_in_words(
    gateway: "FakeGateway", partner: "Partner"
) -> None:
    gateway.down = True
    with partner.browser(headers=HTML) as browser:
        answer = browser.post("/quizco/start")
    assert answer.status_code == 200
    assert "does not answer right now" in answer.text
    assert str(answer.url) == f"{partner.base_url}/quizco"


def test_another_site_cannot_press_our_buttons(gateway: "FakeGateway", partner: "Partner") -> None:
    with partner.browser() as browser:
        connect(browser)
        answer = browser.post("/quizco/disconnect", headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
        assert browser.get("/quizco").json()["state"] == "connected"
    assert gateway.revoked == []


def test_two_browsers_never_see_each_other(gateway: "FakeGateway", partner: "Partner") -> None:
    with partner.browser() as one, partner.browser() as two:
        connect(one)
        assert two.get("/quizco").json()["state"] == "none"
        first = one.cookies["sample_partner"]
        connect(one)
        assert one.cookies["sample_partner"] != first


def test_values_from_the_gateway_are_text_and_nothing_else(
    gateway: "FakeGateway", partner: "Partner"
) -> None:
    gateway.claims = {"name": "<script>alert(1)</script>", "x<b>": '"><img src=x>', "address": ["a", None]}
    with partner.browser() as browser:
        connect(browser)
        answer = browser.get("/quizco", headers=HTML)
    page = Tags()
    page.feed(answer.text)
    assert "table" in page.seen
    assert not {"script", "img", "b"} & page.seen
    assert "script-src" not in answer.headers["content-security-policy"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["cache-control"] == "no-store"


def test_no_token_code_or_secret_is_ever_printed(gateway: "FakeGateway", partner: "Partner") -> None:
    """Eight characters of the access token are all that a page may show, and a log shows none."""
    shown = []
    with partner.browser() as browser:
        asked = browser.post("/quizco/start", follow_redirects=False)
        back = browser.get(asked.headers["location"], follow_redirects=False).headers["location"]
        shown.append(browser.get(back).text)
        shown.extend(browser.get("/quizco", headers=HTML).text for _ in range(2))
        shown.append(browser.post("/quizco/read").text)
        shown.append(browser.post("/quizco/refresh").text)
        gateway.live = False
        shown.append(browser.post("/quizco/read").text)
        cookies = list(browser.cookies.values())
    everything = "".join(shown) + partner.log.read_text()
    values = {
        *gateway.issued,
        *(form["code_challenge"] for form in gateway.pushed),
        *cookies,
        "a-secret-that",
    }
    assert len(values) > 6
    assert [value for value in values if value[:20] in everything] == []


def test_unknown_addresses_are_pages_and_not_stack_traces(partner: "Partner") -> None:
    with partner.browser(headers=HTML) as browser:
        for path in ("/nobody", "/nobody/start", "/nobody/callback", "/quizco/nothing", "/quizco/read"):
            answer = browser.get(path)
            assert answer.status_code == 404
            assert "There is nothing at this address." in answer.text


def test_pages_need_nothing_from_elsewhere_and_no_script(partner: "Partner") -> None:
    with partner.browser(headers=HTML) as browser:
        pages = [browser.get(path).text for path in ("/", "/quizco", "/campuspress")]
        css = browser.get("/static/sample.css").text
    for page in pages:
        assert "<script" not in page
        assert " style=" not in page
        assert re.findall(r'(?:src|href|action)="(?!/|#)', page) == []
    assert "url(" not in css
    assert "@import" not in css
    assert ".brand-campuspress { --brand: #f4b942; --on-brand: #000000; }" in css
    assert ".brand-quizco { --brand: #6d28d9; --on-brand: #ffffff; }" in css


def test_a_wrong_configuration_lists_every_fault_and_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "partner.json"
    client = {"name": "Quiz Co", "client_id": "", "client_secret": "hush-hush", "auth_method": "none"}
    path.write_text(json.dumps({"issuer": "ftp://x", "base_url": "http://localhost", "clients": [client]}))
    command = [sys.executable, "-m", "deploy.sample_partner", "--config", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 2
    for key in (
        "issuer",
        "clients.0.name",
        "clients.0.brand",
        "clients.0.client_id",
        "clients.0.auth_method",
    ):
        assert f"{path}: {key}: " in done.stderr
    assert "hush-hush" not in done.stderr


def test_the_sample_imports_nothing_of_the_gateway() -> None:
    """A partner has only the wire; so does this one."""
    for path in sorted((ROOT / "deploy" / "sample_partner").glob("*.py")):
        assert not re.search(r"^\s*(from|import) (gateway|partners|scopes)\b", path.read_text(), re.MULTILINE)


def notice(gateway: "FakeGateway", media_type: str, **changes: Any) -> str:
    """Make what the gateway tells without a browser; None leaves a claim out."""
    is_logout = media_type == "logout+jwt"
    event = BACKCHANNEL if is_logout else f"{gateway.issuer}/events/deletion-requested"
    content = {} if is_logout else {"subjects": {"quiz-client": "pairwise-1"}}
    claims = {
        "iss": gateway.issuer,
        "aud": "quiz-client" if is_logout else ["quiz-client", "quiz-device"],
        "iat": int(time.time()),
        "jti": "j1",
        "events": {event: content},
        **({"sub": "pairwise-1"} if is_logout else {}),
        **changes,
    }
    given = {name: value for name, value in claims.items() if value is not None}
    return str(jwt.encode({"alg": "ES256", "kid": "k1", "typ": media_type}, given, gateway.key))


BACKCHANNEL = "http://schemas.openid.net/event/backchannel-logout"


def test_a_log_out_and_a_wish_to_delete_are_heard_without_a_browser(
    gateway: "FakeGateway", partner: "Partner"
) -> None:
    """OIDC Back-Channel Logout §2.5, RFC 8935 §2: what is shared stays after the first, and goes with the second."""
    with partner.browser() as server, partner.browser() as browser:
        connect(browser)
        token = notice(gateway, "logout+jwt")
        assert server.post("/quizco/logout", data={"logout_token": token}).status_code == 200
        facts = browser.get("/quizco").json()
        assert (facts["heard"], facts["state"]) == (["logout"], "connected")
        assert facts["received"]["name"] == "Asha Rao"
        token = notice(gateway, "secevent+jwt")
        assert server.post("/quizco/deletions", content=token).status_code == 200
        facts = browser.get("/quizco").json()
        assert (facts["heard"], facts["received"]) == (["logout", "deletion"], {})
        assert "we have" in facts["message"]
        # Whose data is long gone is a wish that is done.
        assert server.post("/quizco/deletions", content=token).status_code == 200
        assert server.post("/nobody/deletions", content=token).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another"},
        {"iat": None},
        {"events": {"other": {}}},
        {"events": None},
        {"nonce": "n"},
        {"exp": 1},
    ],
)
def test_what_is_no_notice_for_us_changes_nothing(
    gateway: "FakeGateway", partner: "Partner", changes: dict[str, Any]
) -> None:
    """OIDC Back-Channel Logout §2.6: 400, and whatever was shared is still there."""
    with partner.browser() as server, partner.browser() as browser:
        connect(browser)
        token = notice(gateway, "logout+jwt", **changes)
        assert server.post("/quizco/logout", data={"logout_token": token}).status_code == 400
        assert server.post("/quizco/deletions", content=notice(gateway, "logout+jwt")).status_code == 400
        assert browser.get("/quizco").json()["heard"] == []
