"""No entry names a person by their id, at whatever depth; what older ones hold is told apart (B9)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from deploy import log_verifier as verifier
from gateway.kit.ids import Kind, random_ids
from gateway.ledger.entries import encode
from gateway.ledger.marks import OLDER_VERSION, UNMARKED, MarksCheck, mark, mark_all, names_person
from gateway.model.administration.actions import DETAILS, AdminAction, UnlistedAct, UnlistedDetail
from tests.gateway.ledger.vectors import ACCEPTED, ENTRIES, LINK

WHO = random_ids(Kind.PERSON)
ACT = replace(LINK, detail={"guardian": WHO, "method": "in_person"})


def entry_of(act: AdminAction) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(encode(act))
    return found


def told(*entries: dict[str, Any]) -> tuple[list[list[str]], list[int]]:
    """What the gateway says, once the verifier that shares no code with it says the same."""
    ours, theirs, found = MarksCheck(), verifier.Marks(), []
    for place, entry in enumerate(entries):
        found.append(list(ours.faults(place, entry)))
        assert found[-1] == theirs.faults(place, entry)
    assert ours.unmarked == theirs.unmarked
    return found, ours.unmarked


def test_an_id_in_details_becomes_the_mark_of_its_entry() -> None:
    """Linking a guardian names two people; who has their ids can check both marks, and nobody else reads anything."""
    entry = entry_of(ACT)
    assert entry["detail"] == {"guardian": mark("act_2", WHO), "method": "in_person"}
    assert entry["target"] == mark("act_2", "per_1")
    assert verifier.read_entry(encode(ACT)) == entry
    assert told(entry) == ([[]], [])


@pytest.mark.parametrize(
    "detail",
    [
        {"guardian": WHO},
        {"why": f"asked by {WHO}, twice ({WHO})"},
        {"why": [WHO, {"deep": [{WHO: 1}]}]},
    ],
)
def test_an_id_is_found_and_marked_at_any_depth(detail: dict[str, Any]) -> None:
    raw = {**entry_of(ACT), "detail": detail}
    assert names_person(raw)
    assert told(raw) == ([[UNMARKED]], [])
    marked = mark_all("act_2", detail)
    assert WHO not in json.dumps(marked)
    assert mark("act_2", WHO) in json.dumps(marked)
    assert not names_person(marked)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda each: type(each).__name__)
def test_an_id_is_refused_in_an_entry_of_every_kind(entry: Any) -> None:
    content = json.loads(encode(entry))
    assert told(content) == ([[]], [])
    for name in content.keys() - {"kind", "v"}:
        assert told({**content, name: WHO}) == ([[UNMARKED]], [])


def test_a_digest_that_begins_like_an_id_is_none() -> None:
    digest = ("per_" + "x" * 39).encode().decode()
    assert not names_person({"token": digest, "by": f"mark:{digest}", "note": "super_user per_"})


def test_older_entries_stay_readable_and_are_told_apart() -> None:
    """Version 1 does not say its version; once there was one of version 2, none of version 1 may come."""
    old = entry_of(replace(ACT, entry_version=1))
    assert old["detail"]["guardian"] == WHO
    assert "v" not in old
    assert verifier.read_entry(encode(replace(ACT, entry_version=1))) == old
    plain = entry_of(replace(ACT, entry_version=1, detail={}))
    event = json.loads(encode(ACCEPTED))
    assert told(old, event, plain, old, entry_of(ACT), event, old) == (
        [[], [], [], [], [], [], [OLDER_VERSION]],
        [0, 3, 6],
    )


@pytest.mark.parametrize("version", [1, 3, True, "2", None, 2.0])
def test_an_entry_says_its_version_in_one_way(version: object) -> None:
    entry = {**entry_of(ACT), "v": version}
    assert verifier.read_entry(json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()) is None


def test_an_act_has_no_detail_that_is_not_listed() -> None:
    """The list is the whole of it: an act that is not there has none."""
    for name, details in DETAILS.items():
        assert details, name
        replace(ACT, action=name, detail=dict.fromkeys(details, 1)).check()
    replace(ACT, action="anything", detail={}).check()
    for action, member in (("link_guardian", "child"), ("anything", "method")):
        with pytest.raises(UnlistedDetail, match=action):
            replace(ACT, action=action, detail={member: "x"}).check()


def test_an_act_about_a_partner_has_words_on_its_page_or_is_not_done() -> None:
    replace(ACT, action="pause_partner", target_kind="partner", detail={}).check()
    with pytest.raises(UnlistedAct, match="anything is not in ABOUT_PARTNERS"):
        replace(ACT, action="anything", target_kind="partner", detail={}).check()
