"""Accounts, invitations, credentials and guardians as the store keeps them."""

from dataclasses import replace

import pytest

from gateway.actions.sessions import login_index
from gateway.kit.sealing import WrappedKey
from gateway.store.people import (
    Acceptance,
    Guardianship,
    NewInvitation,
    NewPassword,
    NewPerson,
    Organisation,
    PeopleQuery,
    Renewal,
    accept_invitations,
    add_organisations,
    add_people,
    find_people,
    keep_passwords,
    link_guardians,
    list_people,
    load_invitations,
    load_logins,
    load_logins_of,
    load_organisations,
    renew_invitations,
)
from tests.gateway.store.samples import act, one_after_the_other, rows, run_all
from tests.world import NOW, World


def person(name: str, *, organisation: str = "lakeside", at: int = NOW, invited: bool = True) -> NewPerson:
    invitation = NewInvitation(f"inv {name}".encode(), "per_admin", at, at + 100)
    return NewPerson(
        person_id=f"per_{name}", organisation_id=organisation, role="student", language="en",
        login_index=f"login {name}".encode(), key=WrappedKey("m1", b"k"), fields={"name": b"n", "email": b"e"},
        created_at=at, invitation=invitation if invited else None,
    )  # fmt: skip


def test_an_organisation_is_added_once(both: World) -> None:
    new = Organisation("hilltop", "Hilltop", "US", NOW)
    assert run_all(both, add_organisations, [new, new, Organisation("lakeside", "Other", "US", 1)]) == [
        True,
        False,
        False,
    ]
    found = {each.organisation_id: each for each in both.store(load_organisations, None)}
    assert found["hilltop"] == new
    assert found["lakeside"].name == "Lakeside College"


def test_an_account_is_made_once_per_login_whole_or_not_at_all(both: World) -> None:
    again = replace(person("b"), login_index=b"login a")
    assert run_all(both, add_people, [person("a"), again, person("c", invited=False)]) == [True, False, True]
    assert rows(both, "SELECT count(*) FROM person_key WHERE person_id = 'per_b'") == [(0,)]
    assert rows(both, "SELECT field, source FROM person_field WHERE person_id = 'per_a' ORDER BY field") == [
        ("email", "school"),
        ("name", "school"),
    ]
    assert [each is None for each in run_all(both, load_invitations, [b"inv a", b"inv b", b"inv c"])] == [
        False,
        True,
        True,
    ]


def test_making_the_same_account_again_after_a_lost_commit_is_no_refusal(both: World) -> None:
    assert both.store(add_people, person("a")) is True
    assert both.store(add_people, person("a")) is True
    assert rows(both, "SELECT count(*) FROM person WHERE person_id = 'per_a'") == [(1,)]


def test_logins_come_in_order_and_unknown_ones_are_none(both: World) -> None:
    both.store(add_people, person("a"))
    asha = login_index(both.services, "asha@lakeside.example")
    found = run_all(both, load_logins, [b"login a", b"?", asha, b"login a"])
    assert [each.person.person_id if each else None for each in found] == [
        "per_a",
        None,
        both.person_id(),
        "per_a",
    ]
    assert found[0] is not None
    assert found[0].password_hash is None
    assert found[2] is not None
    assert str(found[2].password_hash).startswith("$argon2id$")
    assert run_all(both, find_people, [b"?", b"login a"]) == [None, "per_a"]
    assert [each.person.person_id for each in run_all(both, load_logins_of, ["per_a", "per_a"])] == [
        "per_a"
    ] * 2


def test_an_invitation_is_used_once_and_sets_the_password(both: World) -> None:
    both.store(add_people, person("a"))
    acceptances = [
        Acceptance(b"inv a", NewPassword("per_a", f"hash {number}", NOW + 1)) for number in range(2)
    ]
    unknown = Acceptance(b"unknown", NewPassword("per_a", "hash 9", NOW))
    assert run_all(both, accept_invitations, [unknown, *acceptances]) == [False, True, False]
    assert both.store(load_invitations, b"inv a") is None
    (found,) = run_all(both, load_logins_of, ["per_a"])
    assert (found.password_hash, str(found.person.state)) == ("hash 0", "active")
    # The same acceptance, repeated after a lost commit.
    assert both.store(accept_invitations, acceptances[0]) is True


def test_two_who_race_with_one_invitation_set_one_password(both: World) -> None:
    both.store(add_people, person("a"))
    first, second = (Acceptance(b"inv a", NewPassword("per_a", f"hash {n}", NOW)) for n in range(2))
    assert one_after_the_other(both, accept_invitations, first, second) == (True, False)
    assert run_all(both, load_logins_of, ["per_a"])[0].password_hash == "hash 0"


