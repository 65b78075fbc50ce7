"""Sealed profiles: reading in order, editing whole, rewrapping keys."""

import pytest

from gateway.kit.secrets.sealing import WrappedKey
from gateway.store.accounts.profile_edits import (
    ProfileEdit,
    Rewrap,
    edit_profiles,
    keys_under_old_masters,
    rewrap_keys,
)
from gateway.store.profiles import load_profiles
from tests.gateway.store.samples import act, one_after_the_other, rows, run_all
from tests.world import NOW, World


def test_profiles_come_in_order_with_where_each_field_came_from(each_world: World) -> None:
    asha, ben = each_world.person_id(), each_world.person_id("ben@lakeside.example")
    found = run_all(each_world, load_profiles, [ben, asha, ben])
    assert [each.person_id for each in found] == [ben, asha, ben]
    assert (found[1].organisation, found[1].role) == ("Lakeside College", "student")
    assert {field.source for field in found[1].fields.values()} == {"school"}
    assert set(found[0].fields) == {"name", "email"}
    with pytest.raises(KeyError):
        each_world.store(load_profiles, "per_nobody")


def test_an_erased_person_has_no_key_any_more(each_world: World) -> None:
    asha = each_world.person_id()
    act(each_world, "DELETE FROM person_key WHERE person_id = :id", id=asha)
    assert each_world.store(load_profiles, asha).wrapped is None


def test_an_edit_replaces_adds_and_removes_and_leaves_the_rest(each_world: World) -> None:
    asha, ben = each_world.person_id(), each_world.person_id("ben@lakeside.example")
    before = each_world.store(load_profiles, asha)
    edits = [
        ProfileEdit(asha, {"phone_number": b"new", "address": None, "locale": b"hi"}, "self", NOW + 5),
        ProfileEdit(ben, {}, "self", NOW + 5),
    ]
    assert run_all(each_world, edit_profiles, edits) == [None, None]
    after = each_world.store(load_profiles, asha)
    assert set(after.fields) == set(before.fields) - {"address"}
    assert after.fields["name"] == before.fields["name"]
    changed = after.fields["phone_number"]
    assert (changed.sealed, changed.source, changed.verified_at, changed.changed_at) == (
        b"new",
        "self",
        None,
        NOW + 5,
    )


@pytest.mark.parametrize("later", [b"later", None])
def test_of_two_edits_at_once_the_later_one_counts(each_world: World, later: bytes | None) -> None:
    """Who was told "Saved." finds it saved: a removal that comes second removes what came first."""
    asha = each_world.person_id()
    one_after_the_other(
        each_world,
        edit_profiles,
        ProfileEdit(asha, {"phone_number": b"first"}, "self", NOW),
        ProfileEdit(asha, {"phone_number": later}, "self", NOW + 1),
    )
    found = each_world.store(load_profiles, asha).fields.get("phone_number")
    assert (found.sealed if found else None) == later


def test_keys_are_rewrapped_batch_by_batch_and_never_twice(each_world: World) -> None:
    old = each_world.store(keys_under_old_masters, ("m2", 3))
    assert len(old) == 3
    assert list(old) == sorted(old)
    first, second, third = (
        Rewrap(person_id, before, WrappedKey("m2", before.wrapped + b"2"))
        for person_id, before in old.items()
    )
    late = Rewrap(first.person_id, first.before, WrappedKey("m2", b"late"))
    assert run_all(each_world, rewrap_keys, [second, third, first]) == [None] * 3
    each_world.store(rewrap_keys, late)
    found = run_all(each_world, load_profiles, [first.person_id, second.person_id])
    assert [each.wrapped for each in found] == [first.after, second.after]
    left = each_world.store(keys_under_old_masters, ("m2", 500))
    everybody = [person_id for (person_id,) in rows(each_world, "SELECT person_id FROM person_key")]
    assert sorted([*left, *old]) == sorted(everybody)
    assert each_world.store(keys_under_old_masters, ("m1", 500)).keys() == old.keys()
