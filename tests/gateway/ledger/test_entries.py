"""Entries of the hand-off log: canonical bytes, RFC 6962 leaves, commitments that say nothing by themselves."""

import hashlib
import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.entries import Commitments, decode, encode, encode_entry
from gateway.ledger.marks import mark
from gateway.ledger.merkle import leaf_hash
from gateway.model.administration.actions import AdminAction
from gateway.model.grants import ActorKind, ConsentEvent, EventType, ReasonCode
from gateway.model.ledger.handoffs import HandedItem, Handoff
from gateway.model.ledger.rows import LogRow
from scopes import Form, Item

EMAIL = Item("email", "results_delivery", Form.MASKED)
ROW = Handoff(
    handoff_id="hof_1", grant_id="gra_1", event_id="evt_1", person_id="per_1", partner_id="quizco",
    client_id="quizco-web", token_digest=b"\x00" * 32, endpoint="userinfo",
    items=(HandedItem(EMAIL, "c0mm1tment"),), at=1_795_000_000,
)  # fmt: skip
KEY = b"k" * 32


def test_an_entry_is_these_bytes() -> None:
    """The encoding is a contract: a verifier that shares no code with us reads exactly this."""
    assert encode_entry(ROW) == (
        b'{"at":1795000000,"client":"quizco-web","endpoint":"userinfo","event":"evt_1","grant":"gra_1",'
        b'"id":"hof_1","items":[["email","results_delivery","masked","c0mm1tment"]],"kind":"handoff",'
        b'"partner":"quizco","token":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}'
    )


@given(st.text(), st.text(), st.text(), st.integers(-(2**63), 2**63 - 1))
def test_a_handoff_is_spelled_in_the_one_way_there_is(first: str, second: str, third: str, at: int) -> None:
    """Whatever stands in its row; reading refuses any other spelling."""
    item = HandedItem(Item(first, second, Form.FULL), third)
    row = replace(ROW, client_id=first, endpoint=f"{second}\x7f{third}", items=(item, item), at=at)
    found = decode(encode_entry(row))
    assert (found["client"], found["endpoint"], found["at"]) == (first, row.endpoint, at)
    assert found["items"] == [[first, second, "full", third]] * 2
    assert encode_entry(replace(row, endpoint="userinfo")) != encode_entry(row)


def test_rfc6962_2_1_a_leaf_is_hashed_with_its_own_prefix() -> None:
    assert leaf_hash(b"") == hashlib.sha256(b"\x00").digest()
    assert leaf_hash(encode_entry(ROW)) == hashlib.sha256(b"\x00" + encode_entry(ROW)).digest()


def test_every_part_of_a_row_is_in_its_entry_but_its_person_and_the_entrys_own_hash() -> None:
    """Promise P13 and crypto-shredding: the grant stands for the person, whom nothing in the log names."""
    others: dict[str, Any] = {
        "handoff_id": "x", "grant_id": "x", "event_id": "x", "partner_id": "x",
        "client_id": "x", "token_digest": b"x", "endpoint": "x", "items": (), "at": 1,
    }  # fmt: skip
    entries = {encode_entry(replace(ROW, **{name: value})) for name, value in others.items()}
    assert len(entries | {encode_entry(ROW)}) == len(others) + 1
    assert encode_entry(replace(ROW, entry_digest=b"x", person_id="per_2")) == encode_entry(ROW)


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_commitment_tells_equal_from_different_and_nothing_else(first: str, second: str) -> None:
    same = Commitments(KEY, "gra_1").to(EMAIL, first) == Commitments(KEY, "gra_1").to(EMAIL, second)
    assert same == (first == second)
    assert Commitments(KEY, "gra_1").to(EMAIL, first) != Commitments(b"l" * 32, "gra_1").to(EMAIL, first)
    assert len(Commitments(KEY, "gra_1").to(EMAIL, first)) == 43


def test_a_commitment_is_bound_to_field_and_form_and_takes_any_claim() -> None:
    value = {"locality": "Mysuru", "country": "India"}
    address = Item("address", "delivery_of_goods", Form.FULL)
    turned = dict(reversed(value.items()))
    assert Commitments(KEY, "gra_1").to(address, value) == Commitments(KEY, "gra_1").to(address, turned)
    assert Commitments(KEY, "gra_1").to(address, value) != Commitments(KEY, "gra_1").to(
        address._replace(form=Form.COARSE), value
    )
    assert Commitments(KEY, "gra_1").to(address, True) != Commitments(KEY, "gra_1").to(
        address._replace(field="locale"), True
    )


