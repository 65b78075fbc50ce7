"""Asking a partner to delete: with a stop and only then, delivered until received, answered, late for all to see."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from gateway.actions.accounts.erasure import erase_person
from gateway.actions.accounts.own_record import own_record
from gateway.actions.authentication.sessions import find_session
from gateway.actions.consent.receipts import stop_path
from gateway.actions.logouts import LEASE
from gateway.actions.partners.deletions import ALL_WAITS, DeletionCourier
from gateway.actions.partners.ends import end_partner, execute_due_ends
from gateway.actions.partners.overview import see_partner
from gateway.actions.partners.review import Review
from gateway.actions.partners.submission import submit_manifest
from gateway.cli.browser import Browser, Page
from gateway.kit.clock import DAY
from gateway.kit.outbound import OutboundFault
from gateway.model.administration.waiting import Administrator
from gateway.model.deletions import RECEIVED_WITHIN, DeletionOutcome
from gateway.model.grants import ReasonCode
from gateway.store.admin_actions import AdminAction
from gateway.store.partners.deletions import Heard, hear_deletions
from gateway.web.pages.visit import COOKIE
from tests.gateway.store.samples import rows
from tests.gateway.web.consent.test_consents import detail_of
from tests.gateway.web.guardians.test_requests import LAKSHMI, allow, request_page, say, token, wish
from tests.ledgers import entries, sequence
from tests.protocol.campuspress import begin, push
from tests.world import CAMPUSPRESS_REDIRECT, ISSUER, PARTNERS, World, publish

ERASE = "https://quizco.example.org/erase"
WITH_ADDRESS = ("attested_on", f'deletion_uri = "{ERASE}"\nattested_on')


def quizco_text() -> str:
    return (PARTNERS / "quizco.toml").read_text().replace(*WITH_ADDRESS, 1)


class Site:
    """QuizCo's server."""

    def __init__(self, world: World) -> None:
        world.run(
            lambda: publish(world.services, quizco_text(), version=2, manifest_version=2, material=False)
        )
        self.world = world
        self.answer: int | Exception = 202
        self.came: list[str] = []
        object.__setattr__(world.services, "outbound", self)

    async def post(self, url: str, content: bytes, media_type: str) -> int:
        assert (url, media_type) == (ERASE, "application/secevent+jwt")
        self.came.append(content.decode())
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def deliver(self) -> int:
        return self.world.run(DeletionCourier(self.world.services).deliver)

    def confirm(self, outcome: str = "done", deletion: str | None = None) -> Any:
        known = rows(self.world, "SELECT request_id FROM deletion_request")[0][0]
        return self.world.post("/deletions", {"deletion": deletion or known, "outcome": outcome})


@pytest.fixture
def site(each_world: World) -> Site:
    return Site(each_world)


def stop(browser: Browser, *, delete: bool = True) -> Page:
    page = detail_of(browser)
    action = page.form("/stop").action
    return browser.submit(page, action) if delete else browser.submit(page, action, {"delete": ""})


def stopped(site: Site) -> tuple[Browser, dict[str, Any]]:
    tokens = site.world.tokens()
    browser = site.world.signed_in()
    stop(browser)
    return browser, tokens


def test_a_stop_asks_unless_the_tick_is_taken_away(site: Site) -> None:
    """Preset to yes, one press, no question back; the request goes out with the stop and the page says so."""
    site.world.tokens()
    browser = site.world.signed_in()
    done = stop(browser)
    assert "We pass on that it is to be deleted." in done.text
    assert "They have not taken it in yet" in detail_of(browser).text
    assert site.deliver() == 1
    assert site.deliver() == 0


def test_without_the_tick_nobody_is_asked(site: Site) -> None:
    site.world.tokens()
    browser = site.world.signed_in()
    done = stop(browser, delete=False)
    assert "It received nothing of your profile." in done.text
    assert "Deletion was asked for" not in detail_of(browser).text
    assert site.deliver() == 0


