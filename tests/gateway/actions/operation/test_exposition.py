"""What the metrics show: what people and partners did, and how the installation stands, at an address of their own."""

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.actions.operation import exposition as module
from gateway.actions.operation.exposition import Exposition, state_samples
from gateway.actions.operation.presence import Presence
from gateway.kit.errors import Refusal
from gateway.kit.telemetry.metrics import DECLARED, Measure, address_of
from gateway.model.nodes import Work
from gateway.oauth.proofs.certificates import Authorities
from gateway.oauth.signing import ALGORITHMS
from gateway.store.engine.backend import Store
from gateway.store.operation.measures import Measures, measure
from tests.certificates import issue
from tests.gateway.store.samples import act, given
from tests.ledgers import sequence
from tests.patience import PATIENCE, waits
from tests.ports import free_port
from tests.world import NOW, PERSONAL_VALUES, World

Shown = dict[tuple[str, ...], float]


def show(address: str) -> tuple[str, Shown]:
    """Ask as Prometheus does."""
    answer = httpx2.get(f"http://{address}/metrics", trust_env=False, timeout=PATIENCE)
    assert answer.status_code == 200
    return answer.text, {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_what_people_and_partners_do_is_counted_once(make_world: Callable[..., World]) -> None:
    """From a wrong password to a release that is refused; nobody's name, address or id is in it."""
    world = make_world(metrics_address=f"127.0.0.1:{free_port()}")
    world.run(_until_it_listens, world.services.settings.metrics_address)
    browser = world.browser()
    browser.submit(browser.open("/login"), "/login", {"email": "asha@lakeside.example", "password": "wrong"})
    given(world, "1")
    world.signed_in().open("/connected/gra_1")
    token = world.tokens()["access_token"]
    assert world.userinfo(token).status_code == 200
    assert world.userinfo("cg_at_nobody").status_code == 401
    act(world, "UPDATE partner SET state = 'paused' WHERE partner_id = 'quizco'")
    assert world.userinfo(token).status_code == 403
    assert world.post("/introspect", {"token": "x"}, secret="cg_cs_wrong").status_code == 401
    assert world.client().request("NONSENSE", "/no/such/page/asha").status_code in (404, 405)
    sequence(world)
    text, shown = show(world.services.settings.metrics_address)
    assert shown["gateway_logins_total", "rejected"] == 1
    assert shown["gateway_logins_total", "password"] == 2
    assert shown["gateway_releases_total", "userinfo", "quizco"] == 1
    assert shown["gateway_refusals_total", "consent_paused", "quizco"] == 1
    assert shown["gateway_refusals_total", "invalid_token", "none"] == 1
    assert shown["gateway_refusals_total", "invalid_client", "quizco"] == 1
    assert sum(value for (name, *_), value in shown.items() if name == "gateway_consent_moves_total") == 2
    assert shown["gateway_requests_total", "GET", "/userinfo", "200"] == 1
    assert shown["gateway_request_seconds_count", "GET", "/userinfo"] == 3
    assert shown["gateway_requests_total", "GET", "/connected/:id", "200"] == 1
    assert any(key[:3] == ("gateway_requests_total", "other", "/:id") for key in shown)
    assert shown["gateway_lane_batch_items_count", "open_sessions"] == 2
    assert shown["gateway_requests_in_progress",] >= 0
    assert shown["gateway_log_unsigned_leaves",] == 0
    assert shown["gateway_signing_key_created_timestamp_seconds", "ES256"] == NOW
    ids = {"gra_1", world.person_id(), token}
    assert not [each for each in (*PERSONAL_VALUES, *ids) if each in text]


async def _until_it_listens(address: str) -> None:
    host, port = address_of(address)
    async for _ in waits("nobody shows the metrics"):
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            continue
        writer.close()
        return


def test_whoever_tries_next_has_the_address_when_the_first_has_ended(world: World) -> None:
    settings = world.services.settings.model_copy(update={"metrics_address": f"127.0.0.1:{free_port()}"})
    services = dataclasses.replace(world.services, settings=settings)

    async def story() -> list[tuple[str, Shown]]:
        first, second = (Exposition(services, services.store.say_how_it_stands) for _ in range(2))
        found = []
        for each in (first, second):
            each.turn()
            second.turn()
            found.append(await asyncio.to_thread(show, settings.metrics_address))
            await each.close()
        return found

    (text, _), (again, _) = world.run(story)
    for text_shown in (text, again):
        for each in DECLARED:
            assert f"# HELP {each.shown} " in text_shown, each.name


def test_without_a_database_everything_else_is_shown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One look serves whoever asks within seconds, and nobody waits for one that hangs."""
    failures: list[Exception] = [Refusal("temporarily_unavailable", detail="away"), ValueError("asha")]
    looks = 0

    async def fail(*_: object) -> Any:
        nonlocal looks
        looks += 1
        if failures:
            raise failures.pop()
        await asyncio.Event().wait()

    monkeypatch.setattr(Store, "read", fail)

    async def look(found: Exposition) -> Measures | None:
        return await found.look()

    async def make() -> Exposition:
        return Exposition(world.services)

    found = world.run(make)
    for _ in range(2):
        assert [world.run(look, found) for _ in range(3)] == [None] * 3
        world.clock.pass_by(module.KEPT)
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    assert world.run(look, found) is None
    assert looks == 3
    samples = {name: value for name, _, value in state_samples(world.services, None)}
    assert samples["gateway_database_up"] == 0
    assert "gateway_outbox_waiting" not in samples
    monkeypatch.undo()
    world.run(_end, found)


async def _end(found: Exposition) -> None:
    assert found._look is not None
    found._look.cancel()
    await asyncio.wait({found._look})
    # It never had the address.
    await found.close()


def test_how_the_installation_stands_is_the_same_for_whoever_asks(each_world: World) -> None:
    """What waits, what was given up, what is late, who works: from the database, with the times as they are."""
    world = each_world
    given(world, "1")
    given(world, "2", email="ben@lakeside.example")
    act(world, "UPDATE letter SET state = 'dead', sealed = NULL WHERE letter_id = 'evt_2'")
    late = NOW - 100 * 3600
    for number, grant, due_at, received_at in ((1, "gra_1", NOW, None), (2, "gra_2", None, None)):
        act(
            world,
            "INSERT INTO deletion_request (request_id, grant_id, partner_id, asked_at, done_by, due_at, attempts,"
            " received_at) VALUES (:id, :grant, 'quizco', :late, :late, :due_at, 1, :received_at)",
            id=f"del_{number}", grant=grant, late=late, due_at=due_at, received_at=received_at,
        )  # fmt: skip
    world.services.background_work.begin(Work.MAIL)
    world.services.background_work.begin(Work.UPKEEP)
    world.services.background_work.did(Work.UPKEEP, NOW - 7)
    world.run(Presence(world.services).begin)
    found = world.run(world.services.store.read, measure, NOW)
    authority = issue("CN=Authority", NOW, is_authority=True).pem
    services = dataclasses.replace(world.services, authorities=Authorities.from_pem(authority.encode()))
    samples = {(name, *labels): value for name, labels, value in state_samples(services, found)}
    assert samples["gateway_outbox_waiting", "mail"] == 1
    assert samples["gateway_outbox_oldest_timestamp_seconds", "mail"] == NOW
    assert samples["gateway_outbox_given_up", "mail"] == 1
    assert samples["gateway_outbox_waiting", "deletions"] == 1
    assert samples["gateway_outbox_given_up", "deletions"] == 1
    assert samples["gateway_outbox_waiting", "logouts"] == 0
    assert ("gateway_outbox_oldest_timestamp_seconds", "logouts") not in samples
    assert samples["gateway_deletions_overdue", "quizco"] == 2
    assert samples["gateway_deletions_overdue", "campuspress"] == 0
    assert samples["gateway_log_unsigned_leaves",] >= 2
    assert ("gateway_log_checkpoint_timestamp_seconds",) not in samples
    assert samples["gateway_nodes",] == 1
    assert samples["gateway_work_nodes", "mail"] == 1
    assert samples["gateway_work_last_timestamp_seconds", "upkeep"] == NOW - 7
    assert ("gateway_work_last_timestamp_seconds", "mail") not in samples
    assert samples["gateway_certificate_expiry_timestamp_seconds", "authority"] > 0
    made = {each[1] for each in samples if each[0] == "gateway_signing_key_created_timestamp_seconds"}
    assert made == set(ALGORITHMS)
    sequence(world)
    found = world.run(world.services.store.read, measure, NOW)
    after = {(name, *labels): value for name, labels, value in state_samples(services, found)}
    assert after["gateway_log_unsigned_leaves",] == 0
    assert after["gateway_log_checkpoint_timestamp_seconds",] == NOW
    assert after["gateway_lease_expiry_timestamp_seconds", "sequencer"] > NOW
    world.services.store.say_how_it_stands()
    pools = ("work", "lanes") if world.services.store.locks_rows else ()
    read = world.services.metrics.registry.get_sample_value
    for name in ("work", "lanes"):
        most = read("gateway_database_connections_most", {"pool": name})
        assert (most is not None) is (name in pools)
        assert read("gateway_database_connections", {"pool": name}) in ((0,) if name in pools else (None,))
    states = {each.name for each in DECLARED if each.measure is Measure.STATE}
    assert {name for name, *_ in after} <= states
