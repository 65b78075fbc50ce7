"""Entries of the hand-off log: canonical bytes, RFC 6962 leaves, commitments that say nothing by themselves."""

import hashlib
import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.entries import commitment, encode_entry, leaf_hash
from gateway.model.handoffs import HandedItem, Handoff
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
        b'"partner":"quizco","person":"per_1","token":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}'
    )


def test_rfc6962_2_1_a_leaf_is_hashed_with_its_own_prefix() -> None:
    assert leaf_hash(b"") == hashlib.sha256(b"\x00").digest()
    assert leaf_hash(encode_entry(ROW)) == hashlib.sha256(b"\x00" + encode_entry(ROW)).digest()


def test_every_part_of_a_row_is_in_its_entry_and_the_entrys_own_hash_is_not() -> None:
    others = {
        "handoff_id": "x", "grant_id": "x", "event_id": "x", "person_id": "x", "partner_id": "x",
        "client_id": "x", "token_digest": b"x", "endpoint": "x", "items": (), "at": 1,
    }  # fmt: skip
    entries = {encode_entry(replace(ROW, **{name: value})) for name, value in others.items()}
    assert len(entries | {encode_entry(ROW)}) == len(others) + 1
    assert encode_entry(replace(ROW, entry_digest=b"x")) == encode_entry(ROW)


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_commitment_tells_equal_from_different_and_nothing_else(first: str, second: str) -> None:
    same = commitment(KEY, EMAIL, first) == commitment(KEY, EMAIL, second)
    assert same == (first == second)
    assert commitment(KEY, EMAIL, first) != commitment(b"l" * 32, EMAIL, first)
    assert len(commitment(KEY, EMAIL, first)) == 43


def test_a_commitment_is_bound_to_field_and_form_and_takes_any_claim() -> None:
    value = {"locality": "Mysuru", "country": "India"}
    address = Item("address", "delivery_of_goods", Form.FULL)
    turned = dict(reversed(value.items()))
    assert commitment(KEY, address, value) == commitment(KEY, address, turned)
    assert commitment(KEY, address, value) != commitment(KEY, replace(address, form=Form.COARSE), value)
    assert commitment(KEY, address, True) != commitment(KEY, replace(address, field="locale"), True)


def test_an_entry_has_no_value() -> None:
    assert "a***@x.edu" not in json.dumps(json.loads(encode_entry(ROW)))
