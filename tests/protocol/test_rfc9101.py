"""RFC 9101 and FAPI 2.0 Message Signing §5.3: signed request objects, pushed and by value."""

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import Connection, text

from gateway.actions.oauth.par import URN
from gateway.kit.errors import Refusal
from gateway.kit.secrets.digests import digest
from gateway.oauth.requests.request_objects import read_request_object
from tests.protocol.campuspress import REQUEST, begin, exchange_form, opt_in
from tests.world import CAMPUSPRESS_KEY, CAMPUSPRESS_REDIRECT, ISSUER, PARTNERS, World, answer_of, publish

HEADER = {"alg": "ES256", "kid": "campuspress-1", "typ": "oauth-authz-req+jwt"}


def request_object(
    world: World, header: dict[str, Any] = HEADER, key: Any = CAMPUSPRESS_KEY, **changes: Any
) -> str:
    """Sign a request as CampusPress; None leaves a member out."""
    now = world.clock()
    claims = {
        **REQUEST,
        "client_id": "campuspress-shop",
        "iss": "campuspress-shop",
        "aud": ISSUER,
        "nbf": now,
        "exp": now + 300,
        **changes,
    }
    given = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(header, given, key, algorithms=[header["alg"]])


def push_signed(world: World, request: str, **beside: str) -> httpx2.Response:
    """Push a request object."""
    return world.post_signed("/par", {"request": request, **beside})


def test_6_3_what_is_inside_counts_and_nothing_beside_it(each_world: World) -> None:
    """State, scope and redirect URI beside the object are not even looked at."""
    beside = {
        "state": "outer",
        "scope": "nonsense",
        "redirect_uri": "https://evil.example/",
        "nonce": "outer",
    }
    pushed = push_signed(each_world, request_object(each_world, state="inner", nonce="inner"), **beside)
    assert pushed.status_code == 201, pushed.text
    browser = each_world.signed_in()
    page = browser.open(begin(pushed.json()["request_uri"], state="outer"), stop_at=CAMPUSPRESS_REDIRECT)
    back = answer_of(browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT))
    assert back["state"] == "inner"
    assert each_world.post_signed("/token", exchange_form(back["code"])).status_code == 200


def test_6_3_a_state_only_beside_the_object_is_not_used(world: World) -> None:
    """It could have been put there by somebody else."""
    pushed = push_signed(world, request_object(world, state=None), state="outer")
    browser = world.signed_in()
    page = browser.open(begin(pushed.json()["request_uri"]), stop_at=CAMPUSPRESS_REDIRECT)
    assert "state" not in answer_of(
        browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT)
    )


MINUTE = 60
BAD: dict[str, Callable[[int], dict[str, Any]]] = {
    "another issuer": lambda now: {"iss": "quizco-web"},
    "no issuer": lambda now: {"iss": None},
    "another client": lambda now: {"client_id": "quizco-web"},
    "no client": lambda now: {"client_id": None},
    "the subject of an assertion": lambda now: {"sub": "campuspress-shop"},
    "another audience": lambda now: {"aud": "https://evil.example"},
    "an audience of others": lambda now: {"aud": ["https://evil.example"]},
    "no audience": lambda now: {"aud": None},
    "no exp": lambda now: {"exp": None},
    "exp past": lambda now: {"exp": now},
    "exp over an hour after nbf": lambda now: {"exp": now + 61 * MINUTE},
    "exp as a truth": lambda now: {"exp": True},
    "no nbf": lambda now: {"nbf": None},
    "nbf over an hour ago": lambda now: {"nbf": now - 61 * MINUTE, "exp": now + 1},
    "nbf in a minute": lambda now: {"nbf": now + 61},
    "another object inside": lambda now: {"request": "x.y.z"},
    "a reference inside": lambda now: {"request_uri": "urn:x"},
    "a list as a parameter": lambda now: {"scope": ["openid"]},
    "a truth as a parameter": lambda now: {"max_age": True},
}


@pytest.mark.parametrize("fault", [*BAD])
def test_5_an_object_with_one_fault_is_refused(world: World, fault: str) -> None:
    """FAPI 2.0 Message Signing §5.3.1."""
    refused = push_signed(world, request_object(world, **BAD[fault](world.clock())))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request_object")


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [ISSUER, "https://other.example"]},
        {"nbf": 8},
        {"nbf": -3590, "exp": 5},
        {"max_age": 600},
        {"claims": {"id_token": {}}},
        {"unknown": "member"},
    ],
)
def test_5_what_is_in_order_is_taken(world: World, changes: dict[str, Any]) -> None:
    """Several audiences, a clock that runs eight seconds ahead, numbers and objects where parameters have them."""
    moved: dict[str, Any] = {
        name: world.clock() + changes[name] for name in ("nbf", "exp") if name in changes
    }
    assert push_signed(world, request_object(world, **{**changes, **moved})).status_code == 201


