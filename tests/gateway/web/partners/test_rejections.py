"""A newer manifest is rejected: what is live stays, the partner reads why, and it waits for nobody any more."""

from typing import Any

import pytest

from gateway.actions.partners.overview import see_partner
from gateway.actions.partners.rejections import reject_manifest
from gateway.actions.partners.submission import submit_manifest
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind, random_ids
from gateway.store.admin_actions import AdminAction
from gateway.store.letters import NewLetter
from gateway.store.partners.rejections import Rejection, reject_manifests
from tests.gateway.actions.partners.test_partners import NEWCOMER
from tests.gateway.store.samples import rows
from tests.gateway.web.administration.test_pages import as_, submit
from tests.gateway.web.partners.test_go_live import approve, with_two
from tests.world import World

LONGER = ("retention_days = 30", "retention_days = 60")
WHY = "Sixty days are more than the term lasts."


def code_of(world: World, partner_id: str, seen: int, why: str = WHY) -> str:
    with pytest.raises(Refusal) as refused:
        world.run(reject_manifest, world.services, "per_one", partner_id, seen, why)
    return refused.value.code


def test_what_is_live_stays_and_the_partner_reads_why(each_world: World) -> None:
    tokens = each_world.tokens()
    submit(each_world, LONGER)
    manager = as_(each_world, "manager")
    each_world.clock.pass_by(601)
    page = manager.open("/admin/partners/quizco")
    done = manager.submit(page, "/reject", {"why": WHY})
    assert f"Rejected: manifest 2: because: {WHY}" in done.text
    assert not [form for form in done.forms if form.action.endswith(("/approve", "/reject"))]
    assert "waits for somebody" not in manager.open("/admin").text
    record: Any = each_world.run(see_partner, each_world.services, "quizco").record
    assert (record.live_manifest, record.pending_manifest, record.state) == (1, None, "live")
    assert each_world.services.registry.offers["practice-quizzes"].version == 1
    assert each_world.refresh(tokens["refresh_token"]).status_code == 200
    (letter,) = [each for each in each_world.letters.letters if "was not approved" in each.subject]
    assert WHY in letter.text


def test_a_manifest_that_was_not_looked_at_is_not_rejected(each_world: World) -> None:
    """Nor one that waits for nobody, nor a newcomer's: that is returned to draft."""
    assert code_of(each_world, "quizco", 1) == "stale_form"
    submit(each_world, LONGER)
    submit(each_world, ("retention_days = 30", "retention_days = 50"))
    assert code_of(each_world, "quizco", 2) == "stale_form"
    each_world.run(submit_manifest, each_world.services, NEWCOMER, "labtime.toml", {}, "cli")
    assert code_of(each_world, "labtime", 1) == "stale_form"
    assert code_of(each_world, "nobody", 1) == "not_found"
    page = as_(each_world, "manager").open("/admin/partners/labtime")
    assert not [form for form in page.forms if form.action.endswith("/reject")]
    assert rows(each_world, "SELECT count(*) FROM letter WHERE kind = 'rejection'") == [(0,)]


@pytest.mark.parametrize("why", ["", "   ", "x" * 301, "a\x00b"])
def test_a_rejection_has_a_reason(world: World, why: str) -> None:
    submit(world, LONGER)
    assert code_of(world, "quizco", 2, why) == "bad_form"


def test_whoever_may_not_review_cannot_reject(world: World) -> None:
    submit(world, LONGER)
    auditor = as_(world, "auditor")
    page = auditor.open("/admin/partners/quizco")
    assert not [form for form in page.forms if form.action.endswith("/reject")]
    csrf = dict(page.form("/logout").fields)["csrf_token"]
    content = {"csrf_token": csrf, "manifest": "2", "why": WHY}
    assert auditor._client.post("/admin/partners/quizco/reject", data=content).status_code == 403


def test_a_yes_from_before_the_rejection_counts_no_more(each_world: World) -> None:
    submit(with_two(each_world), LONGER)
    assert approve(each_world, "manager") is None
    each_world.run(reject_manifest, each_world.services, "per_two", "quizco", 2, WHY)
    assert rows(each_world, "SELECT count(*) FROM waiting_act WHERE state = 'waiting'") == [(0,)]


def test_a_rejection_whose_commit_was_lost_is_one(each_world: World) -> None:
    submit(each_world, LONGER)
    action = AdminAction(
        random_ids(Kind.ACTION), "per_one", "reject_manifest", "partner", "quizco", each_world.clock()
    )
    no = Rejection("quizco", 2, NewLetter("let_no", "rejection", b"sealed", each_world.clock()), action)
    assert [each_world.store(reject_manifests, no) for _ in range(2)] == [True, True]
    said = "SELECT count(*) FROM admin_action WHERE action = 'reject_manifest'"
    assert rows(each_world, said) == [(1,)]
