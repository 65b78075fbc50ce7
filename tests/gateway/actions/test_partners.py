"""Partners: handed in, reviewed, live, paused, ended, on both databases."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, update

from gateway.actions.partner_publication import plan_publication
from gateway.actions.partner_review import review_manifest
from gateway.actions.partners import (
    PartnerMove,
    SeenPartner,
    UnpublishableError,
    approve_partner,
    list_partners,
    move_partner,
    new_client_secret,
    see_partner,
    submit_manifest,
)
from gateway.kit.errors import Refusal
from gateway.model.counts import Count
from gateway.model.grants import ReasonCode
from gateway.model.registry import Registry
from gateway.store.admin_actions import AdminAction
from gateway.store.partners import (
    NewSecret,
    Publication,
    StateChange,
    Submission,
    keep_secrets,
    load_notices,
    load_partners,
    move_partners,
    publish_manifests,
    submit_manifests,
)
from gateway.store.tables import partner
from partners import (
    ManifestError,
    PartnerState,
    manifest_content,
    manifest_from_content,
    parse_manifest,
    partner_content,
)
from scopes import Form
from tests.world import NOW, PARTNERS, QUIZCO_SECRET, World, campuspress_jwks

QUIZCO = (PARTNERS / "quizco.toml").read_text()
ONE_MORE_ITEM = """
[[offer.item]]
field = "locale"
purpose = "service_personalisation"
forms = ["full"]
necessity = "optional"
"""
ACTOR = "per_an-officer-of-privacy"


def edited(*changes: tuple[str, str], text: str = QUIZCO) -> str:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


NEWCOMER = edited(
    ("quizco", "labtime"),
    ("QuizCo", "LabTime"),
    ("practice-quizzes", "lab-slots"),
    ("Practice quizzes", "Lab slots"),
)


def submit(world: World, text: str) -> int | None:
    files = {"campuspress.jwks.json": campuspress_jwks()}
    return world.run(submit_manifest, world.services, text, "file.toml", files, "cli").version


def see(world: World, partner_id: str = "quizco") -> SeenPartner:
    return world.run(see_partner, world.services, partner_id)


def move(
    world: World, kind: PartnerMove, partner_id: str = "quizco", reason: ReasonCode | None = None
) -> None:
    world.clock.pass_by(1)
    world.run(move_partner, world.services, ACTOR, partner_id, kind, reason)


def approve(world: World, seen: int, partner_id: str = "quizco") -> Any:
    world.clock.pass_by(1)
    return world.run(approve_partner, world.services, ACTOR, partner_id, seen)


def code_of(call: Callable[..., Any], *arguments: Any) -> str:
    with pytest.raises(Refusal) as refused:
        call(*arguments)
    return refused.value.code


def plan(world: World, seen: SeenPartner) -> Publication:
    assert seen.review is not None
    action = AdminAction(
        "act_plan", ACTOR, "approve_partner", "partner", seen.record.partner_id, world.clock()
    )
    return plan_publication(seen.record, seen.review, action, world.services.ids)


def stored(world: World, partner_id: str) -> str:
    return see(world, partner_id).record.manifests[0].content


async def together(*work: Awaitable[Any]) -> list[Any]:
    return list(await asyncio.gather(*work, return_exceptions=True))


def test_a_newcomer_goes_live_only_by_review_and_approval(both: World) -> None:
    """draft → review → live; until then nobody can be asked."""
    assert submit(both, NEWCOMER) == 1
    seen = see(both, "labtime")
    assert (seen.state, seen.moves) == (PartnerState.DRAFT, (PartnerMove.REVIEW, PartnerMove.END))
    assert not seen.is_approvable
    assert code_of(approve, both, 1, "labtime") == "stale_form"
    move(both, PartnerMove.REVIEW, "labtime")
    assert see(both, "labtime").is_approvable
    assert both.services.registry.find_client("labtime-web") is None
    review = approve(both, 1, "labtime")
    assert [each.version for each in review.offers] == [1]
    after = see(both, "labtime")
    assert (after.state, after.review, after.record.live_manifest) == (PartnerState.LIVE, None, 1)
    assert after.moves == (PartnerMove.PAUSE, PartnerMove.END)
    assert both.services.registry.find_client("labtime-web") is not None
    offer = both.services.registry.offers["lab-slots"]
    assert (offer.version, list(offer.notices)) == (1, ["en", "hi", "kn"])
    assert not offer.notices["en"].material
    acts = [(each.action, each.actor_id, each.detail.get("manifest")) for each in after.actions]
    assert acts == [("review_partner", ACTOR, None), ("approve_partner", ACTOR, 1)]


def test_review_can_send_back_and_a_second_manifest_replaces_the_first(both: World) -> None:
    submit(both, NEWCOMER)
    move(both, PartnerMove.REVIEW, "labtime")
    move(both, PartnerMove.RETURN, "labtime")
    assert submit(both, edited(("LabTime Learning Limited", "LabTime Limited"), text=NEWCOMER)) == 2
    assert see(both, "labtime").partner.legal_name == "LabTime Limited"
    move(both, PartnerMove.REVIEW, "labtime")
    assert code_of(approve, both, 1, "labtime") == "stale_form"
    approve(both, 2, "labtime")


def test_the_same_manifest_again_is_no_new_version(both: World) -> None:
    assert submit(both, NEWCOMER) == 1
    see(both, "labtime")
    version = both.services.registry.version
    assert submit(both, NEWCOMER) is None
    see(both, "labtime")
    assert both.services.registry.version == version


def test_what_is_live_stays_as_it_is_until_the_newer_manifest_is_approved(both: World) -> None:
    """P4: the old version goes on; the new one has its own number, notice, and computed materiality."""
    before = both.services.registry.offers["practice-quizzes"]
    version = submit(both, QUIZCO + ONE_MORE_ITEM)
    seen = see(both)
    assert seen.state is PartnerState.LIVE
    assert seen.review is not None
    assert seen.is_approvable
    assert both.services.registry.offers["practice-quizzes"] == before
    (offer,) = seen.review.offers
    assert (offer.version, offer.is_new, offer.is_material) == (2, True, True)
    assert version == seen.review.version
    approve(both, seen.review.version)
    see(both)
    live = both.services.registry.offers["practice-quizzes"]
    assert live.version == 2
    assert live.notices["en"].material
    assert hashlib.sha256(live.notices["en"].text.encode()).digest() == live.notices["en"].sha256
    old = both.run(both.services.store.read, load_notices, before.notices["en"].notice_id)
    assert old == before.notices["en"]


def test_an_offer_that_says_the_same_keeps_its_version(both: World) -> None:
    """Only the client changes: people need not be told anything new."""
    submit(both, edited(('name = "QuizCo website"', 'name = "QuizCo on the web"')))
    review = see(both).review
    assert review is not None
    assert [(each.is_new, each.version, each.changes) for each in review.offers] == [(False, 1, ())]
    notice = both.services.registry.offers["practice-quizzes"].notices["en"].notice_id
    approve(both, review.version)
    see(both)
    assert both.services.registry.offers["practice-quizzes"].notices["en"].notice_id == notice
    assert both.services.registry.clients["quizco-web"].client.name == "QuizCo on the web"


@pytest.mark.parametrize(
    ("old", "new", "is_material"),
    [
        ('storage_countries = ["IE"]', 'storage_countries = ["IE", "US"]', True),
        ('legal_name = "QuizCo Learning Limited"', 'legal_name = "Quiz Holding Limited"', True),
        ('contact = "privacy@quizco', 'contact = "help@quizco', False),
        ("retention_days = 30", "retention_days = 29", False),
        ("retention_days = 30", "retention_days = 31", True),
    ],
)
def test_whatever_a_notice_says_differently_is_a_new_version(
    world: World, old: str, new: str, is_material: bool
) -> None:
    """P4: another recipient, country or longer retention is material, and nobody says otherwise."""
    submit(world, edited((old, new)))
    review = see(world).review
    assert review is not None
    assert [(each.is_new, each.is_material) for each in review.offers] == [(True, is_material)]
    changes = json.loads(review.offers[0].diff)
    assert any(change["material"] for change in changes) == is_material
    assert {frozenset(change) for change in changes} == {frozenset({"key", "before", "after", "material"})}


def test_a_newer_attestation_alone_tells_people_nothing_new(world: World) -> None:
    submit(world, edited(("attested_on = 2026-11-02", "attested_on = 2026-11-16")))
    review = see(world).review
    assert review is not None
    assert not review.offers[0].is_new


def test_ids_of_another_partner_are_refused_at_once(both: World) -> None:
    """A client_id or offer_id that somebody else holds is a fault of the manifest, reported with all others."""
    stolen = edited(('"quizco"', '"labtime"'))
    with pytest.raises(ManifestError) as refused:
        submit(both, stolen)
    assert [fault.key for fault in refused.value.faults] == ["client[0].client_id", "offer[0].offer_id"]
    assert both.run(both.services.store.read, load_partners, "labtime") == []


def test_ids_taken_since_the_submission_keep_a_manifest_from_going_live(both: World) -> None:
    """Two newcomers name the same ids; the first to be approved has them."""
    rival = edited(('partner_id = "labtime"', 'partner_id = "rival"'), text=NEWCOMER)
    for partner_id, text in (("labtime", NEWCOMER), ("rival", rival)):
        submit(both, text)
        move(both, PartnerMove.REVIEW, partner_id)
    approve(both, 1, "labtime")
    with pytest.raises(UnpublishableError, match="belongs to another partner"):
        approve(both, 1, "rival")
    assert not see(both, "rival").is_approvable
    assert both.services.registry.clients["labtime-web"].client.partner_id == "labtime"


def test_the_store_takes_nothing_over_either(both: World) -> None:
    """Whoever gets past the look at the registry is stopped by the statements themselves, and nothing is left."""
    rival = edited(('partner_id = "labtime"', 'partner_id = "rival"'), text=NEWCOMER)
    for text in (NEWCOMER, rival):
        submit(both, text)
    for partner_id in ("labtime", "rival"):
        move(both, PartnerMove.REVIEW, partner_id)
    seen = see(both, "rival")
    planned = plan(both, seen)
    approve(both, 1, "labtime")
    assert not both.store(publish_manifests, planned)
    assert not both.store(publish_manifests, replace(planned, clients=()))
    again = see(both, "rival")
    assert (again.state, again.record.live_manifest) == (PartnerState.REVIEW, None)
    old = replace(planned, clients=(), offers=(replace(planned.offers[0], offer_id="practice-quizzes"),))
    assert not both.store(publish_manifests, old)


def test_a_version_that_stands_is_never_written_over(both: World) -> None:
    """P4: an approval of something older than what is live by now is refused whole."""
    submit(both, edited(("retention_days = 30", "retention_days = 20")))
    seen = see(both)
    planned = plan(both, seen)
    stale = replace(planned, offers=(replace(planned.offers[0], version=1),))
    assert not both.store(publish_manifests, stale)
    assert both.store(publish_manifests, planned)
    assert both.store(publish_manifests, planned), "the same act again is the same act, not a second one"
    assert [each.action for each in see(both).actions].count("approve_partner") == 1


def test_what_was_sent_back_meanwhile_is_not_approved(both: World) -> None:
    """Two administrators, one look each: the approval comes second and finds another state."""
    submit(both, NEWCOMER)
    move(both, PartnerMove.REVIEW, "labtime")
    seen = see(both, "labtime")
    planned = plan(both, seen)
    move(both, PartnerMove.RETURN, "labtime")
    assert not both.store(publish_manifests, planned)
    assert see(both, "labtime").state is PartnerState.DRAFT


def test_one_of_many_approvals_wins(both: World) -> None:
    submit(both, edited(("retention_days = 30", "retention_days = 20")))
    version = see(both).review.version

    async def race() -> list[Any]:
        return await together(*(approve_partner(both.services, ACTOR, "quizco", version) for _ in range(8)))

    outcomes = both.run(race)
    assert sum(not isinstance(each, BaseException) for each in outcomes) == 1
    assert {each.code for each in outcomes if isinstance(each, Refusal)} == {"stale_form"}
    see(both)
    assert both.services.registry.offers["practice-quizzes"].version == 2


def test_no_submission_is_lost_in_a_race(both: World) -> None:
    """Each of many manifests handed in at once is kept under a number of its own."""
    found = parse_manifest(NEWCOMER, file="file.toml", allow_loopback=True)
    content = partner_content(found.partner)

    async def race() -> list[Any]:
        return await together(
            *(
                both.services.store.run(
                    submit_manifests, Submission("labtime", content, f"content {n}", "cli", NOW)
                )
                for n in range(8)
            )
        )

    assert sorted(both.run(race)) == list(range(1, 9))
    (record,) = both.run(both.services.store.read, load_partners, "labtime")
    assert {each.content for each in record.manifests} == {f"content {n}" for n in range(8)}
    assert record.pending_manifest == 8


def test_private_addresses_are_not_published_yet(world: World) -> None:
    submit(
        world,
        edited(
            (
                'forms = ["masked", "full"]\nnecessity = "optional"\nwhy = { en = "QuizCo sends',
                'forms = ["relay", "full"]\nnecessity = "optional"\nwhy = { en = "QuizCo sends',
            )
        ),
    )
    seen = see(world)
    assert seen.review is not None
    assert [each.split(":")[0] for each in seen.review.obstacles] == ["offer[0].item[2].forms"]
    with pytest.raises(UnpublishableError) as refused:
        approve(world, seen.review.version)
    assert refused.value.obstacles == seen.review.obstacles
    assert Form.RELAY not in world.services.registry.offers["practice-quizzes"].offer.items[2].forms


def test_what_the_catalogue_denies_today_is_not_published(both: World) -> None:
    """P1: a manifest that was in order when it came, under an older catalogue, meets today's."""
    found = parse_manifest(QUIZCO, file="file.toml", allow_loopback=True)
    items = (replace(found.offers[0].items[0], purpose="advertising"), *found.offers[0].items[1:])
    old = replace(found, offers=(replace(found.offers[0], items=items),))
    kept = Submission("quizco", partner_content(old.partner), manifest_content(old), "cli", NOW)
    version = both.store(submit_manifests, kept)
    with pytest.raises(UnpublishableError, match="name may not be released for advertising"):
        approve(both, version)
    assert both.signed_in("admin@platform.example").open("/admin/partners/quizco").status == 200


