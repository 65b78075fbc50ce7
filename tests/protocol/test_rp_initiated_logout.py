"""OIDC RP-Initiated Logout 1.0: a partner asks, the person decides, and nobody is sent anywhere unregistered."""

from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.actions.partners.moves import PartnerMove, move_partner
from gateway.cli.browser import Browser, Page
from gateway.model.grants import ReasonCode
from gateway.oauth.answers.logouts import logout_token
from gateway.oauth.answers.signed_answers import signed_userinfo
from tests.protocol.leaving import BYE, register
from tests.protocol.oidc_plans import RP_INITIATED_LOGOUT
from tests.world import ISSUER, QUIZCO_REDIRECT, World

PATH = "/session/end"


class Visit:
    """Asha, who opted in to QuizCo with this browser."""

    def __init__(self, world: World) -> None:
        register(world)
        self.world = world
        self.browser = world.signed_in()
        code = world.share(self.browser, world.ask(self.browser))["code"]
        self.tokens: dict[str, Any] = world.exchange(code).json()

    def asked(self, browser: Browser | None = None, **parameters: str | None) -> Page:
        given = {
            "id_token_hint": self.tokens["id_token"],
            "post_logout_redirect_uri": BYE,
            "state": "s-1",
            **parameters,
        }
        query = urlencode({name: value for name, value in given.items() if value is not None})
        return (browser or self.browser).open(f"{PATH}?{query}", stop_at=BYE)

    def confirm(self, page: Page) -> Page:
        return self.browser.submit(page, f"{PATH}/confirmed", stop_at=BYE)

    def is_in(self) -> bool:
        return "/login" not in self.browser.open("/connected").url


@pytest.fixture
def visit(world: World) -> Visit:
    return Visit(world)


def test_rp_initiated_logout(visit: Visit) -> None:
    """§2, §3: asked first; then the browser goes where the partner registered, with its state."""
    page = visit.asked()
    assert page.status == 200
    assert "QuizCo sent you here" in page.text
    assert visit.is_in()
    back = visit.confirm(page)
    assert back.text == f"{BYE}&state=s-1"
    assert not visit.is_in()
    assert visit.asked().text == f"{BYE}&state=s-1", "who is not signed in is not asked"


def test_rp_initiated_logout_by_post(visit: Visit) -> None:
    """§2: both methods; a cross-site POST comes without our cookie, so a redirect follows that has it."""
    answer = visit.world.client().post(
        PATH, data={"client_id": "quizco-web", "post_logout_redirect_uri": BYE}
    )
    assert answer.status_code == 303
    page = visit.browser.open(answer.headers["location"])
    assert "Sign out here too?" in page.text
    assert visit.confirm(page).text == BYE


def test_every_module_of_the_plan_is_mirrored() -> None:
    """A module that the suite gains has to be written here."""
    mirrored = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {each.replace("-", "_") for each in RP_INITIATED_LOGOUT} <= mirrored


def test_rp_initiated_logout_discovery_endpoint_verification(visit: Visit) -> None:
    """§2.1: the endpoint is named, below the issuer, and is there."""
    document = visit.world.client().get("/.well-known/openid-configuration").json()
    assert document["end_session_endpoint"] == ISSUER + PATH
    assert visit.world.client().get(PATH).status_code == 303


def refused(visit: Visit, **parameters: str | None) -> None:
    """Wrong, changed or missing hints and addresses end on a page of ours, and sign nobody out (§2, §3)."""
    page = visit.asked(None, **parameters)
    assert page.status == 400
    assert page.url.startswith(ISSUER)
    assert visit.is_in()


@pytest.mark.parametrize("uri", ["http://localhost:8100/elsewhere", QUIZCO_REDIRECT])
def test_rp_initiated_logout_bad_post_logout_redirect_uri(visit: Visit, uri: str) -> None:
    """Not registered, or registered for something else."""
    refused(visit, post_logout_redirect_uri=uri)


def test_rp_initiated_logout_query_added_to_post_logout_redirect_uri(visit: Visit) -> None:
    """Compared by equality."""
    refused(visit, post_logout_redirect_uri=BYE + "&added=1")


@pytest.mark.parametrize("hint", ["x", "e30.e30."])
def test_rp_initiated_logout_bad_id_token_hint(visit: Visit, hint: str) -> None:
    refused(visit, id_token_hint=hint)


