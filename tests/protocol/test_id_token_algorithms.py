"""RS256 beside ES256 (OIDC Discovery §3, Registration §2): on offer, chosen by the client, never mixed up."""

import asyncio

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import Connection, text

from gateway.actions.consent.receipts import read_receipt
from gateway.actions.oauth.keys import rotate_signing_keys
from gateway.kit.errors import Refusal
from gateway.oauth.signing import ALGORITHMS
from gateway.store.engine.backend import Store
from gateway.web.oauth import protocol
from partners.tables import ClientTable
from tests.gateway.web.consent.test_receipts import signed
from tests.protocol.leaving import BYE
from tests.protocol.test_backchannel_logout import Site
from tests.world import PARTNERS, World, publish

RS256 = 'id_token_signed_response_alg = "RS256"\n'


def with_rs256(world: World, version: int = 2) -> None:
    """Publish a QuizCo whose ID tokens are signed with RS256."""
    more = (
        f'{RS256}post_logout_redirect_uris = ["{BYE}"]\n'
        'backchannel_logout_uri = "https://quizco.example.org/out"\noffer_id ='
    )
    manifest = (PARTNERS / "quizco.toml").read_text().replace("offer_id =", more, 1)
    world.run(lambda: publish(world.services, manifest, version=version, manifest_version=version))


def published(world: World) -> KeySet:
    return KeySet.import_key_set(world.client().get("/jwks.json").json())


def read(world: World, token: str, alg: str) -> jwt.Token:
    """Read a token as a relying party does that takes one algorithm only."""
    return jwt.decode(token, published(world), algorithms=[alg])


def test_the_manifest_takes_every_algorithm_that_can_be_signed_with() -> None:
    """One list in `partners`, one in the gateway: they cannot drift."""
    fields = {
        "client_id": "quizco-web",
        "name": "Q",
        "profile": "baseline",
        "auth_method": "client_secret_basic",
    }
    for alg in ALGORITHMS:
        made = ClientTable.model_validate(
            {
                **fields,
                "redirect_uris": ["https://quizco.example.org/cb"],
                "offer_id": "quizzes",
                "id_token_signed_response_alg": alg,
            }
        )
        assert made.id_token_signed_response_alg == alg


def test_discovery_offers_what_there_are_keys_for(world: World) -> None:
    """An installation from before RS256 says so until its keys are rotated once; at once, though nothing else reads."""
    name = "id_token_signing_alg_values_supported"
    document = "/.well-known/openid-configuration"
    assert world.client().get(document).json()[name] == ["ES256", "RS256"]
    world.store(without_rsa, None)
    assert world.client().get(document).json()[name] == ["ES256"]
    assert {key["kty"] for key in world.client().get("/jwks.json").json()["keys"]} == {"EC"}
    world.run(rotate_signing_keys, world.services, "cli")
    kinds = [key["kty"] for key in world.client().get("/jwks.json").json()["keys"]]
    assert sorted(kinds) == ["EC", "EC", "RSA"]
    assert world.client().get(document).json()[name] == ["ES256", "RS256"]


@pytest.mark.parametrize("fault", ["away", "slow"])
def test_keys_are_published_while_the_database_is_away_or_slow(
    world: World, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What everybody may read waits for nobody: what was known last has to do."""
    before, answered = world.client().get("/jwks.json").json(), asyncio.Event()

    async def answer() -> None:
        answered.set()

    async def absent(store: Store, *_: object) -> None:
        if fault == "slow":
            await answered.wait()
        raise Refusal("temporarily_unavailable", detail="away")

    monkeypatch.setattr(Store, "_persist", absent)
    monkeypatch.setattr(protocol, "PATIENCE", 0.01)
    assert world.client().get("/jwks.json").json() == before
    assert world.client().get("/.well-known/openid-configuration").status_code == 200
    world.run(answer)


def without_rsa(connection: Connection, _: object) -> list[None]:
    connection.execute(text("DELETE FROM signing_key WHERE alg = 'RS256'"))
    connection.execute(text("UPDATE registry_version SET version = version + 1"))
    return [None]


def test_a_client_gets_the_algorithm_that_it_registered_and_others_are_as_they_were(
    each_world: World,
) -> None:
    """A token made before the change still verifies; the key set says which key is for which algorithm."""
    before = each_world.tokens()
    with_rs256(each_world)
    tokens = each_world.tokens(prompt="consent")
    token = read(each_world, tokens["id_token"], "RS256")
    assert token.claims["aud"] == "quizco-web"
    assert read(each_world, before["id_token"], "ES256").claims["sub"] == token.claims["sub"]


def test_a_logout_token_is_signed_as_the_id_token_and_the_hint_is_understood(each_world: World) -> None:
    """Back-Channel Logout §2.6: a relying party verifies both with the same algorithm."""
    site = Site(each_world)
    with_rs256(each_world, version=3)
    tokens = site.sign_out()
    assert site.deliver() == 1
    assert (
        read(each_world, site.came[0], "RS256").claims["sub"]
        == read(each_world, tokens["id_token"], "RS256").claims["sub"]
    )
    browser = each_world.signed_in()
    assert browser.open(f"/session/end?id_token_hint={tokens['id_token']}").status == 200
    head, body, signature = tokens["id_token"].split(".")
    assert browser.open(f"/session/end?id_token_hint={head}.{body}.{signature[::-1]}").status == 400


def test_receipts_stay_with_one_algorithm(each_world: World) -> None:
    """Whoever verifies a receipt offline needs one; an RSA key in the set disturbs nobody."""
    with_rs256(each_world)
    each_world.tokens()
    published = each_world.client().get("/receipts/jwks.json").json()
    assert {key["kty"] for key in published["keys"]} == {"EC", "RSA"}
    assert read_receipt(signed(each_world.signed_in()), published)["event"] == "given"


@pytest.mark.parametrize("alg", ["HS256", "none", "PS256", "rs256"])
def test_other_algorithms_are_no_choice(world: World, alg: str) -> None:
    """A manifest that asks for one is told which there are."""
    wrong = (
        (PARTNERS / "quizco.toml")
        .read_text()
        .replace("offer_id =", f'id_token_signed_response_alg = "{alg}"\noffer_id =', 1)
    )
    with pytest.raises(Exception, match="id_token_signed_response_alg"):
        world.run(lambda: publish(world.services, wrong, version=2, manifest_version=2))


def test_the_fapi2_profile_keeps_to_es256(world: World) -> None:
    """FAPI 2.0 §5.4 has no RS256."""
    wrong = (PARTNERS / "campuspress.toml").read_text().replace("offer_id =", f"{RS256}offer_id =", 1)
    with pytest.raises(Exception, match="fapi2 profile takes ES256"):
        world.run(lambda: publish(world.services, wrong, version=2, manifest_version=2))
