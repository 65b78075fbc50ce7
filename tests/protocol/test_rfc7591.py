"""RFC 7591, RFC 7592: a partner registers a client itself; until it was reviewed, nobody knows it."""

import json
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from gateway.actions.oauth.registration import INITIAL_TTL, MOST_CLIENTS, new_registration_token
from gateway.actions.partners.ends import end_partner
from gateway.actions.partners.go_live import approve_partner
from gateway.actions.partners.overview import see_partner
from gateway.actions.partners.review import own_clients
from gateway.actions.partners.submission import submit_manifest
from gateway.kit.errors import Refusal
from gateway.model.administration.waiting import Administrator
from gateway.model.grants import ReasonCode
from tests.protocol.campuspress import REQUEST, exchange_form
from tests.world import CAMPUSPRESS_KEY, CAMPUSPRESS_REDIRECT, ISSUER, PARTNERS, World, answer_of

METADATA: dict[str, Any] = {
    "client_name": "QuizCo mobile",
    "redirect_uris": ["http://localhost:8100/quizco/mobile"],
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": {"keys": [CAMPUSPRESS_KEY.as_dict(private=False)]},
    "software_version": "ignored",
}


class Registrar:
    """QuizCo, with a token of the administrator's."""

    def __init__(self, world: World) -> None:
        self.world = world
        # What the tests publish is no manifest of the store's own form: the real submission makes one.
        world.run(submit, world)
        self.token: str = world.run(new_registration_token, world.services, "cli", "quizco")

    def send(
        self, method: str = "POST", path: str = "/register", token: str | None = None, **changes: Any
    ) -> httpx2.Response:
        body = {name: value for name, value in {**METADATA, **changes}.items() if value is not None}
        return self.world.client().request(
            method, path, json=body, headers={"Authorization": f"Bearer {token or self.token}"}
        )

    def read(self, registered: dict[str, Any], token: str = "") -> httpx2.Response:
        path = registered["registration_client_uri"].removeprefix(ISSUER)
        own = token or registered["registration_access_token"]
        return self.world.client().get(path, headers={"Authorization": f"Bearer {own}"})

    def registered(self, **changes: Any) -> dict[str, Any]:
        answer = self.send(**changes)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def approve(self) -> None:
        """Publish what waits, as an administrator does."""
        services = self.world.services
        review = self.world.run(see_partner, services, "quizco").review
        assert review is not None
        who, read, version = Administrator("cli"), review.all_read, review.version
        self.world.run(lambda: approve_partner(services, who, "quizco", version, read=read))

    def clients(self) -> set[str]:
        """Name the clients of the manifest that waits for review."""
        seen = self.world.run(see_partner, self.world.services, "quizco")
        return {each["client_id"] for each in json.loads(seen.record.manifests[0].content)["clients"]}


async def submit(world: World) -> None:
    text = (PARTNERS / "quizco.toml").read_text()
    await submit_manifest(world.services, text, "quizco.toml", {}, "cli")


@pytest.fixture
def registrar(each_world: World) -> Registrar:
    return Registrar(each_world)


def test_3_2_1_a_client_is_registered_and_waits(registrar: Registrar) -> None:
    """Everything that was registered comes back; who the client is, nobody knows before an approval."""
    found = registrar.registered()
    assert found["client_name"] == "QuizCo mobile"
    assert found["profile"] == "fapi2"
    assert found["offer_id"] == "practice-quizzes"
    assert found["state"] == "draft"
    assert found["client_id_issued_at"] == registrar.world.clock()
    assert "software_version" not in found
    assert "client_secret" not in found
    world, client_id = registrar.world, found["client_id"]
    unknown = world.client().post("/par", data={"client_id": client_id})
    assert unknown.status_code == 401
    registrar.approve()
    assert registrar.read(found).json()["state"] == "live"
    assert world.services.registry.find_client(client_id) is not None


def test_3_several_clients_are_added_to_each_other(registrar: Registrar) -> None:
    """The token is good for a week, and no registration loses another."""
    names = {registrar.registered()["client_id"] for _ in range(3)}
    assert registrar.clients() == names | {"quizco-web"}
    registrar.world.clock.pass_by(INITIAL_TTL)
    assert registrar.send().json()["error"] == "invalid_token"


