"""The sweep over real grants: each changes once, and the person sees why."""

import asyncio
import dataclasses
from typing import Any

import pytest

from gateway.actions import upkeep
from gateway.actions.upkeep import sweep
from gateway.app import keeping_up
from gateway.store.upkeep import Cause, RipePage, load_ripe_grants
from tests.gateway.store.samples import act, given, rows
from tests.gateway.web.test_connected import new_version
from tests.gateway.web.test_guardian import THIRTEEN, allow, wish
from tests.world import NOW, World, answer_of

DAY = 86_400
PEOPLE = (
    "asha@lakeside.example",
    "ben@lakeside.example",
    "meera@lakeside.example",
    "aoife@northfield.example",
)


def swept(world: World) -> int:
    return world.run(sweep, world.services)


def standing(world: World) -> list[tuple[object, ...]]:
    return rows(world, "SELECT state, end_reason, paused_for FROM consent_grant")


def test_an_hour_in_which_nothing_happened_changes_nothing(both: World) -> None:
    both.tokens()
    assert swept(both) == 0


def test_rule_4_disuse_ends_a_grant_though_the_partner_reads(both: World) -> None:
    """Only the person's own use counts: 180 days without it and nothing is released, swept or not."""
    tokens = both.tokens()
    act(both, "UPDATE consent_grant SET valid_until = valid_until + 400000000")
    both.clock.pass_by(180 * DAY - 200)
    refreshed = both.refresh(tokens["refresh_token"])
    assert refreshed.status_code in (200, 400)
    both.clock.pass_by(200)
    assert swept(both) == 1
    assert swept(both) == 0
    assert standing(both) == [("ended", "unused", None)]


def test_the_end_of_the_term_is_put_on_record(both: World) -> None:
    given(both, "1")
    both.clock.pass_by(9000)
    assert swept(both) == 1
    assert standing(both) == [("ended", "expired", None)]


def test_p4_changed_terms_pause_and_the_persons_answer_lets_it_go_on(both: World) -> None:
    access = both.tokens()["access_token"]
    new_version(both)
    assert swept(both) == 1
    assert standing(both) == [("paused", None, "notice_changed")]
    browser = both.signed_in()
    page = both.ask(browser)
    browser.submit(page, "/consent", button="keep", stop_at="http://localhost:8100")
    assert standing(both) == [("active", None, None)]
    assert swept(both) == 0
    assert both.userinfo(access).status_code == 200


def test_p9_coming_of_age_pauses_and_the_person_decides_anew(both: World) -> None:
    act(both, "UPDATE organisation SET country = 'US' WHERE organisation_id = 'lakeside'")
    both.clock.now = THIRTEEN - 600
    child = wish(both)
    allow(both)
    assert swept(both) == 0
    both.clock.now = THIRTEEN
    assert swept(both) == 1
    assert standing(both) == [("paused", None, "age_transition")]
    assert "Needs your answer" in child.open("/connected").text
    back = child.submit(both.ask(child), "/consent", button="share", stop_at="http://localhost:8100")
    assert "code" in answer_of(back)
    assert rows(both, "SELECT state, legal_basis FROM consent_grant") == [("active", "consent")]


def test_the_sweep_runs_in_the_background_where_it_is_told_to(world: World) -> None:
    given(world, "1")
    world.clock.pass_by(9000)

    async def while_it_runs(interval: int) -> None:
        services = world.services
        changed = dataclasses.replace(
            services, settings=services.settings.model_copy(update={"upkeep_interval": interval})
        )
        async with keeping_up(changed):
            for _ in range(1200):
                await asyncio.sleep(0.05)
                ripe = RipePage(Cause.OVER, 1, until=world.clock())
                found = (await services.store.read(load_ripe_grants, ripe)).found
                if interval == 0 or not found:
                    break

    world.run(while_it_runs, 0)
    assert standing(world) == [("active", None, None)]
    world.run(while_it_runs, 1)
    assert standing(world) == [("ended", "expired", None)]


def test_a_sweep_goes_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, email in enumerate(("asha@lakeside.example", "ben@lakeside.example")):
        given(world, str(number), email=email)
    world.clock.pass_by(9000)
    monkeypatch.setattr(upkeep, "PAGE", 1)
    assert swept(world) == 2


def test_a_sweep_that_fails_is_said_and_the_next_one_tries_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = []

    async def failing(_: object, last: int | None) -> int:
        assert last is None
        rounds.append("tried")
        raise RuntimeError("the database is gone")

    async def story() -> None:
        sweeping = asyncio.create_task(upkeep.run_upkeep(world.services))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not sweeping.done()
        sweeping.cancel()
        await asyncio.wait([sweeping])

    monkeypatch.setattr(upkeep, "sweep", failing)
    world.run(story)
    assert len(rounds) > 1