def test_what_a_manifest_leaves_out_is_pointed_out(world: World) -> None:
    """Publishing takes no client and no offer away: the reviewer must know."""
    submit(
        world,
        edited(('client_id = "quizco-web"', 'client_id = "quizco-app"'), ("practice-quizzes", "new-quizzes")),
    )
    review = see(world).review
    assert review is not None
    left = {(flag.key, flag.message.split()[0]) for flag in review.flags if "no longer" in flag.message}
    assert left == {("client", "quizco-web"), ("offer", "practice-quizzes")}


def test_content_of_a_manifest_comes_back_whole(world: World) -> None:
    submit(world, NEWCOMER)
    content = stored(world, "labtime")
    assert manifest_content(manifest_from_content(content)) == content
    for wrong in ("[]", "{}", '{"partner":{}}'):
        with pytest.raises(ValueError, match="no manifest"):
            manifest_from_content(wrong)


# Pause, resume, end


def test_the_brake_stops_everyone_at_the_next_request(both: World) -> None:
    token = both.tokens()["access_token"]
    assert both.userinfo(token).status_code == 200
    move(both, PartnerMove.PAUSE, reason=ReasonCode.SECURITY_INCIDENT)
    assert both.userinfo(token).status_code == 401
    assert see(both).moves == (PartnerMove.RESUME, PartnerMove.END)
    move(both, PartnerMove.RESUME)
    assert both.userinfo(token).status_code == 200
    acts = [(each.action, each.reason) for each in see(both).actions][-2:]
    assert acts == [("pause_partner", "security_incident"), ("resume_partner", None)]