@pytest.mark.parametrize("client_id", [None, "unknown", "campuspress-shop"])
def test_rp_initiated_logout_no_id_token_hint(visit: Visit, client_id: str | None) -> None:
    """Nobody is redirected for a client that is not named, or for another than the address belongs to."""
    refused(visit, id_token_hint=None, client_id=client_id)
    page = visit.asked(id_token_hint=None, client_id=client_id)
    assert ("needs an id_token_hint or a client_id" in page.text) is (client_id is None)
    assert visit.asked(id_token_hint=None, client_id="quizco-web").status == 200


def test_rp_initiated_logout_of_another_client_than_the_hints(visit: Visit) -> None:
    refused(visit, client_id="campuspress-shop")


def test_rp_initiated_logout_of_an_unknown_client(visit: Visit) -> None:
    """It is the client that is unknown, not the address that is wrong."""
    page = visit.asked(id_token_hint=None, client_id="nobody")
    assert (page.status, "The client_id is unknown." in page.text) == (400, True)


def test_rp_initiated_logout_no_state(visit: Visit) -> None:
    """What was not sent does not come back."""
    assert visit.confirm(visit.asked(state=None)).text == BYE


def test_rp_initiated_logout_no_post_logout_redirect_uri(visit: Visit) -> None:
    """The partner is named, and the browser stays here."""
    page = visit.asked(post_logout_redirect_uri=None)
    assert "sent you here" in page.text
    assert visit.confirm(page).url.endswith("/signed-out")
    assert not visit.is_in()


def test_rp_initiated_logout_only_state(visit: Visit) -> None:
    """There is nowhere to take it."""
    page = visit.asked(id_token_hint=None, post_logout_redirect_uri=None)
    assert visit.confirm(page).url.endswith("/signed-out")


def test_rp_initiated_logout_modified_id_token_hint(visit: Visit) -> None:
    """A signature counts, an expiry does not."""
    head, body, signature = visit.tokens["id_token"].split(".")
    assert visit.asked(id_token_hint=f"{head}.{body}.{'A' * len(signature)}").status == 400
    quizco = visit.world.services.registry.clients["quizco-web"].client
    other = logout_token(visit.world.services.terms(), quizco, "s")
    assert visit.asked(id_token_hint=other).status == 400
    userinfo = signed_userinfo(visit.world.services.terms(), "quizco-web", {"sub": "x", "name": "Asha Rao"})
    assert visit.asked(id_token_hint=userinfo).status == 400
    visit.world.clock.pass_by(3000)
    visit.browser.open("/")
    assert visit.asked().status == 200


def test_rp_initiated_logout_no_params(visit: Visit) -> None:
    """§2: every parameter is optional; then the browser stays here."""
    for parameters in ({"state": None}, {}):
        nothing = {"id_token_hint": None, "post_logout_redirect_uri": None, **parameters}
        page = visit.asked(**nothing)
        assert "sent you here" not in page.text
    page = visit.confirm(visit.asked(post_logout_redirect_uri=None))
    assert page.url.endswith("/signed-out")
    assert visit.asked(id_token_hint=None, post_logout_redirect_uri=None).url.endswith("/signed-out")


def test_no_page_of_somebody_else_signs_a_person_out(visit: Visit) -> None:
    """Not by GET, and not by a form that was not made for this session."""
    page = visit.asked()
    form = {**dict(page.form(f"{PATH}/confirmed").fields), "csrf_token": "x"}
    answer = visit.browser._client.post(f"{PATH}/confirmed", data=form)
    # It asks once more, for this log-in.
    assert (answer.status_code, "Stay signed in" in answer.text) == (200, True)
    assert visit.is_in()
    damaged = visit.browser.submit(page, f"{PATH}/confirmed", {"ticket": "x"})
    assert damaged.status == 400
    assert visit.is_in()


def test_a_session_that_ended_meanwhile_is_no_matter(visit: Visit) -> None:
    """The form was made for it all the same: the browser goes on."""
    page = visit.asked()
    visit.browser._client.cookies.clear()
    assert visit.confirm(page).text.startswith(BYE)


def test_a_paused_partner_names_nobody(visit: Visit) -> None:
    """Its addresses count for nothing while it is paused."""
    visit.world.run(lambda: pause(visit.world))
    assert visit.asked().status == 400
    assert visit.asked(post_logout_redirect_uri=None).status == 200


async def pause(world: World) -> None:
    await move_partner(world.services, "cli", "quizco", PartnerMove.PAUSE, next(iter(ReasonCode)))