@pytest.mark.parametrize(
    ("changes", "error", "part"),
    [
        ({"redirect_uris": ["http://quizco.example.org/cb"]}, "invalid_redirect_uri", "https"),
        ({"redirect_uris": ["https://*.example.org/cb"]}, "invalid_redirect_uri", "wildcard"),
        ({"redirect_uris": None}, "invalid_redirect_uri", "missing"),
        ({"client_name": None}, "invalid_client_metadata", "client_name"),
        ({"token_endpoint_auth_method": "none"}, "invalid_client_metadata", "public clients"),
        ({"token_endpoint_auth_method": None}, "invalid_client_metadata", "token_endpoint_auth_method"),
        (
            {"token_endpoint_auth_method": "client_secret_basic", "jwks": None, "profile": "baseline"},
            "invalid_client_metadata",
            "administrator",
        ),
        ({"jwks": None}, "invalid_client_metadata", "keys"),
        ({"jwks": {"keys": [{"kty": "oct"}]}}, "invalid_client_metadata", "jwks.keys[0]"),
        ({"jwks": None, "jwks_uri": "http://10.0.0.1/"}, "invalid_client_metadata", "jwks_uri"),
        ({"offer_id": "course-readers"}, "invalid_client_metadata", "offer_id"),
        ({"grant_types": ["password"]}, "invalid_client_metadata", "grant_types"),
    ],
)
def test_3_2_2_faults_are_named(world: World, changes: dict[str, Any], error: str, part: str) -> None:
    """By the rules of a manifest, under the names of the request."""
    answer = Registrar(world).send(**changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error), answer.text
    assert part in answer.json()["error_description"]


@pytest.mark.parametrize("body", [b"x", b"[]", b"7", b"[" * 5000])
def test_3_1_the_body_is_a_json_object(world: World, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {Registrar(world).token}", "Content-Type": "application/json"}
    answer = world.client().post("/register", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    form = world.client().post(
        "/register", data={"x": "y"}, headers={"Authorization": headers["Authorization"]}
    )
    assert form.status_code == 415


@pytest.mark.parametrize("authorization", ["", "Bearer", "Basic eDp5", "Bearer x"])
def test_3_nobody_registers_without_a_token(world: World, authorization: str) -> None:
    """Open registration is not offered."""
    answer = world.client().post("/register", json=METADATA, headers={"Authorization": authorization})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


def test_rfc7592_2_1_a_client_reads_itself_only(registrar: Registrar) -> None:
    """With its own token; another client's, the initial one and an unknown client are answered alike."""
    one, other = registrar.registered(), registrar.registered()
    found = registrar.read(one).json()
    assert found["client_id"] == one["client_id"]
    refused = [
        registrar.read(one, other["registration_access_token"]),
        registrar.read(one, registrar.token),
        registrar.read({**one, "registration_client_uri": f"{ISSUER}/register/unknown"}, registrar.token),
    ]
    assert {(each.status_code, each.json()["error"]) for each in refused} == {(401, "invalid_token")}
    assert registrar.send(token=one["registration_access_token"]).status_code == 401


def test_rfc7592_2_2_a_change_waits_as_well(registrar: Registrar) -> None:
    """What is live stays until the change was reviewed."""
    world, found = registrar.world, registrar.registered()
    registrar.approve()
    path, own = f"/register/{found['client_id']}", found["registration_access_token"]
    changed = registrar.send("PUT", path, own, client_name="QuizCo on the go")
    assert (changed.status_code, changed.json()["state"]) == (200, "draft")
    assert world.services.registry.clients[found["client_id"]].client.name == "QuizCo mobile"
    assert registrar.read(found).json()["client_name"] == "QuizCo on the go"
    registrar.approve()
    assert registrar.read(found).json()["state"] == "live"


def leave(registrar: Registrar, found: dict[str, Any], token: str = "") -> httpx2.Response:
    """Delete a client by its own token."""
    own = token or found["registration_access_token"]
    headers = {"Authorization": f"Bearer {own}"}
    return registrar.world.client().delete(f"/register/{found['client_id']}", headers=headers)


def test_rfc7592_2_3_a_client_leaves_at_once(registrar: Registrar) -> None:
    """204; the token that managed it is gone, the waiting manifest no longer has it, and the act is on record."""
    found = registrar.registered()
    answer = leave(registrar, found)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    assert leave(registrar, found).json()["error"] == "invalid_token"
    assert registrar.read(found).json()["error"] == "invalid_token"
    assert registrar.clients() == {"quizco-web"}
    seen = registrar.world.run(see_partner, registrar.world.services, "quizco")
    [act] = [each for each in seen.actions if each.action == "client_left"]
    assert (act.actor_id, act.detail) == (
        f"registration:{found['client_id']}",
        {"client": found["client_id"]},
    )


def test_rfc7592_2_3_its_tokens_die_with_it_and_the_partners_other_clients_go_on(
    registrar: Registrar,
) -> None:
    """Access token, refresh token and code of a live client; a consent is for the service, so it stands."""
    world = registrar.world
    found = registrar.registered(redirect_uris=[CAMPUSPRESS_REDIRECT])
    registrar.approve()
    mobile = Mobile(world, found["client_id"])
    code, spare = mobile.code(), mobile.code()
    tokens = mobile.token(code)
    assert world.read_signed(tokens["access_token"]).status_code == 200
    others = world.exchange(answer_of(world.ask(world.signed_in(), scope="openid profile"))["code"]).json()
    assert leave(registrar, found).status_code == 204
    assert world.read_signed(tokens["access_token"]).json()["error"] == "invalid_token"
    for form in (exchange_form(spare), refresh_form(tokens)):
        assert mobile.post("/token", form).json()["error"] == "invalid_client"
    assert mobile.post("/par", REQUEST).json()["error"] == "invalid_client"
    assert world.userinfo(others["access_token"]).status_code == 200
    assert world.refresh(others["refresh_token"]).status_code == 200
    listed = {each.client_id for each in own_clients(world.services.registry, "quizco")}
    assert listed == {"quizco-web"}


def test_rfc7592_2_3_who_left_comes_back_by_a_review_only(registrar: Registrar) -> None:
    """What waits is approved without it; a manifest that names it again has to be looked at again."""
    found = registrar.registered()
    registrar.approve()
    leave(registrar, found)
    registrar.approve()
    assert registrar.world.services.registry.find_client(found["client_id"]) is None
    assert registrar.clients() == {"quizco-web"}


def test_rfc7592_2_3_nobody_else_removes_a_client(registrar: Registrar) -> None:
    """Another client's token, the initial one, none."""
    one, other = registrar.registered(), registrar.registered()
    for token in (other["registration_access_token"], registrar.token, "x"):
        assert leave(registrar, one, token).json()["error"] == "invalid_token"
    assert one["client_id"] in registrar.clients()


class Mobile:
    """The client that QuizCo registered, in CampusPress's hands: it has its keys."""

    def __init__(self, world: World, client_id: str) -> None:
        self.world, self.client_id = world, client_id

    def post(self, path: str, form: dict[str, str]) -> httpx2.Response:
        return self.world.post_signed(path, form, iss=self.client_id, sub=self.client_id)

    def code(self) -> str:
        asked = self.post("/par", {**REQUEST, "scope": "openid profile"}).json()["request_uri"]
        browser = self.world.signed_in()
        start = f"/authorize?{urlencode({'client_id': self.client_id, 'request_uri': asked})}"
        page = browser.open(start, stop_at=CAMPUSPRESS_REDIRECT)
        if "code=" not in page.text:
            page = browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT)
        return answer_of(page)["code"]

    def token(self, code: str) -> dict[str, str]:
        answer: dict[str, str] = self.post("/token", exchange_form(code)).json()
        return answer


def refresh_form(tokens: dict[str, str]) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}


