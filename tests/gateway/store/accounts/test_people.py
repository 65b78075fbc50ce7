"""Accounts, invitations and credentials as the store keeps them."""

from dataclasses import replace

import pytest

from gateway.actions.authentication.sessions import login_index
from gateway.kit.secrets.sealing import WrappedKey
from gateway.store.accounts.invitations import (
    Acceptance,
    InvitationRenewal,
    NewInvitation,
    accept_invitations,
    load_invitations,
    renew_invitations,
)
from gateway.store.accounts.logins import find_people, load_logins, load_logins_of
from gateway.store.accounts.new_accounts import Added, NewPerson, add_people
from gateway.store.accounts.organisations import Organisation, add_organisations, load_organisations
from gateway.store.accounts.passwords import NewPassword, keep_passwords
from gateway.store.accounts.people import PeopleQuery, list_people
from tests.gateway.store.samples import act, one_after_the_other, rows, run_all
from tests.world import NOW, World


def person(name: str, *, organisation: str = "lakeside", at: int = NOW, invited: bool = True) -> NewPerson:
    invitation = NewInvitation(f"inv {name}".encode(), "per_admin", at, at + 100)
    return NewPerson(
        person_id=f"per_{name}", organisation_id=organisation, role="student", language="en",
        login_index=f"login {name}".encode(), key=WrappedKey("m1", b"k"), fields={"name": b"n", "email": b"e"},
        created_at=at, invitation=invitation if invited else None,
    )  # fmt: skip


def test_an_organisation_is_added_once(each_world: World) -> None:
    new = Organisation("hilltop", "Hilltop", "US", NOW)
    assert run_all(each_world, add_organisations, [new, new, Organisation("lakeside", "Other", "US", 1)]) == [
        True,
        False,
        False,
    ]
    found = {each.organisation_id: each for each in each_world.store(load_organisations, None)}
    assert found["hilltop"] == new
    assert found["lakeside"].name == "Lakeside College"


def test_an_address_of_another_organisation_is_stood_in_for(each_world: World) -> None:
    """In the same steps as a new one; without an index to stand in by, nothing is made."""
    run_all(each_world, add_people, [person("a")])
    other = replace(person("b", organisation="northfield"), login_index=b"login a")
    standing = replace(other, stand_in_index=b"b stands in")
    again = replace(standing, person_id="per_c")
    assert run_all(each_world, add_people, [other, standing, standing, again]) == [
        Added.ELSEWHERE,
        Added.STOOD_IN,
        Added.STOOD_IN,
        Added.KNOWN,
    ]
    assert rows(each_world, "SELECT login_index FROM person WHERE person_id = 'per_b'") == [(b"b stands in",)]


def test_an_account_is_made_once_per_login_whole_or_not_at_all(each_world: World) -> None:
    again = replace(person("b"), login_index=b"login a")
    outcomes = run_all(each_world, add_people, [person("a"), again, person("c", invited=False)])
    assert outcomes == [Added.MADE, Added.KNOWN, Added.MADE]
    assert rows(each_world, "SELECT count(*) FROM person_key WHERE person_id = 'per_b'") == [(0,)]
    assert rows(
        each_world, "SELECT field, source FROM person_field WHERE person_id = 'per_a' ORDER BY field"
    ) == [
        ("email", "school"),
        ("name", "school"),
    ]
    assert [
        each is None for each in run_all(each_world, load_invitations, [b"inv a", b"inv b", b"inv c"])
    ] == [
        False,
        True,
        True,
    ]


def test_making_the_same_account_again_after_a_lost_commit_is_no_refusal(each_world: World) -> None:
    assert each_world.store(add_people, person("a")) is Added.MADE
    assert each_world.store(add_people, person("a")) is Added.MADE
    assert rows(each_world, "SELECT count(*) FROM person WHERE person_id = 'per_a'") == [(1,)]


def test_logins_come_in_order_and_unknown_ones_are_none(each_world: World) -> None:
    each_world.store(add_people, person("a"))
    asha = login_index(each_world.services, "asha@lakeside.example")
    found = run_all(each_world, load_logins, [b"login a", b"?", asha, b"login a"])
    assert [each.person.person_id if each else None for each in found] == [
        "per_a",
        None,
        each_world.person_id(),
        "per_a",
    ]
    assert found[0] is not None
    assert found[0].password_hash is None
    assert found[2] is not None
    assert str(found[2].password_hash).startswith("$argon2id$")
    assert run_all(each_world, find_people, [b"?", b"login a"]) == [None, "per_a"]
    assert [each.person.person_id for each in run_all(each_world, load_logins_of, ["per_a", "per_a"])] == [
        "per_a"
    ] * 2


