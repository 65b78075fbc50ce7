"""Partners: handed in, reviewed, live, paused, ended, on both databases."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, update

from gateway.actions.partners.client_secrets import new_client_secret
from gateway.actions.partners.go_live import UnpublishableError, approve_partner
from gateway.actions.partners.moves import PartnerMove, move_partner
from gateway.actions.partners.overview import SeenPartner, list_partners, see_partner
from gateway.actions.partners.publication import plan_publication
from gateway.actions.partners.review import ReadTexts, review_manifest
from gateway.actions.partners.submission import submit_manifest
from gateway.kit.errors import Refusal
from gateway.model.administration.waiting import Administrator
from gateway.model.counts import Count
from gateway.model.grants import ReasonCode
from gateway.model.registry import Registry
from gateway.store.admin_actions import AdminAction
from gateway.store.partners.partners import (
    NewSecret,
    Publication,
    Submission,
    keep_secrets,
    load_notices,
    load_partners,
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
    return approve_as(world, Administrator(ACTOR), seen, partner_id)


def approve_as(
    world: World,
    who: Administrator,
    version: int,
    partner_id: str = "quizco",
    *,
    reason: ReasonCode | None = None,
) -> Any:
    """Approve, having read every text of what waits."""
    read = texts_read(world, partner_id)
    return world.run(lambda: approve_partner(world.services, who, partner_id, version, reason, read=read))


def texts_read(world: World, partner_id: str = "quizco") -> ReadTexts:
    review = see(world, partner_id).review
    return review.all_read if review else ReadTexts("")


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


def test_a_newcomer_goes_live_only_by_review_and_approval(each_world: World) -> None:
    """draft → review → live; until then nobody can be asked."""
    assert submit(each_world, NEWCOMER) == 1
    seen = see(each_world, "labtime")
    assert (seen.state, seen.moves) == (PartnerState.DRAFT, (PartnerMove.REVIEW,))
    assert not seen.is_approvable
    assert code_of(approve, each_world, 1, "labtime") == "stale_form"
    move(each_world, PartnerMove.REVIEW, "labtime")
    assert see(each_world, "labtime").is_approvable
    assert each_world.services.registry.find_client("labtime-web") is None
    review = approve(each_world, 1, "labtime")
    assert [each.version for each in review.offers] == [1]
    after = see(each_world, "labtime")
    assert (after.state, after.review, after.record.live_manifest) == (PartnerState.LIVE, None, 1)
    assert (after.moves, after.can_end) == ((PartnerMove.PAUSE,), True)
    assert each_world.services.registry.find_client("labtime-web") is not None
    offer = each_world.services.registry.offers["lab-slots"]
    assert (offer.version, list(offer.notices)) == (1, ["en", "hi", "kn"])
    assert not offer.notices["en"].material
    acts = [(each.action, each.actor_id, each.detail.get("manifest")) for each in after.actions]
    assert acts == [("review_partner", ACTOR, None), ("approve_partner", ACTOR, 1)]


def test_review_can_send_back_and_a_second_manifest_replaces_the_first(each_world: World) -> None:
    submit(each_world, NEWCOMER)
    move(each_world, PartnerMove.REVIEW, "labtime")
    move(each_world, PartnerMove.RETURN, "labtime")
    assert submit(each_world, edited(("LabTime Learning Limited", "LabTime Limited"), text=NEWCOMER)) == 2
    assert see(each_world, "labtime").partner.legal_name == "LabTime Limited"
    move(each_world, PartnerMove.REVIEW, "labtime")
    assert code_of(approve, each_world, 1, "labtime") == "stale_form"
    approve(each_world, 2, "labtime")


def test_the_same_manifest_again_is_no_new_version(each_world: World) -> None:
    assert submit(each_world, NEWCOMER) == 1
    see(each_world, "labtime")
    version = each_world.services.registry.version
    assert submit(each_world, NEWCOMER) is None
    see(each_world, "labtime")
    assert each_world.services.registry.version == version


def test_what_is_live_stays_as_it_is_until_the_newer_manifest_is_approved(each_world: World) -> None:
    """P4: the old version goes on; the new one has its own number, notice, and computed materiality."""
    before = each_world.services.registry.offers["practice-quizzes"]
    version = submit(each_world, QUIZCO + ONE_MORE_ITEM)
    seen = see(each_world)
    assert seen.state is PartnerState.LIVE
    assert seen.review is not None
    assert seen.is_approvable
    assert each_world.services.registry.offers["practice-quizzes"] == before
    (offer,) = seen.review.offers
    assert (offer.version, offer.is_new, offer.is_material) == (2, True, True)
    assert version == seen.review.version
    approve(each_world, seen.review.version)
    see(each_world)
    live = each_world.services.registry.offers["practice-quizzes"]
    assert live.version == 2
    assert live.notices["en"].material
    assert hashlib.sha256(live.notices["en"].text.encode()).digest() == live.notices["en"].sha256
    old = each_world.run(each_world.services.store.read, load_notices, before.notices["en"].notice_id)
    assert old == before.notices["en"]


def test_an_offer_that_says_the_same_keeps_its_version(each_world: World) -> None:
    """Only the client changes: people need not be told anything new."""
    submit(each_world, edited(('name = "QuizCo website"', 'name = "QuizCo on the web"')))
    review = see(each_world).review
    assert review is not None
    assert [(each.is_new, each.version, each.changes) for each in review.offers] == [(False, 1, ())]
    notice = each_world.services.registry.offers["practice-quizzes"].notices["en"].notice_id
    approve(each_world, review.version)
    see(each_world)
    assert each_world.services.registry.offers["practice-quizzes"].notices["en"].notice_id == notice
    assert each_world.services.registry.clients["quizco-web"].client.name == "QuizCo on the web"


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


def test_ids_of_another_partner_are_refused_at_once(each_world: World) -> None:
    """A client_id or offer_id that somebody else holds is a fault of the manifest, reported with all others."""
    stolen = edited(('"quizco"', '"labtime"'))
    with pytest.raises(ManifestError) as refused:
        submit(each_world, stolen)
    assert [fault.key for fault in refused.value.faults] == ["client[0].client_id", "offer[0].offer_id"]
    assert each_world.run(each_world.services.store.read, load_partners, "labtime") == []


def test_ids_taken_since_the_submission_keep_a_manifest_from_going_live(each_world: World) -> None:
    """Two newcomers name the same ids; the first to be approved has them."""
    rival = edited(('partner_id = "labtime"', 'partner_id = "rival"'), text=NEWCOMER)
    for partner_id, text in (("labtime", NEWCOMER), ("rival", rival)):
        submit(each_world, text)
        move(each_world, PartnerMove.REVIEW, partner_id)
    approve(each_world, 1, "labtime")
    with pytest.raises(UnpublishableError, match="belongs to another partner"):
        approve(each_world, 1, "rival")
    assert not see(each_world, "rival").is_approvable
    assert each_world.services.registry.clients["labtime-web"].client.partner_id == "labtime"


def test_the_store_takes_nothing_over_either(each_world: World) -> None:
    """Whoever gets past the look at the registry is stopped by the statements themselves, and nothing is left."""
    rival = edited(('partner_id = "labtime"', 'partner_id = "rival"'), text=NEWCOMER)
    for text in (NEWCOMER, rival):
        submit(each_world, text)
    for partner_id in ("labtime", "rival"):
        move(each_world, PartnerMove.REVIEW, partner_id)
    seen = see(each_world, "rival")
    planned = plan(each_world, seen)
    approve(each_world, 1, "labtime")
    assert not each_world.store(publish_manifests, planned)
    assert not each_world.store(publish_manifests, replace(planned, clients=()))
    again = see(each_world, "rival")
    assert (again.state, again.record.live_manifest) == (PartnerState.REVIEW, None)
    old = replace(planned, clients=(), offers=(replace(planned.offers[0], offer_id="practice-quizzes"),))
    assert not each_world.store(publish_manifests, old)


def test_a_version_that_stands_is_never_written_over(each_world: World) -> None:
    """P4: an approval of something older than what is live by now is refused whole."""
    submit(each_world, edited(("retention_days = 30", "retention_days = 20")))
    seen = see(each_world)
    planned = plan(each_world, seen)
    stale = replace(planned, offers=(replace(planned.offers[0], version=1),))
    assert not each_world.store(publish_manifests, stale)
    assert each_world.store(publish_manifests, planned)
    assert each_world.store(publish_manifests, planned), (
        "the same act again is the same act, not a second one"
    )
    assert [each.action for each in see(each_world).actions].count("approve_partner") == 1


def test_what_was_sent_back_meanwhile_is_not_approved(each_world: World) -> None:
    """Two administrators, one look each: the approval comes second and finds another state."""
    submit(each_world, NEWCOMER)
    move(each_world, PartnerMove.REVIEW, "labtime")
    seen = see(each_world, "labtime")
    planned = plan(each_world, seen)
    move(each_world, PartnerMove.RETURN, "labtime")
    assert not each_world.store(publish_manifests, planned)
    assert see(each_world, "labtime").state is PartnerState.DRAFT


def test_one_of_many_approvals_wins(each_world: World) -> None:
    submit(each_world, edited(("retention_days = 30", "retention_days = 20")))
    review = see(each_world).review
    assert review
    version, read = review.version, texts_read(each_world)

    async def race() -> list[Any]:
        who = Administrator(ACTOR)
        one = (approve_partner(each_world.services, who, "quizco", version, read=read) for _ in range(8))
        return await together(*one)

    outcomes = each_world.run(race)
    assert sum(not isinstance(each, BaseException) for each in outcomes) == 1
    assert {each.code for each in outcomes if isinstance(each, Refusal)} == {"stale_form"}
    see(each_world)
    assert each_world.services.registry.offers["practice-quizzes"].version == 2


def test_no_submission_is_lost_in_a_race(each_world: World) -> None:
    """Each of many manifests handed in at once is kept under a number of its own."""
    found = parse_manifest(NEWCOMER, file="file.toml", allow_loopback=True)
    content = partner_content(found.partner)

    async def race() -> list[Any]:
        return await together(
            *(
                each_world.services.store.run(
                    submit_manifests, Submission("labtime", content, f"content {n}", "cli", NOW)
                )
                for n in range(8)
            )
        )

    assert sorted(each_world.run(race)) == list(range(1, 9))
    (record,) = each_world.run(each_world.services.store.read, load_partners, "labtime")
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


def test_what_the_catalogue_denies_today_is_not_published(each_world: World) -> None:
    """P1: a manifest that was in order when it came, under an older catalogue, meets today's."""
    found = parse_manifest(QUIZCO, file="file.toml", allow_loopback=True)
    items = (replace(found.offers[0].items[0], purpose="advertising"), *found.offers[0].items[1:])
    old = replace(found, offers=(replace(found.offers[0], items=items),))
    kept = Submission("quizco", partner_content(old.partner), manifest_content(old), "cli", NOW)
    version = each_world.store(submit_manifests, kept)
    assert version
    with pytest.raises(UnpublishableError, match="name may not be released for advertising"):
        approve(each_world, version)
    assert each_world.signed_in("admin@platform.example").open("/admin/partners/quizco").status == 200


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


