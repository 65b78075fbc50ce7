"""Contacts in the log: their entries' bytes, their order, and no look that the giver did not allow at that place."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from deploy.log_verifier import Order, read_entry
from gateway.ledger.entries import Commitments, decode, encode
from gateway.ledger.order import in_order
from gateway.ledger.tree_check import OrderCheck
from gateway.model.contacts import (
    CONTACT_MOVES,
    ContactEvent,
    ContactEventType,
    ContactState,
    ContactView,
    GivenItem,
    Side,
)
from gateway.model.people import Acr
from scopes import Form, Item
from tests.gateway.ledger.vectors import ACCEPTED, ASKED, ENDED, LOOK, PHONE

CHANGED = replace(ACCEPTED, event_id="evt_6", seq=3, type=ContactEventType.CHANGED, items=())
ASKERS = replace(CHANGED, side=Side.ASKER, items=(PHONE,))
Entry = ContactEvent | ContactView
Folds = list[list[str]]


def both(*story: Entry) -> Folds:
    """What the gateway's verifier says of each entry, once the one that shares no code with it says the same."""
    ours, theirs, found = OrderCheck(), Order(), []
    for each in story:
        entry = decode(encode(each))
        found.append(list(ours.faults(entry)))
        assert found[-1] == theirs.faults(entry)
    return found


def changed(entry: Entry, **values: Any) -> list[str]:
    """The faults of one entry after what belongs before it, with something changed."""
    before: list[Entry] = [ASKED, ACCEPTED, LOOK, ENDED]
    return both(*before[: before.index(entry)], replace(entry, **values))[-1]


def test_a_decision_and_a_look_are_these_bytes() -> None:
    assert encode(ACCEPTED) == (
        b'{"acr":"pwd","at":1795000090,"auth_time":1795000085,"contact":"con_1","erasure":false,"id":"evt_4",'
        b'"items":[["phone_number","masked"]],"kind":"contact_event","language":"en","seq":2,"side":"asked",'
        b'"type":"accepted","valid_until":null}'
    )
    assert encode(LOOK) == (
        b'{"at":1795000095,"contact":"con_1","event":"evt_4","giver":"asked","id":"view_1",'
        b'"items":[["phone_number","masked","c0mm1tment"]],"kind":"contact_view"}'
    )


def test_every_part_of_a_decision_and_of_a_look_is_in_its_entry_but_who_they_are() -> None:
    """The contact stands for the two; whose ids a look's row has is held against the contact's."""
    others: dict[str, Any] = {
        "event_id": "x", "contact_id": "x", "seq": 9, "type": ContactEventType.CHANGED, "side": Side.ASKER,
        "items": (), "is_erasure": True, "language": "x", "acr": Acr.PHR, "auth_time": 1, "valid_until": 1, "at": 1,
    }  # fmt: skip
    assert others.keys() == ContactEvent.__dataclass_fields__.keys()
    entries = {encode(replace(ACCEPTED, **{name: value})) for name, value in others.items()}
    assert len(entries | {encode(ACCEPTED)}) == len(others) + 1
    others = {"view_id": "x", "contact_id": "x", "event_id": "x", "giver": Side.ASKER, "items": (), "at": 1}
    nobody = {"giver_id", "viewer_id", "entry_digest"}
    assert others.keys() == ContactView.__dataclass_fields__.keys() - nobody
    entries = {encode(replace(LOOK, **{name: value})) for name, value in others.items()}
    assert len(entries | {encode(LOOK)}) == len(others) + 1
    assert encode(replace(LOOK, giver_id="per_9", viewer_id="per_8", entry_digest=b"x")) == encode(LOOK)
    assert b"per_" not in encode(LOOK)


def test_items_have_one_order_however_they_were_given() -> None:
    items = (GivenItem("phone_number", Form.FULL), GivenItem("email", Form.FULL))
    assert json.loads(encode(replace(ASKED, items=items)))["items"] == [
        ["email", "full"],
        ["phone_number", "full"],
    ]


def test_a_commitment_within_a_contact_compares_with_nothing_elsewhere() -> None:
    key, number = b"k" * 32, "+91 98450 12345"
    item = Item("phone_number", "delivery_of_goods", Form.MASKED)
    assert Commitments(key, "con_1").to(PHONE, number) == Commitments(key, "con_1").to(PHONE, number)
    assert Commitments(key, "con_1").to(PHONE, number) != Commitments(key, "con_2").to(PHONE, number)
    assert Commitments(key, "con_1").to(PHONE, number) != Commitments(key, "gra_1").to(item, number)
    assert Commitments(key, "con_1").to(PHONE, number) != Commitments(b"l" * 32, "con_1").to(PHONE, number)


def test_the_story_of_a_contact_holds() -> None:
    assert both(ASKED, ACCEPTED, LOOK, ENDED) == [[], [], [], []]