@pytest.mark.parametrize(("at", "works"), [(NOW + 99, True), (NOW + 100, False)])
def test_an_invitation_works_up_to_the_second_before_it_expires(both: World, at: int, works: bool) -> None:
    both.store(add_people, person("a"))
    assert both.store(accept_invitations, Acceptance(b"inv a", NewPassword("per_a", "h", at))) is works


def test_inviting_again_ends_the_older_invitations(both: World) -> None:
    run_all(both, add_people, [person("a"), person("b")])
    fresh = NewInvitation(b"inv a2", "per_admin", NOW, NOW + 100)
    renewals = [
        Renewal("per_a", "northfield", fresh),
        Renewal("per_a", "lakeside", fresh),
        Renewal("per_a", None, fresh),
        Renewal("per_nobody", None, fresh),
        Renewal(both.person_id(), None, fresh),
    ]
    assert run_all(both, renew_invitations, renewals) == [False, True, True, False, False]
    found = run_all(both, load_invitations, [b"inv a", b"inv a2", b"inv b"])
    assert [each is None for each in found] == [True, False, False]


def test_of_two_passwords_the_later_one_counts(both: World) -> None:
    """Neither of two writers at once is dropped silently."""
    asha = both.person_id()
    one_after_the_other(
        both, keep_passwords, NewPassword(asha, "hash 1", NOW), NewPassword(asha, "hash 2", NOW + 1)
    )
    assert run_all(both, load_logins_of, [asha])[0].password_hash == "hash 2"


def test_a_password_opens_an_invited_account_and_no_closed_one(both: World) -> None:
    run_all(both, add_people, [person("a"), person("b")])
    act(both, "UPDATE person SET state = 'closed' WHERE person_id = 'per_b'")
    run_all(both, keep_passwords, [NewPassword("per_b", "h", NOW), NewPassword("per_a", "h", NOW)])
    assert [str(each.person.state) for each in run_all(both, load_logins_of, ["per_a", "per_b"])] == [
        "active",
        "closed",
    ]


def link(child: bytes, guardian: bytes, organisation: str = "lakeside") -> Guardianship:
    return Guardianship(organisation, child, guardian, "digital_locker", "DL-2", NOW)


def test_a_guardian_is_linked_once_to_a_child_of_the_same_school_only(both: World) -> None:
    """Promise P9: a school cannot appoint a guardian for another school's child, nor anybody for themselves."""
    run_all(both, add_people, [person("child"), person("parent"), person("other", organisation="northfield")])
    child, parent, other = b"login child", b"login parent", b"login other"
    links = [
        link(child, parent),
        link(child, parent),
        link(child, b"?"),
        link(b"?", parent),
        link(child, child),
        link(other, parent),
        link(other, parent, "northfield"),
    ]
    assert run_all(both, link_guardians, links) == [True, False, False, False, False, False, True]
    linked = rows(
        both, "SELECT child_id FROM guardian_link WHERE guardian_id = 'per_parent' ORDER BY child_id"
    )
    assert linked == [("per_child",), ("per_other",)]
    assert run_all(both, link_guardians, []) == []


def test_accounts_are_paged_newest_first_also_where_times_are_equal(both: World) -> None:
    new = [person(f"{number}", organisation="northfield", at=NOW + number // 3) for number in range(7)]
    run_all(both, add_people, new)
    seen: list[str] = []
    before: tuple[int, str] | None = None
    while True:
        page = both.store(list_people, PeopleQuery("northfield", before, limit=2))
        if not page:
            break
        seen += [line.person.person_id for line in page]
        before = (page[-1].created_at, page[-1].person.person_id)
    aoife = both.person_id("aoife@northfield.example")
    assert seen[0] == "per_6"
    assert set(seen) == {each.person_id for each in new} | {aoife}
    assert len(set(seen)) == len(seen) == 8
    assert seen.index("per_5") < seen.index("per_4") < seen.index("per_3") < seen.index("per_2")


def test_the_list_says_until_when_somebody_is_invited(both: World) -> None:
    run_all(both, add_people, [person("a"), person("b", invited=False)])
    lines = {line.person.person_id: line for line in both.store(list_people, PeopleQuery(limit=500))}
    assert (lines["per_a"].invited_until, lines["per_b"].invited_until) == (NOW + 100, None)
    assert lines[both.person_id("aoife@northfield.example")].person.organisation_id == "northfield"
