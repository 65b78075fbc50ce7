"""Attackers of RFC 9700 and of the FAPI 2.0 attacker model, each with what they would try.

A1 is a web attacker, A1a one who is also a registered partner, A3a reads authorization requests, A3b their
answers, A5 reads token requests, A7 reads requests at resources.
"""

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey

from gateway.kit.secrets.digests import base64url
from gateway.web.pages.visit import COOKIE
from tests.protocol.campuspress import REQUEST, begin, campuspress_tokens, exchange_form, opt_in, push
from tests.protocol.test_rfc9101 import push_signed, request_object
from tests.protocol.test_rfc9396 import EMAIL, PHONE, details, item
from tests.world import (
    CAMPUSPRESS_DPOP,
    CAMPUSPRESS_KEY,
    CAMPUSPRESS_REDIRECT,
    ISSUER,
    PARTNER_APP,
    PASSWORD,
    QUIZCO_REDIRECT,
    World,
    answer_of,
)

OTHER = ECKey.generate_key("P-256", private=True)


# A1: redirect tricks and open redirects (RFC 9700 §4.1, §4.11)

TRICKS = (
    QUIZCO_REDIRECT + "/",
    QUIZCO_REDIRECT + "?a=b",
    QUIZCO_REDIRECT + "#x",
    QUIZCO_REDIRECT + "/../../evil",
    QUIZCO_REDIRECT + "%2F..%2Fevil",
    QUIZCO_REDIRECT + ".evil.example",
    QUIZCO_REDIRECT.replace("callback", "Callback"),
    QUIZCO_REDIRECT.replace("callback", "%63allback"),
    QUIZCO_REDIRECT.replace("/quizco", "//quizco"),
    QUIZCO_REDIRECT.replace("localhost", "LOCALHOST"),
    QUIZCO_REDIRECT.replace("localhost", "localhost."),
    QUIZCO_REDIRECT.replace("localhost", "127.0.0.1"),
    QUIZCO_REDIRECT.replace("localhost:8100", "localhost:8101"),
    QUIZCO_REDIRECT.replace("localhost:8100", "localhost:8100@evil.example"),
    QUIZCO_REDIRECT.replace("localhost:8100", "evil.example\\@localhost:8100"),
    QUIZCO_REDIRECT.replace("http:", "https:"),
    CAMPUSPRESS_REDIRECT,
    "https://evil.example/callback",
    "//localhost:8100/quizco/callback",
    "javascript:alert(1)//" + QUIZCO_REDIRECT,
    "data:text/html,x",
)


@pytest.mark.parametrize("trick", TRICKS)
def test_a1_nobody_is_sent_to_an_address_that_is_not_registered(world: World, trick: str) -> None:
    """Neither with a code nor with an error, for nobody and for somebody who is signed in and settled."""
    browser = world.signed_in()
    world.share(browser, world.ask(browser))
    for parameters in ({"redirect_uri": trick}, {"redirect_uri": trick, "response_type": "x"}):
        query = urlencode(world.authorization(**parameters))
        answer = browser._client.get(f"/authorize?{query}")
        assert answer.status_code == 400
        assert "location" not in answer.headers


def test_a1_a_code_goes_only_where_it_was_asked_for(world: World) -> None:
    """The exchange names another redirect URI: refused, although that one is another partner's own (§4.5)."""
    answer = world.exchange(world.approve(), redirect_uri=CAMPUSPRESS_REDIRECT)
    assert answer.json()["error"] == "invalid_grant"


# A1: CSRF, session fixation, login (RFC 9700 §4.7)


def test_a1_the_consent_form_of_one_session_is_nothing_in_another(each_world: World) -> None:
    """An attacker's own screen, posted by the victim's browser: nothing is decided for anybody.

    The victim sees their own screen, as anybody can make a browser show it by sending it to /authorize.
    """
    attacker, victim = each_world.signed_in("aoife@northfield.example"), each_world.signed_in()
    form = dict(each_world.ask(attacker).form("/consent").filled({}, "share"))
    token = dict(each_world.ask(victim).form("/consent").filled({}))["csrf_token"]
    for forged, status in ((form, 409), ({**form, "csrf_token": token}, 403)):
        answer = victim._client.post("/consent", data=forged)
        assert (answer.status_code, "Aoife" in answer.text) == (status, False)
    assert "No thanks" in each_world.ask(victim).response.text