@pytest.mark.parametrize(
    "changes", [{"redirect_uri": None}, {"redirect_uri": "https://evil.example/"}, {"code_challenge": None}]
)
def test_5_the_checks_are_those_of_any_request(world: World, changes: dict[str, Any]) -> None:
    """And what is missing inside is not taken from beside it."""
    refused = push_signed(world, request_object(world, **changes), **REQUEST)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")


def test_5_an_inner_parameter_of_the_wrong_shape_is_refused(world: World) -> None:
    """The same hygiene as for a form (trap 1)."""
    assert push_signed(world, request_object(world, scope='op"enid')).json()["error"] == "invalid_scope"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"nonce": "zü"}, "invalid_request"),
        ({"scope": "openid  address"}, "invalid_scope"),
        ({"max_age": "-1"}, "invalid_request"),
    ],
)
def test_rfc6749_4_1_2_1_an_inner_parameter_of_the_wrong_shape_goes_back(
    world: World, changes: dict[str, Any], error: str
) -> None:
    need_not_push(world)
    signed = request_object(world, **changes)
    back = answer_of(world.browser().open(by_value(signed), stop_at=CAMPUSPRESS_REDIRECT))
    assert (back["error"], back["iss"], back["state"]) == (error, ISSUER, REQUEST["state"])
    pushed = push_signed(world, signed)
    assert (pushed.status_code, pushed.json()["error"]) == (400, error)


def test_rfc8259_8_2_half_a_character_inside_is_refused(world: World) -> None:
    """JSON can hold it, no address can."""
    need_not_push(world)
    claims = jwt.decode(request_object(world, state="half"), CAMPUSPRESS_KEY).claims
    text = json.dumps(claims).replace('"half"', '"a\\ud800"')
    signed = jws.serialize_compact(dict[str, Any](HEADER), text, CAMPUSPRESS_KEY)
    back = answer_of(world.browser().open(by_value(signed), stop_at=CAMPUSPRESS_REDIRECT))
    assert (back["error"], "state" in back) == ("invalid_request", False)
    assert push_signed(world, signed).status_code == 400


def test_4_signature_algorithm_and_type(world: World) -> None:
    """Another key, RS256, another kind of JWT, garbage."""
    stranger = ECKey.generate_key("P-256", {"kid": "campuspress-1"}, private=True)
    rsa = RSAKey.generate_key(2048, {"kid": "campuspress-1"}, private=True)
    for request in (
        request_object(world, key=stranger),
        request_object(world, {**HEADER, "alg": "RS256"}, rsa),
        request_object(world, {**HEADER, "typ": "dpop+jwt"}),
        request_object(world, {**HEADER, "kid": "another"}),
        "garbage",
        "e30.e30.",
    ):
        assert push_signed(world, request).json()["error"] == "invalid_request_object"
    assert (
        push_signed(world, request_object(world, {"alg": "ES256", "kid": "campuspress-1"})).status_code == 201
    )


@pytest.mark.parametrize("typ", ["JWT", "jwt", "OAuth-Authz-Req+JWT", "application/oauth-authz-req+jwt"])
def test_rfc7515_4_1_9_a_type_is_a_media_type(world: World, typ: str) -> None:
    """No case, and `application/` may stand before it (RFC 2045 §5.1)."""
    assert push_signed(world, request_object(world, {**HEADER, "typ": typ})).status_code == 201


def test_10_8_neither_kind_of_jwt_passes_for_the_other(world: World) -> None:
    """A client assertion is no request object, and a request object authenticates nobody."""
    assert push_signed(world, world.assertion()).json()["error"] == "invalid_request_object"
    data = {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": request_object(world),
        "token": "x",
    }
    assert world.client().post("/introspect", data=data).status_code == 401


def test_5_a_client_without_keys_cannot_sign(world: World) -> None:
    """QuizCo has a secret only."""
    registered = world.services.registry.clients["quizco-web"]
    with pytest.raises(Refusal, match="no keys"):
        read_request_object({"request": "x"}, registered, issuer=ISSUER, now=0)


def test_5_1_by_value_for_a_client_that_need_not_push(world: World) -> None:
    """RFC 9101 §5.1: in the browser's address; `fapi2` pushes (FAPI 2.0 §5.3.2.2)."""
    query = urlencode({"client_id": "campuspress-shop", "request": request_object(world)})
    back = answer_of(world.browser().open(f"/authorize?{query}", stop_at=CAMPUSPRESS_REDIRECT))
    assert (back["error"], back["state"]) == ("invalid_request", "st-2")
    need_not_push(world)
    browser = world.signed_in()
    page = browser.open(f"/authorize?{query}", stop_at=CAMPUSPRESS_REDIRECT)
    assert "code" in answer_of(browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT))
    bad = urlencode({"client_id": "campuspress-shop", "request": "x.y.z", **REQUEST})
    answer = world.client().get(f"/authorize?{bad}")
    # Nothing in it was verified, so nobody is redirected.
    assert (answer.status_code, "location" in answer.headers) == (400, False)


