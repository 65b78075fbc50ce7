"""A second administrator's yes to a guardian against another yes, a no, an end and the end of its time (promise P9)."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.actions.accounts.erasure import erase_person
from gateway.actions.administration.waiting_kinds import approve_act, let_run_out
from gateway.actions.guardians.naming import propose_guardian
from gateway.actions.guardians.pairs import Linking
from gateway.actions.guardians.unlinking import unlink_guardian
from gateway.model.administration.waiting import Administrator, WaitingAct
from tests.gateway.store.samples import act
from tests.races.crowd import Cluster
from tests.races.test_waiting import WEEK, approving, of, race
from tests.world import World

MEERA, BEN = "meera@lakeside.example", "ben@lakeside.example"
OPEN = "is_seconded AND state = 'open'"
PROPOSED = "action = 'propose_guardian' AND detail LIKE '%request%'"


def asked(cluster: Cluster) -> WaitingAct:
    """Let the command line name a guardian who administers the child's school."""
    one = cluster.one
    act(one, "UPDATE person SET role = 'school_admin' WHERE person_id = :id", id=one.person_id(BEN))
    found = one.run(propose_guardian, one.services, linking(), "documents", "File 7")
    assert isinstance(found, WaitingAct)
    return found


def linking() -> Linking:
    return Linking("cli:alice", None, MEERA, BEN)


def test_two_second_administrators_at_once_ask_the_guardian_once(cluster: Cluster) -> None:
    request = asked(cluster)
    act(
        cluster.one,
        "UPDATE person SET role = 'platform_admin' WHERE person_id = :id",
        id=cluster.one.person_id("officer@platform.example"),
    )
    pair = [approving(request, of(cluster.one, name)) for name in ("admin", "officer")]
    assert race(cluster, *pair * 4).count("stale_form") == 7
    assert cluster.count("guardian_proposal", OPEN) == 1
    assert cluster.count("admin_action", PROPOSED) == 1
    assert cluster.count("waiting_act", "state = 'approved' AND sealed IS NULL") == 1


@pytest.mark.parametrize("other", ["unlink", "expire", "erase_guardian", "erase_child", "name_again"])
def test_an_approval_against_whatever_ends_it(cluster: Cluster, other: str) -> None:
    """Either it was agreed and the question was made, or nothing was; what an end met is over afterwards."""
    request, admin = asked(cluster), of(cluster.one, "admin")
    if other == "expire":
        # The approver's clock is behind that of the node that sweeps.
        cluster.other.clock.pass_by(WEEK if cluster.other is not cluster.one else WEEK - 1)
    ends: dict[str, Callable[[World], Any]] = {
        "unlink": lambda node: unlink_guardian(node.services, linking()),
        "expire": lambda node: let_run_out(node.services),
        "erase_guardian": lambda node: erase_person(node.services, "cli", BEN),
        "erase_child": lambda node: erase_person(node.services, "cli", MEERA),
        "name_again": lambda node: propose_guardian(node.services, linking(), "documents", "File 8"),
    }
    answers = race(cluster, approving(request, admin), ends[other], approving(request, admin))
    approved = cluster.count("waiting_act", "state = 'approved'")
    assert cluster.count("admin_action", "action = 'approve_as_second'") == approved
    assert cluster.count("admin_action", PROPOSED) == approved
    withdrawn = cluster.count("admin_action", "action = 'withdraw_guardian'")
    opened = cluster.count("guardian_proposal", OPEN)
    if other.startswith("erase"):
        assert opened == 0
        assert cluster.count("waiting_act", "state = 'waiting' OR sealed IS NOT NULL") == 0
    else:
        assert opened == approved - withdrawn, answers


def test_named_at_once_by_many_it_waits_once(cluster: Cluster) -> None:
    one = cluster.one
    act(one, "UPDATE person SET role = 'school_admin' WHERE person_id = :id", id=one.person_id(BEN))
    naming = [lambda node: propose_guardian(node.services, linking(), "documents", "File 7")] * 6
    answers = race(cluster, *naming)
    assert sum(isinstance(each, WaitingAct) for each in answers) == 1
    assert all(each.stands for each in answers if not isinstance(each, WaitingAct))
    assert cluster.count("waiting_act") == 1


def test_what_was_asked_for_is_not_agreed_to_by_its_own_side(cluster: Cluster) -> None:
    request = asked(cluster)
    answers = race(
        cluster,
        *[
            lambda node: approve_act(
                node.services, Administrator("cli:bob"), request.act_id, request.content_digest
            )
        ]
        * 4,
    )
    assert set(answers) == {"not_allowed"}
    assert cluster.count("guardian_proposal", OPEN) == 0
