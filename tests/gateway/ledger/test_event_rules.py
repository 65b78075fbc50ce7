"""Who may decide what, and what each decision may change: both verifiers hold the log to the same table (B12)."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy import log_verifier as verifier
from gateway.kit.clock import DAY
from gateway.ledger.consent_order import is_never_allowed
from gateway.ledger.tree_check import OrderCheck
from gateway.model.grants import DPV_STATUS, MOVES, ActorKind, EventType, GrantState
from gateway.model.ledger.event_rules import REACH, Reach
from scopes import DENIED, PURPOSES
from scopes.denied import _KNOWN
from tests.gateway.ledger.samples import EMAIL, UNTIL, decided_entry, read_entry

PHONE = ["phone_number", "results_delivery", "full"]
ASKED_AT = 1_000_000_000
WAY: dict[GrantState | None, tuple[dict[str, Any], ...]] = {
    None: (),
    GrantState.WAITING: ({"type_": "asked", "items": [EMAIL, PHONE], "uses": 3},),
    GrantState.ACTIVE: ({"type_": "given", "items": [EMAIL, PHONE], "uses": 3},),
    GrantState.PAUSED: (
        {"type_": "given", "items": [EMAIL, PHONE], "uses": 3},
        {"type_": "paused", "items": [EMAIL, PHONE]},
    ),
    GrantState.REFUSED: ({"type_": "refused", "items": [], "valid_until": ASKED_AT},),
    GrantState.ENDED: (
        {"type_": "given", "items": [EMAIL, PHONE]},
        {"type_": "withdrawn", "items": [EMAIL, PHONE]},
    ),
}
"""How a grant comes to each state, with two items and three reads where it can."""


def told(*story: dict[str, Any]) -> list[str]:
    """What the gateway says of the last entry, once the verifier that shares no code with it says the same."""
    ours, theirs, found = OrderCheck(), verifier.Order(), [""]
    for entry in story:
        found = list(ours.faults(entry))
        assert found == theirs.faults(entry)
    return found


def after(state: GrantState | None, type_: str, **changes: Any) -> list[str]:
    """What is said of an event in a state; without changes it leaves everything as it was."""
    steps = [*WAY[state], {"items": [EMAIL, PHONE] if state else [], "type_": type_, **changes}]
    return told(*(decided_entry(**{"seq": seq, **step}) for seq, step in enumerate(steps, start=1)))


def states_of(type_: EventType, actor: ActorKind) -> Iterator[GrantState | None]:
    """Give the states in which an event can be decided; what is not on the first row of a grant is tried later."""
    for state, moves in MOVES.items():
        is_guardians_answer = actor is ActorKind.GUARDIAN and type_ in (EventType.GIVEN, EventType.REFUSED)
        if type_ in moves and not (is_guardians_answer and state is not GrantState.WAITING):
            yield state


def test_both_tables_are_the_same_and_total() -> None:
    ours = {
        (str(type_), str(actor)): str(reach) for type_, by in REACH.items() for actor, reach in by.items()
    }
    words = {
        "anew": "anew",
        "renew": "renew",
        "within the wish": "within_wish",
        "less": "less",
        "nothing": "nothing",
    }
    assert {pair: words[reach] for pair, reach in verifier.REACH.items()} == ours
    assert REACH.keys() == set(EventType)
    assert set(words.values()) == set(Reach)
    assert {str(type_): status for type_, status in DPV_STATUS.items()} == verifier.STATUS


@pytest.mark.parametrize(("type_", "actor"), list(product(EventType, ActorKind)))
def test_only_who_is_listed_decides(type_: EventType, actor: ActorKind) -> None:
    """An administrator gives nothing, nobody pauses for a guardian, nobody but the clock lets a consent run out."""
    is_listed = actor in REACH[type_]
    possible = list(states_of(type_, actor))
    assert possible
    for state in MOVES:
        said = after(state, type_, actor=actor, valid_until=UNTIL if state else ASKED_AT)
        if type_ not in MOVES[state]:
            assert said, (state, said)
            continue
        barred = f"{type_} cannot be decided by the {actor} here"
        assert (barred in said) is not (is_listed and state in possible), (state, said)


CHANGES: dict[str, dict[str, Any]] = {
    "adds an item": {"items": [EMAIL, PHONE, ["name", "results_delivery", "full"]]},
    "gives another form": {"items": [["email", "results_delivery", "full"], PHONE]},
    "takes an item away": {"items": [EMAIL]},
    "prolongs": {"valid_until": UNTIL + 1},
    "shortens": {"valid_until": UNTIL - 1},
    "has no end": {"valid_until": None},
    "raises the reads": {"uses": 4},
    "lowers the reads": {"uses": 2},
    "repeats the reads": {"uses": 3},
}
MAY: dict[Reach, set[str]] = {
    Reach.ANEW: set(CHANGES),
    Reach.RENEW: set(CHANGES) - {"adds an item", "gives another form"},
    Reach.WITHIN_WISH: {"takes an item away", "shortens", "lowers the reads", "repeats the reads"},
    Reach.LESS: {"takes an item away", "shortens"},
    Reach.NOTHING: set(),
}
CASES = [(type_, actor, change) for type_, by in REACH.items() for actor in by for change in CHANGES]


@pytest.mark.parametrize(("type_", "actor", "change"), CASES)
def test_no_decision_changes_more_than_it_may(type_: EventType, actor: ActorKind, change: str) -> None:
    """Each kind, by each who may decide it, in each state where it can be, with each change that it could make."""
    reach = REACH[type_][actor]
    same = {"uses": 3} if reach is Reach.WITHIN_WISH else {}
    for state in states_of(type_, actor):
        if state is None:
            continue
        assert after(state, type_, actor=actor, **same) == []
        said = after(state, type_, actor=actor, **{**same, **CHANGES[change]})
        assert bool(said) is (change not in MAY[reach]), (state, said)


def test_a_no_that_begins_a_grant_holds_nothing() -> None:
    assert after(None, "refused", valid_until=ASKED_AT) == []
    assert after(None, "refused", valid_until=ASKED_AT + 1) == ["refused cannot prolong"]
    assert after(None, "refused", valid_until=ASKED_AT, items=[EMAIL]) == [
        "refused cannot add an item, nor another form of one"
    ]


def test_a_guardians_yes_begins_with_it_and_a_chosen_day_stays() -> None:
    """A length of time is as long as was asked for, from the yes on; a day is that day, however late the yes."""
    for until, latest in (
        (ASKED_AT + 10 * DAY, ASKED_AT + 12 * DAY),
        (11_574 * DAY + DAY - 1 + 30 * DAY,) * 2,
    ):
        asked = decided_entry("asked", valid_until=until)
        for end, is_right in ((latest, True), (latest + 1, False)):
            yes = decided_entry(
                "given", seq=2, actor="guardian", by="mark:x", at=ASKED_AT + 2 * DAY, valid_until=end
            )
            assert (told(asked, yes) == []) is is_right


def test_a_yes_without_a_limit_is_more_than_a_wish_with_one() -> None:
    assert after(GrantState.WAITING, "given", actor="guardian") == [
        "given cannot allow more reads than were asked for"
    ]


@pytest.mark.parametrize("field", ["dpv", "by"])
def test_status_and_actor_are_those_of_the_event(field: str) -> None:
    wrong = {"dpv": "dpv:ConsentRefused", "by": "mark:x"}[field]
    assert len(after(GrantState.ACTIVE, "narrowed", **{field: wrong})) == 1
    assert (
        len(after(GrantState.ACTIVE, "revoked", actor="admin", **{field: None if field == "by" else wrong}))
        == 1
    )


@pytest.mark.parametrize("purpose", [*sorted(DENIED), "Marketing", "market​ing", "рromo", "", "my ads"])
def test_nothing_leaves_for_a_denied_purpose_whoever_agreed(purpose: str) -> None:
    item = ["email", purpose, "masked"]
    what = f"email for {purpose}: nothing leaves for this purpose, whoever agreed"
    yes = decided_entry("given", items=[item])
    assert told(yes) == [what]
    assert told(yes, read_entry("e1", [item])) == [what]


def test_a_grant_is_for_one_partner() -> None:
    yes, read = decided_entry("given"), read_entry("e1", [EMAIL])
    assert told(yes, read, read_entry("e1", [EMAIL], client="another-one")) == []
    elsewhere = read_entry("e1", [EMAIL], partner="evilco")
    assert told(yes, read, elsewhere) == ["a hand-off to evilco by a consent for quizco"]


WORDS = (
    "ad",
    "ads",
    "crm",
    "mail",
    "up",
    "sell",
    "selling",
    "data",
    "market",
    "marketing",
    "results",
    "z",
    "s",
    "7",
    "é",
)


@given(st.sampled_from([*PURPOSES, *_KNOWN]) | st.lists(st.sampled_from(WORDS), max_size=4).map("_".join))
def test_both_verifiers_deny_the_same_purposes(purpose: str) -> None:
    assert verifier.is_never_allowed(purpose) == is_never_allowed(purpose)
    assert is_never_allowed(purpose) or purpose not in DENIED