def test_a_paused_partner_is_not_approved_into_service(both: World) -> None:
    """A newer manifest cannot lift the brake, and a review cannot be passed by resuming."""
    version = submit(both, edited(("retention_days = 30", "retention_days = 20")))
    move(both, PartnerMove.PAUSE, reason=ReasonCode.PARTNER_BREACH)
    assert not see(both).is_approvable
    assert code_of(approve, both, version) == "stale_form"
    submit(both, NEWCOMER)
    move(both, PartnerMove.REVIEW, "labtime")
    assert code_of(move, both, PartnerMove.RESUME, "labtime") == "stale_form"
    assert see(both, "labtime").state is PartnerState.REVIEW


def test_ending_a_partner_ends_every_consent_for_it(both: World) -> None:
    tokens = both.tokens()
    other = both.tokens(email="aoife@northfield.example")
    move(both, PartnerMove.END, reason=ReasonCode.PARTNER_ENDED)
    for each in (tokens, other):
        assert both.userinfo(each["access_token"]).status_code == 401
        assert both.refresh(each["refresh_token"]).json()["error"] in ("invalid_client", "invalid_grant")
    seen = see(both)
    assert (seen.state, seen.live_grants, seen.moves) == (PartnerState.ENDED, Count(), ())
    page = both.signed_in().open("/connected")
    assert "Ended" in page.text
    with pytest.raises(ManifestError, match="has ended"):
        submit(both, edited(("retention_days = 30", "retention_days = 20")))
    assert code_of(move, both, PartnerMove.REVIEW) == "stale_form"