@pytest.mark.parametrize("why", ["a new day", "another date of birth"])
def test_of_those_with_a_guardian_a_round_looks_only_at_whoever_may_be_of_age_since(
    both: World, why: str
) -> None:
    """Each look opens a profile: with a hundred thousand children the rounds of a day would do nothing else."""
    both.clock.now = THIRTEEN + 600
    act(both, "UPDATE organisation SET country = 'IE' WHERE organisation_id = 'lakeside'")
    wish(both)
    allow(both)
    act(both, "UPDATE organisation SET country = 'US' WHERE organisation_id = 'lakeside'")
    act(both, "UPDATE person_field SET changed_at = :long_ago", long_ago=both.clock() - 2 * DAY)
    last = both.clock()
    both.clock.pass_by(60)
    assert both.run(sweep, both.services, last) == 0
    if why == "a new day":
        both.clock.pass_by(DAY - 600)
    else:
        act(both, "UPDATE person_field SET changed_at = :now WHERE field = 'birthdate'", now=both.clock())
    assert both.run(sweep, both.services, last) == 1
    assert standing(both) == [("paused", None, "age_transition")]


def test_a_child_who_was_erased_meanwhile_stops_no_sweep(world: World) -> None:
    """The grant has ended with the person; a sweep that loaded it before leaves it alone."""
    act(world, "UPDATE organisation SET country = 'US' WHERE organisation_id = 'lakeside'")
    world.clock.now = THIRTEEN - 600
    wish(world)
    allow(world)
    act(
        world,
        "DELETE FROM person_key WHERE person_id = :child",
        child=world.person_id("meera@lakeside.example"),
    )
    world.clock.now = THIRTEEN
    assert swept(world) == 0


def test_a_sweep_reads_only_what_time_may_have_changed(both: World) -> None:
    """However many grants stand, a round costs what changed: nothing is read of the others."""
    given(both, "1")
    given(both, "2", email="ben@lakeside.example")
    act(both, "UPDATE consent_grant SET valid_until = valid_until + 9000 WHERE grant_id = 'gra_2'")
    both.clock.pass_by(9000)

    def ripe(cause: Cause, **asked: Any) -> list[str]:
        page = both.store(load_ripe_grants, RipePage(cause, 9, **asked))
        assert page.last is None
        return [grant.grant_id for grant, _ in page.found]

    assert ripe(Cause.OVER, until=both.clock()) == ["gra_1"]
    assert ripe(Cause.UNUSED, until=0) == []
    assert ripe(Cause.UNUSED, until=both.clock()) == ["gra_1", "gra_2"]
    assert ripe(Cause.OUTDATED, offer_id="practice-quizzes", version=2) == ["gra_1", "gra_2"]
    assert ripe(Cause.OUTDATED, offer_id="practice-quizzes", version=1) == []
    assert ripe(Cause.OUTDATED, offer_id="of nobody", version=9) == []
    act(both, "UPDATE consent_grant SET state = 'paused' WHERE grant_id = 'gra_1'")
    assert ripe(Cause.OUTDATED, offer_id="practice-quizzes", version=2) == ["gra_2"]
    assert ripe(Cause.GUARDED) == []
    act(both, "UPDATE consent_grant SET legal_basis = 'guardian_consent' WHERE grant_id = 'gra_2'")
    assert ripe(Cause.GUARDED) == ["gra_2"]


@pytest.mark.parametrize(
    "page",
    [
        RipePage(Cause.OVER, 2, until=NOW + 9000),
        RipePage(Cause.UNUSED, 2, until=NOW),
        RipePage(Cause.GUARDED, 2),
        RipePage(Cause.OUTDATED, 2, offer_id="practice-quizzes", version=2),
    ],
    ids=lambda page: str(page.cause),
)
def test_each_page_goes_on_where_the_one_before_ended(both: World, page: RipePage) -> None:
    """Also where several have the same second."""
    for number, email in enumerate(PEOPLE):
        given(both, str(number), email=email)
    act(
        both, "UPDATE consent_grant SET legal_basis = 'guardian_consent', valid_until = :until", until=NOW + 9
    )
    found: list[str] = []
    while True:
        ripe = both.store(load_ripe_grants, page)
        found += [grant.grant_id for grant, _ in ripe.found]
        if ripe.last is None:
            break
        page = dataclasses.replace(page, after=ripe.last)
    assert found == ["gra_0", "gra_1", "gra_2", "gra_3"]
