"""The sweep over real grants: each changes once, and the person sees why."""

import asyncio
import dataclasses
from typing import Any

import pytest

from gateway.actions.operation import upkeep
from gateway.actions.operation.upkeep import sweep
from gateway.app import keeping_up
from gateway.kit.clock import DAY
from gateway.store.consent.upkeep import Cause, RipePage, load_ripe_grants
from tests.gateway.store.samples import act, given, rows
from tests.gateway.web.consent.test_consents import new_version
from tests.gateway.web.guardians.test_requests import THIRTEEN, allow, wish
from tests.patience import waits
from tests.world import NOW, World, answer_of

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


def test_an_hour_in_which_nothing_happened_changes_nothing(each_world: World) -> None:
    each_world.tokens()
    assert swept(each_world) == 0


def test_rule_4_disuse_ends_a_grant_though_the_partner_reads(each_world: World) -> None:
    """Only the person's own use counts: 180 days without it and nothing is released, swept or not."""
    tokens = each_world.tokens()
    act(each_world, "UPDATE consent_grant SET valid_until = valid_until + 400000000")
    each_world.clock.pass_by(180 * DAY - 200)
    refreshed = each_world.refresh(tokens["refresh_token"])
    assert refreshed.status_code in (200, 400)
    each_world.clock.pass_by(200)
    assert swept(each_world) == 1
    assert swept(each_world) == 0
    assert standing(each_world) == [("ended", "unused", None)]


def test_the_end_of_the_term_is_put_on_record(each_world: World) -> None:
    given(each_world, "1")
    each_world.clock.pass_by(9000)
    assert swept(each_world) == 1
    assert standing(each_world) == [("ended", "expired", None)]


def test_p4_changed_terms_pause_and_the_persons_answer_lets_it_go_on(each_world: World) -> None:
    access = each_world.tokens()["access_token"]
    new_version(each_world)
    assert swept(each_world) == 1
    assert standing(each_world) == [("paused", None, "notice_changed")]
    browser = each_world.signed_in()
    page = each_world.ask(browser)
    browser.submit(page, "/consent", button="keep", stop_at="http://localhost:8100")
    assert standing(each_world) == [("active", None, None)]
    assert swept(each_world) == 0
    assert each_world.userinfo(access).status_code == 200


def test_p9_coming_of_age_pauses_and_the_person_decides_anew(each_world: World) -> None:
    act(
        each_world,
        "UPDATE organisation SET country = 'US', timezone = 'UTC' WHERE organisation_id = 'lakeside'",
    )
    each_world.clock.now = THIRTEEN - 600
    child = wish(each_world)
    allow(each_world)
    assert swept(each_world) == 0
    each_world.clock.now = THIRTEEN
    assert swept(each_world) == 1
    assert standing(each_world) == [("paused", None, "age_transition")]
    assert "Needs your answer" in child.open("/connected").text
    back = child.submit(each_world.ask(child), "/consent", button="share", stop_at="http://localhost:8100")
    assert "code" in answer_of(back)
    assert rows(each_world, "SELECT state, legal_basis FROM consent_grant") == [("active", "consent")]


def test_the_sweep_runs_in_the_background_where_it_is_told_to(world: World) -> None:
    given(world, "1")
    world.clock.pass_by(9000)

    async def while_it_runs(interval: int) -> None:
        services = world.services
        changed = dataclasses.replace(
            services, settings=services.settings.model_copy(update={"upkeep_interval": interval})
        )
        async with keeping_up(changed):
            async for _ in waits("nothing was swept"):
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


