"""Contacts in a person's own record: whole, by names, and silent where the pages are."""

import json
from typing import Any

import pytest

from gateway.actions.accounts.own_record import own_record
from gateway.actions.accounts.own_record_schema import schema
from gateway.actions.contacts.steps import change_contact, end_contact, refuse_contact
from gateway.model.contacts import WAITS
from tests.gateway.actions.contacts.test_contacts import ASHA, BEN, MASKED, Two
from tests.gateway.web.consent.test_consents import fits
from tests.world import World


@pytest.fixture
def two(each_world: World) -> Two:
    return Two(each_world)


def record_of(two: Two, email: str) -> list[dict[str, Any]]:
    """The contacts in somebody's record, which fits its schema."""
    record = two.do(own_record, email)
    fits(record, schema())
    found: list[dict[str, Any]] = record["contacts"]
    return found


def test_the_record_tells_every_decision_and_every_look_both_ways(two: Two) -> None:
    contact_id = two.meet(MASKED)
    two.world.clock.pass_by(1)
    two.view(ASHA, contact_id)
    two.do(change_contact, ASHA, contact_id, [MASKED], "en")
    two.world.clock.pass_by(1)
    two.view(BEN, contact_id)
    asha, ben = record_of(two, ASHA), record_of(two, BEN)
    assert [each["with"] for each in (*asha, *ben)] == ["Ben Okafor", "Asha Rao"]
    (mine,), (yours,) = asha, ben
    masked, full = [["email", "masked"]], [["email", "full"]]
    assert [(each["type"], each["by"], each["items"]) for each in mine["events"]] == [
        ("asked", "you", full),
        ("accepted", "other", masked),
        ("changed", "you", masked),
    ]
    assert [(each["by"], each["items"]) for each in mine["looks"]] == [("you", masked), ("other", masked)]
    assert [each["by"] for each in yours["looks"]] == ["other", "you"]
    assert (mine["you_give"], mine["you_get"], mine["state"]) == (masked, masked, "live")
    # Whose address it is stands in nobody's record: names of fields, never what is in them.
    assert not [each for each in (ASHA, BEN) if each in json.dumps([asha, ben])]


def test_of_a_no_the_askers_record_tells_nothing_and_the_others_does(two: Two) -> None:
    assert two.ask() is None
    [before] = record_of(two, ASHA)
    two.do(refuse_contact, BEN, two.wish(), "en")
    assert record_of(two, ASHA) == [before]
    [line] = record_of(two, BEN)
    assert (line["state"], [each["type"] for each in line["events"]]) == ("refused", ["asked", "refused"])
    assert [each["by"] for each in line["events"]] == ["other", "you"]
    two.do(end_contact, ASHA, before["id"], "en")
    [line] = record_of(two, ASHA)
    assert (line["state"], [each["type"] for each in line["events"]]) == ("ended", ["asked", "ended"])


def test_the_record_of_a_wish_is_the_same_whoever_it_reached(two: Two) -> None:
    """P2: somebody who said no, and nobody at all."""
    assert two.ask() is None
    assert two.ask("nobody@nowhere.example") is None
    two.do(refuse_contact, BEN, two.wish(), "en")
    own = {"id", "with", "events"}
    for _ in range(2):
        one, other = record_of(two, ASHA)
        assert {name: one[name] for name in one.keys() - own} == {
            name: other[name] for name in other.keys() - own
        }
        assert [each["type"] for each in one["events"]] == [each["type"] for each in other["events"]]
        two.world.clock.pass_by(WAITS)
