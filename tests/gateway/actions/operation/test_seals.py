"""The ring of another installation is found by opening what the database holds, and nothing is done with it."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.actions.ledger.sequencer import Sequencer
from gateway.actions.letters import post_letter
from gateway.actions.operation.seals import (
    ForeignRing,
    RingBehind,
    Sealed,
    SealFinding,
    check_masters,
    check_ring,
    look_at_seals,
)
from gateway.kit.mail import Letter
from gateway.kit.secrets.key_ring import KeyRing, new_key_ring
from gateway.kit.secrets.sealing import Seal
from tests.gateway.store.samples import act
from tests.world import World, fixed_ring


def found(world: World, ring: KeyRing) -> dict[Sealed, bool | None]:
    services = replace(world.services, seal=Seal(ring))
    return {each.what: each.opens for each in world.run(look_at_seals, services)}


@pytest.fixture
def filled(each_world: World) -> World:
    """A world in which something of each kind is under seal."""
    each_world.run(
        post_letter, each_world.services, "invitation", Letter("asha@lakeside.example", "Hello", "Text")
    )
    each_world.run(Sequencer(each_world.services).turn)
    return each_world


def test_the_right_ring_opens_everything(filled: World) -> None:
    assert found(filled, fixed_ring()) == dict.fromkeys(Sealed, True)
    filled.run(check_ring, filled.services)


def test_what_is_not_there_yet_is_no_fault(each_world: World) -> None:
    act(each_world, "DELETE FROM letter")
    looked = found(each_world, fixed_ring())
    assert (looked[Sealed.LETTERS], looked[Sealed.LOG_KEY]) == (None, None)
    each_world.run(check_ring, each_world.services)


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("masters", {Sealed.PERSON_KEYS, Sealed.LOGINS}),
        ("index", {Sealed.LOGINS}),
        ("transient", {Sealed.LETTERS}),
        ("signing", {Sealed.SIGNING_KEYS, Sealed.LOG_KEY}),
    ],
)
def test_each_key_of_another_ring_is_found(filled: World, name: str, broken: set[Sealed]) -> None:
    """Also under the same name: the rings of earlier versions all begin with m1."""
    foreign = new_key_ring()
    other: Any = {"m1": foreign.masters[foreign.current]} if name == "masters" else getattr(foreign, name)
    ring = replace(fixed_ring(), **{name: other})
    looked = found(filled, ring)
    assert {what for what, opens in looked.items() if opens is False} == broken
    with pytest.raises(ForeignRing) as caught:
        filled.run(check_ring, replace(filled.services, seal=Seal(ring)))
    assert "Restore the key ring that belongs to this database" in str(caught.value)
    assert all(str(what) in str(caught.value) for what in broken)


def test_one_damaged_row_says_nothing_about_the_ring(filled: World) -> None:
    person = filled.person_id()
    act(
        filled,
        "UPDATE person_key SET wrapped = :damaged WHERE person_id = :person",
        damaged=b"x",
        person=person,
    )
    assert found(filled, fixed_ring())[Sealed.PERSON_KEYS] is True
    assert SealFinding(Sealed.LOGINS, opens=True) in filled.run(look_at_seals, filled.services)


def test_an_older_copy_of_the_ring_is_refused_at_the_start(filled: World) -> None:
    """Some people's keys open, so it is no other's; a gateway with it would answer 500 for the others."""
    filled.run(check_masters, filled.services)
    act(filled, "UPDATE person_key SET master = 'm2-00' WHERE person_id = :person", person=filled.person_id())
    with pytest.raises(RingBehind, match=r"lacks m2-00.*Copy the ring from the machine where it was rotated"):
        filled.run(check_masters, filled.services)