def test_stop_everything_asks_whoever_can_be_asked(site: Site) -> None:
    """A partner without an address is stopped all the same, and nothing is claimed about it."""
    world = site.world
    world.tokens()
    browser = world.signed_in()
    page = browser.open(begin(push(world)), stop_at=CAMPUSPRESS_REDIRECT)
    browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT)
    browser.submit(browser.open("/connected"), "/stop-everything")
    assert rows(world, "SELECT count(*) FROM consent_grant WHERE state = 'ended'") == [(2,)]
    assert rows(world, "SELECT partner_id FROM deletion_request") == [("quizco",)]


def test_the_link_in_the_receipt_asks_too(site: Site) -> None:
    """Without log-in, by the same tick; the link still shows no value and does nothing twice."""
    world = site.world
    grant_id = world.tokens()["grant_id"]
    path, stranger = stop_path(world.services, grant_id), world.browser()
    page = stranger.open(path)
    assert "Also ask them to delete" in page.text
    assert "Also ask them to delete" not in stranger.submit(page, path).text
    assert site.deliver() == 1


def asked_by(site: Site) -> tuple[int, list[str]]:
    """Deliver what is due; give how many came, and who asked."""
    acts = rows(site.world, "SELECT actor_id FROM admin_action WHERE action = 'ask_deletion'")
    return site.deliver(), [actor for (actor,) in acts]


@pytest.mark.parametrize("is_ticked", [True, False])
def test_a_guardian_who_stops_asks_as_the_person_would(site: Site, *, is_ticked: bool) -> None:
    """Preset to yes; a no to what was never shared asks nobody; the child sees what came of it."""
    world = site.world
    child = wish(world, "email.results_delivery")
    assert "Also ask them to delete" not in request_page(world)[1].text
    allow(world)
    token(world, child)
    guardian, page = request_page(world)
    stopping = {} if is_ticked else {"delete": ""}
    page = guardian.submit(page, "/stop", stopping)
    assert ("Deletion was asked for" in page.text) == is_ticked
    assert (
        "Deletion was asked for" in child.open(child.open("/connected").link("/connected/gra_")).text
    ) == is_ticked
    assert asked_by(site) == ((1, [world.person_id(LAKSHMI)]) if is_ticked else (0, []))


def test_a_guardians_no_to_a_wish_asks_nobody(site: Site) -> None:
    wish(site.world)
    say(site.world, "deny")
    assert asked_by(site) == (0, [])


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("is_ticked", [True, False])
def test_an_administrator_who_revokes_asks_too(site: Site, *, is_ticked: bool) -> None:
    world = site.world
    grant_id = world.tokens()["grant_id"]
    admin = world.signed_in("admin@platform.example")
    page = admin.open(f"/admin/grants/{grant_id}")
    how = {"reason": "phone_request", **({} if is_ticked else {"delete": ""})}
    after = admin.submit(page, "/revoke", how)
    assert "Also ask them to delete" not in after.text
    assert asked_by(site) == ((1, [world.person_id("admin@platform.example")]) if is_ticked else (0, []))


def test_whoever_is_erased_is_erased_at_the_partners_too(site: Site) -> None:
    """Asked for each service, though nobody is left to tick anything; the partner knows who is meant."""
    world = site.world
    known = jwt.decode(world.tokens()["id_token"], keys_of(world)).claims["sub"]
    world.run(erase_person, world.services, "cli", "asha@lakeside.example")
    assert asked_by(site) == (1, ["cli"])
    events = jwt.decode(site.came[0], keys_of(world)).claims["events"]
    assert events[f"{ISSUER}/events/deletion-requested"]["subjects"] == {"quizco-web": known}


def keys_of(world: World) -> KeySet:
    return KeySet.import_key_set(world.client().get("/jwks.json").json())


def test_a_partner_that_cannot_be_asked_has_no_tick(each_world: World) -> None:
    each_world.tokens()
    page = detail_of(each_world.signed_in())
    assert "Also ask them to delete" not in page.text
    browser = each_world.signed_in()
    browser.submit(detail_of(browser), page.form("/stop").action, {"delete": "yes"})
    assert rows(each_world, "SELECT count(*) FROM deletion_request") == [(0,)]


