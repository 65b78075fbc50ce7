"""RFC 9449: proof of possession at token endpoint, PAR and userinfo."""

import json
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.kit.secrets.digests import base64url
from gateway.oauth.proofs import dpop
from gateway.oauth.proofs.dpop import BEHIND, NONCE_PERIOD, normalised
from tests.protocol.campuspress import REQUEST, campuspress_tokens, exchange_form, opt_in, push
from tests.world import CAMPUSPRESS_DPOP, ISSUER, QUIZCO_SECRET, World

OTHER = ECKey.generate_key("P-256", private=True)


def refresh(world: World, token: str, proof: str | None = None) -> Any:
    return world.post_signed("/token", {"grant_type": "refresh_token", "refresh_token": token}, proof=proof)


def test_5_the_token_answer_is_dpop_and_lives_longer(each_world: World) -> None:
    """Sender-constrained: fifteen minutes instead of five."""
    tokens = campuspress_tokens(each_world)
    assert (tokens["token_type"], tokens["expires_in"]) == ("DPoP", 900)
    assert each_world.read_signed(tokens["access_token"]).json()["address"]["country"] == "India"
    again = refresh(each_world, tokens["refresh_token"]).json()
    assert (again["token_type"], again["refresh_token"]) == ("DPoP", tokens["refresh_token"])


BAD: dict[str, dict[str, Any]] = {
    "no typ": {"header": {"typ": "JWT"}},
    "a symmetric algorithm": {"header": {"alg": "none"}},
    "another method": {"htm": "GET"},
    "no method": {"htm": None},
    "another endpoint": {"htu": ISSUER + "/par"},
    "another host": {"htu": "https://evil.example/token"},
    "no address": {"htu": None},
    "an address that is none": {"htu": "https://[::1/token"},
    "a user in the address": {"htu": "https://me@gateway.example/token"},
    "another scheme": {"htu": "ftp://gateway.example/token"},
    "no iat": {"iat": None},
    "iat as text": {"iat": "1"},
    "iat as a truth": {"iat": True},
    "no jti": {"jti": None},
    "an empty jti": {"jti": ""},
    "a long jti": {"jti": "j" * 256},
    "a jti that cannot be printed": {"jti": "\u0007"},
    "exp in the past": {"exp": 1},
    "nbf far ahead": {"nbf": 9_999_999_999},
    "nbf as text": {"nbf": "now"},
    "a nonce that is none of ours": {"nonce": "n"},
}


@pytest.mark.parametrize("fault", [*BAD])
def test_4_3_a_proof_with_one_fault_is_refused(world: World, fault: str) -> None:
    """And the code survives: nothing was decided yet."""
    changes = dict(BAD[fault])
    if changes.get("header", {}).get("alg") == "none":
        public = CAMPUSPRESS_DPOP.as_dict(private=False)
        head = {"typ": "dpop+jwt", "alg": "none", "jwk": public}
        claims = {"htm": "POST", "htu": ISSUER + "/token", "iat": world.clock(), "jti": "j"}
        proof = ".".join([*(base64url(json.dumps(part).encode()) for part in (head, claims)), ""])
    else:
        proof = world.proof("/token", **changes)
    code = opt_in(world)
    refused = world.post_signed("/token", exchange_form(code), proof=proof)
    wanted = "use_dpop_nonce" if "nonce" in changes else "invalid_dpop_proof"
    assert (refused.status_code, refused.json()["error"]) == (400, wanted)
    assert world.post_signed("/token", exchange_form(code)).status_code == 200


def test_4_3_what_is_no_jwt_and_what_comes_twice_is_refused(world: World) -> None:
    """One well-formed JWT in one header."""
    for proof in ("x", "a.b.c", "\u00e9", "e30.W10.AA", "W1tb" * 900):
        answer = world.client().post(
            "/token", data={}, headers={b"DPoP": proof.encode()}, auth=("quizco-web", QUIZCO_SECRET)
        )
        assert answer.json()["error"] == "invalid_dpop_proof", proof
    twice = [("DPoP", world.proof("/token")), ("DPoP", world.proof("/token"))]
    answer = world.client().post("/token", data={}, headers=twice, auth=("quizco-web", QUIZCO_SECRET))
    assert answer.json()["error"] == "invalid_dpop_proof"