def test_a1_nothing_is_decided_by_get(world: World) -> None:
    """A link or a picture cannot say yes."""
    browser = world.signed_in()
    filled = dict(world.ask(browser).form("/consent").filled({}, "share"))
    assert browser._client.get(f"/consent?{urlencode(filled)}").status_code == 405
    assert world.ask(browser).form("/consent")


@pytest.mark.parametrize("planted", ["planted-by-somebody", "cg_se_" + "A" * 43])
def test_a1_a_planted_session_is_not_taken_over(world: World, planted: str) -> None:
    """Session fixation: the log-in makes a secret of its own, and the planted one opens nothing."""
    browser = world.browser()
    browser._client.cookies.set(COOKIE, planted, domain="gateway.example")
    page = browser.open("/login")
    form = {**dict(page.form("/login").filled({})), "email": "asha@lakeside.example", "password": PASSWORD}
    answer = browser._client.post("/login", data=form)
    assert answer.status_code == 303
    assert planted not in answer.headers["set-cookie"]
    thief = world.client()
    thief.cookies.set(COOKIE, planted, domain="gateway.example")
    assert thief.get("/connected").headers["location"].startswith("/login")


# A1a: a partner against another partner (mix-up, foreign codes and tokens)


def test_a1a_every_answer_names_its_issuer(world: World) -> None:
    """Mix-up (RFC 9700 §4.4): code, refusal and error alike carry `iss`, so no client takes them for another's."""
    browser = world.signed_in()
    good = world.share(browser, world.ask(browser))
    bad = answer_of(world.ask(browser, scope="nonsense"))
    refused = world.signed_in("aoife@northfield.example")
    said_no = answer_of(
        refused.submit(world.ask(refused), "/consent", button="refuse", stop_at=QUIZCO_REDIRECT)
    )
    assert {each["iss"] for each in (good, bad, said_no)} == {ISSUER}
    document = world.client().get("/.well-known/openid-configuration").json()
    assert document["authorization_response_iss_parameter_supported"] is True


def test_a1a_a_foreign_code_is_refused_and_the_owner_can_still_use_it(each_world: World) -> None:
    """Another client holds it, but cannot burn it either."""
    code = each_world.approve()
    stolen = each_world.post_signed("/token", {**exchange_form(code), "redirect_uri": QUIZCO_REDIRECT})
    assert stolen.json()["error"] == "invalid_grant"
    assert each_world.exchange(code).status_code == 200


def test_a1a_foreign_tokens_do_nothing(each_world: World) -> None:
    """They do not refresh, are not described, and cannot be revoked by who does not own them."""
    tokens = each_world.tokens()
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert each_world.post_signed("/token", form).json()["error"] == "invalid_grant"
    described = each_world.post_signed("/introspect", {"token": tokens["access_token"]}).json()
    assert described == {"active": False}
    each_world.post_signed("/revoke", {"token": tokens["refresh_token"]})
    assert each_world.userinfo(tokens["access_token"]).status_code == 200


def test_a1a_a_request_uri_of_another_partner_leads_nowhere(world: World) -> None:
    """FAPI 2.0 §5.3.2.2: it is bound to who pushed it."""
    start = begin(push(world)).replace("campuspress-shop", world.quizco)
    assert world.signed_in().open(start).status == 400


# A3a and A3b: requests and answers that somebody reads on their way


def test_a3b_a_stolen_code_without_its_verifier_is_worth_nothing(each_world: World) -> None:
    """Code injection: the thief gets one try, and that try ends the code for everybody (RFC 9700 §4.5)."""
    code = each_world.approve()
    assert each_world.exchange(code, code_verifier="w" * 64).json()["error"] == "invalid_grant"
    assert each_world.exchange(code).json()["error"] == "invalid_grant"


def test_a3b_a_stolen_code_without_its_key_is_worth_nothing(each_world: World) -> None:
    """The code is bound at PAR (RFC 9449 §10.1): even who is the client needs the key."""
    code = opt_in(each_world, push(each_world, proof=each_world.proof("/par")))
    answer = each_world.post_signed(
        "/token", exchange_form(code), proof=each_world.proof("/token", key=OTHER)
    )
    assert answer.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "weaker",
    [
        {"code_challenge": None},
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
    ],
)
def test_a3a_pkce_cannot_be_weakened(world: World, weaker: dict[str, str | None]) -> None:
    """RFC 9700 §2.1.1, §4.8: neither left out nor made plain."""
    assert answer_of(world.ask(world.signed_in(), **weaker))["error"] == "invalid_request"