def test_a_later_manifest_keeps_clients_that_registered_themselves(registrar: Registrar) -> None:
    """The file need not know them; its own clients are what it says."""
    found = registrar.registered()
    registrar.world.run(submit, registrar.world)
    assert registrar.clients() == {"quizco-web", found["client_id"]}
    assert registrar.read(found).json()["client_name"] == "QuizCo mobile"
    registrar.approve()
    assert registrar.read(found).json()["state"] == "live"


def test_a_manifest_without_the_service_of_a_registered_client_says_whom_it_leaves_out(
    registrar: Registrar,
) -> None:
    found, services = registrar.registered(), registrar.world.services
    text = (PARTNERS / "quizco.toml").read_text().replace("practice-quizzes", "other-quizzes")
    handed_in = registrar.world.run(submit_manifest, services, text, "quizco.toml", {}, "cli")
    assert handed_in.dropped == (found["client_id"],)
    assert registrar.read(found).json()["error"] == "invalid_token"


def test_a_partner_has_twenty_clients_at_most_and_none_when_it_ended(world: World) -> None:
    registrar = Registrar(world)
    for _ in range(MOST_CLIENTS - 1):
        registrar.registered()
    assert registrar.send().json()["error"] == "invalid_token"
    world.run(end_partner, world.services, Administrator("cli"), "quizco", next(iter(ReasonCode)))
    assert registrar.send().json()["error"] == "invalid_token"


def test_only_a_known_partner_gets_a_token(world: World) -> None:
    with pytest.raises(Refusal, match="unknown partner"):
        world.run(new_registration_token, world.services, "cli", "nobody")


def test_every_kind_of_metadata_comes_back(world: World) -> None:
    """What a certificate is known by, logging out, flows."""
    device = "urn:ietf:params:oauth:grant-type:device_code"
    found = Registrar(world).registered(
        token_endpoint_auth_method="tls_client_auth",
        jwks=None,
        tls_client_auth_san_dns="quizco.example.org",
        tls_client_certificate_bound_access_tokens=True,
        post_logout_redirect_uris=["http://localhost:8100/bye"],
        backchannel_logout_uri="https://quizco.example.org/out",
        userinfo_signed_response_alg="ES256",
        grant_types=[device],
    )
    assert found["tls_client_auth_san_dns"] == "quizco.example.org"
    assert found["tls_client_certificate_bound_access_tokens"] is True
    assert found["post_logout_redirect_uris"] == ["http://localhost:8100/bye"]
    assert found["backchannel_logout_uri"] == "https://quizco.example.org/out"
    assert found["userinfo_signed_response_alg"] == "ES256"
    assert found["grant_types"] == ["authorization_code", "refresh_token", device]