def test_an_invitation_is_used_once_and_sets_the_password(each_world: World) -> None:
    each_world.store(add_people, person("a"))
    acceptances = [
        Acceptance(b"inv a", NewPassword("per_a", f"hash {number}", NOW + 1)) for number in range(2)
    ]
    unknown = Acceptance(b"unknown", NewPassword("per_a", "hash 9", NOW))
    assert run_all(each_world, accept_invitations, [unknown, *acceptances]) == [False, True, False]
    assert each_world.store(load_invitations, b"inv a") is None
    (found,) = run_all(each_world, load_logins_of, ["per_a"])
    assert (found.password_hash, str(found.person.state)) == ("hash 0", "active")
    # The same acceptance, repeated after a lost commit.
    assert each_world.store(accept_invitations, acceptances[0]) is True


def test_two_who_race_with_one_invitation_set_one_password(each_world: World) -> None:
    each_world.store(add_people, person("a"))
    first, second = (Acceptance(b"inv a", NewPassword("per_a", f"hash {n}", NOW)) for n in range(2))
    assert one_after_the_other(each_world, accept_invitations, first, second) == (True, False)
    assert run_all(each_world, load_logins_of, ["per_a"])[0].password_hash == "hash 0"


@pytest.mark.parametrize(("at", "works"), [(NOW + 99, True), (NOW + 100, False)])
def test_an_invitation_works_up_to_the_second_before_it_expires(
    each_world: World, at: int, works: bool
) -> None:
    each_world.store(add_people, person("a"))
    assert each_world.store(accept_invitations, Acceptance(b"inv a", NewPassword("per_a", "h", at))) is works


def test_inviting_again_ends_the_older_invitations(each_world: World) -> None:
    run_all(each_world, add_people, [person("a"), person("b")])
    fresh = NewInvitation(b"inv a2", "per_admin", NOW, NOW + 100)
    renewals = [
        InvitationRenewal("per_a", "northfield", fresh),
        InvitationRenewal("per_a", "lakeside", fresh),
        InvitationRenewal("per_a", None, fresh),
        InvitationRenewal("per_nobody", None, fresh),
        InvitationRenewal(each_world.person_id(), None, fresh),
    ]
    assert run_all(each_world, renew_invitations, renewals) == [False, True, True, False, False]
    found = run_all(each_world, load_invitations, [b"inv a", b"inv a2", b"inv b"])
    assert [each is None for each in found] == [True, False, False]


def test_of_two_passwords_the_later_one_counts(each_world: World) -> None:
    """Neither of two writers at once is dropped silently."""
    asha = each_world.person_id()
    one_after_the_other(
        each_world, keep_passwords, NewPassword(asha, "hash 1", NOW), NewPassword(asha, "hash 2", NOW + 1)
    )
    assert run_all(each_world, load_logins_of, [asha])[0].password_hash == "hash 2"


def test_a_password_opens_an_invited_account_and_no_closed_one(each_world: World) -> None:
    run_all(each_world, add_people, [person("a"), person("b")])
    act(each_world, "UPDATE person SET state = 'closed' WHERE person_id = 'per_b'")
    run_all(each_world, keep_passwords, [NewPassword("per_b", "h", NOW), NewPassword("per_a", "h", NOW)])
    assert [str(each.person.state) for each in run_all(each_world, load_logins_of, ["per_a", "per_b"])] == [
        "active",
        "closed",
    ]


def test_accounts_are_paged_newest_first_also_where_times_are_equal(each_world: World) -> None:
    new = [person(f"{number}", organisation="northfield", at=NOW + number // 3) for number in range(7)]
    run_all(each_world, add_people, new)
    seen: list[str] = []
    before: tuple[int, str] | None = None
    while True:
        page = each_world.store(list_people, PeopleQuery("northfield", before, limit=2))
        if not page:
            break
        seen += [line.person.person_id for line in page]
        before = (page[-1].created_at, page[-1].person.person_id)
    aoife = each_world.person_id("aoife@northfield.example")
    assert seen[0] == "per_6"
    assert sorted(seen) == sorted([*(each.person_id for each in new), aoife])
    assert seen.index("per_5") < seen.index("per_4") < seen.index("per_3") < seen.index("per_2")


def test_the_list_says_until_when_somebody_is_invited(each_world: World) -> None:
    run_all(each_world, add_people, [person("a"), person("b", invited=False)])
    lines = {line.person.person_id: line for line in each_world.store(list_people, PeopleQuery(limit=500))}
    assert (lines["per_a"].invited_until, lines["per_b"].invited_until) == (NOW + 100, None)
    assert lines[each_world.person_id("aoife@northfield.example")].person.organisation_id == "northfield"