def test_the_brake_stops_everyone_at_the_next_request(each_world: World) -> None:
    token = each_world.tokens()["access_token"]
    assert each_world.userinfo(token).status_code == 200
    move(each_world, PartnerMove.PAUSE, reason=ReasonCode.SECURITY_INCIDENT)
    assert each_world.userinfo(token).json()["error"] == "consent_paused"
    assert see(each_world).moves == (PartnerMove.RESUME,)
    move(each_world, PartnerMove.RESUME)
    assert each_world.userinfo(token).status_code == 200
    acts = [(each.action, each.reason) for each in see(each_world).actions][-2:]
    assert acts == [("pause_partner", "security_incident"), ("resume_partner", None)]


def test_a_paused_partner_is_not_approved_into_service(each_world: World) -> None:
    """A newer manifest cannot lift the brake, and a review cannot be passed by resuming."""
    version = submit(each_world, edited(("retention_days = 30", "retention_days = 20")))
    move(each_world, PartnerMove.PAUSE, reason=ReasonCode.PARTNER_BREACH)
    assert not see(each_world).is_approvable
    assert code_of(approve, each_world, version) == "stale_form"
    submit(each_world, NEWCOMER)
    move(each_world, PartnerMove.REVIEW, "labtime")
    assert code_of(move, each_world, PartnerMove.RESUME, "labtime") == "stale_form"
    assert see(each_world, "labtime").state is PartnerState.REVIEW