def test_4_3_the_key_is_public_strong_and_the_signers(world: World) -> None:
    """A private part in the header, a symmetric or short key, and somebody else's key are refused."""
    private = CAMPUSPRESS_DPOP.as_dict(private=True)
    jwk: Any
    for jwk in (
        private,
        {"kty": "oct", "k": "c2VjcmV0"},
        OTHER.as_dict(private=False),
        {**CAMPUSPRESS_DPOP.as_dict(private=False), "x": "AA"},
        {**CAMPUSPRESS_DPOP.as_dict(private=False), "alg": 1},
        {**CAMPUSPRESS_DPOP.as_dict(private=False), "key_ops": ["verify"], "use": "sig", "x5c": 1},
        [],
        "x",
        None,
    ):
        head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}
        parts = [base64url(json.dumps(head).encode()), *world.proof("/token").split(".")[1:]]
        refused = refresh(world, "cg_rt_x", ".".join(parts))
        assert refused.json()["error"] == "invalid_dpop_proof", jwk


def test_4_3_a_key_that_the_library_cannot_read_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever passes our checks of a key and not the library's is the client's fault, not ours."""

    def unreadable(_: object) -> None:
        raise ValueError("no such curve")

    monkeypatch.setattr(dpop, "import_key", unreadable)
    assert refresh(world, "cg_rt_x", world.proof("/token")).json()["error"] == "invalid_dpop_proof"


@pytest.mark.parametrize(
    ("algorithm", "is_taken"), [("PS256", True), ("RS256", False), ("Ed25519", True), ("EdDSA", True)]
)
def test_4_3_algorithms(world: World, algorithm: str, is_taken: bool) -> None:
    """Those of FAPI 2.0 §5.4."""
    key: Any = (
        OKPKey.generate_key("Ed25519", private=True)
        if algorithm.startswith("Ed")
        else RSAKey.generate_key(2048, private=True)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        proof = world.proof("/token", key=key, header={"alg": algorithm})
    error = refresh(world, "cg_rt_x", proof).json()["error"]
    assert error == ("invalid_grant" if is_taken else "invalid_dpop_proof")


@pytest.mark.parametrize(
    ("seconds", "is_taken"), [(10, True), (11, False), (-BEHIND, True), (-BEHIND - 1, False)]
)
def test_4_3_iat_may_be_ten_seconds_ahead_and_a_minute_old(
    world: World, seconds: int, is_taken: bool
) -> None:
    """FAPI 2.0 §5.3.2.1."""
    proof = world.proof("/token", iat=world.clock() + seconds)
    error = refresh(world, "cg_rt_x", proof).json()["error"]
    assert error == ("invalid_grant" if is_taken else "invalid_dpop_proof")


@pytest.mark.parametrize(
    "htu",
    [
        "HTTPS://GATEWAY.example:443/token",
        "https://gateway.example/%74oken",
        "https://gateway.example/a/../token",
        "https://gateway.example/./token",
        "https://gateway.example/token?query=1",
        "https://gateway.example/token#fragment",
    ],
)
def test_4_3_addresses_are_compared_after_normalising(world: World, htu: str) -> None:
    """RFC 3986 §6.2.2 and §6.2.3; query and fragment do not count."""
    forged = {"X-Forwarded-Host": "evil.example", "Host": "evil.example"}
    assert refresh(world, "cg_rt_x", world.proof("/token", htu=htu)).json()["error"] == "invalid_grant"
    evil = world.proof("/token", htu="https://evil.example/token")
    answer = world.client().post(
        "/token",
        data={"grant_type": "x"},
        headers={**forged, "DPoP": evil},
        auth=("quizco-web", QUIZCO_SECRET),
    )
    assert answer.json()["error"] == "invalid_dpop_proof"


@given(st.text(alphabet="abAB/.%2Ee7~?#:@[]", max_size=30))
def test_normalising_twice_changes_nothing(path: str) -> None:
    """Whatever the address, its normal form is its own."""
    once = normalised("https://gateway.example/" + path)
    if once is not None:
        scheme, host, port, normal = once
        assert normalised(f"{scheme}://{host}:{port}{normal}") == once
    assert normalised("https://gateway.example") == normalised("https://gateway.example/")
    assert normalised("http://x/a/b/..") == normalised("http://x:80/a/")


def test_11_1_a_proof_works_once(each_world: World) -> None:
    """At the token endpoint and at userinfo; memory of it goes when it would be too old anyway."""
    tokens = campuspress_tokens(each_world)
    proof = each_world.proof("/token")
    assert refresh(each_world, tokens["refresh_token"], proof).status_code == 200
    assert refresh(each_world, tokens["refresh_token"], proof).json()["error"] == "invalid_dpop_proof"
    proof = each_world.proof("/userinfo", "GET", token=tokens["access_token"])
    headers = {"Authorization": f"DPoP {tokens['access_token']}", "DPoP": proof}
    answers = [each_world.client().get("/userinfo", headers=headers) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 401]
    assert 'error="invalid_dpop_proof"' in answers[1].headers["WWW-Authenticate"]
    each_world.clock.pass_by(3600 + BEHIND + 2)
    assert refresh(each_world, tokens["refresh_token"]).status_code == 200


def test_7_1_a_bound_token_wants_scheme_key_and_digest(each_world: World) -> None:
    """Stolen, it opens nothing."""
    tokens = campuspress_tokens(each_world)
    token, other = tokens["access_token"], refresh(each_world, tokens["refresh_token"]).json()["access_token"]
    read = each_world.read_signed
    for answer in (
        each_world.userinfo(token),
        read(token, key=OTHER),
        read(token, ath=None),
        read(token, ath=base64url(b"x" * 32)),
        read(token, htm="POST"),
        read(token, scheme="Bearer"),
        each_world.client().get("/userinfo", headers={"Authorization": f"DPoP {token}"}),
        each_world.client().post("/userinfo", data={"access_token": token}),
    ):
        assert answer.status_code == 401
        assert "address" not in answer.text
    proof_of_other = each_world.proof("/userinfo", "GET", token=other)
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof_of_other}
    assert each_world.client().get("/userinfo", headers=headers).status_code == 401
    for scheme in ("DPoP", "dpop", "DPOP"):
        assert read(token, scheme=scheme).status_code == 200


def test_7_1_the_challenge_is_in_the_schemes_voice(world: World) -> None:
    """With the algorithms that are taken."""
    said = world.read_signed("cg_at_unknown").headers["WWW-Authenticate"]
    assert said.startswith(
        'DPoP realm="consent gateway", algs="PS256 ES256 EdDSA Ed25519", error="invalid_token"'
    )
    assert (
        world.userinfo("cg_at_unknown")
        .headers["WWW-Authenticate"]
        .startswith('Bearer realm="consent gateway", error')
    )


def test_7_a_bearer_token_under_the_dpop_scheme_is_refused(world: World) -> None:
    """A proof by whoever has the token proves nothing."""
    token = world.tokens()["access_token"]
    assert world.read_signed(token).status_code == 401
    assert world.userinfo(token).status_code == 200


def test_a_baseline_client_may_bind_its_tokens(world: World) -> None:
    """Then they stay bound: a refresh without the proof does not make a bearer token of them."""
    headers = {"DPoP": world.proof("/token")}
    form = {**exchange_form(world.approve()), "redirect_uri": world.authorization()["redirect_uri"]}
    auth = (world.quizco, QUIZCO_SECRET)
    tokens = world.client().post("/token", data=form, headers=headers, auth=auth).json()
    assert tokens["token_type"] == "DPoP"
    assert world.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    bound = (
        world.client().post("/token", data=again, headers={"DPoP": world.proof("/token")}, auth=auth).json()
    )
    assert bound["token_type"] == "DPoP"
    assert bound["refresh_token"] != tokens["refresh_token"]
    assert world.read_signed(bound["access_token"]).json()["name"] == "Asha Rao"


def test_6_introspection_names_the_key(world: World) -> None:
    """RFC 9449 §6.2: `cnf` with `jkt`."""
    token = campuspress_tokens(world)["access_token"]
    answer = world.post_signed("/introspect", {"token": token}).json()
    assert answer["cnf"] == {"jkt": CAMPUSPRESS_DPOP.thumbprint()}
    assert answer["token_type"] == "DPoP"
    assert "cnf" not in world.post("/introspect", {"token": world.tokens()["access_token"]}).json()


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("way", ["dpop_jkt", "proof at PAR", "both"])
def test_10_the_code_is_bound_to_the_key(each_world: World, way: str) -> None:
    """Another key redeems nothing, and has its one try."""
    named = {} if way == "proof at PAR" else {"dpop_jkt": CAMPUSPRESS_DPOP.thumbprint()}
    proof = "" if way == "dpop_jkt" else each_world.proof("/par")
    code = opt_in(each_world, push(each_world, proof=proof, **named))
    stolen = each_world.post_signed(
        "/token", exchange_form(code), proof=each_world.proof("/token", key=OTHER)
    )
    assert stolen.json()["error"] == "invalid_grant"
    assert each_world.post_signed("/token", exchange_form(code)).json()["error"] == "invalid_grant"
    code = opt_in(each_world, push(each_world, proof=proof and each_world.proof("/par"), **named))
    assert each_world.post_signed("/token", exchange_form(code)).json()["token_type"] == "DPoP"


def test_10_1_a_proof_at_par_must_be_of_the_named_key(world: World) -> None:
    """RFC 9449 §10.1; and a thumbprint has 43 characters."""
    mismatched = world.post_signed(
        "/par", {**REQUEST, "dpop_jkt": OTHER.thumbprint()}, proof=world.proof("/par")
    )
    assert (mismatched.status_code, mismatched.json()["error"]) == (400, "invalid_request")
    assert world.post_signed("/par", {**REQUEST, "dpop_jkt": "short"}).json()["error"] == "invalid_request"


def test_5_a_fapi_client_gets_no_bearer_token(world: World) -> None:
    """FAPI 2.0 §5.3.2.1: sender-constrained tokens only."""
    code = opt_in(world)
    refused = world.post_signed("/token", exchange_form(code), proof="")
    assert refused.json()["error"] == "invalid_dpop_proof"
    tokens = world.post_signed("/token", exchange_form(code)).json()
    assert refresh(world, tokens["refresh_token"], "").json()["error"] == "invalid_dpop_proof"
    assert refresh(world, tokens["refresh_token"]).status_code == 200


def test_5_a_refresh_token_is_bound_to_its_client_and_not_to_a_key(each_world: World) -> None:
    """A confidential client that starts anew with another key keeps its grants; the new token is of that key."""
    tokens = campuspress_tokens(each_world)
    answer = refresh(each_world, tokens["refresh_token"], each_world.proof("/token", key=OTHER))
    assert (answer.status_code, answer.json()["token_type"]) == (200, "DPoP")
    new = answer.json()["access_token"]
    told = each_world.post_signed("/introspect", {"token": new}).json()
    assert told["cnf"] == {"jkt": OTHER.thumbprint()}
    assert each_world.read_signed(new).status_code == 401
    assert each_world.read_signed(tokens["access_token"]).status_code == 200


@pytest.mark.parametrize("typ", ["dpop+jwt", "DPoP+JWT", "application/dpop+jwt", "Application/DPOP+jwt"])
def test_rfc7515_4_1_9_a_type_is_a_media_type(world: World, typ: str) -> None:
    """No case, and `application/` may stand before it (RFC 2045 §5.1)."""
    proof = world.proof("/introspect", header={"typ": typ})
    assert world.post_signed("/introspect", {"token": "x"}, proof=proof).status_code == 200


def test_8_a_nonce_is_given_and_demanded_where_the_settings_say_so(make_world: Any) -> None:
    """RFC 9449 §8, §9: at token endpoint and userinfo; the one before is taken a while longer."""
    world: World = make_world(dpop_nonce=True)
    code = opt_in(world)
    first = world.post_signed("/token", exchange_form(code))
    assert (first.status_code, first.json()["error"]) == (400, "use_dpop_nonce")
    nonce = first.headers["DPoP-Nonce"]
    world.clock.pass_by(1)
    tokens = world.post_signed("/token", exchange_form(code), proof=world.proof("/token", nonce=nonce))
    assert tokens.status_code == 200
    token = tokens.json()["access_token"]
    refused = world.read_signed(token)
    assert (refused.status_code, refused.json()["error"]) == (401, "use_dpop_nonce")
    assert 'error="use_dpop_nonce"' in refused.headers["WWW-Authenticate"]
    assert refused.headers["DPoP-Nonce"] == nonce
    assert world.read_signed(token, nonce=nonce).status_code == 200
    world.clock.pass_by(NONCE_PERIOD)
    newer = world.read_signed(token, nonce=nonce)
    assert (newer.status_code, newer.headers["DPoP-Nonce"] == nonce) == (200, False)
    world.clock.pass_by(NONCE_PERIOD)
    assert world.read_signed(token, nonce=nonce).status_code == 401


def test_without_the_setting_no_nonce_is_given(world: World) -> None:
    """A client that was given one would have to come back for the next."""
    assert "dpop-nonce" not in world.post_signed("/token", {}).headers


def test_the_discovery_names_the_algorithms(world: World) -> None:
    """RFC 9449 §5.1."""
    document = world.client().get("/.well-known/oauth-authorization-server").json()
    assert document["dpop_signing_alg_values_supported"] == ["PS256", "ES256", "EdDSA", "Ed25519"]