def test_a_round_takes_away_what_is_over(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """In small transactions, one after the other, until nothing is left."""
    monkeypatch.setattr("gateway.store.operation.sweep.BATCH", 1)
    for number in range(3):
        world.client().post("/login", data={"email": f"p{number}@x.example", "password": "wrong"})
    world.clock.pass_by(100 * DAY)

    async def one_round() -> None:
        done = asyncio.Event()

        async def next_step(_: object) -> None:
            done.set()

        monkeypatch.setattr(upkeep, "remind_people", next_step)
        sweeping = asyncio.create_task(upkeep.run_upkeep(world.services))
        await done.wait()
        sweeping.cancel()
        await asyncio.wait([sweeping])

    world.run(one_round)
    assert rows(world, "SELECT count(*) FROM throttle") == [(0,)]


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
    each_world: World, why: str
) -> None:
    """Each look opens a profile: with a hundred thousand children the rounds of a day would do nothing else."""
    each_world.clock.now = THIRTEEN + 600
    act(each_world, "UPDATE organisation SET country = 'IE' WHERE organisation_id = 'lakeside'")
    wish(each_world)
    allow(each_world)
    act(
        each_world,
        "UPDATE organisation SET country = 'US', timezone = 'UTC' WHERE organisation_id = 'lakeside'",
    )
    act(each_world, "UPDATE person_field SET changed_at = :long_ago", long_ago=each_world.clock() - 2 * DAY)
    last = each_world.clock()
    each_world.clock.pass_by(60)
    assert each_world.run(sweep, each_world.services, last) == 0
    if why == "a new day":
        each_world.clock.pass_by(DAY - 600)
    else:
        act(
            each_world,
            "UPDATE person_field SET changed_at = :now WHERE field = 'birthdate'",
            now=each_world.clock(),
        )
    assert each_world.run(sweep, each_world.services, last) == 1
    assert standing(each_world) == [("paused", None, "age_transition")]


def test_a_child_who_was_erased_meanwhile_stops_no_sweep(world: World) -> None:
    """The grant has ended with the person; a sweep that loaded it before leaves it alone."""
    act(world, "UPDATE organisation SET country = 'US', timezone = 'UTC' WHERE organisation_id = 'lakeside'")
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


def test_a_sweep_reads_only_what_time_may_have_changed(each_world: World) -> None:
    """However many grants stand, a round costs what changed: nothing is read of the others."""
    given(each_world, "1")
    given(each_world, "2", email="ben@lakeside.example")
    act(each_world, "UPDATE consent_grant SET valid_until = valid_until + 9000 WHERE grant_id = 'gra_2'")
    each_world.clock.pass_by(9000)

    def ripe(cause: Cause, **asked: Any) -> list[str]:
        page = each_world.store(load_ripe_grants, RipePage(cause, 9, **asked))
        assert page.last is None
        return [grant.grant_id for grant, _ in page.found]

    assert ripe(Cause.OVER, until=each_world.clock()) == ["gra_1"]
    assert ripe(Cause.UNUSED, until=0) == []
    assert ripe(Cause.UNUSED, until=each_world.clock()) == ["gra_1", "gra_2"]
    assert ripe(Cause.OUTDATED, offer_id="practice-quizzes", version=2) == ["gra_1", "gra_2"]
    assert ripe(Cause.OUTDATED, offer_id="practice-quizzes", version=1) == []
    assert ripe(Cause.OUTDATED, offer_id="of nobody", version=9) == []
    act(each_world, "UPDATE consent_grant SET state = 'paused' WHERE grant_id = 'gra_1'")
    assert ripe(Cause.OUTDATED, offer_id="practice-quizzes", version=2) == ["gra_2"]
    assert ripe(Cause.GUARDED) == []
    act(each_world, "UPDATE consent_grant SET legal_basis = 'guardian_consent' WHERE grant_id = 'gra_2'")
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
def test_each_page_goes_on_where_the_one_before_ended(each_world: World, page: RipePage) -> None:
    """Also where several have the same second."""
    for number, email in enumerate(PEOPLE):
        given(each_world, str(number), email=email)
    act(
        each_world,
        "UPDATE consent_grant SET legal_basis = 'guardian_consent', valid_until = :until",
        until=NOW + 9,
    )
    found: list[str] = []
    while True:
        ripe = each_world.store(load_ripe_grants, page)
        found += [grant.grant_id for grant, _ in ripe.found]
        if ripe.last is None:
            break
        page = dataclasses.replace(page, after=ripe.last)
    assert found == ["gra_0", "gra_1", "gra_2", "gra_3"]