def test_whoever_moves_second_is_told(each_world: World) -> None:
    async def race() -> list[Any]:
        return await together(
            *(
                move_partner(each_world.services, ACTOR, "quizco", PartnerMove.PAUSE, ReasonCode.LEGAL_ORDER)
                for _ in range(6)
            )
        )

    outcomes = each_world.run(race)
    assert outcomes.count(None) == 1
    assert {each.code for each in outcomes if each is not None} == {"stale_form"}
    assert len([each for each in see(each_world).actions if each.action == "pause_partner"]) == 1


def test_an_unknown_partner_is_not_found(world: World) -> None:
    assert code_of(see, world, "nobody") == "not_found"
    assert code_of(move, world, PartnerMove.PAUSE, "nobody") == "not_found"
    assert code_of(approve, world, 1, "nobody") == "not_found"


def test_nothing_goes_to_review_that_was_not_handed_in(each_world: World) -> None:
    """A partner in draft whose manifest was never kept has nothing to look at."""
    submit(each_world, NEWCOMER)

    def forget(connection: Connection, _: Any) -> list[None]:
        connection.execute(
            update(partner).where(partner.c.partner_id == "labtime").values(pending_manifest=None)
        )
        return [None]

    each_world.store(forget, None)
    assert see(each_world, "labtime").moves == ()


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