def test_ending_goes_on_where_it_was_interrupted(both: World) -> None:
    """The state changed and then the lights went out: the consents can still be ended."""
    both.tokens()
    action = AdminAction("act_1", ACTOR, "end_partner", "partner", "quizco", NOW)
    assert both.store(move_partners, StateChange("quizco", "live", "ended", NOW, action))
    seen = see(both)
    assert (seen.live_grants, seen.moves) == (Count(1), (PartnerMove.END,))
    move(both, PartnerMove.END, reason=ReasonCode.PARTNER_ENDED)
    assert see(both).live_grants == Count()


def test_whoever_moves_second_is_told(both: World) -> None:
    async def race() -> list[Any]:
        return await together(
            *(
                move_partner(both.services, ACTOR, "quizco", PartnerMove.PAUSE, ReasonCode.LEGAL_ORDER)
                for _ in range(6)
            )
        )

    outcomes = both.run(race)
    assert outcomes.count(None) == 1
    assert {each.code for each in outcomes if each is not None} == {"stale_form"}
    assert len([each for each in see(both).actions if each.action == "pause_partner"]) == 1


def test_an_unknown_partner_is_not_found(world: World) -> None:
    assert code_of(see, world, "nobody") == "not_found"
    assert code_of(move, world, PartnerMove.PAUSE, "nobody") == "not_found"
    assert code_of(approve, world, 1, "nobody") == "not_found"