def test_a3a_a_pushed_request_cannot_be_changed_in_the_browser(world: World) -> None:
    """What stands beside `request_uri` is not even looked at (RFC 9126 §4)."""
    request_uri = push(world)
    changed = {"scope": "openid email phone age", "redirect_uri": "https://evil.example/", "state": "evil"}
    browser = world.signed_in()
    page = browser.open(begin(request_uri, **changed), stop_at=CAMPUSPRESS_REDIRECT)
    assert "phone_number" not in str(page.form("/consent").choices)
    back = answer_of(browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT))
    assert back["state"] == "st-2"


# A5: token requests that somebody reads


def test_a5_a_token_request_cannot_be_sent_again(each_world: World) -> None:
    """Assertion, proof and code each work once; the whole request, again, is nothing."""
    form = {
        **exchange_form(opt_in(each_world)),
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": each_world.assertion(),
    }
    header = {"DPoP": each_world.proof("/token")}
    assert each_world.client().post("/token", data=form, headers=header).status_code == 200
    again = each_world.client().post("/token", data=form, headers=header)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")


def test_a5_a_refresh_never_widens(each_world: World) -> None:
    """Scope upgrade: not by scope, not by items, not by an offer that another client has."""
    tokens = each_world.tokens(scope="openid email", authorization_details=details(item(EMAIL)))
    for wider, error in (
        ({"scope": "openid email phone"}, "invalid_scope"),
        ({"scope": "openid email nonsense"}, "invalid_scope"),
        ({"authorization_details": details(item(PHONE))}, "invalid_authorization_details"),
        (
            {"authorization_details": details(items=None, offer="course-readers")},
            "invalid_authorization_details",
        ),
    ):
        assert each_world.refresh(tokens["refresh_token"], **wider).json()["error"] == error
    assert each_world.refresh(tokens["refresh_token"]).status_code == 200


def test_a5_an_exchange_takes_no_scope(world: World) -> None:
    """The code's scope stands, whatever is sent beside it (RFC 6749 §4.1.3)."""
    tokens = world.exchange(world.approve(scope="openid email"), scope="openid email phone address").json()
    assert not {"phone", "address"} & set(tokens["scope"].split())


# A7: requests at resources that somebody reads


@pytest.mark.parametrize(
    ("path", "method"), [("/userinfo", "GET"), ("/release", "POST"), ("/grants/gra_x", "GET")]
)
def test_a7_a_token_alone_opens_nothing(world: World, path: str, method: str) -> None:
    """Without the key: as bearer, with a proof of another key, with a proof seen before or made for elsewhere."""
    token = campuspress_tokens(world)["access_token"]
    seen = world.proof("/userinfo", "GET", token=token)
    assert (
        world.client().get("/userinfo", headers={"Authorization": f"DPoP {token}", "DPoP": seen}).is_success
    )
    attempts = (
        {"Authorization": f"Bearer {token}"},
        {"Authorization": f"DPoP {token}"},
        {"Authorization": f"DPoP {token}", "DPoP": seen},
        {"Authorization": f"DPoP {token}", "DPoP": world.proof(path, method, token=token, key=OTHER)},
        {"Authorization": f"DPoP {token}", "DPoP": world.proof(path, method, token="another")},
        {"Authorization": f"DPoP {token}", "DPoP": world.proof(path, "PUT", token=token)},
        {"Authorization": f"Bearer {token}", "DPoP": world.proof(path, method, token=token)},
    )
    for headers in attempts:
        assert world.client().request(method, path, headers=headers).status_code == 401, headers


