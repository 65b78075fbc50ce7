"""Partners and keys as the store keeps them."""

from dataclasses import replace
from typing import Any

from gateway.model.registry import SigningKey
from gateway.store.admin_actions import AdminAction, load_actions
from gateway.store.engine.registry import look_at_registry
from gateway.store.oauth.keys import add_signing_keys, drop_signing_keys
from gateway.store.partners.partners import (
    LiveClient,
    NewSecret,
    OfferRow,
    Publication,
    StateChange,
    Submission,
    keep_secrets,
    load_notices,
    load_offer_versions,
    load_partners,
    move_partners,
    newest_offer_versions,
    publish_manifests,
    submit_manifests,
)
from tests.gateway.store.samples import notice_id, one_after_the_other, rows, run_all
from tests.world import NOW, World


def action(name: str) -> AdminAction:
    return AdminAction(f"act_{name}", "per_1", "pause_partner", "partner", "quizco", NOW)


def submission(content: str) -> Submission:
    return Submission("newco", '{"brand":"NewCo"}', content, "per_1", NOW)


def version(world: World) -> int:
    found: int = rows(world, "SELECT version FROM registry_version")[0][0]
    return found


def newco(world: World, content: str = "one") -> None:
    """Submit a manifest whose content the registry can read: QuizCo's under another name."""
    quizco = world.store(load_partners, "quizco")[0].content
    world.store(submit_manifests, replace(submission(content), partner_content=quizco))


def test_manifests_get_versions_and_what_is_there_is_not_kept_twice(each_world: World) -> None:
    quizco = each_world.store(load_partners, "quizco")[0].content
    one, two = (replace(submission(text), partner_content=quizco) for text in ("one", "two"))
    before = version(each_world)
    assert run_all(each_world, submit_manifests, [one, one, two, one]) == [1, None, 2, 3]
    assert version(each_world) == before + 1
    assert each_world.store(submit_manifests, one) is None
    assert version(each_world) == before + 1
    (found,) = each_world.store(load_partners, "newco")
    assert (found.state, found.live_manifest, found.pending_manifest) == ("draft", None, 3)
    assert [(each.version, each.content) for each in found.manifests] == [(3, "one"), (2, "two"), (1, "one")]


def test_two_who_submit_at_once_lose_no_manifest(each_world: World) -> None:
    newco(each_world)
    quizco = each_world.store(load_partners, "quizco")[0].content
    two, three = (replace(submission(text), partner_content=quizco) for text in ("two", "three"))
    assert one_after_the_other(each_world, submit_manifests, two, three) == (2, 3)


def test_partners_are_listed_or_looked_at(each_world: World) -> None:
    everybody, one, nobody = run_all(each_world, load_partners, [None, "quizco", "nobody"])
    assert [each.partner_id for each in everybody] == ["campuspress", "quizco"]
    assert not any(each.manifests for each in everybody)
    assert len(one[0].manifests) == 1
    assert nobody == []


def test_a_move_counts_only_from_the_state_that_was_seen(each_world: World) -> None:
    pause = StateChange("quizco", "live", "paused", NOW, action("1"))
    again = replace(pause, action=action("2"))
    back = StateChange("quizco", "paused", "live", NOW + 1, action("3"))
    unknown = replace(pause, partner_id="nobody", action=action("4"))
    assert run_all(each_world, move_partners, [pause, again, back, unknown]) == [True, False, True, False]
    acts = [each.action_id for each in each_world.store(load_actions, ("partner", "quizco"))]
    assert {"act_1", "act_3"} < set(acts)
    assert not {"act_2", "act_4"} & set(acts)
    before = version(each_world)
    assert each_world.store(move_partners, pause) is True
    assert each_world.store(load_partners, "quizco")[0].state == "live"
    assert each_world.store(move_partners, again) is True
    assert version(each_world) > before
    before = version(each_world)
    assert each_world.store(move_partners, unknown) is False
    assert version(each_world) == before


def publication(world: World, name: str, **changes: Any) -> Publication:
    content = world.store(load_partners, "quizco")[0].content
    plan = Publication(
        change=StateChange("newco", "draft", "live", NOW, action(name)),
        manifest_version=1,
        partner_content=content,
        clients=(),
        offers=(),
    )
    return replace(plan, **changes)