def test_rfc8417_what_the_partner_gets(site: Site) -> None:
    """A signed event: which grant, which fields by name, who it is in the partner's own words, until when."""
    _, tokens = stopped(site)
    site.deliver()
    keys = keys_of(site.world)
    token, known = jwt.decode(site.came[0], keys), jwt.decode(tokens["id_token"], keys).claims
    now = site.world.clock()
    assert token.header["typ"] == "secevent+jwt"
    events = token.claims.pop("events")
    assert token.claims == {
        "iss": ISSUER,
        "aud": ["quizco-web"],
        "iat": now,
        "toe": now,
        "jti": rows(site.world, "SELECT request_id FROM deletion_request")[0][0],
        "sub_id": {"format": "opaque", "id": tokens["grant_id"]},
    }
    assert events == {
        f"{ISSUER}/events/deletion-requested": {
            "offer": "practice-quizzes",
            "fields": ["course", "name"],
            "subjects": {"quizco-web": known["sub"]},
            "complete_by": now + 30 * DAY,
        }
    }


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("failure", [OutboundFault("down"), 500, 302])
def test_a_partner_that_is_down_is_asked_again(site: Site, failure: Any) -> None:
    """The same request each time, so that it can tell a repetition; until it was taken in."""
    stopped(site)
    site.answer = failure
    assert site.deliver() == 1
    assert site.deliver() == 0
    site.world.clock.pass_by(ALL_WAITS[0])
    site.answer = 202
    assert site.deliver() == 1
    site.world.clock.pass_by(10 * ALL_WAITS[-1])
    assert site.deliver() == 0
    keys = keys_of(site.world)
    assert len({jwt.decode(each, keys).claims["jti"] for each in site.came}) == 1


def test_it_is_asked_until_silence_is_late(site: Site) -> None:
    stopped(site)
    site.answer = 503
    for wait in (*ALL_WAITS, ALL_WAITS[-1]):
        assert site.deliver() == 1
        site.world.clock.pass_by(wait)
    assert site.deliver() == 0
    assert sum(ALL_WAITS) >= RECEIVED_WITHIN - ALL_WAITS[-1]


def test_a_node_that_died_leaves_its_request_to_the_others(site: Site) -> None:
    stopped(site)
    site.answer = RuntimeError("the power failed")
    with pytest.raises(RuntimeError):
        site.deliver()
    site.answer = 200
    assert site.deliver() == 0
    site.world.clock.pass_by(LEASE)
    assert site.deliver() == 1


def test_an_address_that_is_gone_is_late_and_nobody_elses(site: Site) -> None:
    """The manifest no longer names it: nothing is sent anywhere, and the administrators see it."""
    stopped(site)
    world = site.world
    text = (PARTNERS / "quizco.toml").read_text()
    world.run(lambda: publish(world.services, text, version=3, manifest_version=3, material=False))
    assert site.deliver() == 1
    assert site.came == []


def test_a_partner_that_has_ended_is_asked_all_the_same(site: Site) -> None:
    stopped(site)
    world = site.world
    world.run(end_partner, world.services, Administrator("cli"), "quizco", ReasonCode.PARTNER_ENDED)
    world.clock.pass_by(DAY)
    assert world.run(execute_due_ends, world.services) == 1
    assert site.deliver() == 1
    assert len(site.came) == 1


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("answer", [200, 204])
def test_a_partner_that_deletes_at_once_says_so_by_its_answer(site: Site, answer: int) -> None:
    browser, _ = stopped(site)
    site.answer = answer
    site.deliver()
    assert "They say that it is deleted" in detail_of(browser).text


def test_a_partner_confirms_later_and_saying_it_twice_is_once(site: Site) -> None:
    """Taken in, then done: the person sees both, with times; each is in the log once."""
    browser, _ = stopped(site)
    site.deliver()
    page = detail_of(browser)
    assert "They took it in" in page.text
    assert "deleted" not in page.text
    assert site.confirm().status_code == 200
    assert site.confirm().json() == {}
    assert "They say that it is deleted" in detail_of(browser).text
    sequence(site.world)
    said = [each for each in entries(site.world) if "delet" in str(each.get("action"))]
    assert [(each["action"], each["target_kind"]) for each in said] == [
        ("ask_deletion", "grant"),
        ("deletion_received", "grant"),
        ("deletion_done", "grant"),
    ]