@pytest.mark.parametrize(
    ("path", "method"), [("/userinfo", "GET"), ("/release", "POST"), ("/grants/gra_x", "GET")]
)
def test_a7_a_token_in_an_address_is_refused(world: World, path: str, method: str) -> None:
    """It would stand in logs and referrers (RFC 9700 §4.3.2)."""
    token = world.tokens()["access_token"]
    for headers in ({}, {"Authorization": f"Bearer {token}"}):
        answer = world.client().request(method, f"{path}?access_token={token}", headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


# Games with algorithms and keys (RFC 8725)

Sign = Callable[[World], str]


def unsigned(claims: dict[str, Any], **header: Any) -> str:
    """Make a JWT of algorithm none."""
    parts = ({"alg": "none", **header}, claims)
    return ".".join(base64url(json.dumps(part).encode()) for part in parts) + "."


def claims_of(token: str) -> dict[str, Any]:
    """Read a JWT's claims."""
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def confused(claims: dict[str, Any], key: ECKey, **header: Any) -> str:
    """Sign by HMAC with the public key as the secret, which everybody knows."""
    secret = OctKey.import_key(json.dumps(key.as_dict(private=False)))
    return jwt.encode({"alg": "HS256", **header}, claims, secret)


def stranger(claims: dict[str, Any], **header: Any) -> str:
    """Sign with a key of one's own that the header brings along."""
    found = {"alg": "ES256", "jwk": OTHER.as_dict(private=False), **header}
    return jws.serialize_compact(found, json.dumps(claims).encode(), OTHER)


FORGERIES: dict[str, Callable[[dict[str, Any], dict[str, Any]], str]] = {
    "none": lambda claims, header: unsigned(claims, **header),
    "None": lambda claims, header: unsigned(claims, **{**header, "alg": "None"}),
    "hmac with the public key": lambda claims, header: confused(claims, CAMPUSPRESS_KEY, **header),
    "a key in the header": lambda claims, header: stranger(claims, **header),
    "a key behind an address": lambda claims, header: stranger(
        claims, **header, jku="https://evil.example/jwks.json"
    ),
    "a kid of ours": lambda claims, header: stranger(claims, **header, kid="campuspress-1"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_rfc8725_forged_assertions_are_refused(world: World, forgery: str) -> None:
    """Client authentication."""
    forged = FORGERIES[forgery](claims_of(world.assertion()), {})
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = {**REQUEST, "client_assertion_type": kind, "client_assertion": forged}
    answer = world.client().post("/par", data=form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("forgery", FORGERIES)
def test_rfc8725_forged_request_objects_are_refused(world: World, forgery: str) -> None:
    """Requests, pushed by somebody who is the client, and by value."""
    forged = FORGERIES[forgery](claims_of(request_object(world)), {"typ": "oauth-authz-req+jwt"})
    assert push_signed(world, forged).json()["error"] == "invalid_request_object"
    query = urlencode({"client_id": "campuspress-shop", "request": forged})
    assert world.browser().open(f"/authorize?{query}").status == 400


@pytest.mark.parametrize("forgery", ["none", "None", "hmac with the public key", "a kid of ours"])
def test_rfc8725_forged_proofs_are_refused(world: World, forgery: str) -> None:
    """Proofs of a victim's key, of which the public part is known."""
    token = campuspress_tokens(world)["access_token"]
    honest = world.proof("/userinfo", "GET", token=token)
    header = {"typ": "dpop+jwt", "jwk": CAMPUSPRESS_DPOP.as_dict(private=False)}
    forged = FORGERIES[forgery](claims_of(honest), header)
    answer = world.client().get("/userinfo", headers={"Authorization": f"DPoP {token}", "DPoP": forged})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_dpop_proof")


def test_no_answer_tells_whether_a_client_exists(world: World) -> None:
    """Enumeration (trap 14): unknown client and wrong secret get the same bytes."""
    answers = [
        world.client().post("/token", data={"grant_type": "authorization_code"}, auth=(name, "wrong"))
        for name in (world.quizco, "nobody")
    ]
    assert answers[0].content == answers[1].content
    assert [each.status_code for each in answers] == [401, 401]


def test_a1_a_partners_page_cannot_read_what_the_gateway_says(world: World) -> None:
    """No CORS and no frame where tokens, values or screens are, whatever Origin asks."""
    browser = world.signed_in()
    for path in (
        "/connected",
        "/profile",
        f"/authorize?{urlencode(world.authorization())}",
        "/release",
        "/grants/x",
    ):
        answer = browser._client.get(path, headers={"Origin": PARTNER_APP})
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