def test_a_publication_is_whole_or_not_at_all(each_world: World) -> None:
    """Another partner's client or offer is not taken over, a version is not overwritten; nothing is left behind."""
    newco(each_world)
    client = rows(each_world, "SELECT content FROM client WHERE client_id = 'quizco-web'")[0][0]
    offer = each_world.store(load_offer_versions, ("practice-quizzes", 1))
    mine = LiveClient("newco-web", client)
    foreign = OfferRow("practice-quizzes", 2, offer, False, (), "[]")
    plans = [
        publication(each_world, "1", clients=(mine, LiveClient("quizco-web", client))),
        publication(each_world, "2", clients=(mine,), offers=(foreign,)),
        publication(each_world, "3", manifest_version=2),
        publication(each_world, "4", change=StateChange("newco", "review", "live", NOW, action("4"))),
    ]
    before = rows(each_world, "SELECT * FROM partner ORDER BY partner_id")
    assert run_all(each_world, publish_manifests, plans) == [False] * 4
    assert rows(each_world, "SELECT client_id FROM client ORDER BY client_id") == [
        ("campuspress-shop",),
        ("quizco-web",),
    ]
    assert rows(each_world, "SELECT * FROM partner ORDER BY partner_id") == before
    assert run_all(each_world, newest_offer_versions, ["practice-quizzes", "none"]) == [1, 0]
    own = replace(foreign, offer_id="new-quizzes", version=1)
    good = publication(each_world, "5", clients=(mine,), offers=(own,))
    assert run_all(each_world, publish_manifests, [good]) == [True]
    assert each_world.store(publish_manifests, good) is True
    assert each_world.store(load_partners, "newco")[0].live_manifest == 1
    acts = {each.action_id for each in each_world.store(load_actions, ("partner", "quizco"))}
    assert "act_5" in acts
    assert not acts & {"act_1", "act_2", "act_3", "act_4"}
    # A second publication with the same version number has looked at an older state.
    each_world.store(submit_manifests, replace(submission("two"), partner_content=good.partner_content))
    late = publication(
        each_world,
        "6",
        change=StateChange("newco", "live", "live", NOW, action("6")),
        manifest_version=2,
        offers=(own,),
    )
    assert each_world.store(publish_manifests, late) is False


def test_a_secret_replaces_the_old_one_at_once_on_every_node(each_world: World) -> None:
    new = NewSecret("quizco-web", b"digest", action("1"))
    unknown = NewSecret("nobody", b"digest", action("2"))
    assert run_all(each_world, keep_secrets, [unknown, new]) == [False, True]
    each_world.store(look_at_registry, None)
    assert each_world.services.registry.clients["quizco-web"].secret_digest == b"digest"
    before = version(each_world)
    assert each_world.store(keep_secrets, unknown) is False
    assert version(each_world) == before


def test_notices_stay_as_they_were_published(each_world: World) -> None:
    own = notice_id(each_world)
    unknown, found = run_all(each_world, load_notices, ["not_unknown", own])
    assert unknown is None
    assert found is not None
    assert (found.offer_version, found.language, found.material) == (1, "en", False)


def key(kid: str, at: int, alg: str = "ES256") -> SigningKey:
    return SigningKey(kid, alg, "{}", b"sealed", at, None)


def test_a_new_signing_key_retires_the_older_ones_of_its_algorithm(each_world: World) -> None:
    before = [each.kid for each in each_world.services.registry.signing_keys]
    run_all(
        each_world,
        add_signing_keys,
        [key("one", NOW + 5), key("other", NOW + 6, "RS256"), key("two", NOW + 9)],
    )
    each_world.store(add_signing_keys, key("two", NOW + 9))
    each_world.store(look_at_registry, None)
    retired = {each.kid: each.retired_at for each in each_world.services.registry.signing_keys}
    assert [retired[kid] for kid in before] == [NOW + 5, NOW + 6]
    assert {kid: retired[kid] for kid in ("one", "other", "two")} == {
        "one": NOW + 9,
        "other": None,
        "two": None,
    }
    assert run_all(each_world, drop_signing_keys, [NOW + 5, NOW + 6, NOW + 10]) == [0, 1, 2]
    each_world.store(look_at_registry, None)
    assert {each.kid for each in each_world.services.registry.signing_keys} == {"other", "two"}