def test_what_must_be_kept_can_be_deleted_later_but_not_the_other_way(site: Site) -> None:
    browser, _ = stopped(site)
    assert site.confirm("refused").status_code == 200
    assert "They say that they must keep some of it" in detail_of(browser).text
    assert site.deliver() == 0, "it has answered: nothing is asked again"
    site.confirm("done")
    site.confirm("refused")
    assert "They say that it is deleted" in detail_of(browser).text


def test_nobody_confirms_for_another(site: Site) -> None:
    """A partner that was not asked gets the answer of an unknown request, byte for byte."""
    stopped(site)
    world = site.world
    known = rows(world, "SELECT request_id FROM deletion_request")[0][0]
    foreign = world.post_signed("/deletions", {"deletion": known, "outcome": "done"})
    unknown = world.post_signed("/deletions", {"deletion": "del_unknown", "outcome": "done"})
    assert (foreign.status_code, foreign.json()) == (unknown.status_code, unknown.json())
    assert foreign.json()["error"] == "invalid_request"
    assert site.confirm("maybe").json()["error"] == "invalid_request"
    assert (
        world.post("/deletions", {"deletion": known, "outcome": "done"}, secret="cg_cs_x").status_code == 401
    )
    assert rows(world, "SELECT outcome FROM deletion_request") == [(None,)]


@pytest.mark.parametrize("received", [False, True])
def test_silence_is_late_and_the_administrators_see_it(site: Site, received: bool) -> None:
    """After 72 hours when it was not taken in, and otherwise when the promised time is over; until an answer."""
    browser, _ = stopped(site)
    world = site.world
    if received:
        site.deliver()
    limit = 30 * DAY if received else RECEIVED_WITHIN
    world.clock.pass_by(limit - 1)
    admin = world.signed_in("admin@platform.example")
    assert "Late with deleting" not in admin.open("/admin/partners/quizco").text
    world.clock.pass_by(1)
    admin, browser = world.signed_in("admin@platform.example"), world.signed_in()
    page = admin.open("/admin/partners/quizco").text
    assert "Late with deleting" in page
    assert world.person_id() not in page
    assert "They are late" in detail_of(browser).text
    site.confirm()
    assert "Late with deleting" not in admin.open("/admin/partners/quizco").text


def test_the_own_record_tells_it(site: Site) -> None:
    browser, _ = stopped(site)
    site.deliver()
    services = site.world.services
    session = site.world.run(find_session, services, browser._client.cookies[COOKIE])
    record = site.world.run(own_record, services, session)
    deletion = record["consents"][0]["deletion"]
    assert (deletion["state"], deletion["answered_at"]) == ("received", None)


def test_a_new_address_is_no_news_for_people(site: Site) -> None:
    """Naming an address for such requests makes no new version of a service: nobody has to decide anew."""
    world = site.world
    moved = quizco_text().replace(ERASE, ERASE + "/now")
    world.run(submit_manifest, world.services, moved, "quizco.toml", {}, "cli")
    review: Review | None = world.run(see_partner, world.services, "quizco").review
    assert review is not None
    assert not [each for each in review.offers if each.is_new]


def test_a_word_whose_commit_was_lost_is_kept_once(site: Site) -> None:
    """The same act again is the same answer, and no second entry."""
    stopped(site)
    request_id = rows(site.world, "SELECT request_id FROM deletion_request")[0][0]
    act = AdminAction("act_heard", "quizco", "deletion_done", "grant", "gra_any", site.world.clock())
    word = Heard(request_id, DeletionOutcome.DONE, act)
    assert [site.world.store(hear_deletions, word) for _ in range(2)] == [True, True]
    assert rows(site.world, "SELECT count(*) FROM admin_action WHERE action = 'deletion_done'") == [(1,)]


def test_each_item_that_was_received_has_the_day_by_which_it_has_to_be_gone(site: Site) -> None:
    """Its own time from the stop on; none is later than what the partner was told."""
    world = site.world
    tokens = world.tokens("phone_number.appointment_reminders")
    assert world.userinfo(tokens["access_token"]).status_code == 200
    browser = world.signed_in()
    assert "has to be gone by 18 Dec" in stop(browser).text
    page = detail_of(browser).text
    assert page.count("To be gone by 18 Dec") == 2
    assert page.count("To be gone by 25 Nov") == 1