def test_of_one_contact_the_cause_comes_before_the_effect_whatever_the_clocks_said() -> None:
    late = replace(LOOK, at=1)
    story = (replace(ASKED, at=9), replace(ACCEPTED, at=5), late, replace(ENDED, at=3))
    for each in ((0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)):
        assert in_order([story[place] for place in each], {"evt_4": 2}) == list(story)


def test_no_look_follows_the_end_or_comes_before_the_yes() -> None:
    assert both(ASKED, ACCEPTED, ENDED, LOOK)[-1] == ["a look while its contact is ended"]
    assert both(ASKED, replace(LOOK, event_id="evt_3", items=()))[-1] == [
        "a look while its contact is waiting"
    ]
    no = replace(ACCEPTED, type=ContactEventType.REFUSED, items=())
    assert both(ASKED, no, replace(LOOK, items=()))[-1] == ["a look while its contact is refused"]
    assert both(replace(LOOK, event_id="", items=()))[-1] == ["a look while its contact is None"]


def test_a_look_stands_on_the_last_decision_of_either() -> None:
    what = "a look that names a decision which was not the last"
    assert changed(LOOK, event_id="evt_3") == [what]
    assert both(ASKED, ACCEPTED, ASKERS, LOOK)[-1] == [what]
    assert both(ASKED, ACCEPTED, ASKERS, replace(LOOK, event_id="evt_6"))[-1] == []


def test_a_look_shows_what_its_giver_gives_and_no_more() -> None:
    not_given = "phone_number in the form masked was not given"
    assert both(ASKED, ACCEPTED, CHANGED, replace(LOOK, event_id="evt_6"))[-1] == [not_given]
    assert changed(LOOK, giver=Side.ASKER) == [not_given]
    full = replace(LOOK.items[0], item=GivenItem("phone_number", Form.FULL))
    assert changed(LOOK, items=(*LOOK.items, full)) == ["phone_number in the form full was not given"]


@pytest.mark.parametrize(
    ("entry", "values", "what"),
    [
        (ASKED, {"seq": 2}, "contact event 2 follows number 0"),
        (ENDED, {"seq": 4}, "contact event 4 follows number 2"),
        (ENDED, {"items": (PHONE,)}, "a no that gives something"),
        (ACCEPTED, {"type": ContactEventType.REFUSED}, "a no that gives something"),
        (ACCEPTED, {"is_erasure": True}, "an erasure that is no end"),
        (ACCEPTED, {"at": ASKED.valid_until}, "a wish that was accepted after its time"),
        (ACCEPTED, {"side": Side.ASKER}, "accepted by the asker does not follow waiting"),
    ],
)
def test_a_decision_that_cannot_be_is_named(entry: Entry, values: dict[str, Any], what: str) -> None:
    assert changed(entry, **values) == [what]


STORIES: dict[ContactState | None, list[ContactEvent]] = {
    None: [],
    ContactState.WAITING: [ASKED],
    ContactState.LIVE: [ASKED, ACCEPTED],
    ContactState.REFUSED: [ASKED, replace(ACCEPTED, type=ContactEventType.REFUSED, items=())],
    ContactState.ENDED: [ASKED, ACCEPTED, ENDED],
}


@pytest.mark.parametrize("state", STORIES)
def test_both_verifiers_know_the_same_moves(state: ContactState | None) -> None:
    """Each decision of each side in each state: what the model's table has is legal, and nothing else."""
    before = STORIES[state]
    for kind, side in product(ContactEventType, Side):
        until = ASKED.valid_until if kind is ContactEventType.ASKED else None
        step = replace(ENDED, type=kind, side=side, seq=len(before) + 1, valid_until=until)
        said = (
            [] if (kind, side) in CONTACT_MOVES[state] else [f"{kind} by the {side} does not follow {state}"]
        )
        assert both(*before, step)[-1] == said


def test_an_illegal_decision_does_not_open_what_was_shut() -> None:
    """Whatever was slipped in after the end is a fault, and so is everything that stands on it."""
    again = replace(ACCEPTED, event_id="evt_7", seq=4)
    assert both(ASKED, ACCEPTED, ENDED, again, replace(LOOK, event_id="evt_7"))[-1] == [
        "a look while its contact is ended"
    ]


@pytest.mark.parametrize(
    "spoil", [lambda e: e | {"person": "per_1"}, lambda e: {k: e[k] for k in e if k != "at"}]
)
def test_an_entry_of_a_contact_has_its_keys_and_no_other(
    spoil: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    for each in (ASKED, LOOK):
        entry = decode(encode(each))
        assert read_entry(encode(each)) == entry
        assert read_entry(json.dumps(spoil(entry), sort_keys=True, separators=(",", ":")).encode()) is None


def test_an_end_belongs_to_a_wish_and_to_nothing_else() -> None:
    assert "a wish has an end, and nothing else has" in changed(ACCEPTED, valid_until=1_900_000_000)
