"""What seldom happens: pages of links, somebody who was quicker, an act that was committed without an answer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from gateway.actions.administration.people_import import ImportReport
from gateway.actions.authentication import password_change
from gateway.actions.authentication.sessions import find_session
from gateway.actions.guardians import ages, unlinking
from gateway.actions.guardians import requests as guardians
from gateway.actions.guardians.pairs import Linking
from gateway.cli.accounts.people import _print_report
from gateway.kit.errors import Refusal
from gateway.kit.secrets.key_ring import KeyRingError, change_key_ring
from gateway.store.accounts.new_accounts import NewPerson, _insert
from gateway.store.admin_actions import AdminAction, append_actions
from gateway.store.guardians.links import load_links
from gateway.store.guardians.proposals import ProposalQuery, list_proposals
from gateway.store.waiting import SecondApproval, SecondVerdict, approving
from gateway.web.authentication import second_factors
from gateway.web.pages.visit import COOKIE
from tests.gateway.store.accounts.test_people import person
from tests.gateway.web.guardians.test_requests import LAKSHMI, MEERA, allow, wish
from tests.world import NOW, PASSWORD, World


def test_p9_links_are_looked_at_page_by_page(each_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ages, "PAGE", 1)
    assert each_world.run(ages.look_at_links, each_world.services) is None


def test_no_link_is_none(each_world: World) -> None:
    pair = (each_world.person_id("asha@lakeside.example"), each_world.person_id("ben@lakeside.example"))
    assert each_world.store(load_links, pair) is None


def test_a_link_that_ended_in_the_same_moment_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unlinking, "load_links", lambda connection, pairs: [None] * len(pairs))
    linking = Linking("cli", None, MEERA, LAKSHMI)
    with pytest.raises(Refusal, match="change too often"):
        world.run(unlinking.unlink_guardian, world.services, linking)


def test_a_password_is_not_changed_by_a_session_that_ended_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = world.signed_in()
    session = world.run(find_session, world.services, browser._client.cookies[COOKIE])
    monkeypatch.setattr(
        password_change, "change_passwords", lambda connection, changes: [None] * len(changes)
    )
    with pytest.raises(Refusal, match="ended in the meantime"):
        world.run(password_change.change_password, world.services, session, PASSWORD + " anew")


def test_pages_of_proposals_go_on_before_the_last_one(each_world: World) -> None:
    assert each_world.store(list_proposals, ProposalQuery(None, (1, "pro_x"), 10)) == []


def test_an_account_is_inserted_once(each_world: World) -> None:
    def insert(connection: Connection, people: Sequence[NewPerson]) -> list[bool]:
        return [_insert(connection, each, each.login_index) for each in people]

    assert each_world.store(insert, person("a"))
    assert not each_world.store(insert, person("a"))


def test_an_approval_whose_commit_was_not_answered_is_done(each_world: World) -> None:
    record = AdminAction("act_x", "per_x", "approve_as_second", "partner", "quizco", NOW)
    each_world.store(append_actions, record)
    approval = SecondApproval("wai_x", "", (), (), record)
    assert each_world.store(approving(append_actions), (approval, record)) is SecondVerdict.DONE


def test_a_ring_in_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(KeyRingError):
        change_key_ring(tmp_path / "nowhere" / "ring.json", lambda ring: ring)


def test_the_report_counts_administrators_who_wait_to_be_guardians(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = ImportReport()
    waiting: Any = object()
    report.to_second.append(waiting)
    _print_report(report)
    assert "1 guardians who are administrators" in " ".join(capsys.readouterr().out.split())


def test_whoever_has_a_factor_is_led_on_and_whoever_signed_in_long_ago_signs_in_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = world.signed_in("admin@platform.example")

    async def has_one(*_: object) -> bool:
        return False

    with monkeypatch.context() as patch:
        patch.setattr(second_factors, "lacks_factor", has_one)
        assert "/second-factor" not in browser._client.get("/second-factor").headers["location"]
    world.clock.pass_by(700)
    assert browser._client.get("/second-factor").headers["location"].startswith("/reauthenticate")


def test_p9_a_yes_of_somebody_who_may_not_answer_any_more_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish(world)

    async def unfit(*_: object, **__: object) -> str:
        return "no"

    monkeypatch.setattr(guardians, "why_unfit", unfit)
    assert allow(world).status == 403


def test_a_revocation_without_a_token_is_told_what_is_missing(each_world: World) -> None:
    assert each_world.post("/revoke", {}).json()["error"] == "invalid_request"