def need_not_push(world: World) -> None:
    """Let CampusPress be an ordinary relying party."""
    manifest = (PARTNERS / "campuspress.toml").read_text().replace('"fapi2"', '"baseline"')
    world.run(lambda: publish(world.services, manifest, version=2, manifest_version=2))


def by_value(request: str) -> str:
    """Make the address that carries a request object."""
    return f"/authorize?{urlencode({'client_id': 'campuspress-shop', 'request': request})}"


def test_10_2_a_pushed_object_with_a_jti_works_once(each_world: World) -> None:
    """Whoever got hold of it pushes nothing with it; without a `jti` there is nothing to remember it by."""
    request = request_object(each_world, jti="r-1")
    assert push_signed(each_world, request).status_code == 201
    refused = push_signed(each_world, request)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request_object")
    assert push_signed(each_world, request_object(each_world, jti="r-2")).status_code == 201
    plain = request_object(each_world)
    assert [push_signed(each_world, plain).status_code for _ in range(2)] == [201, 201]


def test_10_2_a_refused_request_does_not_cost_its_jti(each_world: World) -> None:
    """Neither a fault in it nor a proof that has to come again with a nonce."""
    assert (
        push_signed(each_world, request_object(each_world, jti="r-1", scope="x")).json()["error"]
        == "invalid_scope"
    )
    assert push_signed(each_world, request_object(each_world, jti="r-1")).status_code == 201


@pytest.mark.parametrize("jti", ["", "x" * 256, 7, "a\nb"])
def test_10_2_a_jti_is_a_short_text(world: World, jti: object) -> None:
    assert push_signed(world, request_object(world, jti=jti)).json()["error"] == "invalid_request_object"


def test_10_2_an_object_by_value_is_answered_once(each_world: World) -> None:
    """The page may be loaded again until the person has answered; then it is spent, for pushing too."""
    need_not_push(each_world)
    request = request_object(each_world, jti="r-1")
    browser = each_world.signed_in()
    browser.open(by_value(request), stop_at=CAMPUSPRESS_REDIRECT)
    page = browser.open(by_value(request), stop_at=CAMPUSPRESS_REDIRECT)
    assert "code" in answer_of(browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT))
    again = browser.open(by_value(request))
    assert (again.status, "invalid_request_object" in again.text) == (400, True)
    assert push_signed(each_world, request).json()["error"] == "invalid_request_object"


def test_10_2_a_pushed_object_is_not_taken_by_value(world: World) -> None:
    need_not_push(world)
    request = request_object(world, jti="r-1")
    assert push_signed(world, request).status_code == 201
    assert world.signed_in().open(by_value(request)).status == 400


def test_10_2_two_objects_of_one_jti_are_one_request(world: World) -> None:
    """What arrived first counts, so nobody widens a request that is under way."""
    need_not_push(world)
    browser = world.signed_in()
    browser.open(by_value(request_object(world, jti="r-1")), stop_at=CAMPUSPRESS_REDIRECT)
    page = browser.open(by_value(request_object(world, jti="r-1", state="other")))
    back = browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT)
    assert answer_of(back)["state"] == "st-2"


def test_10_2_an_object_by_value_is_no_pushed_request(world: World) -> None:
    """Whoever knows its `jti` cannot name it by a `request_uri`: a `fapi2` client has to push."""
    world.browser().open(by_value(request_object(world, jti="r-1")), stop_at=CAMPUSPRESS_REDIRECT)
    assert len(rows(world)) == 1
    jti_digest = digest("request object r-1").hex()
    for guess in (f"campuspress-shop {jti_digest}", jti_digest, "r-1", *map(bytes.hex, rows(world))):
        assert "invalid_request_uri" in world.signed_in().open(begin(URN + guess)).text


def rows(world: World) -> list[bytes]:
    """Name the requests that are kept."""

    def read(connection: Connection, _: Sequence[None]) -> list[list[bytes]]:
        return [list(connection.execute(text("SELECT request_digest FROM pushed_request")).scalars())]

    return world.run(world.services.store.read, read, None)


def test_10_2_a_jti_of_an_object_and_one_of_an_assertion_are_two(world: World) -> None:
    """They are counted apart, and each client's apart from another's."""
    request = request_object(world, jti="same")
    assert world.post_signed("/par", {"request": request}, jti="same").status_code == 201


def test_5_request_and_request_uri_exclude_each_other(world: World) -> None:
    """RFC 9101 §5."""
    pushed = push_signed(world, request_object(world)).json()["request_uri"]
    answer = world.client().get(begin(pushed, request=request_object(world)))
    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert opt_in(world, pushed)


def test_the_discovery_says_so(world: World) -> None:
    """RFC 9101 §9, OpenID Connect Discovery §3."""
    document = world.client().get("/.well-known/openid-configuration").json()
    assert document["request_parameter_supported"] is True
    assert document["request_uri_parameter_supported"] is False
    assert document["require_signed_request_object"] is False
    assert document["request_object_signing_alg_values_supported"] == ["PS256", "ES256", "EdDSA", "Ed25519"]