def test_an_entry_has_no_value() -> None:
    assert "a***@x.edu" not in json.dumps(json.loads(encode_entry(ROW)))


EVENT = ConsentEvent(
    event_id="evt_2", grant_id="gra_1", seq=2, type=EventType.REVOKED, actor_kind=ActorKind.ADMIN,
    actor_id="per_admin", method="administration", items=(EMAIL,), at=1_795_000_060,
    reason=ReasonCode.PHONE_REQUEST,
)  # fmt: skip
ACT = AdminAction(
    "act_1", "per_admin", "read_log", "log", "all", 1_795_000_070, detail={"conditions": "email", "a": 1}
)


def test_a_consent_event_is_these_bytes() -> None:
    assert encode(EVENT) == (
        b'{"acr":null,"actor":"admin","at":1795000060,"auth_time":null,'
        b'"by":"mark:dfVvkNw0193vy9delxFC6i0GhPCq9NI-9NS2kcscOtg","dpv":"dpv:ConsentRevoked","grant":"gra_1",'
        b'"id":"evt_2","items":[["email","results_delivery","masked"]],"kind":"consent_event","language":null,'
        b'"method":"administration","reason":"phone_request","seq":2,"served":null,"type":"revoked",'
        b'"valid_until":null}'
    )


def test_an_administrators_act_is_these_bytes() -> None:
    assert encode(ACT) == (
        b'{"action":"read_log","at":1795000070,"by":"mark:aLWufERlyzzWDtQENXdm8_sA_N0q0k-Co45zt2GoXYY","detail":{"a":1,"conditions":"email"},"id":"act_1",'
        b'"kind":"admin_action","reason":null,"target":"all","target_kind":"log","v":2}'
    )
    assert encode(replace(ACT, entry_version=1)) == encode(ACT).replace(b',"v":2}', b"}")


def test_the_log_names_nobody_and_links_nobody() -> None:
    """The same person in two entries, in two grants, as the target of an act: never the same text."""
    own = replace(EVENT, actor_kind=ActorKind.SUBJECT, actor_id="per_1")
    entries: list[LogRow | Handoff] = [
        ROW,
        own,
        EVENT,
        replace(EVENT, event_id="evt_3"),
        ACT,
        replace(ACT, target_kind="person", target_id="per_1"),
    ]
    assert not any(b"per_" in encode(each) for each in entries)
    assert mark("evt_1", "per_1") != mark("evt_2", "per_1")
    assert mark("evt_1", "cli") == "cli"
    assert Commitments(KEY, "gra_1").to(EMAIL, "x") != Commitments(KEY, "gra_2").to(EMAIL, "x")
    assert json.loads(encode(own))["by"] is None


def test_every_part_of_an_event_and_of_an_act_is_in_its_entry() -> None:
    """Whatever is edited in a row changes its leaf."""
    others: dict[str, Any] = {
        "event_id": "x", "grant_id": "x", "seq": 9, "type": EventType.EXPIRED, "actor_kind": ActorKind.COURT,
        "actor_id": "x", "method": "x", "items": (), "at": 1, "reason": None, "served_id": "x", "auth_time": 1,
        "acr": "x", "valid_until": 1, "language": "x", "use_limit": 4,
    }  # fmt: skip
    # Whom somebody decided for is the grant's person, whom the grant stands for; the check of rows compares it.
    assert others.keys() == ConsentEvent.__dataclass_fields__.keys() - {"on_behalf_of"}
    assert len({encode(replace(EVENT, **{name: value})) for name, value in others.items()}) == len(others)
    others = {
        "action_id": "x", "actor_id": "x", "action": "x", "target_kind": "x", "target_id": "x", "at": 1,
        "reason": "x", "detail": {}, "entry_version": 1,
    }  # fmt: skip
    assert others.keys() == AdminAction.__dataclass_fields__.keys()
    assert len({encode(replace(ACT, **{name: value})) for name, value in others.items()}) == len(others)