def test_a_new_secret_replaces_the_old_one_at_once(each_world: World) -> None:
    """Only a digest is kept; the act is on record without it."""
    code = each_world.approve()
    each_world.clock.pass_by(1)
    secret = each_world.run(new_client_secret, each_world.services, ACTOR, "quizco-web")
    assert secret.startswith("cg_cs_")
    assert (
        each_world.post("/token", {"grant_type": "authorization_code", "code": code}).json()["error"]
        == "invalid_client"
    )
    answer = each_world.post("/introspect", {"token": "unknown"}, secret=secret)
    assert answer.status_code == 200, answer.text
    assert secret != QUIZCO_SECRET
    last = see(each_world).actions[-1]
    assert (last.action, last.detail) == ("new_client_secret", {"client": "quizco-web"})


def test_only_a_client_with_a_secret_gets_one(world: World) -> None:
    assert code_of(world.run, new_client_secret, world.services, ACTOR, "nobody") == "not_found"
    assert code_of(world.run, new_client_secret, world.services, ACTOR, "campuspress-shop") == "not_found"


def test_a_secret_for_nobody_leaves_no_trace(each_world: World) -> None:
    """The store looks again: a client that went away gets neither a secret nor an act on record."""
    action = AdminAction("act_1", ACTOR, "new_client_secret", "partner", "quizco", NOW)
    before = each_world.services.registry.version
    assert not each_world.store(keep_secrets, NewSecret("nobody", b"digest", action))
    assert "new_client_secret" not in [each.action for each in see(each_world).actions]
    assert each_world.services.registry.version == before


def test_a_manifest_of_a_stranger_is_reviewed_against_nothing(world: World) -> None:
    """The registry knows nothing of the partner: nothing changed, everything is new."""
    submit(world, NEWCOMER)
    manifest = manifest_from_content(stored(world, "labtime"))
    review = review_manifest(1, manifest, Registry(version=0), {"lab-slots": 0})
    assert [(each.version, each.is_new, each.changes) for each in review.offers] == [(1, True, ())]
