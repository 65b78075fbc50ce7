"""Codes, tokens, pushed requests and assertions as operations over sets; races over HTTP stand in tests/races."""

from dataclasses import replace

import pytest

from gateway.store.consent.decisions import commit_decisions
from gateway.store.consent.grant_changes import commit_changes
from gateway.store.oauth.codes import Redemption, load_codes, redeem_codes
from gateway.store.oauth.requests import (
    LONGEST_SCREEN,
    Assertion,
    PushedRequest,
    load_requests,
    push_requests,
    use_assertions,
)
from gateway.store.oauth.tokens import (
    Revocation,
    Rotation,
    load_access_tokens,
    load_refresh_tokens,
    revoke_families,
    revoke_tokens,
    rotate_refresh_tokens,
)
from partners import PartnerState
from tests.gateway.store.consent.test_grants import stop
from tests.gateway.store.samples import (
    access_token,
    act,
    decision,
    refresh_token,
    rows,
    run_all,
)
from tests.world import NOW, World

AOIFE = "aoife@northfield.example"


@pytest.fixture
def two_codes(each_world: World) -> World:
    """Two people's grants, each with a code."""
    run_all(
        each_world,
        commit_decisions,
        [decision(each_world, "1", code=True), decision(each_world, "2", email=AOIFE, code=True)],
    )
    return each_world


def grant_of(world: World, name: str):
    held = world.store(load_codes, f"code {name}".encode())
    assert held is not None
    return held.grant


def redemption(world: World, name: str, *, number: int = 1, tokens: bool = True) -> Redemption:
    grant = grant_of(world, name)
    own = f"{name}{number}"
    return Redemption(
        f"code {name}".encode(), grant.grant_id, f"fam_{name}", f"red_{own}",
        access_token(own, grant, family=f"fam_{name}") if tokens else None,
        refresh_token(own, grant, family=f"fam_{name}") if tokens else None, NOW,
    )  # fmt: skip


def redeemed(world: World, name: str) -> None:
    assert world.store(redeem_codes, redemption(world, name)) is True


def test_codes_come_in_order_with_what_they_stand_on(two_codes: World) -> None:
    found = run_all(two_codes, load_codes, [b"code 2", b"?", b"code 1", b"code 2"])
    assert [each.grant.grant_id if each else None for each in found] == ["gra_2", None, "gra_1", "gra_2"]
    assert found[2] is not None
    assert found[2].person.person_id == two_codes.person_id()
    assert found[2].partner_state is PartnerState.LIVE
    assert {each.item.field for each in found[2].grant.items} == {"name", "email"}
    assert run_all(two_codes, load_codes, []) == []


def test_rfc6749_4_1_2_in_one_batch_too_a_code_works_once_and_a_replay_kills_what_it_brought(
    two_codes: World,
) -> None:
    """The first of two equal redemptions wins, the second is a replay; the neighbour is not touched."""
    first, second = redemption(two_codes, "1"), redemption(two_codes, "1", number=2)
    assert run_all(two_codes, redeem_codes, [first, redemption(two_codes, "2"), second]) == [
        True,
        True,
        False,
    ]
    found = run_all(two_codes, load_access_tokens, [b"at 11", b"at 12", b"at 21"])
    assert [each.token.revoked_at if each else "none" for each in found] == [NOW, "none", None]


def test_repeating_ones_own_redemption_after_a_lost_commit_wins_again(two_codes: World) -> None:
    mine = redemption(two_codes, "1")
    assert two_codes.store(redeem_codes, mine) is True
    assert two_codes.store(redeem_codes, mine) is True
    assert rows(two_codes, "SELECT count(*) FROM access_token") == [(1,)]
    assert rows(two_codes, "SELECT revoked_at FROM access_token") == [(None,)]


def test_a_code_whose_grant_ended_brings_nothing(two_codes: World) -> None:
    plan = redemption(two_codes, "1")
    two_codes.store(commit_changes, stop(grant_of(two_codes, "1"), "end"))
    assert run_all(two_codes, redeem_codes, [plan, redemption(two_codes, "2")]) == [False, True]
    assert rows(two_codes, "SELECT grant_id FROM access_token") == [("gra_2",)]


def test_a_misused_code_is_used_up_and_brings_nothing(two_codes: World) -> None:
    misuse = redemption(two_codes, "1", number=2, tokens=False)
    assert two_codes.store(redeem_codes, misuse) is False
    assert two_codes.store(redeem_codes, redemption(two_codes, "1")) is False
    assert rows(two_codes, "SELECT count(*) FROM access_token") == [(0,)]
    assert run_all(two_codes, redeem_codes, []) == []


def rotation(world: World, used: str, follows: str, *, tokens: bool = True, rotates: bool = True) -> Rotation:
    grant = grant_of(world, "1")
    return Rotation(
        f"rt {used}".encode(), "fam_1", refresh_token(follows, grant, family="fam_1") if rotates else None,
        access_token(follows, grant, family="fam_1") if tokens else None, NOW + 5,
    )  # fmt: skip


def test_rfc9700_4_14_2_who_rotates_within_the_grace_names_one_successor(two_codes: World) -> None:
    """Two equal rotations in one batch: both are answered, one successor stands, the first use is kept."""
    redeemed(two_codes, "1")
    plan = rotation(two_codes, "11", "next")
    late = replace(plan, at=NOW + 9)
    assert run_all(two_codes, rotate_refresh_tokens, [plan, plan]) == [True, True]
    assert two_codes.store(rotate_refresh_tokens, late) is True
    used, successor, unknown = run_all(two_codes, load_refresh_tokens, [b"rt 11", b"rt next", b"?"])
    assert used is not None
    assert successor is not None
    assert unknown is None
    assert (used.token.used_at, used.token.successor_digest, used.token.successor_used_at) == (
        NOW + 5,
        b"rt next",
        None,
    )
    two_codes.store(rotate_refresh_tokens, rotation(two_codes, "next", "third"))
    again = two_codes.store(load_refresh_tokens, b"rt 11")
    assert again is not None
    assert again.token.successor_used_at == NOW + 5