def test_nothing_goes_to_review_that_was_not_handed_in(both: World) -> None:
    """A partner in draft whose manifest was never kept has nothing to look at."""
    submit(both, NEWCOMER)

    def forget(connection: Connection, _: Any) -> list[None]:
        connection.execute(
            update(partner).where(partner.c.partner_id == "labtime").values(pending_manifest=None)
        )
        return [None]

    both.store(forget, None)
    assert see(both, "labtime").moves == (PartnerMove.END,)


def test_the_list_begins_with_what_waits(world: World) -> None:
    submit(world, NEWCOMER)
    assert [each.partner.brand for each in world.run(list_partners, world.services)] == [
        "CampusPress", "LabTime", "QuizCo",
    ]  # fmt: skip
    move(world, PartnerMove.REVIEW, "labtime")
    world.tokens()
    listed = world.run(list_partners, world.services)
    assert listed[0].partner.brand == "LabTime"
    assert {each.record.partner_id: (each.offer_count, each.live_grants) for each in listed} == {
        "labtime": (0, Count(0)), "campuspress": (1, Count(0)), "quizco": (1, Count(1)),
    }  # fmt: skip


# Client secrets


def test_a_new_secret_replaces_the_old_one_at_once(both: World) -> None:
    """Only a digest is kept; the act is on record without it."""
    code = both.approve()
    both.clock.pass_by(1)
    secret = both.run(new_client_secret, both.services, ACTOR, "quizco-web")
    assert secret.startswith("cg_cs_")
    assert (
        both.post("/token", {"grant_type": "authorization_code", "code": code}).json()["error"]
        == "invalid_client"
    )
    answer = both.post("/introspect", {"token": "unknown"}, secret=secret)
    assert answer.status_code == 200, answer.text
    assert secret != QUIZCO_SECRET
    last = see(both).actions[-1]
    assert (last.action, last.detail) == ("new_client_secret", {"client": "quizco-web"})


def test_only_a_client_with_a_secret_gets_one(world: World) -> None:
    assert code_of(world.run, new_client_secret, world.services, ACTOR, "nobody") == "not_found"
    assert code_of(world.run, new_client_secret, world.services, ACTOR, "campuspress-shop") == "not_found"


def test_a_secret_for_nobody_leaves_no_trace(both: World) -> None:
    """The store looks again: a client that went away gets neither a secret nor an act on record."""
    action = AdminAction("act_1", ACTOR, "new_client_secret", "partner", "quizco", NOW)
    before = both.services.registry.version
    assert not both.store(keep_secrets, NewSecret("nobody", b"digest", action))
    assert "new_client_secret" not in [each.action for each in see(both).actions]
    assert both.services.registry.version == before


def test_a_manifest_of_a_stranger_is_reviewed_against_nothing(world: World) -> None:
    """The registry knows nothing of the partner: nothing changed, everything is new."""
    submit(world, NEWCOMER)
    manifest = manifest_from_content(stored(world, "labtime"))
    review = review_manifest(1, manifest, Registry(version=0), {"lab-slots": 0})
    assert [(each.version, each.is_new, each.changes) for each in review.offers] == [(1, True, ())]