def test_a_token_that_does_not_rotate_keeps_no_successor(two_codes: World) -> None:
    redeemed(two_codes, "1")
    assert two_codes.store(rotate_refresh_tokens, rotation(two_codes, "11", "x", rotates=False)) is True
    found = two_codes.store(load_refresh_tokens, b"rt 11")
    assert found is not None
    assert found.token.successor_digest is None
    assert two_codes.store(load_refresh_tokens, b"rt x") is None
    assert two_codes.store(load_access_tokens, b"at x") is not None


def test_a_replayed_refresh_token_kills_its_family_and_nobody_elses(two_codes: World) -> None:
    redeemed(two_codes, "1")
    redeemed(two_codes, "2")
    replay = rotation(two_codes, "11", "x", tokens=False)
    dead = rotation(two_codes, "11", "y")
    assert two_codes.store(rotate_refresh_tokens, replay) is False
    assert run_all(two_codes, rotate_refresh_tokens, [dead]) == [False]
    assert two_codes.store(load_access_tokens, b"at y") is None
    found = run_all(two_codes, load_access_tokens, [b"at 11", b"at 21"])
    assert [each.token.revoked_at for each in found if each] == [NOW + 5, None]
    assert run_all(two_codes, rotate_refresh_tokens, []) == []


def test_rfc7009_2_a_partner_gives_back_what_it_holds_and_nothing_else(two_codes: World) -> None:
    """An access token alone, a refresh token with its family, somebody else's not at all; twice is no error."""
    for name in "12":
        redeemed(two_codes, name)
    own = [Revocation(digest, "quizco-web", NOW + 3) for digest in (b"at 11", b"rt 21", b"?", b"at 11")]
    foreign = Revocation(b"at 21", "campuspress-shop", NOW + 3)
    foreign_refresh = Revocation(b"rt 11", "campuspress-shop", NOW + 3)
    outcomes = run_all(two_codes, revoke_tokens, [foreign, foreign_refresh, own[0], own[2], own[3]])
    assert outcomes == [False, False, True, False, True]
    access = run_all(two_codes, load_access_tokens, [b"at 11", b"at 21"])
    refresh = run_all(two_codes, load_refresh_tokens, [b"rt 11", b"rt 21"])
    assert [each.token.revoked_at for each in (*access, *refresh) if each] == [NOW + 3, None, None, None]
    later = replace(own[0], at=NOW + 9)
    assert two_codes.store(revoke_tokens, own[1]) is True
    assert two_codes.store(revoke_tokens, later) is True
    access = run_all(two_codes, load_access_tokens, [b"at 11", b"at 21"])
    refresh = run_all(two_codes, load_refresh_tokens, [b"rt 11", b"rt 21"])
    assert [each.token.revoked_at for each in (*access, *refresh) if each] == [
        NOW + 3,
        NOW + 3,
        None,
        NOW + 3,
    ]


def test_nothing_to_revoke_is_nothing_to_do(each_world: World) -> None:
    def none(connection, items):
        revoke_families(connection, {})
        return items

    assert each_world.store(none, None) is None


def request(name: str, at: int = NOW) -> PushedRequest:
    return PushedRequest(name.encode(), "quizco-web", b"sealed", at, at + 300)


def test_pushed_requests_are_kept_as_long_as_a_screen_can_wait_beyond_their_end(each_world: World) -> None:
    """RFC 9126 §2.2: unknown and long expired look alike."""
    assert (
        run_all(each_world, push_requests, [request("a"), request("b"), request("a", NOW + 1)]) == [None] * 3
    )
    assert run_all(each_world, load_requests, [b"b", b"?", b"a"]) == [request("b"), None, request("a")]
    each_world.store(push_requests, request("c", NOW + 300 + LONGEST_SCREEN))
    assert each_world.store(load_requests, b"a") is not None
    each_world.store(push_requests, request("d", NOW + 300 + LONGEST_SCREEN + 1))
    assert run_all(each_world, load_requests, [b"a", b"b"]) == [None, None]


def test_rfc7523_3_an_assertion_works_once_per_client(each_world: World) -> None:
    """Also twice within one batch; the memory outlives every assertion that could come again."""
    one = Assertion("quizco-web", b"jti", NOW + 60, NOW)
    other = replace(one, client_id="campuspress-shop")
    assert run_all(each_world, use_assertions, [one, other, one]) == [True, True, False]
    assert each_world.store(use_assertions, replace(one, at=NOW + 60)) is False
    each_world.store(use_assertions, replace(one, jti_digest=b"x", at=NOW + 60 + 3600, expires_at=NOW + 9999))
    assert each_world.store(use_assertions, one) is False
    each_world.store(use_assertions, replace(one, jti_digest=b"y", at=NOW + 60 + 3601, expires_at=NOW + 9999))
    assert rows(each_world, "SELECT count(*) FROM client_assertion WHERE jti_digest = :d", d=b"jti") == [(0,)]


def test_a_paused_partner_is_told_with_every_token(two_codes: World) -> None:
    redeemed(two_codes, "1")
    act(two_codes, "UPDATE partner SET state = 'paused' WHERE partner_id = 'quizco'")
    for operation, digest in (
        (load_codes, b"code 1"),
        (load_access_tokens, b"at 11"),
        (load_refresh_tokens, b"rt 11"),
    ):
        held = two_codes.store(operation, digest)
        assert held is not None
        assert held.partner_state is PartnerState.PAUSED
